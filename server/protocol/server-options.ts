// The options of a server, and the handle of a running one.

import type { GatewayLimits } from "./game/limits.ts";
import type { ControlLimits, HttpLimits, FeedLimits } from "./limits.ts";

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
  limits?: Partial<GatewayLimits>;
  controlLimits?: Partial<ControlLimits>;
  httpLimits?: Partial<HttpLimits>;
  feedLimits?: Partial<FeedLimits>;
  /** How late a zone worker may be before it is ended and replaced, in milliseconds; default 1,000. */
  watchdogMs?: number;
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
  /** Stops in order; safe to call twice. */
  stop(): Promise<void>;
}

/** Throws WowsimError (port_in_use, content_invalid, token_required, ...), with nothing left running. */
export type StartServer = (options: ServerOptions) => Promise<RunningServer>;
