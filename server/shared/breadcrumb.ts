// What a zone worker is doing at the moment, in a few words of shared memory: its thread writes them at almost no cost,
// and the main thread can read them at any time, even when the worker never finishes what it does.
//
//   crumb.waits(1000)                 // worker: the next tick is due at 1000
//   crumb.beginsTick(1, 4711, 1100)   // zone 1 begins tick 4711; the next step is due at 1100
//   crumb.enter(STAGE.kernel)
//   crumb.noteKernel(view, at)        // during a long run of the kernel: copies the kernel's note
//   crumb.read()                      // main: { beat: 9, dueMs: 1100, zoneId: 1, tick: 4711, stage: "kernel", note: { op: 97, ... } }
//
// `beat` counts the worker's steps: a wait, a tick, a run of the kernel. `dueMs` is the time by which the worker has
// promised its next step. A worker without a new beat after that time is late (watchdog.ts).

import { COMMAND_BYTES, COMMAND_OP } from "../../assembly/abi.ts";
import type { WorkerDoing } from "../protocol/crash-report.ts";
import { noteFields, noteInWords, phaseInWords } from "./kernel-note.ts";
import type { KernelNote } from "./kernel-note.ts";

/** The stages of a worker, in the words of telemetry. */
const STAGES = [
  "starting",
  "waiting",
  "commands",
  "faults",
  "fault pause",
  "kernel",
  "recovery",
  "frames",
  "census",
  "messages",
  "swap",
  "undo",
] as const;
export type Stage = (typeof STAGES)[number];

/** Stages in words for people: "in tick 4711 of zone 1, in the kernel". */
const IN_WORDS: Record<Stage, string> = {
  starting: "starting",
  waiting: "waiting for its deadline",
  commands: "taking commands",
  faults: "in a fault's hook",
  "fault pause": "in a fault's pause",
  kernel: "in the kernel",
  recovery: "in a recovery",
  frames: "writing frames",
  census: "taking the census",
  messages: "reading messages",
  swap: "changing its module",
  undo: "undoing what a module did",
};

const BEAT = 0;
const ZONE = 1;
const TICK = 2;
const STAGE = 3;
const FAULT_THREAD = 4;
const THREAD_ID = 5;
/** 1 when the following note belongs to the current run of the kernel. */
const HAS_NOTE = 6;
const NOTE_PHASE = 7;
/** The command's OP_* + 1; 0 when the kernel handles no command. */
const NOTE_OP = 8;
const NOTE_SESSION = 9;
const NOTE_ENTITY = 10;
const NOTE_SPELL = 11;
const WORDS = 12;
/** The words of a breadcrumb, each an Int32. */
export const CRUMB_WORDS = WORDS;
/** The index of the f64 after the words. */
const DUE = WORDS / 2;
const BYTES = (WORDS + 2) * 4;

/** A breadcrumb as the main thread reads it. Milliseconds as in `startMs` of the worker's zones. */
export interface Crumb {
  beat: number;
  dueMs: number;
  /** 0 before the first tick. */
  zoneId: number;
  tick: number;
  stage: Stage;
  /** The system's number of the worker's thread; 0 where it is unknown. */
  threadId: number;
  /** The note of the kernel; null when the kernel does not run, or has only run for a short time. */
  note: KernelNote | null;
}

/** Where a kernel's memory has its note, and the commands to which the note refers. */
type NoteAddresses = Readonly<
  Record<
    | "breadcrumbPhase"
    | "breadcrumbCommand"
    | "breadcrumbSession"
    | "breadcrumbEntity"
    | "breadcrumbSpell"
    | "commands"
    | "commandCount"
    | "commandsMax",
    number
  >
>;

export class Breadcrumb {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #copy: Int32Array | null;

