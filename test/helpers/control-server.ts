// A control server on a free port, with the commands of faults, over a bench of zones; and raw sockets to talk to it as
// no client of ours would.

import type { Socket } from "bun";
import { registerFaultCommands } from "../../server/main/fault-commands.ts";
import { ControlServer } from "../../server/main/control/server.ts";
import type { ControlServerOptions } from "../../server/main/control/server.ts";
import { FaultBench } from "./control-faults.ts";

export interface RunningControl extends AsyncDisposable {
  readonly server: ControlServer;
  readonly bench: FaultBench;
  readonly port: number;
}

export function startControl(options: Partial<ControlServerOptions> = {}): RunningControl {
  const bench = new FaultBench();
  const server = new ControlServer({ emitter: bench.emitter, ...options });
  registerFaultCommands(server, bench.registry, () => Promise.resolve());
  const port = server.listen("127.0.0.1", 0);
  return { server, bench, port, [Symbol.asyncDispose]: () => server.stop() };
}

/** A socket that sends bytes as they are and keeps what it gets. */
export class RawConnection implements AsyncDisposable {
  #socket!: Socket;
  readonly #chunks: Buffer[] = [];
  readonly #unsent: Uint8Array[] = [];
  #onChange: (() => void)[] = [];
  isClosed = false;
  hasEnded = false;

  static async open(port: number): Promise<RawConnection> {
    const connection = new RawConnection();
    connection.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      allowHalfOpen: true,
      socket: {
        data: (_socket, bytes) => connection.#received(bytes),
        drain: () => connection.flush(),
        end: () => connection.#ended(),
        close: () => connection.#closed(),
        error: () => connection.#closed(),
      },
    });
    return connection;
  }

  send(data: string | Uint8Array): void {
    this.#unsent.push(typeof data === "string" ? Buffer.from(data) : data);
    this.flush();
  }

  flush(): void {
    for (let [data] = this.#unsent; data !== undefined && !this.isClosed; [data] = this.#unsent) {
      const taken = this.#socket.write(data);
      if (taken < data.length) {
        this.#unsent[0] = data.subarray(Math.max(0, taken));
        return;
      }
      this.#unsent.shift();
    }
  }

  get unsentBytes(): number {
    return this.#unsent.reduce((sum, data) => sum + data.length, 0);
  }

  /** Says that it will send no more. */
  finish(): void {
    this.#socket.shutdown();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }

  get answers(): Record<string, unknown>[] {
    const lines = this.text.split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Waits for something to be true of the connection. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#onChange.push(resolve));
  }

  async answersUntil(count: number): Promise<Record<string, unknown>[]> {
    let lines = 0;
    let looked = 0;
    await this.until(() => {
      for (; looked < this.#chunks.length; looked++)
        for (const byte of this.#chunks[looked] ?? []) if (byte === 10) lines++;
      return lines >= count;
    });
    return this.answers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
  }

  #received(bytes: Buffer): void {
    this.#chunks.push(Buffer.from(bytes));
    this.#changed();
  }

  #ended(): void {
    this.hasEnded = true;
    this.#changed();
  }

  #closed(): void {
    this.isClosed = true;
    this.#changed();
  }

  #changed(): void {
    for (const resolve of this.#onChange.splice(0)) resolve();
  }
}
