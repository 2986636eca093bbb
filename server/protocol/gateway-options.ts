// The options of a gateway of a cluster, and the handle of a running one.

import type { Failure } from "./endings.ts";
import type { GatewayLimits } from "./game/limits.ts";
import type { HttpLimits } from "./limits.ts";

export interface GatewayOptions {
  /** Of the message bus: nats://HOST:PORT, several with commas between. */
  bus: string;
  /** For the bus; default: none. */
  user?: string | undefined;
  password?: string | undefined;
  /** A certificate to trust besides the system's, as a file. */
  ca?: string | undefined;
  /** Of the cluster on the bus; default "w". */
  prefix?: string;
  host?: string;
  /** Ports; 0 takes any free one. */
  port: number;
  httpPort: number;
  /** Where telemetry goes. */
  dataDir: string;
  worldFile?: string | undefined;
  /** Ticks a second of the zones; default 20. */
  tickRateHz?: number;
  /** Operators' token for /metrics; required off loopback. */
  token?: string | undefined;
  /** Players' token, required in every hello; guests are refused then. */
  playerToken?: string | undefined;
  guests?: boolean;
  limits?: Partial<GatewayLimits>;
  httpLimits?: Partial<HttpLimits>;
  /** Called once when the process can not go on: others have its players. Whoever started it ends it, and may start another. */
  onMustRestart?: ((reason: string, ending: Failure) => void) | undefined;
}

export interface RunningGateway {
  /** Its number, 1 to 63. */
  readonly gateway: number;
  readonly ports: { game: number; http: number; telemetry: number };
  readonly zones: readonly { id: number; name: string }[];
  readonly dataDir: string;
  /** Set when the limit on open files allows fewer connections than the gateway would take. */
  readonly connectionsMax: number | null;
  /** What strangers can do on this gateway, one sentence each. */
  readonly warnings: readonly string[];
  /** What it is at, and how much of it: for /metrics of a cluster, and for tests. */
  figures(): GatewayFigures;
  /** Stops in order; its players can go on at other gateways at once. Safe to call twice. */
  stop(): Promise<void>;
}

export interface GatewayFigures {
  sessions: number;
  /** Sessions that wait until their players are found. */
  sought: number;
  /** Since the start: sessions taken up from gateways that are gone, and given to others. */
  adopted: number;
  given: number;
  /** Ghosts taken out of zones since the start. */
  ghosts: number;
  zones: { zone: number; epoch: number; state: string; players: number; waiting: number }[];
}

/** Throws WowsimError (bus_unreachable, port_in_use, no_gateway_number, ...), with nothing left running. */
export type StartGateway = (options: GatewayOptions) => Promise<RunningGateway>;
