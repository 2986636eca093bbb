// A TCP connection that speaks JSON lines: lines in, bytes out, in order also when the socket is full for a while.
//
//   const socket = await LineSocket.connect({ host, port, onLine: (line) => ..., onClose: () => ... })
//   socket.send('{"type":"ping","t":1}\n')

import type { Socket } from "bun";
import { messageOf, WowsimError } from "../../server/errors.ts";

const CONNECT_MS_MAX = 5_000;
/** What may wait to be sent; a server that takes nothing for so long is as good as gone. */
const QUEUE_BYTES_MAX = 1_048_576;

export interface LineSocketOptions {
  host: string;
  port: number;
  onLine(line: string): void;
  /** Once, when the connection is gone, whoever ended it. */
  onClose(): void;
  onBytes?(count: number): void;
}

export class LineSocket {
  readonly #options: LineSocketOptions;
  #socket: Socket<undefined> | null = null;
  #rest: Buffer | null = null;
  #queue = Buffer.alloc(0);
  #isClosed = false;

  private constructor(options: LineSocketOptions) {
    this.#options = options;
  }

  /** Throws WowsimError("unreachable"). */
  static async connect(options: LineSocketOptions): Promise<LineSocket> {
    const { host, port } = options;
    const line = new LineSocket(options);
    const connecting = Bun.connect({
      hostname: host,
      port,
      socket: {
        data: (_socket, chunk) => line.#onData(chunk),
        drain: () => line.#flush(),
        close: () => line.#onClosed(),
        error: () => line.#onClosed(),
      },
    });
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(() => timeout.reject(new Error("timed out")), CONNECT_MS_MAX);
    try {
      line.#socket = await Promise.race([connecting, timeout.promise]);
    } catch (cause) {
      void connecting.then((socket) => socket.terminate()).catch(() => undefined);
      throw new WowsimError(
        "unreachable",
        `No server at ${host}:${port} (${messageOf(cause)}); start one with wowsim serve.`,
        {
          cause,
        },
      );
    } finally {
      clearTimeout(timer);
    }
    return line;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends text, whole lines; false when the connection is gone. Returns at once. */
  send(text: string): boolean {
    if (this.#isClosed || this.#socket === null) return false;
    const bytes = Buffer.from(text);
    if (this.#queue.length + bytes.length > QUEUE_BYTES_MAX) {
      this.terminate();
      return false;
    }
    this.#queue = this.#queue.length === 0 ? bytes : Buffer.concat([this.#queue, bytes]);
    this.#flush();
    return true;
  }

  /** Closes in order. */
  end(): void {
    this.#socket?.end();
  }

  /** Closes at once, as a broken link would. */
  terminate(): void {
    this.#socket?.terminate();
  }

  #flush(): void {
    if (this.#queue.length === 0 || this.#socket === null) return;
    const taken = this.#socket.write(this.#queue);
    if (taken > 0) this.#queue = this.#queue.subarray(taken);
  }

  #onData(chunk: Buffer): void {
    this.#options.onBytes?.(chunk.length);
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      if (end < 0) break;
      const line = this.#rest === null ? chunk.toString("utf8", start, end) : this.#joined(chunk, start, end);
      start = end + 1;
      if (!this.#isClosed) this.#options.onLine(line);
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

  #onClosed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.onClose();
  }
}
