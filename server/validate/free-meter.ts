// What a lane does in a run of many ticks: sums over its ticks, and levels, which are looked at in every twentieth tick.
//
//   const meter = new FreeMeter(lane, 2_400)
//   meter.begin()                    // the lane has the state with which the run begins
//   lane.step(batch); meter.take()   // after each tick
//   meter.values("late")[AT.kills]   // in the second half of the run

import * as abi from "../../assembly/abi.ts";
import type { Lane } from "../lockstep/lane.ts";
import { AT, COUNTED, COUNTED_EVENTS, MEASURES, SUMMED_COLUMNS } from "./free-measures.ts";

/** Ticks between two looks at levels. */
const LOOK_TICKS = 20;

/** `late`: the second half, where what begins late is not thinned out. */
export type Window = "whole" | "late";

/** Of one half of a run. */
interface Half {
  sums: Float64Array;
  looks: number;
}

export class FreeMeter {
  readonly #lane: Lane;
  readonly #ticks: number;
  /** Indices of words. */
  readonly #columns: readonly { index: number; word: number; rows: "players" | "creatures" | "both" }[];
  readonly #offers: number;
  readonly #home: readonly [x: number, y: number];
  readonly #ids: Uint32Array;
  readonly #health: Uint32Array;
  readonly #early: Half = { sums: new Float64Array(MEASURES.length), looks: 0 };
  readonly #late: Half = { sums: new Float64Array(MEASURES.length), looks: 0 };
  #half = this.#early;
  #taken = 0;

  /** `ticks`: how many the run will have. */
  constructor(lane: Lane, ticks: number) {
    const { value } = lane.kernel.layout;
    this.#lane = lane;
    this.#ticks = ticks;
    this.#columns = SUMMED_COLUMNS.map(({ index, column, rows }) => ({ index, word: value(column) / 4, rows }));
    this.#offers = value("PLAYER_OFFER") / 4;
    this.#home = [value("CREATURE_HOME_X"), value("CREATURE_HOME_Y")];
    this.#ids = new Uint32Array(lane.at.rowsMax);
    this.#health = new Uint32Array(lane.at.rowsMax);
  }

