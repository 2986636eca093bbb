// The pieces of work of a validation, as a thread does them: a zone of the journal with all that is looked at one tick at a time, or
// free runs over several zones.
//
//   const worker = new TaskRunner(journal, candidate, content)
//   await worker.run({ type: "zone", zone: 3, ticks: 6_000, perTick: 2, seed: 7 }, pause, observer)
//
// A thread has two memories, for all its tasks: the first memories of a process are the fastest.

import { createMemory } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { Lane } from "../lockstep/lane.ts";
import type { Content } from "../protocol/content/content.ts";
import { seedOf } from "../protocol/seeded-random.ts";
import type { Expectation } from "../protocol/expectations.ts";
import type { ValidationObserver } from "../protocol/validation.ts";
import { RecordedModules } from "../replay/modules.ts";
import { JournalNames } from "../replay/names.ts";
import type { Pause } from "../replay/pause.ts";
import { freeRun } from "./free-run.ts";
import type { FreeStretch } from "./free-samples.ts";
import type { FreeRunResult } from "./free-verdict.ts";
import { ownMemory } from "./own-memory.ts";
import type { OwnMemory } from "./own-memory.ts";
import { CrowdCommands } from "./crowd-commands.ts";
import { extraPass } from "./extra-pass.ts";
import type { ExtraPass } from "./extra-pass.ts";
import { RandomCommands } from "./random-commands.ts";
import { repeated, stretchOf } from "./stretches.ts";
import type { LoadedStretch } from "./stretches.ts";
import { validateZone } from "./zone-validation.ts";
import type { ReadableJournal, ZoneValidation } from "./zone-validation.ts";

const CROWD_TICKS = 120;
/** More than most zones ever have. */
const CROWD_PLAYERS = 250;

export interface ZoneTask {
  type: "zone";
  zone: number;
  /** Of its newest history. */
  ticks: number;
  /** Random commands that are added to each tick; 0: no passes with more commands. */
  perTick: number;
  /** Ticks of it with random commands, and with fresh instances. */
  randomTicks: number;
  freshTicks: number;
  /** One pass with a crowd, which is the same in each zone. */
  hasCrowd: boolean;
  seed: number;
}

export interface FreeTask {
  type: "free";
  zones: readonly number[];
  /** Of each stretch. */
  ticks: number;
  runs: number;
  zMax: number;
  fuelRatioMax: number;
  expectations: readonly Expectation[];
  seed: number;
}

export type Task = ZoneTask | FreeTask;

/** What is known of a zone; plain data, which threads can send. */
export interface ZoneFindings {
  type: "zone";
  found: ZoneValidation;
  /** Passes with more commands. */
  extra: ExtraPass[];
  /** Null: the zone has no history for it. */
  own: OwnMemory | null;
}

export interface FreeFindings {
  type: "free";
  /** Null: no zone has history for it. */
  result: FreeRunResult | null;
}

export type Findings = ZoneFindings | FreeFindings;

export class TaskRunner {
  readonly #journal: ReadableJournal;
  readonly #candidate: Kernel;
  readonly #content: Content;
  readonly #memories: readonly [WebAssembly.Memory, WebAssembly.Memory];
  readonly #modules: RecordedModules;
  /** For the present module where another one ran the ticks. */
  #third: WebAssembly.Memory | null = null;

  constructor(journal: ReadableJournal, candidate: Kernel, content: Content) {
    this.#journal = journal;
    this.#candidate = candidate;
    this.#content = content;
    this.#memories = [createMemory(candidate), createMemory(candidate)];
    this.#modules = new RecordedModules(journal.reader, this.#memories[0]);
  }

  /** Throws WowsimError. */
  async run(task: Task, pause: Pause, observer: ValidationObserver): Promise<Findings> {
    return task.type === "zone" ? await this.#zone(task, pause, observer) : await this.#free(task, pause);
  }

  /** Ticks that a task runs, about. */
  static ticksOf(task: Task): number {
    return task.type === "zone" ? task.ticks : 2 * task.ticks * task.runs;
  }

  async #zone(task: ZoneTask, pause: Pause, observer: ValidationObserver): Promise<ZoneFindings> {
    const { zone, ticks } = task;
    const [modules, candidate, content] = [this.#modules, this.#candidate, this.#content];
    const memories = { candidate: this.#memories[1], incumbent: () => (this.#third ??= createMemory(candidate)) };
    const request = { zone, ticks, modules, candidate, memories, content };
    const found = await validateZone(this.#journal, request, pause, observer);
    const isHopeless = found.comparison.traps.count > 0 || pause.isAborted;
    if (isHopeless) return { type: "zone", found, extra: [], own: null };
    const wanted = Math.max(task.randomTicks, task.freshTicks);
    const loaded = this.#stretch(zone, wanted);
    if (loaded === null) return { type: "zone", found, extra: [], own: null };
    const extra = task.perTick === 0 ? [] : await this.#extra(task, loaded, pause);
    return { type: "zone", found, extra, own: await this.#own(task, loaded, pause) };
  }

  #stretch(zone: number, ticks: number): LoadedStretch | null {
    const loaded = stretchOf(this.#journal, zone, ticks, []);
    return loaded === null ? null : { ...loaded, stretch: repeated(loaded.stretch, ticks) };
  }

  async #extra(task: ZoneTask, { module, stretch }: LoadedStretch, pause: Pause): Promise<ExtraPass[]> {
    const { zone, perTick, hasCrowd, seed, randomTicks } = task;
    const names = new JournalNames(this.#journal.reader, this.#content);
    const kernels = { incumbent: this.#modules.get(module), candidate: this.#candidate };
    const options = { ...kernels, content: this.#content, memories: this.#memories, names };
    const own = seedOf(seed, "random", zone);
    const { batches } = stretch;
    const random = (lane: Lane): RandomCommands => new RandomCommands(lane, { seed: own, perTick, batches });
    const passes = [await extraPass("random commands", beginningOf(stretch, randomTicks), random, options, pause)];
    if (!hasCrowd) return passes;
    const crowd = (lane: Lane): CrowdCommands =>
      new CrowdCommands(lane, { seed: own, players: CROWD_PLAYERS, batches });
    return [...passes, await extraPass("a crowd", beginningOf(stretch, CROWD_TICKS), crowd, options, pause)];
  }

  async #own({ freshTicks }: ZoneTask, { module, stretch }: LoadedStretch, pause: Pause): Promise<OwnMemory> {
    const kernels = { incumbent: this.#modules.get(module), candidate: this.#candidate };
    return await ownMemory({ ...kernels, pause, memories: this.#memories }, beginningOf(stretch, freshTicks));
  }

  /** Of the zones that the same module runs as the first of them. */
  async #free({ zones, ticks, ...options }: FreeTask, pause: Pause): Promise<FreeFindings> {
    const loaded = zones.flatMap((zone) => this.#stretch(zone, ticks) ?? []);
    const [first] = loaded;
    if (first === undefined) return { type: "free", result: null };
    const stretches = loaded.filter(({ module }) => module === first.module).map(({ stretch }) => stretch);
    const kernels = { incumbent: this.#modules.get(first.module), candidate: this.#candidate };
    return {
      type: "free",
      result: await freeRun({ ...options, ...kernels, stretches, pause, memories: this.#memories }),
    };
  }
}

function beginningOf(stretch: FreeStretch, ticks: number): FreeStretch {
  return { ...stretch, batches: stretch.batches.slice(0, ticks) };
}
