// The terms of what a tick has changed in the state of entities: health lost and gained, deaths, movement, targets, levels, auras.
//
//   health of 1000001: 138 -> 107, and no event tells of 1 of the 31      health.lost.creatures 31, health.untold.lost.creatures 1
//
// Sums of events alone are blind to a kernel that tells of a hit and does not make it, or hurts without a word.

import * as abi from "../../assembly/abi.ts";
import type { ToldHealth } from "./event-terms.ts";
import type { Before, StateView } from "./state-view.ts";
import { mix } from "./tick-sums.ts";
import type { TickSums } from "./tick-sums.ts";
import { OF_CREATURES, OF_PLAYERS, ONE } from "./vocabulary.ts";
import type { Group, Vocabulary } from "./vocabulary.ts";

/** Words of one aura, and of an entity's list. */
const AURA_WORDS = 4;
const AURAS_WORDS = abi.AURA_COUNT_MAX * AURA_WORDS;

export class StateTerms {
  readonly #view: StateView;
  readonly #vocabulary: Vocabulary;
  readonly #sums: TickSums;

  constructor(view: StateView, vocabulary: Vocabulary, sums: TickSums) {
    this.#view = view;
    this.#vocabulary = vocabulary;
    this.#sums = sums;
  }

  tally(before: Before, told: ToldHealth): void {
    const { playersMax, players, creatures } = this.#view;
    this.#rows(0, Math.max(players, before.players), OF_PLAYERS, before, told);
    const end = playersMax + Math.max(creatures, before.creatures);
    this.#rows(playersMax, end, OF_CREATURES, before, told);
  }

  #rows(from: number, end: number, kind: number, before: Before, told: ToldHealth): void {
    const { words, at } = this.#view;
    const ids = before.columns.id;
    for (let row = from; row < end; row++) {
      const [was, is] = [ids[row] ?? 0, words[at.id + row] ?? 0];
      if (was !== is) {
        if (was !== 0) this.#one("left", kind, was, 0);
        if (is !== 0) this.#entered(row, is, kind);
      } else if (is !== 0) this.#entity(row, is, kind, before, told);
      if (is !== 0) this.#auras(row, is, kind);
    }
  }

  /** What of a newcomer's health it has brought along and what it has regained in this tick already, nobody can tell: it counts as regained. */
  #entered(row: number, id: number, kind: number): void {
    const { words, at } = this.#view;
    this.#one("entered", kind, id, 0);
    const health = words[at.health + row] ?? 0;
    if (health < (words[at.maxHealth + row] ?? 0)) this.#change("health.untold", kind, id, health);
  }

  #entity(row: number, id: number, kind: number, before: Before, told: ToldHealth): void {
    const { words, at } = this.#view;
    const { columns } = before;
    this.#health(row, id, kind, columns.health[row] ?? 0, told.of(row));
    const [powerWas, power] = [columns.power[row] ?? 0, words[at.power + row] ?? 0];
    if (power !== powerWas) this.#change("power", kind, id, power - powerWas);
    const [flagsWas, flags] = [columns.flags[row] ?? 0, words[at.flags + row] ?? 0];
    if (flags !== flagsWas) this.#flags(kind, id, flagsWas, flags);
    const target = words[at.target + row] ?? 0;
    if (target !== columns.target[row]) this.#one("targets", kind, id, target);
    const isMoved =
      words[at.x + row] !== columns.x[row] ||
      words[at.y + row] !== columns.y[row] ||
      words[at.z + row] !== columns.z[row];
    if (isMoved) this.#moved(row, id, kind, before);
    if (kind === OF_PLAYERS) this.#experience(row, id, before);
  }

  #health(row: number, id: number, kind: number, was: number, told: number): void {
    const is = this.#view.words[this.#view.at.health + row] ?? 0;
    if (is !== was) this.#change("health", kind, id, is - was);
    const untold = is - (Number.isNaN(told) ? was : told);
    if (untold !== 0) this.#change("health.untold", kind, id, untold);
  }

  #change(what: "health" | "health.untold" | "power", kind: number, id: number, by: number): void {
    const group: Group = by < 0 ? `${what}.lost` : `${what}.gained`;
    this.#sums.add(this.#vocabulary.of(group, kind), Math.abs(by), id, 0);
  }

  #flags(kind: number, id: number, was: number, is: number): void {
    const [raised, lowered] = [is & ~was, was & ~is];
    if ((raised & abi.ENTITY_DEAD) !== 0) this.#one("deaths", kind, id, 0);
    if ((lowered & abi.ENTITY_DEAD) !== 0) this.#one("revived", kind, id, 0);
    if ((raised & abi.ENTITY_IN_COMBAT) !== 0) this.#one("combat.begun", kind, id, 0);
    if ((lowered & abi.ENTITY_IN_COMBAT) !== 0) this.#one("combat.ended", kind, id, 0);
  }

  /** Yards in a straight line, from where it was to where it is. */
  #moved(row: number, id: number, kind: number, { columns }: Before): void {
    const { floats, words, at } = this.#view;
    const old = (column: Uint32Array): number => floatOf(column[row] ?? 0);
    const dx = (floats[at.x + row] ?? 0) - old(columns.x);
    const dy = (floats[at.y + row] ?? 0) - old(columns.y);
    const dz = (floats[at.z + row] ?? 0) - old(columns.z);
    const content = mix(mix(words[at.x + row] ?? 0, words[at.y + row] ?? 0), words[at.z + row] ?? 0);
    this.#sums.add(this.#vocabulary.of("moved", kind), Math.sqrt(dx * dx + dy * dy + dz * dz), id, content);
  }

  /** Points from the state; what a level costs only the kernel knows, so a tick with a new level counts what the player has now. */
  #experience(row: number, id: number, before: Before): void {
    const { words, at } = this.#view;
    const [was, is] = [before.experience[row] ?? 0, words[at.experience + row] ?? 0];
    const level = words[at.level + row] ?? 0;
    if (is === was && level === before.columns.level[row]) return;
    const gained = level === before.columns.level[row] ? is - was : is;
    this.#sums.add(this.#vocabulary.of("one", ONE["experience.gained"]), gained, id, level);
  }

  #auras(row: number, id: number, kind: number): void {
    const { words, at } = this.#view;
    const count = Math.min(words[at.auraCount + row] ?? 0, abi.AURA_COUNT_MAX);
    if (count === 0) return;
    const from = at.auras + row * AURAS_WORDS;
    let content = 0;
    const end = this.#sums.isMarking ? from + count * AURA_WORDS : from;
    for (let word = from; word < end; word++) content = mix(content, words[word] ?? 0);
    this.#sums.add(this.#vocabulary.of("auras.held", kind), count, id, content);
  }

  #one(group: Group, key: number, entity: number, content: number): void {
    this.#sums.add(this.#vocabulary.of(group, key), 1, entity, content);
  }
}

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);
function floatOf(word: number): number {
  bits[0] = word;
  return float[0] ?? 0;
}
