// Checks everything that a kernel wrote for its host, once, at the end of a tick, before anything else reads it. A module is
// not trusted: later code may rely on counts, bounds and links in the memory only because this file has checked them.
//
//   const check = new OutputCheck(zone.memory, kernel.layout)
//   check.problem(4711)      // null, or "frame 3 says it has 0 bytes": the tick traps with it (trap.ts)
//
// The check reads the heads of records and the positions of entities. It allocates nothing unless it finds a problem.
//
// The reads here use `?? 0` instead of wordAt(). The 0 never occurs: the layout lies within the memory, and each number that
// leads to another address is checked before it is used. wordAt() in these loops made a tick of 400 players a quarter slower.

import * as abi from "../../assembly/abi.ts";
import type { KernelLayout } from "../../assembly/toolchain/kernel.ts";
import { addressesOf } from "./addresses.ts";
import type { Addresses } from "./addresses.ts";
import { HostWritten } from "./host-written.ts";
import { LADDER } from "../shared/overload.ts";
import { LEVEL_CLOSED } from "../protocol/limits.ts";

/** The map of ids is checked in this many parts, one part a tick. */
const MAP_PARTS = 16;
/**
 * Steps through the map that all lookups of one tick may take together: a base, and some for each row. The map of an honest
 * kernel is half empty, and a lookup needs one or two steps.
 */
const MAP_STEPS_MIN = 1_024;
const MAP_STEPS_PER_ROW = 16;
/** Hash factor for an id's first slot in the map, as in assembly/state/entity-rows.ts. */
const HASH_FACTOR = 0x9e37_79b1;

/** All bits of an f32's exponent. They are all set in an infinity and in a NaN. */
const EXPONENT = 0x7f80_0000;
const HEADER_WORDS = abi.FRAME_HEADER_BYTES / 4;
const RATE_MIN = Math.min(...LADDER.map(({ rate }) => rate));

/** Words of a record by its kind. 0: no such kind, or the length depends on more than the kind (lengthOf). */
const RECORD_WORDS = new Uint8Array(256);
RECORD_WORDS[abi.RECORD_RESET] = 1;
RECORD_WORDS[abi.RECORD_SELF] = 9;
RECORD_WORDS[abi.RECORD_ENTER] = 9;
RECORD_WORDS[abi.RECORD_LEAVE] = 2;
RECORD_WORDS[abi.RECORD_EVENT] = 10;
RECORD_WORDS[abi.RECORD_PACE] = 3;

const CHANGE_ALL = abi.CHANGE_POSITION | abi.CHANGE_HEALTH | abi.CHANGE_FLAGS | abi.CHANGE_TARGET | abi.CHANGE_CAST;
/** Words of a RECORD_CHANGE by its mask. */
const CHANGE_WORDS = Uint8Array.from({ length: CHANGE_ALL + 1 }, (_, mask) => {
  const has = (bit: number, words: number): number => ((mask & bit) === 0 ? 0 : words);
  const [position, health, cast] = [has(abi.CHANGE_POSITION, 3), has(abi.CHANGE_HEALTH, 2), has(abi.CHANGE_CAST, 2)];
  return 2 + position + health + has(abi.CHANGE_FLAGS, 1) + has(abi.CHANGE_TARGET, 1) + cast;
});

export class OutputCheck {
  readonly #at: Addresses;
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;
  readonly #slotShift: number;
  readonly #hostWritten: HostWritten;
  #stepsLeft = 0;

  constructor(memory: WebAssembly.Memory, layout: KernelLayout) {
    const at = addressesOf(layout);
    this.#at = at;
    this.#slotShift = Math.clz32(at.mapSlots) + 1;
    this.#words = new Uint32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
    this.#hostWritten = new HostWritten(memory, layout);
  }

  /** The host has written its parts of the memory. From now on they must not change. */
  noteHostWritten(): void {
    this.#hostWritten.note();
  }

  /** The first problem in the kernel's output of that tick; null when there is none. */
  problem(tick: number): string | null {
    return (
      this.#header(tick) ??
      this.#hostWritten.problem() ??
      this.#rows() ??
      this.#map(tick) ??
      this.#frames(tick) ??
      this.#events()
    );
  }

