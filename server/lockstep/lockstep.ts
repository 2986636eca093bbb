// Runs each recorded tick with another module too, from the recorded state. After a tick in which they differ, the other one
// gets the recorded state again, so that differences never add up.
//
//   const lockstep = new Lockstep(other)
//   lockstep.follows(lane)                        // the recorded lane, before each of its ticks
//   lane.step(batch); lockstep.step(batch)
//   lockstep.comparison                           // { ticks: 1200, differing: 44, columns: [{ column: "ENTITY_HEALTH", ... }], ... }

import { EVENT_BYTES } from "../../assembly/abi.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { ModuleComparison, ReplayTrap, TickDifference } from "../protocol/replay.ts";
import type { ZoneTrap } from "../zone/trap.ts";
import { SharedColumns } from "./columns.ts";
import { eventAt, eventCountOf } from "./kernel-events.ts";
import type { Follower } from "./follower.ts";
import { Lane } from "./lane.ts";
import { haveSame } from "./outputs.ts";

/** Ticks between two comparisons of the whole state; the rows in use are compared after each tick. */
const WHOLE_TICKS = 20;

export class Lockstep implements Follower {
  readonly isDone = false;
  readonly #kernel: Kernel;
  readonly #memory: WebAssembly.Memory;
  #recorded: Lane | null = null;
  #other: Lane | null = null;
  #columns: SharedColumns | null = null;
  readonly #sums = {
    ticks: 0,
    differing: 0,
    traps: 0,
    events: 0,
    frames: 0,
    departures: 0,
    recordedFuel: 0n,
    otherFuel: 0n,
  };
  readonly #byColumn = new Map<string, { ticks: number; firstTick: number }>();
  #first: TickDifference | null = null;

  /** `memory`: one of the kernel's size, for this alone. */
  constructor(kernel: Kernel, memory: WebAssembly.Memory) {
    this.#kernel = kernel;
    this.#memory = memory;
  }

  /** Call it before each tick of the lane. Throws WowsimError("layout_mismatch" | "layout_missing"). */
  follows(recorded: Lane): void {
    if (this.#recorded === recorded) return;
    this.#recorded = recorded;
    this.#other = new Lane(this.#kernel, this.#memory, true);
    this.#columns = new SharedColumns(recorded, this.#other);
    this.#columns.copy(true);
  }

  /** The lane that it follows goes on from another state. */
  leaves(): void {
    this.#recorded = null;
  }

  /** Runs the tick that the recorded lane has just run. */
  step(batch: Uint8Array): void {
    const [recorded, other, columns] = [this.#recorded, this.#other, this.#columns];
    if (recorded === null || other === null || columns === null) return;
    const trap = trapOf(other, batch);
    const isWhole = this.#sums.ticks % WHOLE_TICKS === 0;
    const difference =
      trap === null ? differenceOf(recorded, other, columns, isWhole) : trapDifference(recorded.tick, trap);
    this.#count(difference, recorded, other);
    if (difference !== null) columns.copy();
  }

  /** The lane that it follows has reached its end: the whole state is compared once more. */
  ends(): void {
    if (this.#recorded !== null && this.#other !== null && this.#columns !== null && this.#sums.ticks > 0) {
      const columns = this.#columns.differences(true);
      const { tick } = this.#recorded;
      if (columns.length > 0) this.#note({ ...EQUAL, tick, columns });
    }
    this.leaves();
  }

  get comparison(): ModuleComparison {
    const { ticks, differing, traps, events, frames, departures, recordedFuel, otherFuel } = this.#sums;
    return {
      module: this.#kernel.hash,
      label: this.#kernel.label,
      ticks,
      differing,
      traps,
      first: this.#first,
      columns: [...this.#byColumn]
        .map(([column, sum]) => ({ column, ...sum }))
        .toSorted((one, another) => another.ticks - one.ticks || one.firstTick - another.firstTick),
      eventTicks: events,
      frameTicks: frames,
      departureTicks: departures,
      fuelRatio: recordedFuel === 0n ? 1 : Number(otherFuel) / Number(recordedFuel),
      added: [...(this.#columns?.added ?? [])],
      dropped: [...(this.#columns?.dropped ?? [])],
    };
  }

  #count(difference: TickDifference | null, recorded: Lane, other: Lane): void {
    const sums = this.#sums;
    sums.ticks++;
    if (difference?.trap === null || difference === null) {
      sums.recordedFuel += recorded.fuelUsed;
      sums.otherFuel += other.fuelUsed;
    }
    if (difference !== null) this.#note(difference);
  }

  #note(difference: TickDifference): void {
    const sums = this.#sums;
    this.#first ??= difference;
    sums.differing++;
    if (difference.trap !== null) sums.traps++;
    if (difference.event !== null) sums.events++;
    if (difference.frames) sums.frames++;
    if (difference.departures) sums.departures++;
    for (const { column } of difference.columns) {
      const sum = this.#byColumn.get(column) ?? { ticks: 0, firstTick: difference.tick };
      sum.ticks++;
      this.#byColumn.set(column, sum);
    }
  }
}

/** Runs a tick; null when it did not trap. */
export function trapOf(lane: Lane, batch: Uint8Array): ReplayTrap | null {
  const trap = lane.tryStep(batch);
  return trap === null ? null : trapFields(trap);
}

export function trapFields({ message, note }: ZoneTrap): ReplayTrap {
  const { phase, op, session, entity, spell } = note;
  return { message, phase, op, session, entity, spell };
}

const EQUAL = { columns: [], event: null, frames: false, departures: false, trap: null };

function trapDifference(tick: number, trap: ReplayTrap): TickDifference {
  return { ...EQUAL, tick, trap };
}

function differenceOf(recorded: Lane, other: Lane, shared: SharedColumns, isWhole: boolean): TickDifference | null {
  const columns = shared.differences(isWhole);
  const event = eventDifference(recorded, other);
  const frames = !haveSame(recorded, other, "frames");
  const departures = !haveSame(recorded, other, "departures");
  if (columns.length === 0 && event === null && !frames && !departures) return null;
  return { tick: recorded.tick, columns, event, frames, departures, trap: null };
}

function eventDifference(recorded: Lane, other: Lane): TickDifference["event"] {
  const [counts, most] = [[recorded, other].map(eventCountOf), Math.max(eventCountOf(recorded), eventCountOf(other))];
  for (let index = 0; index < most; index++) {
    const [one, another] = [recorded, other].map((lane) => {
      const at = lane.at.events + index * EVENT_BYTES;
      return lane.bytes.subarray(at, at + EVENT_BYTES);
    });
    const [ofOne, ofOther] = counts.map((count) => index < count);
    if (ofOne === true && ofOther === true && one !== undefined && another !== undefined) {
      if (Buffer.compare(one, another) === 0) continue;
    }
    return {
      was: ofOne === true ? eventAt(recorded, index) : null,
      is: ofOther === true ? eventAt(other, index) : null,
    };
  }
  return null;
}
