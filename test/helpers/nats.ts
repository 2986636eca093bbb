// A real nats-server for a test file, on a free port of the loopback and with a folder of its own. It is no dependency: where it is
// missing, what needs it is skipped, and says so.
//
//   describe.skipIf(NATS === null)("...", () => {
//     test("...", async () => {
//       await using nats = await Nats.start();
//       nats.url            // "nats://127.0.0.1:40123"
//       await nats.kill(); await nats.restart();        // the same port and streams
//     });
//   });

import { rmSync } from "node:fs";
import { join } from "node:path";
import type { NatsUser } from "../../tools/cluster/nats-config.ts";
import { NatsProcess } from "../../tools/cluster/nats-process.ts";
import { findNatsServer } from "../../tools/cluster/nats-server.ts";
import type { NatsProgram } from "../../tools/cluster/nats-server.ts";
import { messageOf } from "../../server/protocol/errors.ts";
import { TempFolder } from "./serve-process.ts";

/** Null where there is none. */
export const NATS: NatsProgram | null = await findNatsServer().catch((error: unknown) => {
  process.stderr.write(`SKIPPED: nothing of a cluster is tried. ${messageOf(error)}\n`);
  return null;
});

export class Nats implements AsyncDisposable {
  readonly #folder: TempFolder;
  readonly #users: readonly NatsUser[];
  #process: NatsProcess;

  /** Throws where there is no nats-server: skip what needs it. */
  static async start(users: readonly NatsUser[] = []): Promise<Nats> {
    const folder = new TempFolder();
    try {
      return new Nats(folder, users, await startIn(folder, users, 0));
    } catch (error) {
      folder[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(folder: TempFolder, users: readonly NatsUser[], process: NatsProcess) {
    this.#folder = folder;
    this.#users = users;
    this.#process = process;
  }

  get port(): number {
    return this.#process.port;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** As kill -9 does. Its streams stay. */
  async kill(): Promise<void> {
    this.#process.signal("SIGKILL");
    await this.#process.ended;
  }

  /** Its streams stay. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  pause(): void {
    this.#process.signal("SIGSTOP");
  }

  goOn(): void {
    this.#process.signal("SIGCONT");
  }

  /** After kill or stop, on the same port. */
  async restart(): Promise<void> {
    this.#process = await startIn(this.#folder, this.#users, this.port);
  }

  /** After kill or stop: begins without any stream. */
  forget(): void {
    rmSync(join(this.#folder.path, "store"), { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.goOn();
    await this.kill();
    this.#folder[Symbol.dispose]();
  }
}

function startIn(folder: TempFolder, users: readonly NatsUser[], port: number): Promise<NatsProcess> {
  if (NATS === null) throw new Error("There is no nats-server; skip what needs it.");
  return NatsProcess.start(NATS, { folder: folder.path, host: "127.0.0.1", port, users });
}