  /** Checks every count that the host uses as a limit, and the rate of the zone's clock. */
  #header(tick: number): string | null {
    const at = this.#at;
    return (
      this.#mismatch("its tick", at.tick, tick) ??
      this.#above("rows of players", at.playersHigh, at.playersMax) ??
      this.#above("rows of creatures", at.creaturesHigh, at.creaturesMax) ??
      this.#above("bytes of frames", at.frameBytes, at.frameBytesMax) ??
      this.#above("events", at.eventCount, at.eventsMax) ??
      this.#above("departures", at.departureCount, at.departuresMax) ??
      this.#above("its overload step", at.overloadStep, LADDER.length - 1) ??
      this.#above("its overload level", at.overloadLevel, LEVEL_CLOSED) ??
      this.#rate()
    );
  }

  #rate(): string | null {
    const rate = this.#floats[this.#at.overloadRate / 4] ?? 0;
    return rate >= RATE_MIN && rate <= 1 ? null : `game time's rate is ${rate}, not ${RATE_MIN} to 1`;
  }

  #mismatch(what: string, at: number, wanted: number): string | null {
    const value = this.#words[at / 4] ?? 0;
    return value === wanted ? null : `${what} is ${value}, not ${wanted}`;
  }

  #above(what: string, at: number, most: number): string | null {
    const value = this.#words[at / 4] ?? 0;
    return value <= most ? null : `${what}: ${value} of at most ${most}`;
  }

  /** Checks that every entity has a finite position, and that the map of ids leads to its row. */
  #rows(): string | null {
    const { playersHigh, creaturesHigh, playersMax } = this.#at;
    const players = this.#words[playersHigh / 4] ?? 0;
    const creatures = this.#words[creaturesHigh / 4] ?? 0;
    this.#stepsLeft = MAP_STEPS_MIN + (players + creatures) * MAP_STEPS_PER_ROW;
    return this.#positions(0, players) ?? this.#positions(playersMax, playersMax + creatures);
  }

  #positions(from: number, to: number): string | null {
    const words = this.#words;
    const [ids, x, y, z] = [this.#at.entityId / 4, this.#at.entityX / 4, this.#at.entityY / 4, this.#at.entityZ / 4];
    for (let row = from; row < to; row++) {
      const id = words[ids + row] ?? 0;
      if (id === 0) continue;
      const isPlaced = isFinite32(words, x + row) && isFinite32(words, y + row) && isFinite32(words, z + row);
      if (!isPlaced) return `entity ${id} is at no place`;
      if (!this.#isFound(id, row)) return `entity ${id} is not found by its id`;
    }
    return null;
  }

  /** Looks up an id as the kernel does (assembly/state/entity-rows.ts). A command can not remove an entity that is not found. */
  #isFound(id: number, row: number): boolean {
    const words = this.#words;
    const { mapBase, mapSlots } = this.#at;
    for (let slot = Math.imul(id, HASH_FACTOR) >>> this.#slotShift; this.#stepsLeft-- > 0;) {
      const at = mapBase / 4 + slot * 2;
      if (words[at] === id) return words[at + 1] === row;
      if (words[at] === 0) return false;
      slot = (slot + 1) & (mapSlots - 1);
    }
    return false;
  }

  /** Checks the opposite direction, one part of the map a tick: an id in the map without an entity could never enter again. */
  #map(tick: number): string | null {
    const words = this.#words;
    const { mapBase, mapSlots, entityId } = this.#at;
    const slots = mapSlots / MAP_PARTS;
    const first = mapBase / 4 + (tick % MAP_PARTS) * slots * 2;
    for (let at = first; at < first + slots * 2; at += 2) {
      const id = words[at] ?? 0;
      if (id === 0) continue;
      const row = words[at + 1] ?? 0;
      if (!this.#isInUse(row) || words[entityId / 4 + row] !== id) return `the id ${id} leads to nobody`;
    }
    return null;
  }

  #isInUse(row: number): boolean {
    const { playersHigh, creaturesHigh, playersMax } = this.#at;
    if (row < playersMax) return row < (this.#words[playersHigh / 4] ?? 0);
    return row - playersMax < (this.#words[creaturesHigh / 4] ?? 0);
  }

  /** Checks that there is at most one frame for each player, and that each frame consists of whole records. */
  #frames(tick: number): string | null {
    const words = this.#words;
    const { frames, frameBytes, playersHigh } = this.#at;
    const bytes = words[frameBytes / 4] ?? 0;
    if ((bytes & 3) !== 0) return `${bytes} bytes of frames are not whole words`;
    const end = (frames + bytes) / 4;
    let left = words[playersHigh / 4] ?? 0;
    for (let at = frames / 4; at < end;) {
      const length = words[at + abi.FRAME_LENGTH / 4] ?? 0;
      const isFrame = length >= abi.FRAME_HEADER_BYTES && length <= abi.FRAME_LENGTH_MAX && (length & 3) === 0;
      const next = at + length / 4;
      if (!isFrame || next > end) return `a frame says it has ${length} bytes`;
      if (words[at + abi.FRAME_TICK / 4] !== tick) return `a frame is of tick ${words[at + abi.FRAME_TICK / 4]}`;
      if (left-- <= 0) return "there are more frames than players";
      const problem = recordsProblem(words, at + HEADER_WORDS, next);
      if (problem !== null) return problem;
      at = next;
    }
    return null;
  }

  /** Checks the positions in events for telemetry. The other fields of events are integers, which need no check. */
  #events(): string | null {
    const words = this.#words;
    const { events, eventCount } = this.#at;
    const count = words[eventCount / 4] ?? 0;
    for (let index = 0; index < count; index++) {
      const at = (events + index * abi.EVENT_BYTES) / 4;
      const kind = (words[at] ?? 0) & 0xffff;
      if (kind !== abi.EVENT_MOVED && kind !== abi.EVENT_CORRECTED) continue;
      const from = at + abi.EVENT_A / 4;
      if (!isPoint(words, from) || (kind === abi.EVENT_MOVED && !isPoint(words, from + 3))) {
        return `an event of kind ${kind} has a position that is none`;
      }
    }
    return null;
  }
}

