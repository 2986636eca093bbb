// Hears what every zone of a cluster tells its controller, tick by tick: who speaks for a zone, since when, and whether anybody still
// speaks in the name of an epoch that is over.
//
//   await using ear = await ClusterEar.open(cluster.busFile)
//   ear.zones.get(3)                      // { epoch: 2, tick: 4711, atMs: 81234.5 }
//   await ear.taken([1, 4], before)       // each with the milliseconds of its first tick in a newer epoch
//   ear.late                              // batches of an epoch that was over

import { Bus } from "../bus/bus.ts";
import { BusNames } from "../bus/subjects.ts";
import { readZoneHead } from "../bus/wire.ts";
import { busOf } from "../../tools/cluster/cluster-file.ts";

export interface ZoneHeard {
  epoch: number;
  tick: number;
  /** Of its newest batch. */
  atMs: number;
  /** Of the first batch of this epoch. */
  sinceMs: number;
}

const LOOK_MS = 2;
const CONTROLLER = 0;

export class ClusterEar implements AsyncDisposable {
  readonly zones = new Map<number, ZoneHeard>();
  /** Batches with an epoch below the newest that was heard of, by zone. */
  readonly late: { zone: number; epoch: number; newest: number }[] = [];
  readonly #bus: Bus;

  static async open(busFile: string): Promise<ClusterEar> {
    return new ClusterEar(await Bus.connect({ ...busOf(busFile, "controller"), name: "ear" }));
  }

  private constructor(bus: Bus) {
    this.#bus = bus;
    bus.subscribe(new BusNames().frames("*", CONTROLLER), (_subject, bytes) => this.#hear(bytes));
  }

  /** The epochs that are heard now, by zone. */
  epochs(): Map<number, number> {
    return new Map([...this.zones].map(([zone, { epoch }]) => [zone, epoch]));
  }

  /**
   * Resolves when each of the zones ticks in a newer epoch than `before`, with when it began to, by zone; those that do not within
   * `msMax` are left out.
   */
  async taken(
    zones: readonly number[],
    before: ReadonlyMap<number, number>,
    msMax: number,
  ): Promise<Map<number, number>> {
    const untilMs = performance.now() + msMax;
    const isTaken = (zone: number): boolean => (this.zones.get(zone)?.epoch ?? 0) > (before.get(zone) ?? 0);
    while (!zones.every(isTaken) && performance.now() < untilMs) await Bun.sleep(LOOK_MS);
    return new Map(zones.filter(isTaken).map((zone) => [zone, this.zones.get(zone)?.sinceMs ?? 0]));
  }

  /** Resolves when each of the zones has ticked after that time; false when that does not come within `msMax`. */
  async tickedAfter(atMs: number, zones: readonly number[], msMax: number): Promise<boolean> {
    const untilMs = performance.now() + msMax;
    const isBack = (zone: number): boolean => (this.zones.get(zone)?.atMs ?? 0) > atMs;
    while (!zones.every(isBack) && performance.now() < untilMs) await Bun.sleep(LOOK_MS);
    return zones.every(isBack);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#bus.close();
  }

  #hear(bytes: Uint8Array): void {
    const { zone, epoch, tick } = readZoneHead(bytes);
    const atMs = performance.now();
    const known = this.zones.get(zone);
    if (known === undefined || epoch > known.epoch) this.zones.set(zone, { epoch, tick, atMs, sinceMs: atMs });
    else if (epoch < known.epoch) this.late.push({ zone, epoch, newest: known.epoch });
    else if (tick > known.tick) Object.assign(known, { tick, atMs });
  }
}
