// What faults act on, besides the memory they share with zones: the workers, which have their zone halves, and the players.

import type { FaultSession } from "../protocol/faults/fault.ts";
import type { ToZoneWorker } from "./zone-messages.ts";

/** The zones of this server, ascending, and the way to all their workers. */
export interface FaultZones {
  readonly zones: ReadonlyMap<number, { readonly id: number; readonly name: string }>;
  broadcast(message: ToZoneWorker): void;
}

/** A fault's hook on the bytes of a session: returns what is passed on. */
export type ByteHook = (session: FaultSession, bytes: Uint8Array) => Uint8Array;

/** Those who play, and the ways to hurt them. */
export interface FaultPlayers {
  /** Sessions in the given zones, in order of id; of all zones when none is given. */
  faultSessions(zones: readonly number[]): FaultSession[];
  /** Lets nobody in, and no one resume, for so many server ticks from now; 0 ends that. */
  holdConnections(ticks: number): void;
  /** All bytes from clients go through `hook`; null: as they are. */
  setIngress(hook: ByteHook | null): void;
  /** All messages to clients go through `hook`; null: as they are. */
  setEgress(hook: ByteHook | null): void;
}
