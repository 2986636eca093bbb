// Where a lane's columns lie, as indices of words, and a copy of them from before a tick.
//
//   const view = new StateView(lane)
//   view.words[view.at.health + row]
//   const before = new Before(lane); before.take(view)      // then the tick runs
//   before.health[row]
//
// Both kernels of a comparison begin a tick from the same state, so one copy serves both, whatever their layouts.

import { STACK_COUNT_MAX } from "../../assembly/abi.ts";
import type { Lane } from "../lockstep/lane.ts";

/** Columns of all entities. */
const COLUMNS = {
  id: "ENTITY_ID",
  health: "ENTITY_HEALTH",
  maxHealth: "ENTITY_MAX_HEALTH",
  power: "ENTITY_POWER",
  maxPower: "ENTITY_MAX_POWER",
  level: "ENTITY_LEVEL",
  flags: "ENTITY_FLAGS",
  target: "ENTITY_TARGET",
  x: "ENTITY_X",
  y: "ENTITY_Y",
  z: "ENTITY_Z",
  auraCount: "ENTITY_AURA_COUNT",
} as const;
export type ColumnName = keyof typeof COLUMNS;
export const COLUMN_NAMES = Object.keys(COLUMNS) as ColumnName[];

/** Further places. */
const PLACES = {
  experience: "PLAYER_EXPERIENCE",
  castSpell: "ENTITY_CAST_SPELL",
  castEnd: "ENTITY_CAST_END",
  gcdEnd: "ENTITY_GCD_END",
  kind: "ENTITY_KIND",
  hated: "ENTITY_HATED",
  auras: "AURA_BASE",
  stacks: "STACK_BASE",
  told: "PLAYER_TOLD",
  toldFar: "PLAYER_TOLD_FAR",
  knownCount: "PLAYER_KNOWN_COUNT",
  knownId: "KNOWN_ID",
  threatCount: "CREATURE_THREAT_COUNT",
  threatValue: "THREAT_VALUE",
  playersHigh: "HEADER_PLAYERS_HIGH",
  creaturesHigh: "HEADER_CREATURES_HIGH",
  counters: "COUNTER_BASE",
  created: "LEDGER_CREATED",
  destroyed: "LEDGER_DESTROYED",
  arrived: "LEDGER_ARRIVED",
  departed: "LEDGER_DEPARTED",
} as const;
type Place = keyof typeof PLACES;

export class StateView {
  readonly lane: Lane;
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  readonly halves: Uint16Array;
  /** Indices of words. */
  readonly at: Readonly<Record<ColumnName | Place, number>>;
  /** Indices of half words: the rows of players on threat tables, and of entities that players know. */
  readonly threatRow: number;
  readonly knownRow: number;
  readonly playersMax: number;
  readonly creaturesMax: number;
  readonly threatMax: number;
  readonly knownMax: number;

  constructor(lane: Lane) {
    const { value } = lane.kernel.layout;
    this.lane = lane;
    this.words = lane.words;
    this.floats = new Float32Array(lane.memory.buffer);
    this.halves = new Uint16Array(lane.memory.buffer);
    const places = Object.entries({ ...COLUMNS, ...PLACES }).map(([key, name]) => [key, value(name) / 4]);
    this.at = Object.fromEntries(places) as Record<ColumnName | Place, number>;
    this.threatRow = value("THREAT_ROW") / 2;
    this.knownRow = value("KNOWN_ROW") / 2;
    this.knownMax = value("KNOWN_MAX");
    this.playersMax = lane.at.playersMax;
    this.creaturesMax = lane.at.creaturesMax;
    this.threatMax = lane.at.threatMax;
  }

  /** Rows of players below the mark; never more than there are. */
  get players(): number {
    return Math.min(this.words[this.at.playersHigh] ?? 0, this.playersMax);
  }

  get creatures(): number {
    return Math.min(this.words[this.at.creaturesHigh] ?? 0, this.creaturesMax);
  }
}

/** The state before a tick, as far as the terms need it. Rows as in the zone: creatures begin at `playersMax`. */
export class Before {
  players = 0;
  creatures = 0;
  readonly columns: Readonly<Record<ColumnName, Uint32Array>>;
  readonly experience: Uint32Array;
  readonly stacks: Uint32Array;
  readonly threatCount: Uint32Array;
  readonly threatRow: Uint16Array;
  readonly threatValue: Float32Array;

  constructor({ playersMax, creaturesMax, threatMax }: StateView) {
    const rows = playersMax + creaturesMax;
    const columns = COLUMN_NAMES.map((name) => [name, new Uint32Array(rows)]);
    this.columns = Object.fromEntries(columns) as Record<ColumnName, Uint32Array>;
    this.experience = new Uint32Array(playersMax);
    this.stacks = new Uint32Array(playersMax * STACK_COUNT_MAX);
    this.threatCount = new Uint32Array(creaturesMax);
    this.threatRow = new Uint16Array(creaturesMax * threatMax);
    this.threatValue = new Float32Array(creaturesMax * threatMax);
  }

  take({ words, floats, halves, at, threatRow, threatMax, playersMax, players, creatures }: StateView): void {
    this.players = players;
    this.creatures = creatures;
    for (const name of COLUMN_NAMES) {
      const [from, column] = [at[name], this.columns[name]];
      column.set(words.subarray(from, from + players));
      column.set(words.subarray(from + playersMax, from + playersMax + creatures), playersMax);
    }
    this.experience.set(words.subarray(at.experience, at.experience + players));
    this.stacks.set(words.subarray(at.stacks, at.stacks + players * STACK_COUNT_MAX));
    this.threatCount.set(words.subarray(at.threatCount, at.threatCount + creatures));
    this.threatRow.set(halves.subarray(threatRow, threatRow + creatures * threatMax));
    this.threatValue.set(floats.subarray(at.threatValue, at.threatValue + creatures * threatMax));
  }
}
