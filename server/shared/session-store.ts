// Sessions that outlive the process: what is kept of each, and how it comes back. Resume tokens are kept as hashes only.
//
//   store.changed(12, kept)      // after each change of its name, zone or token
//   store.safe()                 // a welcome with a new token leaves when this is resolved
//
// After a restart, the zones say who is in them; the store says whose they are. A player that is in no zone is on its way: its
// crossing is kept, or it enters anew.

import { createHash } from "node:crypto";
import { z } from "zod";
import type { Crossing } from "./transfer.ts";

/** Keeps sessions. Methods return at once. */
export interface SessionStore {
  changed(id: number, kept: KeptSession): void;
  gone(id: number): void;
  /** The player of a crossing from that zone has arrived, or what it brought along is not needed any more. */
  arrived(id: number, fromZoneId: number): void;
  /** Resolves when everything kept until now is safe; null: nothing has to wait. */
  safe(): Promise<unknown> | null;
}

/** Keeps nothing. */
export const NO_STORE: SessionStore = {
  changed: () => {},
  gone: () => {},
  arrived: () => {},
  safe: () => null,
};

export const Kept = z.object({
  name: z.string(),
  class: z.number().int().min(0),
  zone: z.number().int().min(0),
  home: z.number().int().min(0),
  address: z.string(),
  acted: z.boolean(),
  token: z.string(),
  former: z.string(),
  /** Key of its character; "" for a player who does not persist. */
  character: z.string(),
});
export type KeptSession = z.infer<typeof Kept>;

/** A session that an earlier server kept, and what its zones know of its player. */
export interface RestoredSession {
  id: number;
  kept: KeptSession;
  /** The zone that has its entity; 0 when none has. */
  zoneId: number;
  /** The newest command that the zone has handled. */
  ack: number;
  crossing: Crossing | null;
}

/** A session that another gateway gives away; its player is in a zone, and all commands up to `seq` are in its ticks. */
export interface MovedSession {
  id: number;
  kept: KeptSession;
  zoneId: number;
  seq: number;
}

/** What was kept of a session; null when it is not such a value. */
export function parseKept(json: string): KeptSession | null {
  try {
    return Kept.safeParse(JSON.parse(json)).data ?? null;
  } catch {
    // The journal checks its rows, so this is a value of another version.
    return null;
  }
}

/** Whoever left the world at the stop of a server, or was on the way home, comes back: home, or to where it stood. */
export function onwards(crossing: Crossing | null, home: number): Crossing | null {
  if (crossing === null || crossing.to !== 0) return crossing;
  return home === crossing.from ? { ...crossing, to: home } : { ...crossing, to: home, at: { x: 0, y: 0, z: 0 } };
}

/** The hash under which a resume token is known. */
export function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
