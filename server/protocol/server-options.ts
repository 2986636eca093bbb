// The options of a server, and the handle of a running one.

import type { ReplayHost } from "./replay.ts";
import type { CrashReport, WorkerDoing } from "./crash-report.ts";
import type { StartZoneHost } from "./zone-host-options.ts";
import type { StartController } from "./cluster.ts";
import type { Failure } from "./endings.ts";
import type { GatewayLimits } from "./game/limits.ts";
import type { StoreTools } from "./store-tools.ts";
import type { ControlLimits, HttpLimits, FeedLimits } from "./limits.ts";
import type { StartGateway } from "./gateway-options.ts";
import type { Supervise } from "./supervision.ts";
import type { ValidationHost } from "./validation.ts";

/**
 * When what players are told may leave: once the operating system has its record (it survives the death of the process), once the
 * disk has it, or at once.
 */
export const DURABILITIES = ["process", "power", "none"] as const;
export type Durability = (typeof DURABILITIES)[number];

/** What happens when the journal can not be written for a second: play goes on without it, or the server stops. */
export const JOURNAL_LOSS_POLICIES = ["play", "stop"] as const;
export type JournalLossPolicy = (typeof JOURNAL_LOSS_POLICIES)[number];

export interface ServerOptions {
  host?: string;
  /** Ports; 0 takes any free one. */
  port: number;
  controlPort: number;
  httpPort: number;
  telemetryPort: number;
  dataDir: string;
  /** Default: telemetry.jsonl in the data directory. */
  telemetryFile?: string | undefined;
  /** Size at which a new telemetry file is begun. */
  telemetryBytesMax?: number;
  worldFile?: string | undefined;
  /** Number of zone workers. Default: one for each zone, at most 8. */
  workers?: number | undefined;
  tickRateHz?: number;
  seed?: number;
  /** Operators' token, for the control port, the feed and /metrics; required off loopback. */
  token?: string | undefined;
  /** Players' token, required in every hello; guests are refused then. */
  playerToken?: string | undefined;
  guests?: boolean;
  /** Called with each warning for the operator while the server runs, one sentence each. */
  onWarning?: (warning: string) => void;
  /**
   * Called once when the process can not go on as it is, with the reason in a sentence: whoever started the server stops
   * it in order, ends the process with the exit code of that ending, and starts another. Default: it goes on as it can.
   */
  onMustRestart?: ((reason: string, ending: Failure) => void) | undefined;
  limits?: Partial<GatewayLimits>;
  controlLimits?: Partial<ControlLimits>;
  httpLimits?: Partial<HttpLimits>;
  feedLimits?: Partial<FeedLimits>;
  /** Default "process". */
  durability?: Durability;
  /** Default "play". */
  onJournalLoss?: JournalLossPolicy;
  /** The directory has a copy of a world, to look at: bodies of players stay in it; default false. */
  isCopy?: boolean;
  /** Begin a new world; the journal of the old one is kept under another name. */
  fresh?: boolean;
  /** How much of the journal is kept; default 24 hours, and 2,048 megabytes of all its files on the disk. */
  journalHours?: number;
  journalMegabytes?: number;
  /** How late a zone worker may be before it is ended and replaced, in milliseconds; default 1,000. */
  watchdogMs?: number;
  /** A file in memory that keeps what the workers are at when the process dies (server/shared/crumb-file.ts). */
  crumbFile?: string | undefined;
  /** Makes zone workers; default: this program's own. */
  newZoneWorker?: () => Worker;
}

export interface RunningServer {
  readonly ports: { game: number; control: number; http: number; telemetry: number };
  readonly zones: readonly { id: number; name: string }[];
  readonly dataDir: string;
  readonly telemetryFile: string;
  /** Set when the limit on open files allows fewer connections than the server would take. */
  readonly connectionsMax: number | null;
  /** What strangers can do on this server, one sentence each. */
  readonly warnings: readonly string[];
  /** Notices for the operator at the start, in sentences: promoted modules that a restart has lost. */
  readonly notices: readonly string[];
  /** What the zone workers are at now, for a crash report. */
  doing(): WorkerDoing[];
  /** The process ends because of an error: writes that and the last telemetry, and nothing else, within a second. */
  crashing(reason: string): Promise<void>;
  /** Stops in order; safe to call twice. Throws WowsimError("journal_unkept") in the end, when the disk did not take the newest play. */
  stop(): Promise<void>;
}

/** Throws WowsimError (port_in_use, content_invalid, token_required, ...), with nothing left running. */
export type StartServer = (options: ServerOptions) => Promise<RunningServer>;

/** Keeps a crash report in the data directory; resolves with its path. Throws the system's error. */
export type KeepCrashReport = (dataDir: string, report: CrashReport) => Promise<string>;

/** What `wowsim serve`, `cluster`, `store`, `replay` and `validate` run. Tools do not import the server, so the main program passes it in. */
export interface ServerProgram extends ReplayHost, ValidationHost {
  startServer: StartServer;
  startController: StartController;
  startZoneHost: StartZoneHost;
  startGateway: StartGateway;
  supervise: Supervise;
  keepCrashReport: KeepCrashReport;
  store: StoreTools;
}
