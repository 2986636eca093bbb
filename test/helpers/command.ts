// The wowsim command as a person or a script runs it: a process of its own, in a pipe or on a terminal.
//
//   const { code, stdout, stderr } = await wowsim("inject-fault", "list", "--control-port", "40123")
//   await using run = startWowsim(["spawn-clients", "--port", "40123"])
//   await run.says(/playing/)          // on stderr or stdout so far
//   run.child.kill("SIGINT"); expect(await run.child.exited).toBe(0)
//   await using tty = startOnTerminal(["spawn-clients", "--port", "40123"])   // the same on a pseudo-terminal

import { join } from "node:path";

export const ROOT = join(import.meta.dir, "../..");
const WOWSIM = join(ROOT, "server/wowsim.ts");
/** How long a test waits for what must come; none asserts that it takes less. */
const PATIENCE_MS = 40_000;
const LOOK_MS = 20;

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs it to its end, without a terminal. */
export async function wowsim(...args: string[]): Promise<Finished> {
  await using run = startWowsim(args);
  const code = await run.child.exited;
  await run.drained;
  return { code, stdout: run.stdout, stderr: run.stderr };
}

export interface Running extends AsyncDisposable {
  readonly child: Bun.Subprocess;
  /** What it has said so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when it has said all. */
  readonly drained: Promise<unknown>;
  /** Resolves when what it has said so far matches. */
  says(what: RegExp): Promise<void>;
}

/** Starts it without a terminal, without colour, and without what the caller's environment would change. */
export function startWowsim(args: string[], env: Record<string, string> = {}): Running {
  const child = Bun.spawn([process.execPath, WOWSIM, ...args], {
    cwd: ROOT,
    env: { ...inheritedEnv(), ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const said = { stdout: "", stderr: "" };
  const read = async (name: "stdout" | "stderr"): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of child[name]) said[name] += decoder.decode(chunk, { stream: true });
  };
  const drained = Promise.all([read("stdout"), read("stderr")]);
  return {
    child,
    drained,
    get stdout() {
      return said.stdout;
    },
    get stderr() {
      return said.stderr;
    },
    says: (what) =>
      until(
        () => what.test(said.stdout + said.stderr),
        () => `${what} in:\n${said.stdout}${said.stderr}`,
      ),
    [Symbol.asyncDispose]: () => end(child),
  };
}

export interface OnTerminal extends AsyncDisposable {
  readonly child: Bun.Subprocess;
  /** Everything it has drawn so far, control sequences included. */
  readonly drawn: string;
  draws(what: RegExp): Promise<void>;
  type(keys: string): void;
}

/** Starts it on a pseudo-terminal. */
export function startOnTerminal(
  args: string[],
  { cols = 80, rows = 24, env = {} as Record<string, string> } = {},
): OnTerminal {
  const decoder = new TextDecoder();
  let drawn = "";
  const child = Bun.spawn([process.execPath, WOWSIM, ...args], {
    cwd: ROOT,
    env: { ...inheritedEnv(), TERM: "xterm-256color", ...env },
    terminal: {
      cols,
      rows,
      data: (_terminal, data) => {
        drawn += decoder.decode(data, { stream: true });
      },
    },
  });
  return {
    child,
    get drawn() {
      return drawn;
    },
    draws: (what) =>
      until(
        () => what.test(drawn),
        () => `${what} in:\n${drawn}`,
      ),
    type: (keys) => void child.terminal?.write(keys),
    [Symbol.asyncDispose]: async () => {
      await end(child);
      child.terminal?.close();
    },
  };
}

/** Resolves when the condition holds; fails with `what` when it never does. */
export async function until(condition: () => boolean | Promise<boolean>, what: string | (() => string)): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`It did not come to this: ${typeof what === "string" ? what : what()}`);
    await Bun.sleep(LOOK_MS);
  }
}

/** The test's own environment, without what would change how the command behaves. */
function inheritedEnv(): Record<string, string | undefined> {
  return { ...process.env, CI: undefined, NO_COLOR: undefined, WOWSIM_TOKEN: undefined };
}

async function end(child: Bun.Subprocess): Promise<void> {
  if (child.exitCode === null) child.kill("SIGKILL");
  await child.exited;
}
