// Looks at a lane's state between two ticks, for whoever makes up commands that fit: who is here, near whom, who casts, who is dead,
// who was offered a trade, which spells there are.
//
//   const look = new ZoneLook(lane)
//   look.refresh()
//   look.players               // rows of all players: [0, 1, 4]
//   look.flagsOf(4)            // ENTITY_PLAYER | ENTITY_DEAD

import { STACK_COUNT_MAX } from "../../assembly/abi.ts";
import { SPELL_EFFECTS } from "../protocol/content/content.ts";
import type { Lane } from "../lockstep/lane.ts";

/** Values of SPELL_EFFECT. */
const HELPS: ReadonlySet<number> = new Set(
  ["heal", "help"].map((name) => SPELL_EFFECTS.findIndex((each) => each === name)),
);
/** Rows that are tried for one that is near. */
const TRIES = 8;

export class ZoneLook {
  /** Rows. */
  players: number[] = [];
  creatures: number[] = [];
  readonly classes: readonly { index: number; spells: readonly number[] }[];
  readonly spells: readonly number[];
  /** Those of the spells that heal or protect. */
  readonly helpful: ReadonlySet<number>;
  /** Most pieces in a stack, by kind of item; 0: there is no such kind. */
  readonly stackLimits: readonly number[];
  readonly #lane: Lane;
  readonly #rows = new Map<number, number>();
  /** Addresses of columns. */
  readonly #castEnd: number;
  readonly #offer: number;
  readonly #offerTo: number;
  readonly #body: readonly [x: number, y: number];

  constructor(lane: Lane) {
    const { value } = lane.kernel.layout;
    this.#lane = lane;
    this.#castEnd = value("ENTITY_CAST_END");
    this.#offer = value("PLAYER_OFFER");
    this.#offerTo = value("PLAYER_OFFER_TO");
    this.#body = [value("PLAYER_BODY_X"), value("PLAYER_BODY_Y")];
    this.spells = spellsOf(lane).filter((id) => id !== 0);
    this.helpful = helpfulOf(lane);
    this.classes = classesOf(lane);
    this.stackLimits = stackLimitsOf(lane);
  }

  /** Call it before each tick. */
  refresh(): void {
    const { view, at } = this.#lane;
    const players = Math.min(view.getUint32(at.playersHigh, true), at.playersMax);
    const creatures = Math.min(view.getUint32(at.creaturesHigh, true), at.creaturesMax);
    this.players = this.#used(0, players);
    this.creatures = this.#used(at.playersMax, at.playersMax + creatures);
    this.#rows.clear();
    for (const row of this.players) this.#rows.set(this.idOf(row), row);
  }

  /** Of a player who is here; -1 otherwise. */
  rowOf(id: number): number {
    return this.#rows.get(id) ?? -1;
  }

  idOf(row: number): number {
    return this.#word(this.#lane.at.entityId, row);
  }

  flagsOf(row: number): number {
    return this.#word(this.#lane.at.entityFlags, row);
  }

  /** The highest number of a player's commands that the zone has taken. */
  ackOf(row: number): number {
    return this.#word(this.#lane.at.playerAck, row);
  }

  kindOf(row: number): number {
    return this.#word(this.#lane.at.entityKind, row);
  }

  isCasting(row: number): boolean {
    return this.#word(this.#castEnd, row) !== 0;
  }

  /** Health that it lacks. */
  woundOf(row: number): number {
    const { at } = this.#lane;
    return this.#word(at.entityMaxHealth, row) - this.#word(at.entityHealth, row);
  }

