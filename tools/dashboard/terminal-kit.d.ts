// The part of terminal-kit that the dashboard uses; the package comes without types.

declare module "terminal-kit" {
  /** Milliseconds, cells counted from 1. */
  export interface MouseData {
    x: number;
    y: number;
  }

  export interface Terminal {
    width: number;
    height: number;
    /** When set, terminal-kit does not touch the terminal at the process's exit. */
    shutdown: boolean;
    on(event: "key", listener: (name: string) => void): void;
    on(event: "mouse", listener: (name: string, data: MouseData) => void): void;
    on(event: "resize", listener: (width: number, height: number) => void): void;
    off(event: string, listener: (...args: never[]) => void): void;
    grabInput(options: { mouse: "button" } | false): void;
  }

  export interface TerminalInput {
    on(event: string, listener: (chunk: Buffer) => void): unknown;
    removeListener(event: string, listener: (chunk: Buffer) => void): unknown;
    pause(): unknown;
    resume(): unknown;
    setRawMode(isRaw: boolean): unknown;
  }

  interface TerminalKit {
    createTerminal(options: {
      stdin: TerminalInput;
      stdout: NodeJS.WriteStream;
      stderr: NodeJS.WriteStream;
      generic: string;
      isTTY: boolean;
      isSSH: boolean;
    }): Terminal;
    guessTerminal(): { generic: string; isSSH: boolean };
  }

  const terminalKit: TerminalKit;
  export default terminalKit;
}
