// A link between a client and a server that a test can hold up: what the server sends is not read while it is, so that it piles
// up in the system's buffers and then in the server, as with a client that has stopped reading.
//
//   await using relay = await Relay.to(server.ports.game)
//   const client = new GameClient({ port: relay.port, ... })
//   relay.holdUp()
//   relay.inject(bytes)      // to the server, as if the client had said it
//   relay.letGo()

import type { Socket, TCPSocketListener } from "bun";

/** One end of a link, and what it could not take yet. */
interface End {
  socket: Socket<undefined>;
  queue: Buffer[];
}

type Pausable = { pause(): void; resume(): void };

/** Of one client at a time. */
export class Relay implements AsyncDisposable {
  readonly #listener: TCPSocketListener<undefined>;
  #client: End | null = null;
  #server: Socket<undefined> | null = null;
  /** What waits to be sent to the server. */
  #waiting: Buffer[] = [];

  static async to(serverPort: number): Promise<Relay> {
    return new Relay(serverPort);
  }

  private constructor(serverPort: number) {
    this.#listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => void this.#connect(socket, serverPort),
        data: (_socket, bytes) => this.inject(bytes),
        drain: () => this.#toClient(),
        close: () => void this.#server?.end(),
        error: () => undefined,
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Bytes that still wait for the server to take them. */
  get waitingBytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  holdUp(): void {
    (this.#server as unknown as Pausable).pause();
  }

  letGo(): void {
    (this.#server as unknown as Pausable).resume();
  }

  inject(bytes: Uint8Array): void {
    this.#waiting.push(Buffer.from(bytes));
    this.#toServer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server?.terminate();
    this.#client?.socket.terminate();
    this.#listener.stop(true);
  }

  async #connect(socket: Socket<undefined>, port: number): Promise<void> {
    this.#client = { socket, queue: [] };
    this.#server = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, bytes) => {
          this.#client?.queue.push(Buffer.from(bytes));
          this.#toClient();
        },
        drain: () => this.#toServer(),
        close: () => void this.#client?.socket.end(),
        error: () => undefined,
      },
    });
    this.#toServer();
  }

  #toClient(): void {
    if (this.#client !== null) send(this.#client.socket, this.#client.queue);
  }

  #toServer(): void {
    if (this.#server !== null) send(this.#server, this.#waiting);
  }
}

/** As much of the queue as the socket takes. */
function send(socket: Socket<undefined>, queue: Buffer[]): void {
  for (let next = queue[0]; next !== undefined; next = queue[0]) {
    const taken = Math.max(0, socket.write(next));
    if (taken < next.length) {
      queue[0] = next.subarray(taken);
      return;
    }
    queue.shift();
  }
}
