// The terms of lists: who came onto and off the threat tables of creatures, and what players got and gave of each item.
//
//   table of 1000001: player 12 120.0 -> player 12 151.0, player 9 4.5      threat.points 35.5, threat.entries.added 1
//   stacks of player 12: 30 gold -> 25 gold, 1 Wolf Pelt                    items.lost.gold 5, items.gained.wolf_pelt 1

import { STACK_COUNT_MASK, STACK_COUNT_MAX, STACK_KIND_SHIFT } from "../../assembly/abi.ts";
import type { Before, StateView } from "./state-view.ts";
import { mix } from "./tick-sums.ts";
import type { TickSums } from "./tick-sums.ts";
import { ONE } from "./vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A stack has room for as many kinds. */
const KINDS = 256;

export class ListTerms {
  readonly #view: StateView;
  readonly #vocabulary: Vocabulary;
  readonly #sums: TickSums;
  readonly #change = new Float64Array(KINDS);
  readonly #bits = new Uint32Array(1);
  readonly #float = new Float32Array(this.#bits.buffer);

  constructor(view: StateView, vocabulary: Vocabulary, sums: TickSums) {
    this.#view = view;
    this.#vocabulary = vocabulary;
    this.#sums = sums;
  }

  tally(before: Before): void {
    const { players, creatures, words, at, playersMax } = this.#view;
    for (let row = 0; row < Math.min(players, before.players); row++) {
      const id = words[at.id + row] ?? 0;
      if (id !== 0 && id === before.columns.id[row]) this.#stacks(row, id, before);
    }
    for (let index = 0; index < Math.min(creatures, before.creatures); index++) {
      const id = words[at.id + playersMax + index] ?? 0;
      const counts = (words[at.threatCount + index] ?? 0) + (before.threatCount[index] ?? 0);
      if (counts > 0 && id !== 0 && id === before.columns.id[playersMax + index]) this.#table(index, id, before);
    }
  }

  #table(index: number, id: number, before: Before): void {
    const { words, halves, floats, at, threatRow, threatMax } = this.#view;
    const first = index * threatMax;
    const was = Math.min(before.threatCount[index] ?? 0, threatMax);
    const is = Math.min(words[at.threatCount + index] ?? 0, threatMax);
    let content = 0;
    for (let slot = first; slot < first + is; slot++) {
      const row = halves[threatRow + slot] ?? 0;
      const player = words[at.id + row] ?? 0;
      const points = floats[at.threatValue + slot] ?? 0;
      content = (content + mix(player, this.#bitsOf(points))) >>> 0;
      const old = find(before.threatRow, first, first + was, row);
      const isSame = old >= 0 && before.columns.id[row] === player;
      if (!isSame) this.#one(ONE["threat.entries.added"], id, player);
      const gained = points - (isSame ? (before.threatValue[old] ?? 0) : 0);
      if (gained > 0) this.#sums.add(this.#vocabulary.of("one", ONE["threat.points"]), gained, id, player);
    }
    for (let slot = first; slot < first + was; slot++) {
      const row = before.threatRow[slot] ?? 0;
      const player = before.columns.id[row] ?? 0;
      const isKept = find(halves, threatRow + first, threatRow + first + is, row) >= 0 && words[at.id + row] === player;
      if (!isKept) this.#one(ONE["threat.entries.removed"], id, player);
    }
    if (is > 0) this.#sums.add(this.#vocabulary.of("one", ONE["threat.tables"]), is, id, content);
  }

  #stacks(row: number, id: number, before: Before): void {
    const { words, at } = this.#view;
    const first = row * STACK_COUNT_MAX;
    let isChanged = false;
    for (let place = first; place < first + STACK_COUNT_MAX; place++)
      isChanged ||= words[at.stacks + place] !== before.stacks[place];
    if (!isChanged) return;
    this.#change.fill(0);
    for (let place = first; place < first + STACK_COUNT_MAX; place++) {
      this.#count(words[at.stacks + place] ?? 0, 1);
      this.#count(before.stacks[place] ?? 0, -1);
    }
    for (let kind = 0; kind < KINDS; kind++) {
      const by = this.#change[kind] ?? 0;
      if (by === 0) continue;
      const term = this.#vocabulary.of(by < 0 ? "items.lost" : "items.gained", kind);
      this.#sums.add(term, Math.abs(by), id, 0);
    }
  }

  #count(stack: number, sign: number): void {
    const kind = stack >>> STACK_KIND_SHIFT;
    this.#change[kind] = (this.#change[kind] ?? 0) + sign * (stack & STACK_COUNT_MASK);
  }

  #bitsOf(value: number): number {
    this.#float[0] = value;
    return this.#bits[0] ?? 0;
  }

  #one(key: number, entity: number, content: number): void {
    this.#sums.add(this.#vocabulary.of("one", key), 1, entity, content);
  }
}

/** The index of a row between two indices; -1 when it is not there. */
function find(rows: Uint16Array, from: number, end: number, row: number): number {
  for (let index = from; index < end; index++) if (rows[index] === row) return index;
  return -1;
}
