// The options of a zone host of a cluster, and the handle of a running one.

import type { Failure } from "./endings.ts";

export interface ZoneHostOptions {
  /** Of the message bus: nats://HOST:PORT, or tls://. */
  bus: string;
  user?: string | undefined;
  password?: string | undefined;
  /** A certificate to trust besides the system's, as a file. */
  ca?: string | undefined;
  /** Of the cluster on the bus; default "w". */
  prefix?: string;
  /** Unique in the cluster. */
  name: string;
  /** Where telemetry goes. */
  dataDir: string;
  /** The same as that of the gateways. */
  worldFile?: string | undefined;
  /** Default 20. */
  tickRateHz?: number;
  /** Of everything random in a new world; default 1. */
  seed?: number;
  watchdogMs?: number | undefined;
  /** How much of a zone's past the bus keeps. */
  journalHours?: number;
  journalMegabytes?: number;
  /** Something an operator should know. */
  onWarning?: (warning: string) => void;
  /** Called once when the process can not go on. Whoever started it ends it, and may start another. */
  onMustRestart?: ((reason: string, ending: Failure) => void) | undefined;
}

export interface RunningZoneHost {
  readonly name: string;
  readonly dataDir: string;
  readonly ports: { telemetry: number };
  /** Zones that it owns now. */
  zones(): readonly number[];
  /** Resolves when it owns zones, or when others own all of them. */
  settled(): Promise<void>;
  /** Hands all zones over and ends. Safe to call twice. */
  stop(): Promise<void>;
}

/** Throws WowsimError (bus_unreachable, content_invalid, data_dir, ...), with nothing left running. */
export type StartZoneHost = (options: ZoneHostOptions) => Promise<RunningZoneHost>;
