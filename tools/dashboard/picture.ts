// Everything that the dashboard shows, as one value: what the model (model.ts) makes of telemetry and of the control
// channel's answers, and what the panels (panels/) are drawn from. How a server is and what ails it comes from
// tools/analysis, as `wowsim health` and `wowsim parse-logs` tell it; which faults are active comes from the control
// channel, and nothing of the analysis ever sees that.

import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import type { Diagnosis } from "../analysis/diagnosis.ts";
import type { HealthReport } from "../analysis/health-report.ts";
import type { Timeline } from "../analysis/timeline.ts";
import type { ZoneHealth } from "../analysis/zone-health.ts";
import type { StageReport } from "../deploy/canary.ts";
import type { RemoteStatus } from "../deploy/remote.ts";
import type { EventLog } from "./event-log.ts";
import type { ViewedZone } from "./zone-answer.ts";

/** Whether telemetry comes in, and since when it does or does not. */
export interface Link {
  state: "waiting" | "live" | "lost";
  /** Milliseconds of the wall clock. */
  sinceMs: number;
  /** Times it came back. */
  returns: number;
}

/** Whether the control channel answers; `error` says why not. */
export interface Control {
  ok: boolean;
  error: string;
}

/** A cause that was diagnosed until a moment ago, while health is not yet as before. */
export interface Clearing {
  cause: string;
  /** When it was last diagnosed, by the wall clock. */
  atMs: number;
}

export interface Faults {
  list: FaultStatus[];
  halted: boolean;
}

/** A deploy that was begun here. */
export interface DeployRun {
  label: string;
  stages: StageReport[];
  /** While it runs: what it is about. */
  progress: string;
  /** Null while it runs. */
  outcome: { ok: boolean; text: string } | null;
}

/** The players that were brought in from here. */
export interface Players {
  count: number;
  /** Wall clock at which they leave by themselves; null: when they are told to. */
  untilMs: number | null;
}

/** So many times the damage of the zone that was the busiest. */
const BUSIER = 2;

export interface Picture {
  /** Wall clock, in milliseconds since 1970. */
  nowMs: number;
  /** "127.0.0.1:8081". */
  server: string;
  link: Link;
  control: Control;
  /** Why the server will not have us: it wants another token; "" while it does not say so. */
  refusal: string;
  timeline: Timeline;
  health: HealthReport;
  /** Where most goes on; 0 before the first tick. */
  busiestZone: number;
  diagnoses: Diagnosis[];
  /** Null unless what is diagnosed is but left of this. */
  clearing: Clearing | null;
  log: EventLog;
  /** Null before the control channel's first answer. */
  faults: Faults | null;
  deploys: RemoteStatus | null;
  run: DeployRun | null;
  /** Of the zone that is looked into; null while none is, or it does not answer. */
  zone: ViewedZone | null;
  players: Players | null;
  /** Faults that were begun here, and end with this dashboard. */
  ownFaults: readonly string[];
}

/** The zone that is shown in detail: the chosen one, else the busiest. */
export function shownZone({ health, busiestZone }: Pick<Picture, "health" | "busiestZone">, chosen: number): number {
  return health.zones.some(({ id }) => id === chosen) ? chosen : busiestZone;
}

// A zone that tells nothing of its fights is the last to look into.
const damageOf = ({ damagePerS }: ZoneHealth): number => damagePerS ?? -1;
const playersIn = ({ players }: ZoneHealth): number => players ?? -1;

/**
 * The zone with the most damage done, else with the most players, else the first; 0 without any. It stays the one it was
 * `before` until another does much more, so that what is looked at does not change all the time.
 */
export function busiestOf(zones: readonly ZoneHealth[], before: number): number {
  const [busiest] = zones.toSorted((a, b) => damageOf(b) - damageOf(a) || playersIn(b) - playersIn(a) || a.id - b.id);
  const current = zones.find(({ id }) => id === before);
  if (busiest === undefined || current === undefined) return busiest?.id ?? 0;
  return damageOf(busiest) > damageOf(current) * BUSIER ? busiest.id : before;
}

/** Faults that are active now. */
export function activeFaults({ faults }: Pick<Picture, "faults">): FaultStatus[] {
  return faults === null ? [] : faults.list.filter(({ active }) => active);
}

/** True from a swap in some zone until it is promoted or back. */
export function hasCanary({ deploys }: Pick<Picture, "deploys">): boolean {
  return deploys?.zones.some(({ phase }) => phase !== "steady") ?? false;
}
