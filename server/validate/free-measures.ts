// The measures of a free run (free-meter.ts): what each is called, and where it is read.
//
//   MEASURES[AT.kills]     // { name: "kills", kind: "play", isLevel: false }

import * as abi from "../../assembly/abi.ts";

export type MeasureKind =
  /** What is left in the state. When it rises and does not fall again, it is a leak. */
  | "level"
  /** What happens in the game. It also differs when a module is meant to change the game. */
  | "play"
  /** What it costs. */
  | "cost";

export interface Measure {
  name: MeasureName;
  kind: MeasureKind;
  /** A mean over looks at the state; otherwise a sum over ticks. */
  isLevel: boolean;
}

/** Sums over ticks of what happens in the game. */
const PLAY = [
  "moves",
  "casts_started",
  "casts_completed",
  "casts_interrupted",
  "casts_blocked",
  "attacks",
  "damage",
  "kills",
  "healing",
  "corrected",
  "revived",
  "trades",
  "frames",
  "frames_deferred",
  "events_lost",
  "evaded",
  "aggro",
  "avoided",
  "auras_applied",
  "auras_ended",
  "levels_gained",
  "looted",
  "refused",
  "experience",
  "players_killed",
  "players_lost_health",
  "players_gained_health",
  "creatures_lost_health",
  "creatures_gained_health",
  "bytes_shown",
] as const;
/** Means over looks of what follows from the play. */
const STATE_OF_PLAY = [
  "players_alive",
  "creatures_alive",
  "fighting",
  "players_health",
  "creatures_health",
  "yards_from_home",
] as const;
const LEVELS = [
  "threat_entries",
  "hated",
  "auras",
  "cooldowns",
  "known",
  "offers",
  "bodies",
  "ids",
  "player_rows",
  "creature_rows",
] as const;
const COST = ["fuel"] as const;

export type MeasureName =
  (typeof PLAY)[number] | (typeof STATE_OF_PLAY)[number] | (typeof LEVELS)[number] | (typeof COST)[number];

export const MEASURES: readonly Measure[] = [
  ...PLAY.map((name): Measure => ({ name, kind: "play", isLevel: false })),
  ...STATE_OF_PLAY.map((name): Measure => ({ name, kind: "play", isLevel: true })),
  ...LEVELS.map((name): Measure => ({ name, kind: "level", isLevel: true })),
  ...COST.map((name): Measure => ({ name, kind: "cost", isLevel: false })),
];

/** The index of each in MEASURES. */
export const AT = Object.fromEntries(MEASURES.map(({ name }, index) => [name, index])) as Readonly<
  Record<MeasureName, number>
>;

/** The kernel's counters of each tick, by counter. */
export const COUNTED: ReadonlyMap<number, number> = new Map([
  [abi.COUNTER_ENTITIES_MOVED, AT.moves],
  [abi.COUNTER_CASTS_STARTED, AT.casts_started],
  [abi.COUNTER_CASTS_COMPLETED, AT.casts_completed],
  [abi.COUNTER_CASTS_INTERRUPTED, AT.casts_interrupted],
  [abi.COUNTER_GCD_BLOCKED, AT.casts_blocked],
  [abi.COUNTER_ATTACKS, AT.attacks],
  [abi.COUNTER_DAMAGE, AT.damage],
  [abi.COUNTER_KILLS, AT.kills],
  [abi.COUNTER_HEALING, AT.healing],
  [abi.COUNTER_CORRECTED, AT.corrected],
  [abi.COUNTER_REVIVED, AT.revived],
  [abi.COUNTER_TRADES, AT.trades],
  [abi.COUNTER_FRAMES, AT.frames],
  [abi.COUNTER_FRAMES_DEFERRED, AT.frames_deferred],
  [abi.COUNTER_EVENTS_LOST, AT.events_lost],
]);

/** Events that are counted, by kind. */
export const COUNTED_EVENTS: ReadonlyMap<number, number> = new Map([
  [abi.EVENT_EVADED, AT.evaded],
  [abi.EVENT_AGGRO, AT.aggro],
  [abi.EVENT_AVOIDED, AT.avoided],
  [abi.EVENT_AURA_APPLIED, AT.auras_applied],
  [abi.EVENT_AURA_ENDED, AT.auras_ended],
  [abi.EVENT_LEVEL, AT.levels_gained],
  [abi.EVENT_LOOT, AT.looted],
]);

/** Columns whose values are added up, over rows of players, of creatures, or of both. */
export const SUMMED_COLUMNS = [
  { index: AT.threat_entries, column: "CREATURE_THREAT_COUNT", rows: "creatures" },
  { index: AT.hated, column: "ENTITY_HATED", rows: "both" },
  { index: AT.auras, column: "ENTITY_AURA_COUNT", rows: "both" },
  { index: AT.cooldowns, column: "PLAYER_COOLDOWN_COUNT", rows: "players" },
  { index: AT.known, column: "PLAYER_KNOWN_COUNT", rows: "players" },
] as const;
