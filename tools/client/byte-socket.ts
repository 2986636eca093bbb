// A TCP connection of bytes in order: while the socket is full, sent bytes wait in a bounded queue.
//
//   const socket = await ByteSocket.connect({ host, port, onData: (chunk) => ..., onClose: () => ... })
//   socket.send(bytes)     // false when the connection is gone

import type { Socket } from "bun";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { hostAndPort } from "./server-name.ts";

const CONNECT_MS_MAX = 5_000;
/** The most bytes that may wait to be sent; a server that takes nothing for so long counts as gone. */
const QUEUE_BYTES_MAX = 1_048_576;
const NOTHING = Buffer.alloc(0);

export interface ByteSocketOptions {
  host: string;
  port: number;
  /** Received bytes; their memory may be reused after the call. */
  onData(chunk: Buffer): void;
  /** Called once, when the connection is gone, whichever side ended it. */
  onClose(): void;
}

export class ByteSocket {
  readonly #options: ByteSocketOptions;
  #socket: Socket<undefined> | null = null;
  #queue: Buffer = NOTHING;
  #isClosed = false;

  private constructor(options: ByteSocketOptions) {
    this.#options = options;
  }

  /** Throws WowsimError("unreachable"). */
  static async connect(options: ByteSocketOptions): Promise<ByteSocket> {
    const { host, port } = options;
    const socket = new ByteSocket(options);
    const connecting = Bun.connect({
      hostname: host,
      port,
      socket: {
        data: (_socket, chunk) => {
          if (!socket.#isClosed) options.onData(chunk);
        },
        drain: () => socket.#flush(),
        close: () => socket.#onClosed(),
        error: () => socket.#onClosed(),
      },
    });
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(() => timeout.reject(new Error("timed out")), CONNECT_MS_MAX);
    try {
      socket.#socket = await Promise.race([connecting, timeout.promise]);
    } catch (cause) {
      void connecting.then((late) => late.terminate()).catch(() => undefined);
      const message = `No server at ${hostAndPort(host, port)} (${messageOf(cause)}); start one with wowsim serve, or say where it is with --server.`;
      throw new WowsimError("unreachable", message, { cause });
    } finally {
      clearTimeout(timer);
    }
    return socket;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends a copy of the bytes; false when the connection is gone. Returns at once. */
  send(bytes: Uint8Array): boolean {
    if (this.#isClosed || this.#socket === null) return false;
    if (this.#queue.length === 0) {
      const taken = Math.max(0, this.#socket.write(bytes));
      if (taken < bytes.length) this.#queue = Buffer.from(bytes.subarray(taken));
      return true;
    }
    if (this.#queue.length + bytes.length > QUEUE_BYTES_MAX) {
      this.terminate();
      return false;
    }
    this.#queue = Buffer.concat([this.#queue, bytes]);
    return true;
  }

  /** Closes the connection in order (FIN). */
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

  #onClosed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.onClose();
  }
}
