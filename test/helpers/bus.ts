// A nats-server of a test's own, zones that are only a script on its bus, and what hears a gateway's side.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMAND_BYTES, COUNTER_PLAYERS } from "../../assembly/abi.ts";
import { Bus } from "../../server/bus/bus.ts";
import { BusNames } from "../../server/bus/subjects.ts";
import { BatchWriter, eachCommandRecord, readCommandHead, SAID } from "../../server/bus/wire.ts";
import type { ZoneState } from "../../server/shared/zone-messages.ts";
import { DEPARTED, END, ENTERED, FRAMES, writeCensus, CENSUS } from "../../server/shared/ring-records.ts";
import type { Entered } from "../../server/shared/ring-records.ts";
import type { Crossing } from "../../server/shared/transfer.ts";
import { emptyReport, REPORT } from "../../server/shared/tick-report.ts";
import { until } from "./net.ts";
import type { FrameBuilder } from "./net.ts";
import { readCommands } from "./zone-commands.ts";
import type { ReadCommand } from "./zone-commands.ts";
import { AnsweredTickets } from "../../server/shared/tickets.ts";

const PROGRAM = process.env["NATS_SERVER"] ?? Bun.which("nats-server", { PATH: `${process.env["PATH"]}:/usr/sbin` });
/** Null: there is none, and the tests that need one are left out. */
export const NATS_SERVER = PROGRAM ?? null;
if (NATS_SERVER === null)
  console.log("NO NATS-SERVER: the tests of the cluster do not run. apt-get install nats-server");

export class TestNats implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "wowsim-nats-"));
  readonly #buses: Bus[] = [];
  #process: Bun.Subprocess | null = null;
  port = -1;

  static async start(): Promise<TestNats> {
    const nats = new TestNats();
    await nats.begin();
    return nats;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Starts it, again at the same port. */
  async begin(): Promise<void> {
    const flags = ["-a", "127.0.0.1", "-p", String(this.port), "-js", "-sd", join(this.#folder, "js")];
    const child = Bun.spawn([NATS_SERVER ?? "", ...flags, "--ports_file_dir", this.#folder], {
      stdout: "ignore",
      stderr: "ignore",
    });
    this.#process = child;
    const file = (): string | undefined => readdirSync(this.#folder).find((name) => name.includes(`_${child.pid}.`));
    await until(() => file() !== undefined && readFileSync(join(this.#folder, file() ?? ""), "utf8").endsWith("}"));
    const { nats } = JSON.parse(readFileSync(join(this.#folder, file() ?? ""), "utf8")) as { nats: string[] };
    this.port = Number(new URL(nats[0] ?? "").port);
  }

  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.#process?.kill(signal);
    await this.#process?.exited;
  }

  async bus(name = "test"): Promise<Bus> {
    const bus = await Bus.connect({ servers: this.url, name });
    this.#buses.push(bus);
    return bus;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const bus of this.#buses) await bus.close();
    await this.end();
    if (existsSync(this.#folder)) rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A zone that takes commands in order, and tells what the test says. */
export class ScriptedZone {
  readonly commands: (ReadCommand & { gateway: number })[] = [];
  readonly players = new Set<number>();
  epoch: number;
  tick = 0;
  state: ZoneState = "ACTIVE";
  /** Batches of commands that are lost on their way, from now on. */
  losesBatches = 0;
  /** Batches that came, lost ones included; and those that were not taken. */
  readonly came = { batches: 0, refused: 0 };
  readonly #id: number;
  readonly #names: BusNames;
  readonly #bus: Bus;
  readonly #next = new Map<number, number>();
  readonly #writer = new BatchWriter("zone");
  readonly #end: () => void;

  constructor(bus: Bus, id: number, epoch = 1, names = new BusNames()) {
    [this.#bus, this.#id, this.epoch, this.#names] = [bus, id, epoch, names];
    this.#end = bus.subscribe(names.commands(id), (_subject, bytes) => this.#take(bytes));
  }

  /** Number of the newest command of a gateway that the zone has. */
  appliedOf(gateway: number): number {
    return (this.#next.get(gateway) ?? 1) - 1;
  }

  /** Goes on under another owner, which knows nothing of numbers. */
  succeeds(epoch: number): void {
    this.epoch = epoch;
    this.#next.clear();
  }

  end(): void {
    this.#end();
  }

  report(): this {
    const report = { ...emptyReport(this.#id), tick: this.tick, state: this.state };
    report.counters[COUNTER_PLAYERS] = this.players.size;
    const at = this.#writer.reserve(REPORT.bytes);
    REPORT.write(this.#writer.view, at, report);
    return this;
  }

  frames(...frames: FrameBuilder[]): this {
    for (const frame of frames) {
      const bytes = frame.bytes();
      const at = this.#writer.reserve(FRAMES.bytes + bytes.length);
      FRAMES.write(this.#writer.view, at, { zoneId: this.#id });
      this.#writer.bytes.set(bytes, at + FRAMES.bytes);
    }
    const at = this.#writer.reserve(END.bytes);
    END.write(this.#writer.view, at, { zoneId: this.#id });
    return this;
  }

  entered(entered: Omit<Entered, "zoneId">): this {
    const at = this.#writer.reserve(ENTERED.bytes);
    ENTERED.write(this.#writer.view, at, { ...entered, zoneId: this.#id });
    return this;
  }

  departed(crossing: Crossing): this {
    const at = this.#writer.reserve(DEPARTED.bytes);
    DEPARTED.write(this.#writer.view, at, crossing);
    return this;
  }

  census(ticket: number): this {
    const ids = Uint32Array.from(this.players);
    const at = this.#writer.reserve(CENSUS.bytes + ids.byteLength);
    writeCensus(
      this.#writer.view,
      at,
      { zoneId: this.#id, tick: this.tick, tickets: new AnsweredTickets([ticket]).words },
      ids,
    );
    return this;
  }

  says(message: object): this {
    const json = new TextEncoder().encode(JSON.stringify(message));
    const at = this.#writer.reserve(SAID.bytes + json.length);
    SAID.write(this.#writer.view, at, {});
    this.#writer.bytes.set(json, at + SAID.bytes);
    return this;
  }

  /** Sends what was written as the batch of the next tick. */
  tells(gateway: number, { epoch = this.epoch, applied = this.appliedOf(gateway) } = {}): void {
    this.tick++;
    this.#bus.publish(
      this.#names.frames(this.#id, gateway),
      this.#writer.takeZone({ zone: this.#id, epoch, tick: this.tick, applied }).slice(),
    );
  }

  /** A tick with its report and nothing else. */
  ticks(gateway: number, head: { epoch?: number; applied?: number } = {}): void {
    this.tick++;
    this.report();
    this.tick--;
    this.tells(gateway, head);
  }

  #take(bytes: Uint8Array): void {
    this.came.batches++;
    if (this.losesBatches > 0) {
      this.losesBatches--;
      return;
    }
    const { gateway, epoch, first } = readCommandHead(bytes);
    const next = this.#next.get(gateway) ?? 1;
    if (epoch !== this.epoch || first > next) {
      this.came.refused++;
      return;
    }
    let number = first;
    eachCommandRecord(bytes, (_view, all, offset, length) => {
      if (number++ < next) return;
      this.#next.set(gateway, number);
      const copy = new Uint8Array(length);
      copy.set(all.subarray(offset, offset + length));
      for (let at = 0; at < length; at += COMMAND_BYTES)
        this.commands.push(...readCommands(copy.subarray(at, at + COMMAND_BYTES)).map((one) => ({ ...one, gateway })));
    });
  }
}