  placeOf(row: number): { x: number; y: number } {
    const { at } = this.#lane;
    return { x: this.#float(at.entityX, row), y: this.#float(at.entityY, row) };
  }

  /** Where the body of a ghost lies. */
  bodyOf(row: number): { x: number; y: number } {
    const [x, y] = this.#body;
    return { x: this.#float(x, row), y: this.#float(y, row) };
  }

  /** Stacks that a player holds. */
  stacksOf(row: number): number[] {
    const { words, at } = this.#lane;
    const first = at.stacks / 4 + row * STACK_COUNT_MAX;
    return [...words.subarray(first, first + STACK_COUNT_MAX)].filter((stack) => stack !== 0);
  }

  /** Number of the offer that this player makes; 0: none. */
  offerOf(row: number): number {
    return this.#word(this.#offer, row);
  }

  /** The row of a player who offers this one a trade; -1: nobody does. */
  offererOf(row: number): number {
    const id = this.idOf(row);
    return this.players.find((other) => this.offerOf(other) !== 0 && this.#word(this.#offerTo, other) === id) ?? -1;
  }

  /** The nearest of some rows that are drawn; -1 when there are none. */
  nearOf(row: number, rows: readonly number[], random: () => number): number {
    const { x, y } = this.placeOf(row);
    let [best, bestSquared] = [-1, Number.POSITIVE_INFINITY];
    for (let tried = 0; tried < TRIES && rows.length > 0; tried++) {
      const other = rows[Math.floor(random() * rows.length)] ?? row;
      if (other === row) continue;
      const place = this.placeOf(other);
      const squared = (place.x - x) ** 2 + (place.y - y) ** 2;
      if (squared < bestSquared) [best, bestSquared] = [other, squared];
    }
    return best;
  }

  /** Those of some rows that are as near as that, without the row itself. */
  withinOf(row: number, rows: readonly number[], yards: number): number[] {
    const { x, y } = this.placeOf(row);
    return rows.filter((other) => {
      const place = this.placeOf(other);
      return other !== row && (place.x - x) ** 2 + (place.y - y) ** 2 <= yards ** 2;
    });
  }

  #used(from: number, end: number): number[] {
    const rows: number[] = [];
    for (let row = from; row < end; row++) if (this.idOf(row) !== 0) rows.push(row);
    return rows;
  }

  #word(column: number, row: number): number {
    return this.#lane.words[column / 4 + row] ?? 0;
  }

  #float(column: number, row: number): number {
    const value = this.#lane.view.getFloat32(column + row * 4, true);
    return Number.isFinite(value) ? value : 0;
  }
}

/** The spell of each row of the table; 0: none. */
function spellsOf({ view, kernel }: Lane): number[] {
  const { value } = kernel.layout;
  const [base, stride, id] = [value("SPELL_BASE"), value("SPELL_STRIDE"), value("SPELL_ID")];
  return Array.from({ length: value("SPELLS_MAX") }, (_, row) => view.getUint32(base + row * stride + id, true));
}

function helpfulOf(lane: Lane): Set<number> {
  const { value } = lane.kernel.layout;
  const [base, stride, effect] = [value("SPELL_BASE"), value("SPELL_STRIDE"), value("SPELL_EFFECT")];
  const helps = (row: number): boolean => HELPS.has(lane.view.getUint32(base + row * stride + effect, true));
  return new Set(spellsOf(lane).filter((id, row) => id !== 0 && helps(row)));
}

function stackLimitsOf({ view, kernel }: Lane): number[] {
  const { value } = kernel.layout;
  const [base, stride, stack] = [value("ITEM_BASE"), value("ITEM_STRIDE"), value("ITEM_STACK")];
  return Array.from({ length: value("ITEMS_MAX") }, (_, kind) => view.getUint32(base + kind * stride + stack, true));
}

/** Classes of the content, with the spells of their books. */
function classesOf(lane: Lane): { index: number; spells: number[] }[] {
  const { value } = lane.kernel.layout;
  const [base, stride, health, book] = ["CLASS_BASE", "CLASS_STRIDE", "CLASS_HEALTH", "CLASS_BOOK"].map(value) as [
    number,
    number,
    number,
    number,
  ];
  const table = spellsOf(lane);
  return Array.from({ length: value("CLASSES_MAX") }, (_, index) => index).flatMap((index) => {
    const at = base + index * stride;
    if (lane.view.getUint32(at + health, true) === 0) return [];
    const spells = table.filter(
      (id, row) => id !== 0 && (lane.view.getUint32(at + book + (row >> 5) * 4, true) & (1 << (row & 31))) !== 0,
    );
    return [{ index, spells }];
  });
}
