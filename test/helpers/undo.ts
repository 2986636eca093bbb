// A zone that takes a bad module and is undone, with clients, and the zone that it would be without: given the same batches, and never
// the module.
//
//   const play = await UndoPlay.start()
//   play.tick(40); play.swap(await badKernel("twice the damage")); play.tick(100); play.rollBack()
//   const report = play.undo()
//   expect(play.hash).toBe((await play.untouched()).hash)
//   expect(play.clientsDiffer()).toEqual([])

import { COMMAND_BYTES, OP_SPIN, OP_TRAP } from "../../assembly/abi.ts";
import { compileCached, readSources } from "../../assembly/toolchain/build.ts";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { meter } from "../../assembly/toolchain/meter.ts";
import type { UndoReport } from "../../server/protocol/undo.ts";
import { FRAMES } from "../../server/shared/ring-records.ts";
import type { Zone } from "../../server/zone/zone.ts";
import { decodeFrames, WatcherModel } from "./kernel-frames.ts";
import { readCommands } from "./zone-commands.ts";
import type { Command } from "./zone-commands.ts";
import { RunnerBench } from "./zone-runner.ts";
import type { RunnerBenchOptions } from "./zone-runner.ts";
import { newZone, testKernel } from "./zone.ts";

type Patch = readonly [path: string, before: string, after: string];

const EVERY_PLAYER = "for (let row: u32 = 0; row < PLAYERS_MAX; row++) if (load<u32>(ENTITY_ID + row * 4) != 0)";
const COLUMNS: Patch = [
  "index.ts",
  "  HEADER_TICK,\n",
  "  ENTITY_ID,\n  ENTITY_HEALTH,\n  ENTITY_MAX_HEALTH,\n  PLAYERS_MAX,\n  HEADER_TICK,\n",
];
const atTheEnd = (code: string): Patch => ["index.ts", "  regenerate();\n", `  regenerate();\n  ${code}\n`];
const HIT = "? through : throughAbsorption";
const TWICE: Patch = ["combat/damage.ts", HIT, "? through * 2 : throughAbsorption"];

/** What is changed in the kernel of this checkout; those that are no candidates of assembly/candidates. */
const PATCHES: Readonly<Record<string, readonly Patch[]>> = {
  "twice the damage": [TWICE],
  deadly: [["combat/damage.ts", HIT, "? (Row.isCreature(target) ? through : through * 100) : throughAbsorption"]],
  /** All players have 999,999 health, and may: no rule of the game is broken. */
  "health 999,999": [
    atTheEnd(
      `${EVERY_PLAYER} { store<u32>(ENTITY_HEALTH + row * 4, 999999); store<u32>(ENTITY_MAX_HEALTH + row * 4, 999999); }`,
    ),
    COLUMNS,
  ],
  /** Players are hit twice as hard, and from tick 300 on have more health than their maximum. */
  "health beyond the maximum, late": [
    TWICE,
    atTheEnd(
      `if (now >= 300) ${EVERY_PLAYER} store<u32>(ENTITY_HEALTH + row * 4, load<u32>(ENTITY_MAX_HEALTH + row * 4) + 1);`,
    ),
    COLUMNS,
  ],
  /** The same, and from tick 300 on it traps. */
  "traps late": [TWICE, atTheEnd("if (now >= 300) unreachable();")],
};

export interface BadKernel {
  kernel: Kernel;
  /** Its metered binary. */
  wasm: Uint8Array;
}

const built = new Map<string, Promise<BadKernel>>();

/** A metered kernel: one of the above, or a candidate. Compiled once a process. */
export async function badKernel(name: string): Promise<Kernel> {
  return (await badModule(name)).kernel;
}

/** The same with its binary. */
export function badModule(name: string): Promise<BadKernel> {
  const bad = built.get(name) ?? buildBad(name);
  built.set(name, bad);
  return bad;
}

async function buildBad(name: string): Promise<BadKernel> {
  const patches = PATCHES[name];
  const source =
    patches === undefined ? (await buildCandidate(name)).wasm : await compileCached(await patched(patches));
  const wasm = await meter(source);
  return { kernel: loadKernel(wasm, name), wasm };
}

async function patched(patches: readonly Patch[]): Promise<Map<string, string>> {
  const sources = await readSources();
  for (const [path, before, after] of patches) {
    const text = sources.get(path) ?? "";
    if (!text.includes(before)) throw new Error(`${path} has no ${before}`);
    sources.set(path, text.replace(before, after));
  }
  return sources;
}

export class UndoPlay {
  readonly bench: RunnerBench;
  /** By session, what each client knows. */
  readonly models = new Map<number, WatcherModel>();
  /** What was wrong with frames, as clients see it. */
  readonly problems: string[] = [];
  readonly #options: RunnerBenchOptions;
  readonly #kernel: Kernel;
  #untouched: Zone | null = null;
  /** The batches of all ticks, as they came in. */
  readonly batches: Uint8Array[];

