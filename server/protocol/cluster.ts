// What tools may know of a cluster: its status as the controller tells it, and how a controller is started.
//
//   > {"command":"cluster"}
//   < {"success":true,"command":"cluster","hosts":[{"host":"a","pid":4711,"load":0.2,"silent_ms":120,"is_alive":true,"zones":[1,4]}],
//      "gateways":[...],"zones":[{"zone":1,"name":"Field 1","host":"a","epoch":1,...,"next":"b"}]}
//   > {"command":"cluster_move","zone_id":1,"host":"b"}
//   < {"success":true,"command":"cluster_move","zone":1,"from":"a","to":"b","epoch":2,"still_ms":96}

export interface HostStatus {
  host: string;
  pid: number;
  /** Its processors' share in use, 0 to 1. */
  load: number;
  /** Since its last heartbeat. */
  silent_ms: number;
  is_alive: boolean;
  /** Those that it owns, by number. */
  zones: number[];
}

export interface GatewayStatus {
  gateway: number;
  pid: number;
  sessions: number;
  game: number;
  http: number;
  silent_ms: number;
  is_alive: boolean;
}

export interface ZoneStatus {
  zone: number;
  name: string;
  /** Who owns it; null when nobody is heard to. */
  host: string | null;
  /** Of the newest owner that was heard of; 0 before the first. */
  epoch: number;
  tick: number;
  /** As its owner says; "NOBODY" without one. */
  state: string;
  players: number;
  /** How far the journal is behind the zone. */
  lag_ms: number;
  /** The host that would take it over; null when there is no other. */
  next: string | null;
}

/** A zone that was moved to another host. */
export interface ZoneMove {
  zone: number;
  from: string;
  to: string;
  /** Of its new owner. */
  epoch: number;
  /** From the old owner's last tick to the new one's first, in milliseconds, as the controller heard them. */
  still_ms: number;
}

/** Whether it ticks, as its owner says. */
export function runs({ state }: Pick<ZoneStatus, "state">): boolean {
  return state === "ACTIVE" || state === "DEGRADED";
}

export interface ClusterStatus {
  hosts: HostStatus[];
  gateways: GatewayStatus[];
  zones: ZoneStatus[];
}

export interface ControllerOptions {
  /** nats://HOST:PORT, or tls://. */
  bus: string;
  user?: string | undefined;
  password?: string | undefined;
  /** A certificate to trust besides the system's, as a file. */
  ca?: string | undefined;
  /** Of the cluster's subjects on the bus; default "w". */
  prefix?: string | undefined;
  host: string;
  /** 0: any free one. */
  controlPort: number;
  /** Operators' token; required off loopback. */
  token?: string | undefined;
  worldFile?: string | undefined;
  onWarning?: (warning: string) => void;
}

export interface RunningController {
  readonly control: number;
  status(): ClusterStatus;
  stop(): Promise<void>;
}

/** Throws WowsimError (bus_unreachable, content_invalid, port_in_use, ...), with nothing left running. */
export type StartController = (options: ControllerOptions) => Promise<RunningController>;
