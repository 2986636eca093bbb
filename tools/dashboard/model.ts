// What the dashboard knows: incoming telemetry, the control channel's last answers, and what was started here. Taking a line
// is cheap (20,000 a second may come); derived values are computed when the picture is requested, and the analysis at most
// once a second.
//
//   const model = new Model({ server: "127.0.0.1:8081", now: Date.now })
//   feed.onLine((line) => model.take(line))
//   model.picture()

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { AnomalyLog } from "../analysis/anomalies.ts";
import { diagnose } from "../analysis/diagnosis.ts";
import type { Diagnosis } from "../analysis/diagnosis.ts";
import { assessHealth } from "../analysis/health.ts";
import type { HealthReport } from "../analysis/health-report.ts";
import { UNKNOWN } from "../analysis/rules/unknown.ts";
import { Timeline } from "../analysis/timeline.ts";
import type { ServerStatus } from "../analysis/server-status.ts";
import type { RemoteStatus } from "../deploy/remote.ts";
import { EventLog } from "./event-log.ts";
import { busiestOf } from "./picture.ts";
import type { Clearing, Control, DeployRun, Faults, Link, Picture, Players } from "./picture.ts";
import type { ViewedZone } from "./zone-answer.ts";

export interface ModelOptions {
  /** The server's name on the screen. */
  server: string;
  /** Wall clock, in milliseconds since 1970. */
  now: () => number;
}

/** A feed that is silent for this long has lost its server, which sends 20 ticks a second. */
export const LOST_AFTER_MS = 2_000;
const ANALYSIS_INTERVAL_MS = 1_000;
/** Health looks back for 10 s. */
const CLEARING_MS_MAX = 12_000;

export class Model {
  readonly log = new EventLog();
  readonly timeline = new Timeline({ isLive: true });
  /** The control channel's answers, and what was started here; set by the part that learns it. */
  control: Control = { ok: false, error: "not asked yet" };
  faults: Faults | null = null;
  deploys: RemoteStatus | null = null;
  zone: ViewedZone | null = null;
  run: DeployRun | null = null;
  /** The server's own status over HTTP; undefined while there is none. */
  status: ServerStatus | undefined;
  players: Players | null = null;
  ownFaults: readonly string[] = [];
  /** The server's name on the screen. */
  server: string;
  /** Why the server refuses the connection: it wants another token. It is then not asked again. */
  refusal = "";
  readonly #options: ModelOptions;
  #anomalies = new AnomalyLog();
  #health: HealthReport;
  #busiestZone = 0;
  #diagnoses: Diagnosis[] = [];
  /** The likeliest known cause, and the last time it was diagnosed. */
  #named: Clearing | null = null;
  #analysedAtMs = Number.NEGATIVE_INFINITY;
  #lineAtMs = Number.NEGATIVE_INFINITY;
  #link: Link;

  constructor(options: ModelOptions) {
    this.#options = options;
    this.server = options.server;
    this.#health = assessHealth(this.timeline, { anomalies: this.#anomalies });
    this.#link = { state: "waiting", sinceMs: options.now(), returns: 0 };
  }

  get isLive(): boolean {
    return this.#link.state === "live";
  }

  /** The server refuses the connection, with this reason. */
  refuse(reason: string): void {
    if (this.refusal === "") this.note(reason);
    this.refusal = reason;
  }

  /** A message in the event log. */
  note(text: string): void {
    this.log.note(text, this.#options.now());
  }

  /** Whether a live line is taken: during a flood, events that only the log uses are not. */
  isWorthReading(text: string): boolean {
    return this.log.isWorthReading(text, this.#options.now());
  }

  /** A live line. */
  take(line: TelemetryLine): void {
    this.#lineAtMs = this.#options.now();
    if (this.#link.state !== "live") this.#isBack();
    this.backfill(line);
  }

  /** An earlier line: it adds to the known state, but it is no sign of life. */
  backfill(line: TelemetryLine): void {
    this.log.take(line);
    this.timeline.take(line);
  }

  /** Detects silence. To be called from time to time. */
  look(): void {
    const nowMs = this.#options.now();
    if (this.#link.state !== "live" || nowMs - this.#lineAtMs < LOST_AFTER_MS) return;
    this.#link = { ...this.#link, state: "lost", sinceMs: this.#lineAtMs };
    this.zone = null;
    const why = this.timeline.isStopped ? "it reported that it stops" : "without a word";
    this.note(`telemetry ended, ${why}; waiting for the server to come back`);
  }

  picture(): Picture {
    this.look();
    const nowMs = this.#options.now();
    if (nowMs - this.#analysedAtMs >= ANALYSIS_INTERVAL_MS || nowMs < this.#analysedAtMs) this.#analyse(nowMs);
    return {
      nowMs,
      server: this.server,
      refusal: this.refusal,
      link: this.#link,
      control: this.control,
      timeline: this.timeline,
      health: this.#health,
      busiestZone: this.#busiestZone,
      diagnoses: this.#diagnoses,
      clearing: this.#clearing(nowMs),
      log: this.log,
      faults: this.faults,
      deploys: this.deploys,
      run: this.run,
      zone: this.zone,
      players: this.players,
      ownFaults: this.ownFaults,
    };
  }

  #isBack(): void {
    const nowMs = this.#options.now();
    const wasLost = this.#link.state === "lost";
    const seconds = Math.round((nowMs - this.#link.sinceMs) / 1_000);
    this.#link = { state: "live", sinceMs: nowMs, returns: this.#link.returns + (wasLost ? 1 : 0) };
    this.note(wasLost ? `telemetry is back after ${seconds} s` : "telemetry comes in");
  }

  /** While the server is gone, the last known state stays. */
  #analyse(nowMs: number): void {
    if (this.#link.state === "lost") return;
    this.#analysedAtMs = nowMs;
    this.#health = assessHealth(this.timeline, { anomalies: this.#anomalies, status: this.status });
    this.#busiestZone = busiestOf(this.#health.zones, this.#busiestZone);
    this.#diagnoses = diagnose(this.timeline);
    const named = this.#diagnoses.find(({ cause }) => cause !== UNKNOWN);
    if (named !== undefined) this.#named = { cause: named.cause, atMs: nowMs };
  }

  /** Health covers some seconds: for this long after a known cause has ended, an unknown one is only its after-effect. */
  #clearing(nowMs: number): Clearing | null {
    const isNameless = this.#diagnoses[0]?.cause === UNKNOWN;
    return isNameless && this.#named !== null && nowMs - this.#named.atMs <= CLEARING_MS_MAX ? this.#named : null;
  }
}
