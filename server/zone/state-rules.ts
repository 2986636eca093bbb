// What must be true of a zone's state after each tick of a module on trial, by the rules of the game. The output check asks what the
// host relies on; these rules ask what players rely on.
//
//   const rules = new StateRules(zone.memory, kernel.layout)
//   rules.leaveOutBroken()        // what the module before has broken is not this one's fault
//   rules.problem(4711)           // null, or "player 12 has 999999 of 840 health"
//
// It reads some columns of the rows in use: some microseconds for 60 players. Items are counted every 20th tick.

import {
  ENTITY_DEAD,
  ITEM_COUNT_MAX,
  STACK_COUNT_MASK,
  STACK_COUNT_MAX,
  STACK_KIND_SHIFT,
} from "../../assembly/abi.ts";
import type { Kernel, KernelLayout } from "../../assembly/toolchain/kernel.ts";
import { addressesOf } from "./addresses.ts";
import type { Addresses } from "./addresses.ts";

/** Ticks between two counts of all items. */
const ITEM_TICKS = 20;

type Rule = (id: number, row: number) => string | null;

export class StateRules {
  readonly #at: Addresses;
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  readonly #power: number;
  readonly #maxPower: number;
  readonly #held = new Uint32Array(ITEM_COUNT_MAX);
  #rules: readonly Rule[];
  #countsItems = true;

  /** Rules for the module that a zone has just taken, without those that its state breaks already. */
  static of({ memory, kernel }: { memory: WebAssembly.Memory; kernel: Kernel }): StateRules {
    const rules = new StateRules(memory, kernel.layout);
    rules.leaveOutBroken();
    return rules;
  }

  constructor(memory: WebAssembly.Memory, layout: KernelLayout) {
    this.#at = addressesOf(layout);
    this.#words = new Uint32Array(memory.buffer);
    this.#power = layout.value("ENTITY_POWER") / 4;
    this.#maxPower = layout.value("ENTITY_MAX_POWER") / 4;
    this.#halves = new Uint16Array(memory.buffer);
    this.#rules = [this.#healthRule, this.#powerRule, this.#deathRule, this.#threatRule];
  }

  /** Leaves out the rules that the present state breaks. Returns what they say. */
  leaveOutBroken(): string[] {
    const broken: string[] = [];
    this.#rules = this.#rules.filter((rule) => {
      const problem = this.#firstOf([rule]);
      if (problem !== null) broken.push(problem);
      return problem === null;
    });
    const items = this.#itemProblem();
    if (items !== null) broken.push(items);
    this.#countsItems = items === null;
    return broken;
  }

  /** The first rule that the state after a tick breaks, in words; null when it breaks none. */
  problem(tick: number): string | null {
    const problem = this.#firstOf(this.#rules);
    if (problem !== null || !this.#countsItems || tick % ITEM_TICKS !== 0) return problem;
    return this.#itemProblem();
  }

  #firstOf(rules: readonly Rule[]): string | null {
    const { playersHigh, creaturesHigh, playersMax } = this.#at;
    const creatures = playersMax + this.#word(creaturesHigh / 4);
    return this.#firstIn(0, this.#word(playersHigh / 4), rules) ?? this.#firstIn(playersMax, creatures, rules);
  }

  #firstIn(from: number, to: number, rules: readonly Rule[]): string | null {
    const ids = this.#at.entityId / 4;
    for (let row = from; row < to; row++) {
      const id = this.#word(ids + row);
      if (id === 0) continue;
      for (const rule of rules) {
        const problem = rule(id, row);
        if (problem !== null) return problem;
      }
    }
    return null;
  }

  readonly #healthRule: Rule = (id, row) => {
    const { entityHealth, entityMaxHealth } = this.#at;
    const [health, most] = [this.#word(entityHealth / 4 + row), this.#word(entityMaxHealth / 4 + row)];
    return health <= most ? null : `${this.#name(id, row)} has ${health} of ${most} health`;
  };

  readonly #powerRule: Rule = (id, row) => {
    const [power, most] = [this.#word(this.#power + row), this.#word(this.#maxPower + row)];
    return power <= most ? null : `${this.#name(id, row)} has ${power} of ${most} power`;
  };

  readonly #deathRule: Rule = (id, row) => {
    const { entityHealth, entityFlags } = this.#at;
    const health = this.#word(entityHealth / 4 + row);
    const isDead = (this.#word(entityFlags / 4 + row) & ENTITY_DEAD) !== 0;
    if ((health === 0) === isDead) return null;
    return `${this.#name(id, row)} has ${health} health and is ${isDead ? "dead" : "alive"}`;
  };

  /** A creature hates only players who are here and alive. */
  readonly #threatRule: Rule = (id, row) => {
    const { playersMax, creatureThreatCount, threatMax, threatRow, entityId, entityFlags } = this.#at;
    if (row < playersMax) return null;
    const creature = row - playersMax;
    const count = this.#word(creatureThreatCount / 4 + creature);
    if (count > threatMax) return `creature ${id} hates ${count} of at most ${threatMax} players`;
    for (let slot = 0; slot < count; slot++) {
      const hated = this.#halves[threatRow / 2 + creature * threatMax + slot] ?? 0;
      const isHere = hated < playersMax && this.#word(entityId / 4 + hated) !== 0;
      const isAlive = isHere && (this.#word(entityFlags / 4 + hated) & ENTITY_DEAD) === 0;
      if (!isAlive) return `creature ${id} hates who is ${isHere ? "dead" : "gone"}`;
    }
    return null;
  };

  /** What all players hold follows from the zone's ledger (assembly/items/ledger.ts). */
  #itemProblem(): string | null {
    const { entityId, playersHigh, stacks } = this.#at;
    const { ledgerCreated, ledgerDestroyed, ledgerArrived, ledgerDeparted } = this.#at;
    const held = this.#held.fill(0);
    const players = this.#word(playersHigh / 4);
    for (let row = 0; row < players; row++) {
      if (this.#word(entityId / 4 + row) === 0) continue;
      const first = stacks / 4 + row * STACK_COUNT_MAX;
      for (let place = first; place < first + STACK_COUNT_MAX; place++) {
        const stack = this.#word(place);
        const kind = stack >>> STACK_KIND_SHIFT;
        if (stack !== 0 && kind < held.length) held[kind] = (held[kind] ?? 0) + (stack & STACK_COUNT_MASK);
      }
    }
    for (let item = 0; item < held.length; item++) {
      const made = this.#word(ledgerCreated / 4 + item) - this.#word(ledgerDestroyed / 4 + item);
      const moved = this.#word(ledgerArrived / 4 + item) - this.#word(ledgerDeparted / 4 + item);
      const expected = (made + moved) >>> 0;
      if (held[item] !== expected) return `players hold ${held[item]} of item ${item}, the ledger has ${expected}`;
    }
    return null;
  }

  #name(id: number, row: number): string {
    return `${row < this.#at.playersMax ? "player" : "creature"} ${id}`;
  }

  /** The output check has looked at all numbers that lead here. */
  #word(index: number): number {
    return this.#words[index] ?? 0;
  }
}
