// The targets of faults, other than the shared memory of the zones: the workers, which have the zone halves, the players, and the
// journal's disk.

import type { DiskTroubleState, FaultSession } from "../protocol/faults/fault.ts";
import type { ToZoneWorker } from "./zone-messages.ts";

/** The zones of this server, ascending, and a way to send to all their workers. */
export interface FaultZones {
  readonly zones: ReadonlyMap<number, { readonly id: number; readonly name: string }>;
  broadcast(message: ToZoneWorker): void;
}

/** A fault's hook on the bytes of a session: returns the bytes to pass on. */
export type ByteHook = (session: FaultSession, bytes: Uint8Array) => Uint8Array;

/** The journal's disk. */
export interface FaultDisk {
  set(trouble: DiskTroubleState): void;
}

/** The players, and the operations that faults can do on them. */
export interface FaultPlayers {
  /** Sessions in the given zones, in order of id; in all zones when the list is empty. */
  faultSessions(zones: readonly number[]): FaultSession[];
  /** Refuses newcomers and resumes for `ticks` server ticks from now; 0 ends that. */
  holdConnections(ticks: number): void;
  /** Sends all bytes from clients through `hook`; null removes the hook. */
  setIngress(hook: ByteHook | null): void;
  /** Sends all messages to clients through `hook`; null removes the hook. */
  setEgress(hook: ByteHook | null): void;
}
