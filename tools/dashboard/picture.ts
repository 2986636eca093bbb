// Everything that the dashboard shows, as one value: the model (model.ts) computes it from telemetry and the control
// channel's answers, and the panels (panels/) are drawn from it. Health and diagnosis come from tools/analysis, as in
// `wowsim health` and `wowsim parse-logs`; the active faults come from the control channel, and the analysis never
// receives them.

import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import type { Diagnosis } from "../analysis/diagnosis.ts";
import type { HealthReport } from "../analysis/health-report.ts";
import type { Timeline } from "../analysis/timeline.ts";
import type { ZoneHealth } from "../analysis/zone-health.ts";
import type { StageReport } from "../deploy/canary.ts";
import type { RemoteStatus } from "../deploy/remote.ts";
import type { EventLog } from "./event-log.ts";
import type { ViewedZone } from "./zone-answer.ts";

/** Whether telemetry comes in, and the time since which this is so. */
export interface Link {
  state: "waiting" | "live" | "lost";
  /** Milliseconds of the wall clock. */
  sinceMs: number;
  /** How often it came back. */
  returns: number;
}

/** Whether the control channel answers; `error` says why not. */
export interface Control {
  ok: boolean;
  error: string;
}

/** A cause that was diagnosed until recently, while health has not recovered yet. */
export interface Clearing {
  cause: string;
  /** When it was last diagnosed, by the wall clock. */
  atMs: number;
}

export interface Faults {
  list: FaultStatus[];
  halted: boolean;
}

/** A deploy that was started here. */
export interface DeployRun {
  label: string;
  stages: StageReport[];
  /** While it runs: its current activity. */
  progress: string;
  /** Null while it runs. */
  outcome: { ok: boolean; text: string } | null;
}

/** The players that were added from here. */
export interface Players {
  count: number;
  /** Wall clock time at which they leave by themselves; null: when the user ends them. */
  untilMs: number | null;
}

/** A zone becomes the busiest when its damage is this many times that of the previous one. */
const BUSIER = 2;

export interface Picture {
  /** Wall clock, in milliseconds since 1970. */
  nowMs: number;
  /** "127.0.0.1:8081". */
  server: string;
  link: Link;
  control: Control;
  /** Why the server refuses the connection: it wants another token; "" while it does not. */
  refusal: string;
  timeline: Timeline;
  health: HealthReport;
  /** The zone with the most activity; 0 before the first tick. */
  busiestZone: number;
  diagnoses: Diagnosis[];
  /** Null unless the current diagnosis is only the after-effect of this cause. */
  clearing: Clearing | null;
  log: EventLog;
  /** Null before the control channel's first answer. */
  faults: Faults | null;
  deploys: RemoteStatus | null;
  run: DeployRun | null;
  /** The inspected zone; null while there is none, or it does not answer. */
  zone: ViewedZone | null;
  players: Players | null;
  /** Faults that were started here, and that end with this dashboard. */
  ownFaults: readonly string[];
}

/** The zone shown in detail: the selected one, else the busiest. */
export function shownZone({ health, busiestZone }: Pick<Picture, "health" | "busiestZone">, chosen: number): number {
  return health.zones.some(({ id }) => id === chosen) ? chosen : busiestZone;
}

// A zone without fight data comes last.
const damageOf = ({ damagePerS }: ZoneHealth): number => damagePerS ?? -1;
const playersIn = ({ players }: ZoneHealth): number => players ?? -1;

/**
 * The zone with the most damage done, else with the most players, else the first; 0 when there are none. The zone `before`
 * stays until another has much more, so that the displayed zone does not change all the time.
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

/** True from a swap in some zone until it is promoted or rolled back. */
export function hasCanary({ deploys }: Pick<Picture, "deploys">): boolean {
  return deploys?.zones.some(({ phase }) => phase !== "steady") ?? false;
}
