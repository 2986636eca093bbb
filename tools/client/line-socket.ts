// A TCP connection of text lines, in both directions.
//
//   const socket = await LineSocket.connect({ host, port, onLine: (line) => ..., onClose: () => ... })
//   socket.send('{"type":"ping","t":1}\n')

import { ByteSocket } from "./byte-socket.ts";

export interface LineSocketOptions {
  host: string;
  port: number;
  onLine(line: string): void;
  /** Called once, when the connection is gone, whichever side ended it. */
  onClose(): void;
  onBytes?(count: number): void;
}

export class LineSocket {
  readonly #options: LineSocketOptions;
  #socket: ByteSocket | null = null;
  #rest: Buffer | null = null;

  private constructor(options: LineSocketOptions) {
    this.#options = options;
  }

  /** Throws WowsimError("unreachable"). */
  static async connect(options: LineSocketOptions): Promise<LineSocket> {
    const { host, port, onClose } = options;
    const lines = new LineSocket(options);
    lines.#socket = await ByteSocket.connect({ host, port, onData: (chunk) => lines.#onData(chunk), onClose });
    return lines;
  }

  get isClosed(): boolean {
    return this.#socket?.isClosed ?? false;
  }

  /** Sends text, whole lines; false when the connection is gone. Returns at once. */
  send(text: string): boolean {
    return this.#socket?.send(Buffer.from(text)) ?? false;
  }

  /** Closes in order. */
  end(): void {
    this.#socket?.end();
  }

  /** Closes at once, as a broken link would. */
  terminate(): void {
    this.#socket?.terminate();
  }

  #onData(chunk: Buffer): void {
    this.#options.onBytes?.(chunk.length);
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      if (end < 0) break;
      const line = this.#rest === null ? chunk.toString("utf8", start, end) : this.#joined(chunk, start, end);
      start = end + 1;
      if (!this.isClosed) this.#options.onLine(line);
    }
    if (start === chunk.length) return;
    const left = chunk.subarray(start);
    this.#rest = this.#rest === null ? Buffer.from(left) : Buffer.concat([this.#rest, left]);
  }

  #joined(chunk: Buffer, start: number, end: number): string {
    const whole = Buffer.concat([this.#rest ?? Buffer.alloc(0), chunk.subarray(start, end)]);
    this.#rest = null;
    return whole.toString("utf8");
  }
}
