// The commands that put players into a zone, remove them or start their view, on their way into its ring. None may be
// lost: a command that finds the ring full is kept, in order, and tried again every server tick. Each entry and each
// departure gets a ticket, a rising number; a zone's report names the newest ticket it has processed, so that no report
// is matched to the wrong command.
//
//   session.ticket = outlet.join(2, session, JOIN_WATCHES, 10)      // 90
//   outlet.leave(1, session.id, session.lastSeq)                    // 91; isLeaving(1, session.id, 90) from now on
//   outlet.settle(1, 91)                                            // a census of zone 1 that names 91: false again

import { Command } from "../../protocol/game/command.ts";
import { arrivalRecords } from "../../shared/transfer.ts";
import type { Point } from "../../shared/record.ts";
import type { Crossing } from "../../shared/transfer.ts";
import type { Session } from "./session.ts";
import type { ZoneLink } from "../../shared/zone-link.ts";

export class ZoneOutlet {
  readonly #link: ZoneLink;
  readonly #command = new Command();
  readonly #owed = new Map<number, Uint8Array[]>();
  /** By zone: players that were told to leave and may still be there, with the ticket of that command. */
  readonly #leaving = new Map<number, Map<number, number>>();
  #lastTicket: number;

  constructor(link: ZoneLink, lastTicket = 0) {
    this.#lastTicket = lastTicket;
    this.#link = link;
  }

  /** The newest ticket that was used. */
  get lastTicket(): number {
    return this.#lastTicket;
  }

  /** Puts a player into the zone at the spawn point; returns the ticket. */
  join(zoneId: number, session: Session, flags: number, level: number): number {
    const ticket = ++this.#lastTicket;
    const { id, lastSeq: seq, classIndex } = session;
    this.#deliver(zoneId, this.#command.join({ session: id, seq, ticket, flags, classIndex, level }).bytes);
    return ticket;
  }

  /** Puts a player into the zone with its data; returns the ticket. */
  arrive(zoneId: number, crossing: Crossing, at: Point, flags: number): number {
    const ticket = ++this.#lastTicket;
    this.#deliver(zoneId, arrivalRecords(crossing, at, flags, ticket));
    return ticket;
  }

  /** Removes a player from the zone; returns the ticket. `flags`: LEAVE_RECORDS. */
  leave(zoneId: number, sessionId: number, seq: number, flags = 0): number {
    const ticket = ++this.#lastTicket;
    this.#deliver(zoneId, this.#command.leave(sessionId, seq, ticket, flags).bytes);
    let leaving = this.#leaving.get(zoneId);
    if (leaving === undefined) this.#leaving.set(zoneId, (leaving = new Map<number, number>()));
    leaving.set(sessionId, ticket);
    return ticket;
  }

  watch(zoneId: number, session: Session, isSlow: boolean): void {
    this.#deliver(zoneId, this.#command.watch(session.id, session.lastSeq, isSlow).bytes);
  }

  unwatch(zoneId: number, session: Session): void {
    this.#deliver(zoneId, this.#command.unwatch(session.id, session.lastSeq).bytes);
  }

  /** The number of commands that wait for room in the zone's ring. */
  owedTo(zoneId: number): number {
    return this.#owed.get(zoneId)?.length ?? 0;
  }

  /** Tries the waiting commands again. */
  retry(): void {
    for (const [zoneId, owed] of this.#owed) {
      let sent = 0;
      for (const records of owed) {
        if (!this.#link.send(zoneId, records)) break;
        sent++;
      }
      owed.splice(0, sent);
      if (owed.length === 0) this.#owed.delete(zoneId);
    }
  }

  /** True when the zone was told that the player leaves, and has not processed that yet. */
  isLeaving(zoneId: number, sessionId: number, ticketDone: number): boolean {
    return (this.#leaving.get(zoneId)?.get(sessionId) ?? 0) > ticketDone;
  }

  /** The zone has processed everything up to that ticket. */
  settle(zoneId: number, ticketDone: number): void {
    const leaving = this.#leaving.get(zoneId);
    if (leaving === undefined || leaving.size === 0) return;
    for (const [sessionId, ticket] of leaving) if (ticket <= ticketDone) leaving.delete(sessionId);
  }

  /** The zone went DOWN: it removes all players by itself before it comes back. */
  forget(zoneId: number): void {
    this.#owed.delete(zoneId);
    this.#leaving.delete(zoneId);
  }

  #deliver(zoneId: number, records: Uint8Array): void {
    const owed = this.#owed.get(zoneId);
    // The records are copied, because the command object is reused.
    if (owed !== undefined) owed.push(records.slice());
    else if (!this.#link.send(zoneId, records)) this.#owed.set(zoneId, [records.slice()]);
  }
}