  /** Memory for a worker that starts: nothing is due before it ticks. */
  static allocate(): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer(BYTES);
    new Float64Array(buffer)[DUE] = Number.POSITIVE_INFINITY;
    return buffer;
  }

  /** A breadcrumb to read, from a copy of its words. */
  static of(words: Int32Array): Breadcrumb {
    const buffer = Breadcrumb.allocate();
    new Int32Array(buffer).set(words.subarray(0, WORDS));
    return new Breadcrumb(buffer);
  }

  /** `copy` gets every word as well: memory that survives the process (crumb-file.ts). */
  constructor(buffer: SharedArrayBuffer, copy: Int32Array | null = null) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#times = new Float64Array(buffer);
    this.#copy = copy;
    copy?.set(this.#words.subarray(0, WORDS));
  }

  /** Worker: waits; nothing is due before `dueMs`. */
  waits(dueMs: number): void {
    this.#times[DUE] = dueMs;
    this.enter("waiting");
    this.beats();
  }

  /** Worker: a zone begins a tick; the next step is due at `dueMs`. */
  beginsTick(zoneId: number, tick: number, dueMs: number): void {
    this.#times[DUE] = dueMs;
    this.#set(ZONE, zoneId);
    this.#set(TICK, tick);
    this.enter("commands");
    this.beats();
  }

  /** Worker: the kernel runs a tick, or runs it again. Each run is bounded by its fuel, so each counts as progress. */
  runsKernel(tick: number): void {
    this.#set(TICK, tick);
    this.#set(HAS_NOTE, 0);
    this.enter("kernel");
    this.beats();
  }

  /** Worker: copies the kernel's note (assembly/state/breadcrumb.ts) out of memory that no other thread can read. */
  noteKernel(view: DataView, at: NoteAddresses): void {
    const index = view.getUint32(at.breadcrumbCommand, true);
    const isNamed = index < Math.min(view.getUint32(at.commandCount, true), at.commandsMax);
    const op = isNamed ? view.getUint16(at.commands + index * COMMAND_BYTES + COMMAND_OP, true) + 1 : 0;
    this.#set(NOTE_PHASE, view.getUint32(at.breadcrumbPhase, true));
    this.#set(NOTE_OP, op);
    this.#set(NOTE_SESSION, view.getUint32(at.breadcrumbSession, true));
    this.#set(NOTE_ENTITY, view.getUint32(at.breadcrumbEntity, true));
    this.#set(NOTE_SPELL, view.getUint32(at.breadcrumbSpell, true));
    this.#set(HAS_NOTE, 1);
  }

  /** Worker: the next step is due at `dueMs`. */
  promises(dueMs: number): void {
    this.#times[DUE] = dueMs;
  }

  /** Worker: a fault delays it on purpose; the next step is due at `dueMs`. */
  pauses(dueMs: number): void {
    this.#times[DUE] = dueMs;
    this.enter("fault pause");
    this.beats();
  }

  /** Worker: its number in the fault block and the system's number of its thread; called before anything that may fail. */
  claimed(faultThread: number, threadId: number): void {
    this.#set(FAULT_THREAD, faultThread);
    this.#set(THREAD_ID, threadId);
  }

  /** Main thread: the worker's number in the fault block; 0 when it never had one. */
  get faultThread(): number {
    return Atomics.load(this.#words, FAULT_THREAD);
  }

  /** Worker: starts a stage. */
  enter(stage: Stage): void {
    this.#set(STAGE, INDEX[stage]);
  }

  /** Worker: counts a step. */
  beats(): void {
    this.#set(BEAT, (Atomics.load(this.#words, BEAT) + 1) | 0);
  }

  /** Worker: only its thread writes. */
  #set(index: number, value: number): void {
    Atomics.store(this.#words, index, value);
    if (this.#copy !== null) Atomics.store(this.#copy, index, value);
  }

  /** Main thread: reads the breadcrumb. */
  read(): Crumb {
    return {
      beat: Atomics.load(this.#words, BEAT),
      dueMs: this.#times[DUE] ?? Number.POSITIVE_INFINITY,
      zoneId: Atomics.load(this.#words, ZONE),
      tick: Atomics.load(this.#words, TICK),
      stage: STAGES[Atomics.load(this.#words, STAGE)] ?? "starting",
      threadId: Atomics.load(this.#words, THREAD_ID),
      note: this.#readNote(),
    };
  }

  #readNote(): KernelNote | null {
    const word = (index: number): number => Atomics.load(this.#words, index) >>> 0;
    if (word(HAS_NOTE) === 0 || word(STAGE) !== INDEX.kernel) return null;
    const op = word(NOTE_OP) === 0 ? null : word(NOTE_OP) - 1;
    const [session, entity, spell] = [word(NOTE_SESSION), word(NOTE_ENTITY), word(NOTE_SPELL)];
    return { phase: phaseInWords(word(NOTE_PHASE)), op, session, entity, spell };
  }
}

const INDEX = Object.fromEntries(STAGES.map((stage, index) => [stage, index])) as Record<Stage, number>;

/** The breadcrumb in words: "in tick 4711 of zone 1, in the kernel (commands, op 97, session 7)". */
export function crumbInWords({ zoneId, tick, stage, note }: Crumb): string {
  const doing = IN_WORDS[stage] + (note === null ? "" : ` (${noteInWords(note)})`);
  if (zoneId === 0) return doing;
  return stage === "waiting"
    ? `after tick ${tick} of zone ${zoneId}, ${doing}`
    : `in tick ${tick} of zone ${zoneId}, ${doing}`;
}

/** The breadcrumb of a worker, counted from 1, as a crash report has it. */
export function doingOf(worker: number, crumb: Crumb): WorkerDoing {
  const { zoneId, tick, stage, note } = crumb;
  const noted = note === null ? {} : noteFields(note);
  return { worker, zone_id: zoneId, tick, stage, ...noted, doing: crumbInWords(crumb) };
}
