// One run of bench/same-hash.ts: a process that plays a zone's command log and records the state hash of every tick. It
// runs under Bun as it is, and bundled under Node; kernel, content tables, zone and journal are the server's own.
//
//   bun bench/same-hash-process.ts '{"way":"once","kernel":"kernel.metered.wasm","ticks":20000,"seed":1,"records":["a.hashes"]}'
//   {"runtime":"Bun 1.4.5","seconds":1.9,"restores":0,...}
//
// way     once      one zone from the first tick to the last
//         beside    two zones in turn, tick by tick, each with a record of its own
//         restored  a zone that is put away again and again, and goes on from a snapshot in another memory

import { readFileSync } from "node:fs";
import * as abi from "../assembly/abi.ts";
import type { World } from "../server/protocol/content/content.ts";
import { loadWorld } from "../server/protocol/content/load.ts";
import { seededRandom, seedOf } from "../server/protocol/seeded-random.ts";
import type { Kernel } from "../assembly/toolchain/kernel.ts";
import { loadKernel } from "../assembly/toolchain/load.ts";
import { readDepartures } from "../server/zone/departures.ts";
import { ZoneTrap } from "../server/zone/trap.ts";
import { Zone } from "../server/zone/zone.ts";
import { BatchWriter } from "../server/testing/batch-writer.ts";
import { HashRecord } from "../server/testing/hash-record.ts";
import { commandLog, SESSIONS } from "../server/testing/same-hash-log.ts";
import type { CommandLog } from "../server/testing/same-hash-log.ts";

/** What the process is told, as JSON. */
export interface RunOrder {
  way: "once" | "beside" | "restored";
  /** Path of the metered kernel. */
  kernel: string;
  ticks: number;
  seed: number;
  /** Paths of the hash records, one a zone. */
  records: string[];
  /** In this tick there is a command more, to see that it is noticed; 0: in none. */
  spoilTick: number;
}

/** What it answers. */
export interface RunReport {
  runtime: string;
  seconds: number;
  /** How often the zone went on from a snapshot, how many of those were taken in a fight, and after how many traps. */
  restores: number;
  inFights: number;
  traps: number;
  /** Ticks that were run again after a restore, and the first whose hash was another then; 0: none. */
  repeated: number;
  repeatedDiffers: number;
  /** Counters of the kernel, summed over the ticks. */
  counters: number[];
}

const TICK_RATE_HZ = 20;
/** Far more than a tick of this zone needs; a loop without end burns it in a few milliseconds. */
const FUEL_PER_TICK = 4_000_000n;
/** Between two restores, on average, and how old their snapshots are at most. */
const RESTORE_TICKS = 1_000;
const SNAPSHOT_AGE_MAX = 150;
const PACKING_TICKS = 300;
const STRANGER_ID = 3_000_000;
/** What is in a memory before something is restored into it. */
const NOISE = 0xa5;

function newZone(kernel: Kernel, { zones: [zone], content }: World, seed: number): Zone {
  if (zone === undefined) throw new RangeError("A world needs a zone.");
  // A clock that stands still: snapshots come by ticks alone, so two runs take them at the same time.
  return new Zone({ zone, content, kernel, tickRateHz: TICK_RATE_HZ, seed, fuelPerTick: FUEL_PER_TICK, now: () => 0 });
}

/** What players have on them who depart from such a zone in the middle of play. */
function packLuggage(kernel: Kernel, world: World, seed: number): Uint32Array[] {
  const zone = newZone(kernel, world, seed);
  const log = commandLog({ world, seed, luggage: [] });
  for (let tick = 1; tick < PACKING_TICKS; tick++) zone.step(log(tick));
  const batch = new BatchWriter(SESSIONS);
  for (let session = 1; session <= SESSIONS; session++) batch.add(abi.OP_DEPART, { a: session });
  zone.step(batch.bytes());
  return readDepartures(zone).map(({ words }) => words);
}

/** Plays the zone, again and again from a snapshot; those ticks that come twice are compared at once. */
class RestoredRun {
  restores = 0;
  inFights = 0;
  traps = 0;
  repeated = 0;
  repeatedDiffers = 0;
  zone: Zone;
  #spare: Zone;
  #snapshotTick = 0;
  #restoreTick = 0;
  readonly #log: CommandLog;
  readonly #record: HashRecord;
  readonly #random: () => number;