  static async start(options: RunnerBenchOptions = {}): Promise<UndoPlay> {
    const batches: Uint8Array[] = [];
    const blackBox = { note: (_zone: number, _tick: number, batch: Uint8Array) => void batches.push(batch.slice()) };
    const kernel = options.kernel ?? (await testKernel());
    const bench = await RunnerBench.start({ ...options, kernel, blackBox });
    return new UndoPlay(bench, options, kernel, batches);
  }

  private constructor(bench: RunnerBench, options: RunnerBenchOptions, kernel: Kernel, batches: Uint8Array[]) {
    [this.bench, this.#options, this.#kernel, this.batches] = [bench, options, kernel, batches];
  }

  get zone(): Zone {
    return this.bench.runner.zone;
  }

  get hash(): string {
    return this.zone.hash.toString(16);
  }

  give(...commands: Command[]): void {
    this.bench.give(...commands);
  }

  /** Runs ticks, and lets the clients read their frames. */
  tick(count = 1): void {
    for (let done = 0; done < count; done++) {
      this.bench.tick();
      this.#read();
    }
  }

  swap(kernel: Kernel): void {
    this.bench.runner.swap(kernel);
  }

  rollBack(): void {
    this.bench.runner.rollback();
  }

  /** Begins an undo, and goes on with it until it is done; ticks run between its slices, and one after it. */
  undo(isDry = false, ticksBetween = 0): UndoReport {
    const { runner } = this.bench;
    runner.undo.start({ isDry, reason: "for the test" });
    return this.finish(ticksBetween);
  }

  /** Goes on with an undo that has begun. */
  finish(ticksBetween = 0): UndoReport {
    const { runner } = this.bench;
    for (let slice = 0; runner.undo.isRunning; slice++) {
      runner.undoSome(this.bench.ms);
      if (slice < ticksBetween) this.tick();
    }
    this.tick();
    const failed = this.bench.told("undo_failed").at(-1);
    if (failed !== undefined) throw new Error(failed.error);
    return this.bench.told("undone").at(-1)!.report;
  }

  /** A zone that ran the batches of all ticks through the first module alone. */
  async untouched(): Promise<Zone> {
    const zone = (this.#untouched ??= await newZone({ ...this.#options, kernel: this.#kernel }));
    for (const batch of this.batches.slice(zone.tick)) zone.step(withoutPoison(batch));
    return zone;
  }

  /** Where the knowledge of a client that gets frames differs from the zone. */
  clientsDiffer(): string[] {
    const { zone } = this;
    const column = (name: string): number => zone.kernel.layout.value(name) / 4;
    const words = new Uint32Array(zone.memory.buffer);
    const rows = new Map(
      Array.from({ length: zone.at.rowsMax }, (_, row) => [words[column("ENTITY_ID") + row]!, row] as const),
    );
    const differences = [...this.problems];
    const watchers = new Set<number>();
    zone.entities.eachWatcher((session) => void watchers.add(session));
    for (const [session, model] of this.models) {
      if (!watchers.has(session)) continue;
      for (const { id, health, level, target } of model.entities.values()) {
        const row = rows.get(id);
        if (row === undefined) {
          differences.push(`${session} knows ${id}, who is gone`);
          continue;
        }
        const is = ["ENTITY_HEALTH", "ENTITY_LEVEL", "ENTITY_TARGET"].map((name) => words[column(name) + row]!);
        if (!Bun.deepEquals(is, [health, level, target]))
          differences.push(`${session} thinks ${id} has ${[health, level, target].join()}, it has ${is.join()}`);
      }
      const own = rows.get(session);
      if (own !== undefined && model.self?.health !== words[column("ENTITY_HEALTH") + own])
        differences.push(`${session} thinks it has ${model.self?.health} health`);
    }
    return differences;
  }

  #read(): void {
    const { output } = this.bench;
    output.drain((offset, length) => {
      if (output.view.getUint32(offset, true) !== FRAMES.kind) return;
      const frames = output.bytes.slice(offset + FRAMES.bytes, offset + length);
      for (const [session, frame] of decodeFrames(frames, 0, frames.length)) {
        const model = this.models.get(session) ?? new WatcherModel();
        this.models.set(session, model);
        this.problems.push(...model.apply(frame));
      }
    });
  }
}

/** What a fault put in to make any kernel trap is not in the history of a zone that was never swapped either. */
function withoutPoison(batch: Uint8Array): Uint8Array {
  const records = readCommands(batch).flatMap(({ op }, index) =>
    op === OP_TRAP || op === OP_SPIN ? [] : [batch.subarray(index * COMMAND_BYTES, (index + 1) * COMMAND_BYTES)],
  );
  const rest = new Uint8Array(records.length * COMMAND_BYTES);
  for (const [index, record] of records.entries()) rest.set(record, index * COMMAND_BYTES);
  return rest;
}