/** Checks that each record has a known kind, the length of that kind, ends within its frame, and has finite floats. */
function recordsProblem(words: Uint32Array, from: number, end: number): string | null {
  for (let at = from; at < end;) {
    const head = words[at] ?? 0;
    const kind = head & 0xff;
    const info = head >>> 16;
    const length = (head >>> 8) & 0xff;
    if (length === 0 || length !== lengthOf(kind, info)) {
      return `a record of kind ${kind} and info ${info} says it has ${length} words`;
    }
    if (at + length > end) return `a record of kind ${kind} leaves its frame`;
    const point = POINT_AT[kind] ?? 0;
    const hasPoint = point !== 0 && hasFloats(kind, info);
    if (hasPoint && !(kind === abi.RECORD_PACE ? isPair(words, at + point) : isPoint(words, at + point))) {
      return `a record of kind ${kind} has a number that is none`;
    }
    at += length;
  }
  return null;
}

/** Where a record's floats begin, in words from its head; 0 when it has none. */
const POINT_AT = new Uint8Array(256);
POINT_AT[abi.RECORD_ENTER] = 2;
POINT_AT[abi.RECORD_CHANGE] = 2;
POINT_AT[abi.RECORD_EVENT] = 3;
POINT_AT[abi.RECORD_PACE] = 1;

function hasFloats(kind: number, info: number): boolean {
  if (kind === abi.RECORD_CHANGE) return (info & abi.CHANGE_POSITION) !== 0;
  return kind !== abi.RECORD_EVENT || (info & 0xff) === abi.EVENT_CORRECTED;
}

function isPair(words: Uint32Array, at: number): boolean {
  return isFinite32(words, at) && isFinite32(words, at + 1);
}

function isPoint(words: Uint32Array, at: number): boolean {
  return isPair(words, at) && isFinite32(words, at + 2);
}

/** True when the f32 is neither infinite nor NaN. */
function isFinite32(words: Uint32Array, at: number): boolean {
  return ((words[at] ?? EXPONENT) & EXPONENT) !== EXPONENT;
}

/** Length of such a record in words; 0 when there is no such record. */
function lengthOf(kind: number, info: number): number {
  if (kind === abi.RECORD_CHANGE) return info <= CHANGE_ALL ? (CHANGE_WORDS[info] ?? 0) : 0;
  if (kind === abi.RECORD_STACKS) return info <= abi.STACK_COUNT_MAX ? 1 + info : 0;
  if (kind === abi.RECORD_AURAS) return info <= abi.AURA_COUNT_MAX ? 2 + 3 * info : 0;
  return RECORD_WORDS[kind] ?? 0;
}
