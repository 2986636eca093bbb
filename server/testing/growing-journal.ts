// A journal of zones in which bots play, which grows when a test says so, as one does under a server.
//
//   using journal = await GrowingJournal.begin(folder, { zones: 2, players: 16, seed: 7 })
//   journal.play(300)                        // every zone, committed
//   journal.swap(1, trial)                   // a new epoch of zone 1, which runs another kernel
//   journal.goBack(1, 40)                    // the newest 40 ticks are rewritten: a new epoch from before them
//   journal.play(20, { isLost: true })       // these ticks happen, and are not in the journal

import { mkdirSync } from "node:fs";
import { ensureKernel } from "../../assembly/toolchain/build.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { loadWorld } from "../protocol/content/load.ts";
import { WorldWriter } from "../store/world-writer.ts";
import { at } from "../protocol/assert.ts";
import { PlayedZone } from "./played-zone.ts";
import type { PlayedZoneOptions } from "./played-zone.ts";

const SNAPSHOT_TICKS = 200;
const TICK_MS = 50;
/** Ticks that are committed at once. */
const COMMIT_TICKS = 10;

interface GrowingZone {
  zone: number;
  epoch: number;
  played: PlayedZone;
  /** Newest last: states to which a zone can go back. */
  states: { tick: number; state: Uint8Array }[];
}

export class GrowingJournal implements Disposable {
  readonly #writer: WorldWriter;
  readonly #zones: readonly GrowingZone[];
  readonly #clock: { ms: number };
  #isClosed = false;

  static async begin(
    folder: string,
    { zones, ...options }: Omit<PlayedZoneOptions, "zone"> & { zones: number },
  ): Promise<GrowingJournal> {
    const wasm = await Bun.file(await ensureKernel()).bytes();
    const kernel = loadKernel(wasm, "own");
    const world = await loadWorld();
    mkdirSync(folder, { recursive: true });
    const clock = { ms: 1_000 };
    const writer = WorldWriter.open(folder, { synchronous: "NORMAL", clock: () => clock.ms });
    const played = Array.from({ length: zones }, (_, index) => {
      const zone = index + 1;
      return { zone, epoch: 0, played: new PlayedZone(kernel, world, { ...options, zone }), states: [] };
    });
    const journal = new GrowingJournal(writer, played, clock);
    journal.#within(() => {
      writer.module({ hash: kernel.hash, label: kernel.label, wasm });
      for (const zone of played) journal.#beginEpoch(zone);
    });
    return journal;
  }

  private constructor(writer: WorldWriter, zones: readonly GrowingZone[], clock: { ms: number }) {
    this.#writer = writer;
    this.#zones = zones;
    this.#clock = clock;
  }

  /** Of every zone. */
  play(ticks: number, { isLost = false }: { isLost?: boolean } = {}): void {
    for (let done = 0; done < ticks; done += COMMIT_TICKS)
      this.#within(() => {
        for (let tick = done; tick < Math.min(ticks, done + COMMIT_TICKS); tick++) {
          this.#clock.ms += TICK_MS;
          for (const zone of this.#zones) this.#tick(zone, isLost);
        }
      });
  }

  /** `wasm`: the metered binary. */
  swap(zone: number, { kernel, metered }: { kernel: Kernel; metered: Uint8Array }): void {
    const growing = this.#zone(zone);
    this.#within(() => {
      this.#writer.module({ hash: kernel.hash, label: kernel.label, wasm: metered });
      growing.played.swap(kernel);
      this.#beginEpoch(growing);
    });
  }

  /** The zone goes on from a state that is at least so many ticks old. */
  goBack(zone: number, ticks: number): void {
    const growing = this.#zone(zone);
    const { lane } = growing.played;
    const { state, tick } = at(growing.states.filter((each) => each.tick <= lane.tick - ticks).toReversed(), 0);
    lane.adopt(state, tick);
    this.#within(() => this.#beginEpoch(growing));
  }

  /** Something that no tick did is written into the zone's memory. */
  corrupt(zone: number): void {
    const { lane } = this.#zone(zone).played;
    const random = lane.kernel.layout.value("HEADER_RANDOM");
    lane.view.setUint32(random, lane.view.getUint32(random, true) ^ 1, true);
  }

  snapshot(zone: number): void {
    this.#within(() => this.#snapshot(this.#zone(zone)));
  }

  /** Runs SQL on the journal: damage, and what retention does. */
  run(sql: string, ...values: (string | number)[]): void {
    this.#writer.database.query(sql).run(...values);
  }

  tickOf(zone: number): number {
    return this.#zone(zone).played.lane.tick;
  }

  close(): void {
    if (!this.#isClosed) this.#writer.close();
    this.#isClosed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #zone(zone: number): GrowingZone {
    return at(this.#zones, zone - 1);
  }

  #within(write: () => void): void {
    this.#writer.begin();
    write();
    this.#writer.commit();
    this.#writer.testify();
  }

  #beginEpoch(zone: GrowingZone): void {
    zone.epoch++;
    this.#snapshot(zone);
  }

  #tick(growing: GrowingZone, isLost: boolean): void {
    const { zone, epoch, played } = growing;
    const batch = played.play();
    if (isLost) return;
    const { tick, hash, kernel } = played.lane;
    this.#writer.tick({ zone, epoch, tick, module: kernel.hash, hash, batch });
    if (tick % SNAPSHOT_TICKS === 0) this.#snapshot(growing);
  }

  #snapshot({ zone, epoch, played: { lane }, states }: GrowingZone): void {
    const { tick, hash, kernel } = lane;
    const state = Bun.zstdCompressSync(lane.state, { level: 1 });
    this.#writer.snapshot({ zone, epoch, tick, module: kernel.hash, hash, ticket: 0, state });
    states.push({ tick, state: lane.state.slice() });
  }
}