  /** A run begins with the state that the lane has now. */
  begin(): void {
    this.#ids.fill(0);
    this.#compareHealth();
    for (const half of [this.#early, this.#late]) {
      half.sums.fill(0);
      half.looks = 0;
    }
    this.#taken = 0;
  }

  /** Call it after each tick. */
  take(): void {
    const { view, at } = this.#lane;
    this.#half = this.#taken * 2 < this.#ticks ? this.#early : this.#late;
    this.#taken++;
    for (const [counter, index] of COUNTED) this.#add(index, view.getUint32(at.counters + counter * 4, true));
    let refused = 0;
    for (let reason = 0; reason < abi.REFUSED_COUNT; reason++)
      refused += view.getUint32(at.counters + (abi.COUNTER_REFUSED + reason) * 4, true);
    this.#add(AT.refused, refused);
    this.#add(AT.bytes_shown, view.getUint32(at.frameBytes, true));
    this.#add(AT.fuel, Number(this.#lane.fuelUsed));
    this.#countEvents();
    this.#compareHealth();
    if (this.#taken % LOOK_TICKS === 0) this.#look();
  }

  /** One number for each measure: sums over ticks, means over looks. */
  values(window: Window): Float64Array {
    const halves = window === "late" ? [this.#late] : [this.#early, this.#late];
    const looks = Math.max(
      1,
      halves.reduce((sum, half) => sum + half.looks, 0),
    );
    return Float64Array.from(MEASURES, ({ isLevel }, index) => {
      const sum = halves.reduce((total, { sums }) => total + (sums[index] ?? 0), 0);
      return isLevel ? sum / looks : sum;
    });
  }

  #add(index: number, value: number): void {
    const { sums } = this.#half;
    sums[index] = (sums[index] ?? 0) + value;
  }

  #countEvents(): void {
    const { view, at } = this.#lane;
    const count = Math.min(view.getUint32(at.eventCount, true), at.eventsMax);
    for (let place = 0; place < count; place++) {
      const event = at.events + place * abi.EVENT_BYTES;
      const kind = view.getUint16(event + abi.EVENT_KIND, true);
      const index = COUNTED_EVENTS.get(kind);
      if (index !== undefined) this.#add(index, 1);
      else if (kind === abi.EVENT_EXPERIENCE) this.#add(AT.experience, view.getUint32(event + abi.EVENT_A, true));
      else if (kind === abi.EVENT_KILLED && this.#isPlayer(view.getUint32(event + abi.EVENT_TARGET, true)))
        this.#add(AT.players_killed, 1);
    }
  }

  #isPlayer(id: number): boolean {
    const row = this.#ids.subarray(0, this.#lane.at.playersMax).indexOf(id);
    return row >= 0;
  }

  /** Health lost and gained by those who were there before the tick too. */
  #compareHealth(): void {
    const { at } = this.#lane;
    this.#compareRows(0, this.#players, AT.players_lost_health, AT.players_gained_health);
    this.#compareRows(
      at.playersMax,
      at.playersMax + this.#creatures,
      AT.creatures_lost_health,
      AT.creatures_gained_health,
    );
  }

  #compareRows(from: number, end: number, lostIndex: number, gainedIndex: number): void {
    const { words, at } = this.#lane;
    const [ids, healths] = [at.entityId / 4, at.entityHealth / 4];
    let [lost, gained] = [0, 0];
    for (let row = from; row < end; row++) {
      const [id, health] = [words[ids + row] ?? 0, words[healths + row] ?? 0];
      const by = id === 0 || this.#ids[row] !== id ? 0 : health - (this.#health[row] ?? 0);
      if (by < 0) lost -= by;
      else gained += by;
      this.#ids[row] = id;
      this.#health[row] = health;
    }
    this.#add(lostIndex, lost);
    this.#add(gainedIndex, gained);
  }

  #look(): void {
    const { view, words, at } = this.#lane;
    const [players, creatures] = [this.#players, this.#creatures];
    const creaturesEnd = at.playersMax + creatures;
    this.#half.looks++;
    this.#add(AT.players_alive, view.getUint32(at.counters + abi.COUNTER_PLAYERS * 4, true));
    this.#add(AT.creatures_alive, view.getUint32(at.counters + abi.COUNTER_CREATURES * 4, true));
    this.#add(AT.fighting, view.getUint32(at.counters + abi.COUNTER_FIGHTING * 4, true));
    this.#add(AT.player_rows, players);
    this.#add(AT.creature_rows, creatures);
    for (const { index, word, rows } of this.#columns) {
      if (rows !== "creatures") this.#add(index, sumOf(words, word, word + players));
      const base = rows === "creatures" ? word : word + at.playersMax;
      if (rows !== "players") this.#add(index, sumOf(words, base, base + creatures));
    }
    this.#add(AT.players_health, sumOf(this.#health, 0, players));
    this.#add(AT.creatures_health, sumOf(this.#health, at.playersMax, creaturesEnd));
    this.#add(AT.bodies, countOf(this.#ids, 0, players, 1) + countOf(this.#ids, at.playersMax, creaturesEnd, 1));
    this.#add(AT.offers, countOf(words, this.#offers, this.#offers + players, 1));
    this.#add(AT.ids, countOf(words, at.mapBase / 4, at.mapBase / 4 + at.mapSlots * 2, 2));
    this.#add(AT.yards_from_home, this.#yardsFromHome(creatures));
  }

  #yardsFromHome(creatures: number): number {
    const { view, at } = this.#lane;
    const [homeX, homeY] = this.#home;
    let sum = 0;
    for (let index = 0; index < creatures; index++) {
      const row = at.playersMax + index;
      if (this.#ids[row] === 0) continue;
      const dx = view.getFloat32(at.entityX + row * 4, true) - view.getFloat32(homeX + index * 4, true);
      const dy = view.getFloat32(at.entityY + row * 4, true) - view.getFloat32(homeY + index * 4, true);
      sum += Math.sqrt(dx * dx + dy * dy);
    }
    return sum;
  }

  /** Rows below the mark; never more than there are. */
  get #players(): number {
    return Math.min(this.#lane.view.getUint32(this.#lane.at.playersHigh, true), this.#lane.at.playersMax);
  }

  get #creatures(): number {
    return Math.min(this.#lane.view.getUint32(this.#lane.at.creaturesHigh, true), this.#lane.at.creaturesMax);
  }
}

function sumOf(words: Uint32Array, from: number, end: number): number {
  let sum = 0;
  for (let index = from; index < end; index++) sum += words[index] ?? 0;
  return sum;
}

/** Words that are not 0, of every `step`th. */
function countOf(words: Uint32Array, from: number, end: number, step: number): number {
  let count = 0;
  for (let index = from; index < end; index += step) if (words[index] !== 0) count++;
  return count;
}
