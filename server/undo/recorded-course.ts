// Runs a zone's ticks as they were, module by module, and notes what players were told and who came and left: what a zone keeps in memory
// for an undo, and loses with its worker.
//
//   const recorded = new RecordedCourse({ zone: 1, portals, ... })
//   recorded.adopt(kernel, state, 700)         // a state of the journal
//   recorded.runs(kernel, tick)                // false: it does not give the recorded state
//
// Where a tick does not give the recorded state (a fault has changed the memory), the rest up to the next state of the journal is not noted.

import { COMMAND_BYTES, OP_ARRIVE, OP_JOIN } from "../../assembly/abi.ts";
import { createMemory } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { Lane } from "../lockstep/lane.ts";
import type { Content, Portal } from "../protocol/content/content.ts";
import { Command } from "../protocol/game/command.ts";
import { IS_THERE, REFUSED } from "../shared/ring-records.ts";
import type { Entered } from "../shared/ring-records.ts";
import type { LeftPlayer } from "../shared/undo-history.ts";
import type { StoredTick } from "../store/world-rows.ts";
import { departedIn } from "../zone/crossings.ts";
import { EntityReader } from "../zone/entity-reader.ts";
import { carryState } from "../zone/host-written.ts";
import { ToldEvents } from "../zone/told-events.ts";
import { ZoneTrap } from "../zone/trap.ts";

const command = new Command();

export interface RecordedCourseOptions {
  zone: number;
  portals: readonly Portal[];
  content: Content;
  tickRateHz: number;
  /** What was told is noted from the tick after this one on. */
  notesFrom: number;
}

export class RecordedCourse {
  readonly told = new ToldEvents();
  readonly left: LeftPlayer[] = [];
  readonly #entered = new Map<number, { tick: number; entered: Entered }>();
  readonly #options: RecordedCourseOptions;
  #lane: Lane | null = null;
  #entities: EntityReader | null = null;

  constructor(options: RecordedCourseOptions) {
    this.#options = options;
  }

  /** Of each player the newest answer to a command that let it in. */
  get entered(): { tick: number; entered: Entered }[] {
    return [...this.#entered.values()];
  }

  /** It has a state, that of the newest tick. */
  get isSound(): boolean {
    return this.#lane !== null;
  }

  /** Goes on from a state of the journal. */
  adopt(kernel: Kernel, state: Uint8Array, tick: number): void {
    this.#laneOf(kernel).adopt(state, tick);
  }

  /** A copy of the state. */
  get state(): Uint8Array {
    return this.#lane?.state.slice() ?? new Uint8Array(0);
  }

  /** Runs a tick of the journal with the module that ran it. False: it has no state any more. */
  runs(kernel: Kernel, { tick, hash, batch }: Pick<StoredTick, "tick" | "hash" | "batch">): boolean {
    const lane = this.#carriedTo(kernel);
    if (lane === null) return false;
    try {
      lane.step(batch);
    } catch (error) {
      if (!(error instanceof ZoneTrap)) throw error;
      this.#lane = null;
      return false;
    }
    if (tick > this.#options.notesFrom) this.#note(lane, tick, batch);
    if (lane.hash === hash) return true;
    this.#lane = null;
    return false;
  }

  #note(lane: Lane, tick: number, batch: Uint8Array): void {
    const { zone: zoneId, portals } = this.#options;
    this.told.note(lane);
    for (const crossing of departedIn(batch, lane, zoneId, portals)) this.left.push({ tick, crossing });
    this.#entities?.forget();
    for (let at = 0; at < batch.length; at += COMMAND_BYTES) {
      const { op, session, a: ticket } = command.loadBytes(batch.subarray(at, at + COMMAND_BYTES));
      if (op !== OP_JOIN && op !== OP_ARRIVE) continue;
      const isThere = this.#entities?.positionOf(session) !== null;
      const entered = { zoneId, session, ticket, outcome: isThere ? IS_THERE : REFUSED, reason: 0 };
      this.#entered.set(session, { tick, entered });
    }
  }

  /** The lane with this module, which takes over the state. */
  #carriedTo(kernel: Kernel): Lane | null {
    const { zone: id, content, tickRateHz } = this.#options;
    const before = this.#lane;
    if (before === null || before.kernel.hash === kernel.hash) return before;
    const { tick } = before;
    const state = before.state.slice();
    const lane = this.#laneOf(kernel);
    carryState({ state, layout: before.kernel.layout }, kernel.layout, lane.memory, {
      zone: { id },
      content,
      tickRateHz,
    });
    lane.resumes(tick);
    return lane;
  }

  #laneOf(kernel: Kernel): Lane {
    if (this.#lane?.kernel.hash === kernel.hash) return this.#lane;
    const lane = new Lane(kernel, createMemory(kernel));
    this.#lane = lane;
    this.#entities = new EntityReader(lane.memory, lane.at);
    return lane;
  }
}
