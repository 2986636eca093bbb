// Players who leave a zone with their state: through a portal, or because their character leaves the world. Each departure is
// a command in the zone's journal.
//
//   tick 700: 12 stands in portal 0      OP_DEPART 12, e = 0, is in the batch of tick 701, journalled like any command
//   tick 701 done: 12 has departed       a Crossing with all state of the player (membership.ts sends it)
//   OP_LEAVE 13 with LEAVE_RECORDS       a Crossing to zone 0, with the point where the player stood
//
// The command contains the portal's number. A replay through another module may let a player depart who did not depart before;
// the number then says where to.

import { COMMAND_A, COMMAND_BYTES, COMMAND_E, COMMAND_FLAGS, COMMAND_OP, COMMAND_SESSION } from "../../assembly/abi.ts";
import { ENTITY_DEAD, LEAVE_RECORDS, OP_DEPART, OP_LEAVE } from "../../assembly/abi.ts";
import type { Portal } from "../protocol/content/content.ts";
import type { ZoneBatch } from "./command-batch.ts";
import { readDepartures } from "./departures.ts";
import type { MemoryOfDepartures } from "./departures.ts";
import type { Crossing } from "../shared/transfer.ts";
import type { Zone } from "./zone.ts";
import { Command } from "../protocol/game/command.ts";

const command = new Command();

export class Crossings {
  readonly #zone: Zone;
  readonly #portals: readonly Portal[];
  /** Sessions whose OP_DEPART is in the current batch, with their portals. */
  readonly #departing = new Map<number, Portal>();
  /** Sessions whose OP_LEAVE with LEAVE_RECORDS is in the current batch. */
  readonly #leaving = new Set<number>();

  constructor(zone: Zone, portals: readonly Portal[]) {
    this.#zone = zone;
    this.#portals = portals;
  }

  /** Call it before a tick. Every living player in a portal departs in this tick. */
  addDepartures(batch: ZoneBatch): void {
    this.#departing.clear();
    if (this.#portals.length === 0) return;
    this.#zone.entities.eachPlayer((session, x, y, flags) => {
      const index = (flags & ENTITY_DEAD) === 0 ? this.#portalAt(x, y) : -1;
      const portal = this.#portals[index];
      if (portal === undefined || this.#departing.has(session)) return;
      if (batch.push(command.set(OP_DEPART, { a: session, e: index }))) this.#departing.set(session, portal);
    });
  }

  /** The current batch contains an OP_LEAVE with LEAVE_RECORDS for this session. */
  addLeave(session: number): void {
    this.#leaving.add(session);
  }

  /** True when a player may leave with its state in the current batch. Otherwise there is no need to call departed(). */
  get isAnyoneDeparting(): boolean {
    return this.#departing.size > 0 || this.#leaving.size > 0;
  }

  /** The players who left with their state in the tick that has just ended. */
  departed(): Crossing[] {
    const crossings = crossingsOf(this.#departing, this.#leaving, this.#zone, this.#zone.id);
    this.#leaving.clear();
    return crossings;
  }

  /** The players who left in the tick that was just replayed with this batch, in this zone's memory or in another one. */
  departedIn(batch: Uint8Array, memory: MemoryOfDepartures = this.#zone): Crossing[] {
    return departedIn(batch, memory, this.#zone.id, this.#portals);
  }

  /** The zone went DOWN: the commands of its last batch had no effect. */
  forget(): void {
    this.#departing.clear();
    this.#leaving.clear();
  }

  /** Index of the portal at this point; -1 when there is none. */
  #portalAt(x: number, y: number): number {
    return this.#portals.findIndex((portal) => Math.hypot(x - portal.x, y - portal.y) <= portal.radiusYd);
  }
}

/** The players who left a zone in the tick that was just run with this batch, in a memory. */
export function departedIn(
  batch: Uint8Array,
  memory: MemoryOfDepartures,
  zoneId: number,
  zonePortals: readonly Portal[],
): Crossing[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  const portals = new Map<number, Portal>();
  const leaving = new Set<number>();
  for (let at = 0; at < batch.length; at += COMMAND_BYTES) {
    if (isRecordedLeave(view, at)) leaving.add(view.getUint32(at + COMMAND_SESSION, true));
    const portal = zonePortals[view.getUint32(at + COMMAND_E, true)];
    if (view.getUint16(at + COMMAND_OP, true) !== OP_DEPART || portal === undefined) continue;
    portals.set(view.getUint32(at + COMMAND_A, true), portal);
  }
  return portals.size + leaving.size === 0 ? [] : crossingsOf(portals, leaving, memory, zoneId);
}

function crossingsOf(
  portals: ReadonlyMap<number, Portal>,
  leaving: ReadonlySet<number>,
  memory: MemoryOfDepartures,
  from: number,
): Crossing[] {
  return readDepartures(memory).flatMap(({ session, stood, words }) => {
    const portal = portals.get(session);
    if (portal !== undefined) return [{ from, to: portal.to, at: portal.exit, session, words }];
    return leaving.has(session) ? [{ from, to: 0, at: stood, session, words }] : [];
  });
}

function isRecordedLeave(view: DataView, at: number): boolean {
  const flags = view.getUint16(at + COMMAND_FLAGS, true);
  return view.getUint16(at + COMMAND_OP, true) === OP_LEAVE && (flags & LEAVE_RECORDS) !== 0;
}
