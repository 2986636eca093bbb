// What `wowsim replay` asks of the server's parts, what it hears while the replay runs, and what it gets in the end.
//
//   const result = await replay({ dataDir: ".wowsim", zone: 1, watch: 12 }, { onChange: (change) => print(change) })
//   result.zones      // [{ zone: 1, ticks: 1200, verified: 1200, firstDifference: null, ... }]

/** Numbers of ticks are inclusive. */
export interface ReplayOptions {
  /** The folder with the journal; not read when there is a `file`. */
  dataDir: string;
  /** A recording. */
  file?: string | undefined;
  /** Default: all zones. */
  zone?: number | undefined;
  from?: number | undefined;
  to?: number | undefined;
  /** File of another kernel, which runs each tick too. */
  module?: string | undefined;
  /** Entity whose changes are reported. */
  watch?: number | undefined;
  /** Expression (server/replay/expression.ts): a zone's replay ends after the first tick at which it holds. */
  until?: string | undefined;
  /** Reports the events of the kernel. */
  events?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** A journal or a recording, and up to which tick; default: its end. */
export type WorldCopyOptions = Pick<ReplayOptions, "dataDir" | "file" | "zone" | "to">;

/** What a copy of a world has. */
export interface WorldCopy {
  /** At which tick each zone goes on. */
  zones: { zone: number; tick: number }[];
  problems: string[];
}

/** An event of the kernel, with the fields of its JSON line (docs/PROTOCOL.md). */
export interface ReplayedEvent {
  event: string;
  tick: number;
  [field: string]: unknown;
}

/** An epoch begins: what is replayed from here on is not the continuation of the ticks before. */
export interface EpochBegin {
  zone: number;
  epoch: number;
  /** Tick of the snapshot with which it begins here. */
  tick: number;
  module: string;
  label: string;
  /** What the journal says about it, newest last: "deploy", "incident", ... */
  reasons: string[];
}

/** A value of an entity before and after a tick; null: the entity was not, or is not, in the zone. */
export interface ChangedValue {
  name: string;
  was: EntityValue;
  is: EntityValue;
}
export type EntityValue = number | string | null;

/** What happened to the watched entity in a tick. */
export interface EntityChange {
  zone: number;
  tick: number;
  entity: number;
  values: ChangedValue[];
  /** Events in which it takes part. */
  events: ReplayedEvent[];
}

/** Names for the entities, spells and items of the journal. */
export interface ReplayNames {
  entity(id: number): string;
  item(id: number): string;
  spell(id: number): string;
}

/** A kernel's note of what it was doing when it trapped. */
export interface ReplayTrap {
  message: string;
  phase: string;
  op: number | null;
  session: number;
  entity: number;
  spell: number;
}

export interface ColumnDifference {
  column: string;
  /** Number of values that differ. */
  values: number;
  /** Entity of the first one; null where the value belongs to none. */
  entity: number | null;
  was: number | string;
  is: number | string;
}

/** One tick, run from the same state by the recorded module and by the other one. */
export interface TickDifference {
  tick: number;
  columns: ColumnDifference[];
  /** The first event that differs; null on a side that has none at that place. */
  event: { was: ReplayedEvent | null; is: ReplayedEvent | null } | null;
  /** What the players are sent differs. */
  frames: boolean;
  /** What leaves through portals differs. */
  departures: boolean;
  trap: ReplayTrap | null;
}

/** How another module compares with the recorded ones. */
export interface ModuleComparison {
  module: string;
  label: string;
  /** Ticks that both ran, and in how many of them something differs. */
  ticks: number;
  differing: number;
  traps: number;
  first: TickDifference | null;
  /** Number of ticks in which each column differs, most first. */
  columns: { column: string; ticks: number; firstTick: number }[];
  eventTicks: number;
  frameTicks: number;
  departureTicks: number;
  /** Fuel of the other module over fuel of the recorded one. */
  fuelRatio: number;
  /** Columns that only one of the layouts has. */
  added: string[];
  dropped: string[];
}

export interface ZoneReplay {
  zone: number;
  epochs: number;
  fromTick: number;
  toTick: number;
  ticks: number;
  /** Ticks after which the state had the recorded hash. */
  verified: number;
  /** Ticks that the journal should have, and that could not be run. */
  lost: number;
  seconds: number;
  firstDifference: { epoch: number; tick: number; recorded: string; replayed: string } | null;
  /** Tick at which the condition held; null: it never did, or none was given. */
  stoppedAt: number | null;
  /** What is damaged, missing or different, a sentence each. */
  problems: string[];
  comparison: ModuleComparison | null;
}

export interface ReplayResult {
  zones: ZoneReplay[];
  seconds: number;
  /** Problems of the journal as a whole. */
  problems: string[];
  interrupted: boolean;
}

export interface ReplayObserver {
  /** Called first. */
  onNames?(names: ReplayNames): void;
  onEpoch?(begin: EpochBegin): void;
  onEvents?(zone: number, tick: number, events: ReplayedEvent[]): void;
  onChange?(change: EntityChange): void;
  /** The condition holds. */
  onStop?(zone: number, tick: number): void;
  /** Called some times a second. `share`: 0 to 1. */
  onProgress?(share: number, zone: number, tick: number): void;
}

export interface IncidentReplay {
  incident: number;
  zone: number;
  tick: number;
  /** As the journal has it; null when it does not say. */
  recorded: Partial<ReplayTrap> | null;
  /** Null: the batch does not trap. */
  replayed: ReplayTrap | null;
  /** The batch traps in the same phase, command and session. */
  same: boolean;
  /** Ticks that were run before it. */
  ticks: number;
  problems: string[];
}

/** Offline views of a journal. They throw WowsimError (no_journal, no_such_zone, no_such_tick, usage, ...). */
export interface ReplayHost {
  replay(options: ReplayOptions, observer: ReplayObserver): Promise<ReplayResult>;
  replayIncident(options: ReplayOptions, incident: number, observer: ReplayObserver): Promise<IncidentReplay>;
  /** Writes the world as it was to a folder that a server can start on. */
  copyWorld(options: WorldCopyOptions, folder: string): Promise<WorldCopy>;
}
