// Whether a module keeps memory of its own, outside the state: such a module goes on otherwise after a restart, a recovery or a swap,
// and no comparison of states sees what it keeps until it uses it.
//
//   await ownMemory({ incumbent, candidate }, { tick: 4000, state, batches })
//   // { ticks: 812, tick: 4812, words: 0, text: "It keeps memory of its own: from the same state, at tick 4812 ..." }
//
// Two lanes run the same module from the same state over the same batches. One of them gets a fresh instance every few ticks, with
// everything outside the state overwritten: by zeros, or by noise. Both must have the same states and tell the same.

import { EVENT_BYTES } from "../../assembly/abi.ts";
import { createMemory } from "../../assembly/toolchain/instance.ts";
import { SharedColumns } from "../lockstep/columns.ts";
import { Lane } from "../lockstep/lane.ts";
import { ZoneTrap } from "../zone/trap.ts";
import type { FreeRunOptions, FreeStretch } from "./free-samples.ts";

export interface OwnMemory {
  /** Ticks that both lanes ran. */
  ticks: number;
  /** The first tick after which they differ; null: none. */
  tick: number | null;
  /** Words outside the memory map, which no module may write, that are not what they were. */
  words: number;
  holds: boolean;
  text: string;
}

/** Ticks between two fresh instances. */
const FRESH_TICKS = 25;
const NOISE = 0xa5;

/** The state is the incumbent's; the candidate is checked. Throws WowsimError("layout_mismatch" | "snapshot_damaged"). */
export async function ownMemory(
  { incumbent, candidate, pause, memories }: Pick<FreeRunOptions, "incumbent" | "candidate" | "pause" | "memories">,
  { tick, state, batches }: Omit<FreeStretch, "zone">,
): Promise<OwnMemory> {
  const [memory, otherMemory] = memories ?? [createMemory(candidate), createMemory(candidate)];
  const recorded = new Lane(incumbent, otherMemory);
  recorded.adopt(state, tick);
  const steady = new Lane(candidate, memory);
  new SharedColumns(recorded, steady).copy(true);
  const scratch = new Uint8Array(steady.state.length);
  const outside = [...outsideOf(steady)];
  const before = outside.map((words) => words.slice());
  let fresh = freshLane(otherMemory, steady, 0, scratch);
  let ticks = 0;
  let different: number | null = null;
  for (const batch of batches) {
    if (pause?.isAborted === true) break;
    if (ticks > 0 && ticks % FRESH_TICKS === 0)
      fresh = freshLane(otherMemory, fresh, (ticks / FRESH_TICKS) % 2 === 0 ? 0 : NOISE, scratch);
    const traps = [steady, fresh].map((lane) => hasTrapped(lane, batch));
    if (traps[0] !== traps[1] || (traps[0] === false && !areEqual(steady, fresh))) different = tick + ticks + 1;
    if (different !== null || traps[0] === true) break;
    ticks++;
    if (pause?.isDue === true) await pause.take();
  }
  const words = outside.reduce((sum, now, index) => sum + differing(now, before[index] ?? now), 0);
  return {
    ticks,
    tick: different,
    words,
    holds: different === null && words === 0,
    text: textOf(ticks, different, words),
  };
}

/** The state of a lane under a fresh instance, with everything else overwritten. `scratch`: as long as the state. */
function freshLane(memory: WebAssembly.Memory, from: Lane, filler: number, scratch: Uint8Array): Lane {
  scratch.set(from.state);
  new Uint8Array(memory.buffer).fill(filler);
  const lane = new Lane(from.kernel, memory);
  lane.state.set(scratch);
  lane.resumes(from.tick);
  return lane;
}

function hasTrapped(lane: Lane, batch: Uint8Array): boolean {
  try {
    lane.step(batch);
    return false;
  } catch (error) {
    if (error instanceof ZoneTrap) return true;
    throw error;
  }
}

/** The hash covers the rows in use; frames and events are what the tick has told. */
function areEqual(one: Lane, other: Lane): boolean {
  return (
    one.hash === other.hash &&
    toldOf(one, "frames") === toldOf(other, "frames") &&
    toldOf(one, "events") === toldOf(other, "events")
  );
}

function toldOf({ bytes, view, at }: Lane, what: "frames" | "events"): number | bigint {
  const length =
    what === "frames" ? view.getUint32(at.frameBytes, true) : view.getUint32(at.eventCount, true) * EVENT_BYTES;
  return Bun.hash(bytes.subarray(at[what], at[what] + length));
}

/** Memory below the state and beyond the scratch area. */
function outsideOf({ words, memory, kernel, at }: Lane): Uint32Array[] {
  const end = Math.ceil(kernel.layout.value("SCRATCH_END") / 4);
  return [words.subarray(0, at.stateBase / 4), words.subarray(end, memory.buffer.byteLength / 4)];
}

function differing(now: Uint32Array, before: Uint32Array): number {
  let count = 0;
  for (let index = 0; index < now.length; index++) if (now[index] !== before[index]) count++;
  return count;
}

function textOf(ticks: number, different: number | null, words: number): string {
  if (different !== null)
    return `It keeps memory of its own: from the same state and commands, a fresh instance does something else at tick ${different}.`;
  if (words > 0) return `It has written ${words} words outside its memory map in ${ticks} ticks.`;
  return `It keeps nothing outside the state: a fresh instance every ${FRESH_TICKS} ticks did the same for ${ticks} ticks.`;
}
