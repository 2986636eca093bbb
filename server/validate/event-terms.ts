// The terms of a tick's events: damage and healing by spell and by kind of target, casts by outcome, refusals by reason, ...
//
//   DAMAGE 12 -> 1000001, 31 of 40, spell 200      damage.spell.fireball 31, damage.to.creatures 31, damage.mitigated.creatures 9, events.damage 1
//
// It also notes what the events tell of each entity's health; state-terms.ts compares that with the health it has.

import * as abi from "../../assembly/abi.ts";
import { outputBytesOf } from "../lockstep/outputs.ts";
import type { EntityRows } from "./entity-rows.ts";
import type { StateView } from "./state-view.ts";
import { mix } from "./tick-sums.ts";
import type { TickSums } from "./tick-sums.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { ONE, TRADED } from "./vocabulary.ts";

const EVENT_WORDS = abi.EVENT_BYTES / 4;
const A = abi.EVENT_A / 4;

/** What the events of a tick tell of the health of entities, by row. */
export class ToldHealth {
  readonly #told: Float64Array;
  readonly #rows: number[] = [];

  constructor(rows: number) {
    this.#told = new Float64Array(rows).fill(Number.NaN);
  }

  clear(): void {
    for (const row of this.#rows) this.#told[row] = Number.NaN;
    this.#rows.length = 0;
  }

  set(row: number, health: number): void {
    if (row < 0) return;
    if (Number.isNaN(this.#told[row] ?? 0)) this.#rows.push(row);
    this.#told[row] = health;
  }

  /** NaN when the events tell nothing of it. */
  of(row: number): number {
    return this.#told[row] ?? Number.NaN;
  }
}

export class EventTerms {
  readonly #view: StateView;
  readonly #rows: EntityRows;
  readonly #vocabulary: Vocabulary;
  readonly #sums: TickSums;
  readonly told: ToldHealth;

  constructor(view: StateView, rows: EntityRows, vocabulary: Vocabulary, sums: TickSums) {
    this.#view = view;
    this.#rows = rows;
    this.#vocabulary = vocabulary;
    this.#sums = sums;
    this.told = new ToldHealth(view.playersMax + view.creaturesMax);
  }

  tally(): void {
    this.told.clear();
    const { lane, words } = this.#view;
    const count = outputBytesOf(lane, "events") / abi.EVENT_BYTES;
    let at = lane.at.events / 4;
    for (let index = 0; index < count; index++, at += EVENT_WORDS) {
      let content = 0;
      for (let word = 0; this.#sums.isMarking && word < EVENT_WORDS; word++)
        content = mix(content, words[at + word] ?? 0);
      const head = words[at] ?? 0;
      this.#event(head & 0xffff, head >>> 16, at, content);
    }
  }

  #event(kind: number, info: number, at: number, content: number): void {
    const { words } = this.#view;
    const source = words[at + abi.EVENT_SOURCE / 4] ?? 0;
    const target = words[at + abi.EVENT_TARGET / 4] ?? 0;
    const a = words[at + A] ?? 0;
    this.#one("events", kind, target === 0 ? source : target, content);
    switch (kind) {
      case abi.EVENT_DAMAGE:
        return this.#damage(info, at, source, target);
      case abi.EVENT_HEALED:
        return this.#healing(at, source, target);
      case abi.EVENT_CAST_STARTED:
        return this.#one("casts.started", a, source, target);
      case abi.EVENT_CAST_COMPLETED:
        return this.#one("casts.completed", a, source, target);
      case abi.EVENT_CAST_INTERRUPTED:
        return this.#one("casts.interrupted", info, source, a);
      case abi.EVENT_CAST_BLOCKED_GCD:
        return this.#one("casts.blocked", 0, source, a);
      case abi.EVENT_REFUSED:
        return this.#one("refused", info, source, mix(a, words[at + A + 2] ?? 0));
      case abi.EVENT_AVOIDED:
        return this.#one("avoided", info, target, mix(source, a));
      case abi.EVENT_AURA_APPLIED:
        return this.#one("auras.applied", a, target, content);
      case abi.EVENT_AURA_ENDED:
        return this.#one("auras.ended", info, target, mix(source, a));
      case abi.EVENT_EXPERIENCE:
        return this.#sums.add(this.#vocabulary.of("one", ONE["experience.told"]), a, source, 0);
      case abi.EVENT_LEVEL:
        return this.#one("one", ONE["experience.levels"], source, a);
      case abi.EVENT_LOOT:
        return this.#one("loot", info, source, mix(target, a));
      case abi.EVENT_TRADE:
        this.#one("trades", info, source, content);
        if (info === abi.TRADE_DONE) this.#traded(at, source, content);
    }
  }

  #traded(at: number, source: number, content: number): void {
    const [given, wanted] = [this.#view.words[at + A + 2] ?? 0, this.#view.words[at + A + 4] ?? 0];
    if (given !== 0 && wanted !== 0) this.#one("trades", TRADED.two_for_two, source, content);
    else if (given !== 0) this.#one("trades", TRADED.of_two, source, content);
    else if (wanted !== 0) this.#one("trades", TRADED.for_two, source, content);
  }

  #damage(info: number, at: number, source: number, target: number): void {
    const { words } = this.#view;
    const [base, actual, mitigated] = [words[at + A] ?? 0, words[at + A + 1] ?? 0, words[at + A + 2] ?? 0];
    const [health, spell, absorbed] = [words[at + A + 3] ?? 0, words[at + A + 4] ?? 0, words[at + A + 5] ?? 0];
    const kind = this.#rows.kindOf(target);
    const sums = this.#sums;
    // A hit that is absorbed as a whole does the same damage, and is another hit.
    const content = mix(mix(source, base), absorbed);
    const cause = spell === 0 ? this.#vocabulary.of("damage", 0) : this.#vocabulary.of("damage.spell", spell);
    sums.add(cause, actual, target, content);
    sums.add(this.#vocabulary.of("damage.to", kind), actual, target, source);
    if (mitigated > 0) sums.add(this.#vocabulary.of("damage.mitigated", kind), mitigated, target, source);
    if (absorbed > 0) sums.add(this.#vocabulary.of("damage.absorbed", kind), absorbed, target, source);
    this.#one("damage.outcome", info & abi.DAMAGE_LANDS_MASK, target, source);
    this.told.set(this.#rows.rowOf(target), health);
  }

  #healing(at: number, source: number, target: number): void {
    const { words } = this.#view;
    const [amount, health, spell] = [words[at + A] ?? 0, words[at + A + 1] ?? 0, words[at + A + 2] ?? 0];
    this.#sums.add(this.#vocabulary.of("healing.spell", spell), amount, target, source);
    this.#sums.add(this.#vocabulary.of("healing.to", this.#rows.kindOf(target)), amount, target, source);
    this.told.set(this.#rows.rowOf(target), health);
  }

  #one(group: Parameters<Vocabulary["of"]>[0], key: number, entity: number, content: number): void {
    this.#sums.add(this.#vocabulary.of(group, key), 1, entity, content);
  }
}
