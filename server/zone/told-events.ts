// What players were told of a stretch of ticks that matters to them later: kills, levels, loot, trades. An undo compares what
// was told with what happens when the ticks are run again.
//
//   const told = new ToldEvents()
//   told.note(zone)                          // after each tick
//   told.without(again)                      // [{ what: "kill", tick: 813, source: 12, target: 1000009, detail: 0 }]
//
// Events are the same when they are of the same kind, source, target and detail; in which tick they happen does not count.

import * as abi from "../../assembly/abi.ts";
import type { UndoneEventKind } from "../protocol/undo.ts";
import type { PlainEvents } from "../shared/undo-history.ts";
import type { Addresses } from "./addresses.ts";

/** Events that are kept; of more, only their number is known. */
export const TOLD_EVENTS_MAX = 8_192;
const WORDS = 5;

/** Ids of entities, 0 = none. `detail`: the new level, or the stack of a loot. */
export interface ToldEvent {
  what: UndoneEventKind;
  tick: number;
  source: number;
  target: number;
  detail: number;
}

const KINDS = ["kill", "level", "loot", "trade"] as const satisfies readonly UndoneEventKind[];
const [KILL, LEVEL, LOOT, TRADE] = [0, 1, 2, 3];

export class ToldEvents {
  #count = 0;
  #left = 0;
  /** Kind, tick, source, target, detail of each. */
  #words = new Uint32Array(WORDS * 64);

  /** Those that another thread has noted. */
  static of({ words, left }: PlainEvents): ToldEvents {
    const told = new ToldEvents();
    told.#words = words.slice();
    told.#count = words.length / WORDS;
    told.#left = left;
    return told;
  }

  /** A copy that can be sent. */
  get plain(): PlainEvents {
    return { words: this.#words.slice(0, this.#count * WORDS), left: this.#left };
  }

  /** Adds those of later ticks. */
  append({ words, left }: PlainEvents): void {
    for (let from = 0; from < words.length; from += WORDS) {
      const [kind = 0, tick = 0, source = 0, target = 0, detail = 0] = words.subarray(from, from + WORDS);
      this.#add(kind, tick, source, target, detail);
    }
    this.#left += left;
  }

  /** Events that found no room. */
  get left(): number {
    return this.#left;
  }

  /** Notes the events of the tick that has just ended. */
  note({ view, at, tick }: { view: DataView; at: Addresses; tick: number }): void {
    const count = view.getUint32(at.eventCount, true);
    for (let index = 0; index < count; index++) {
      const from = at.events + index * abi.EVENT_BYTES;
      const kind = kindOf(view.getUint16(from + abi.EVENT_KIND, true), view.getUint16(from + abi.EVENT_INFO, true));
      if (kind < 0) continue;
      const detail = kind === LEVEL || kind === LOOT ? view.getUint32(from + abi.EVENT_A, true) : 0;
      const [source, target] = [
        view.getUint32(from + abi.EVENT_SOURCE, true),
        view.getUint32(from + abi.EVENT_TARGET, true),
      ];
      this.#add(kind, tick, source, target, detail);
    }
  }

  /** Those that `others` has less often, oldest first. */
  without(others: ToldEvents): ToldEvent[] {
    const counts = new Map<string, number>();
    for (let index = 0; index < others.#count; index++) {
      const key = others.#key(index);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const found: ToldEvent[] = [];
    for (let index = 0; index < this.#count; index++) {
      const key = this.#key(index);
      const left = counts.get(key) ?? 0;
      if (left > 0) counts.set(key, left - 1);
      else found.push(this.#event(index));
    }
    return found;
  }

  #add(kind: number, tick: number, source: number, target: number, detail: number): void {
    if (this.#count >= TOLD_EVENTS_MAX) {
      this.#left++;
      return;
    }
    const from = this.#count++ * WORDS;
    if (from >= this.#words.length) {
      const words = new Uint32Array(Math.max(this.#words.length * 2, WORDS * 64));
      words.set(this.#words);
      this.#words = words;
    }
    this.#words[from] = kind;
    this.#words[from + 1] = tick;
    this.#words[from + 2] = source;
    this.#words[from + 3] = target;
    this.#words[from + 4] = detail;
  }

  #key(index: number): string {
    const from = index * WORDS;
    const [kind, , ...rest] = this.#words.subarray(from, from + WORDS);
    return `${kind} ${rest.join(" ")}`;
  }

  #event(index: number): ToldEvent {
    const [kind = 0, tick = 0, source = 0, target = 0, detail = 0] = this.#words.subarray(
      index * WORDS,
      (index + 1) * WORDS,
    );
    return { what: KINDS[kind] ?? "kill", tick, source, target, detail };
  }
}

/** Index of the kind in KINDS; below 0 for events that do not matter. */
function kindOf(kind: number, info: number): number {
  if (kind === abi.EVENT_KILLED) return KILL;
  if (kind === abi.EVENT_LEVEL) return LEVEL;
  if (kind === abi.EVENT_LOOT) return info === abi.LOOT_TAKEN ? LOOT : -1;
  return kind === abi.EVENT_TRADE && info === abi.TRADE_DONE ? TRADE : -1;
}