  constructor(zones: [Zone, Zone], log: CommandLog, record: HashRecord, seed: number) {
    [this.zone, this.#spare] = zones;
    this.#log = log;
    this.#record = record;
    this.#random = seededRandom(seedOf(seed, "restores"));
    this.#choose(0);
  }

  step(tick: number): void {
    if (tick === this.#snapshotTick) this.zone.snapshot();
    if (tick === this.#restoreTick) {
      if (this.restores % 2 === 0) this.#fall(tick);
      this.#restore(tick);
      this.#choose(tick);
    }
    this.zone.step(this.#log(tick));
  }

  #choose(tick: number): void {
    this.#snapshotTick = tick + 1 + Math.floor(this.#random() * (2 * RESTORE_TICKS - SNAPSHOT_AGE_MAX));
    this.#restoreTick = this.#snapshotTick + Math.floor(this.#random() * SNAPSHOT_AGE_MAX);
  }

  /** The zone traps in this tick, or runs out of fuel, behind the commands that were given to it. */
  #fall(tick: number): void {
    const batch = this.#log(tick);
    const poisoned = new BatchWriter(batch.length / abi.COMMAND_BYTES + 1);
    poisoned.append(batch);
    poisoned.add(this.restores % 4 === 0 ? abi.OP_TRAP : abi.OP_SPIN);
    try {
      this.zone.step(poisoned.bytes());
    } catch (error) {
      if (!(error instanceof ZoneTrap)) throw error;
      this.traps++;
    }
  }

  /** The newest snapshot goes into the other memory, full of noise, and what came after it is played again up to `tick`. */
  #restore(tick: number): void {
    const { segment } = this.zone;
    const spare = this.#spare;
    spare.bytes.fill(NOISE, spare.at.stateBase);
    spare.restore(segment);
    spare.dropUnfinished();
    spare.snapshotTwice();
    this.restores++;
    if (counterOf(spare, abi.COUNTER_FIGHTING) > 0) this.inFights++;
    while (spare.tick < tick - 1) {
      spare.step(this.#log(spare.tick + 1));
      this.repeated++;
      if (this.repeatedDiffers === 0 && spare.hash !== this.#record.at(spare.tick)) this.repeatedDiffers = spare.tick;
    }
    [this.zone, this.#spare] = [spare, this.zone];
  }
}

/** The batch, and a creature that no log has. */
function withStranger(batch: Uint8Array): Uint8Array {
  const writer = new BatchWriter(batch.length / abi.COMMAND_BYTES + 1);
  writer.append(batch);
  writer.add(abi.OP_SPAWN, { a: STRANGER_ID, x: 0, y: 0 });
  return writer.bytes();
}

function counterOf({ view, at }: Zone, counter: number): number {
  return view.getUint32(at.counters + counter * 4, true);
}

function run({ way, kernel: path, ticks, seed, records, spoilTick }: RunOrder, world: World): RunReport {
  const kernel = loadKernel(new Uint8Array(readFileSync(path)), "bench");
  const plain = commandLog({ world, seed, luggage: packLuggage(kernel, world, seed) });
  const log: CommandLog = (tick) => (tick === spoilTick ? withStranger(plain(tick)) : plain(tick));
  const files = records.map((record) => new HashRecord(record, ticks));
  const [first] = files;
  if (first === undefined) throw new RangeError("A run needs a record.");
  const zones = files.map(() => newZone(kernel, world, seed));
  const restored =
    way === "restored"
      ? new RestoredRun([newZone(kernel, world, seed), newZone(kernel, world, seed)], log, first, seed)
      : null;
  const counters = new Float64Array(abi.COUNTERS);
  const start = performance.now();
  for (let tick = 1; tick <= ticks; tick++) {
    for (const [index, zone] of zones.entries()) {
      if (restored === null) zone.step(log(tick));
      else restored.step(tick);
      const stepped = restored?.zone ?? zone;
      files[index]?.add(stepped.hash);
      if (index === 0) counters.forEach((sum, counter) => (counters[counter] = sum + counterOf(stepped, counter)));
    }
  }
  const seconds = (performance.now() - start) / 1_000;
  for (const file of files) file.close();
  const { restores = 0, inFights = 0, traps = 0, repeated = 0, repeatedDiffers = 0 } = restored ?? {};
  const runtime = process.versions.bun === undefined ? `Node ${process.versions.node}` : `Bun ${process.versions.bun}`;
  return { runtime, seconds, restores, inFights, traps, repeated, repeatedDiffers, counters: [...counters] };
}

const order = process.argv[2];
if (order === undefined) throw new Error("Usage: bun bench/same-hash-process.ts ORDER; bench/same-hash.ts gives them.");
process.stdout.write(`${JSON.stringify(run(JSON.parse(order) as RunOrder, await loadWorld()))}\n`);
