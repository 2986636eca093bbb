// What only the host commands, and may at any time: an overloaded zone leaves things out, level by level, and all of them again; faults
// push entities about, and let some appear that do not fight.
//
//   const host = new HostCommands(lane, look, random)
//   host.next()      // { op: OP_SET_OVERLOAD, fields: { flags: 0x0306, ... } }; null: nothing in this tick

import * as abi from "../../assembly/abi.ts";
import type { Lane } from "../lockstep/lane.ts";
import type { CommandFields } from "../protocol/game/command.ts";
import { LADDER, overloadFields } from "../shared/overload.ts";
import type { ZoneLook } from "./zone-look.ts";

export interface HostCommand {
  op: number;
  fields: CommandFields;
}

/** Most ticks without overload, and with a level of it. */
const CALM_TICKS = 100;
const SHED_TICKS = 20;
const LEVELS = Math.max(...LADDER.map(({ level }) => level));
/** One command of so many is another one of the host. */
const OTHERS_EVERY = 16;
const NUDGE_YD = 2;
const PLACE_YD = 20;
/** The ids that a fault gives to entities which live in several zones. */
const FIRST_PHANTOM = 2_000_001;
const PHANTOMS_MAX = 3;

export class HostCommands {
  readonly #lane: Lane;
  readonly #look: ZoneLook;
  readonly #random: () => number;
  #level: number;
  /** When the level of overload changes next; when the last of the others was. */
  #nextTick: number;
  #otherTick = -1;

  constructor(lane: Lane, look: ZoneLook, random: () => number) {
    this.#lane = lane;
    this.#look = look;
    this.#random = random;
    this.#level = this.#below(LEVELS);
    this.#nextTick = lane.tick + this.#below(CALM_TICKS);
  }

  /** At a look that is fresh. */
  next(): HostCommand | null {
    if (this.#lane.tick >= this.#nextTick) return this.#shed();
    // The look knows nothing of what the tick itself brings, such as an entity that appears: one of them in a tick.
    if (this.#lane.tick === this.#otherTick || this.#below(OTHERS_EVERY) !== 0) return null;
    this.#otherTick = this.#lane.tick;
    return this.#other();
  }

  /** Each level in turn, with nothing left out in between. */
  #shed(): HostCommand {
    const { view, at, tick } = this.#lane;
    const isCalm = view.getUint32(at.overloadStep, true) === 0;
    this.#nextTick = tick + 1 + this.#below(isCalm ? SHED_TICKS : CALM_TICKS);
    if (!isCalm) return { op: abi.OP_SET_OVERLOAD, fields: overloadFields(0) };
    this.#level = (this.#level % LEVELS) + 1;
    const steps = [...LADDER.keys()].filter((step) => LADDER[step]?.level === this.#level);
    return { op: abi.OP_SET_OVERLOAD, fields: overloadFields(this.#pick(steps) ?? 0) };
  }

  #other(): HostCommand | null {
    const look = this.#look;
    const row = this.#pick(this.#below(2) === 0 ? look.players : look.creatures);
    if (row === undefined) return null;
    if (this.#below(2) === 0) return { op: abi.OP_NUDGE, fields: { a: look.idOf(row), ...this.#near(row, NUDGE_YD) } };
    const a = FIRST_PHANTOM + this.#below(PHANTOMS_MAX);
    const isHere = look.creatures.some((creature) => look.idOf(creature) === a);
    const place = this.#near(row, PLACE_YD);
    if (!isHere) return { op: abi.OP_SPAWN, fields: { a, ...place, flags: abi.SPAWN_PHANTOM } };
    return this.#below(2) === 0 ? { op: abi.OP_DESPAWN, fields: { a } } : { op: abi.OP_PLACE, fields: { a, ...place } };
  }

  #near(row: number, yards: number): { x: number; y: number; z: number } {
    const { x, y } = this.#look.placeOf(row);
    const stray = (): number => (this.#random() * 2 - 1) * yards;
    return { x: x + stray(), y: y + stray(), z: 0 };
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[this.#below(items.length)];
  }
}
