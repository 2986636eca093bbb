// The commands that say who is in a zone and who watches, on their way into its ring. None of them may get lost: what finds
// the ring full is owed, in order, and tried again every server tick. Who comes and who goes gets a ticket, a number that
// rises; what a zone says of its players names the newest ticket it has dealt with, so nothing on its way is mistaken.
//
//   session.ticket = outlet.join(2, session, JOIN_WATCHES, 10)      // 90
//   outlet.leave(1, session.id, session.lastSeq)                    // 91; isLeaving(1, session.id, 90) from now on
//   outlet.settle(1, 91)                                            // a census of zone 1 that names 91: it is not any more

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
  /** By zone: who was told to leave it and has perhaps not yet, with the ticket of that. */
  readonly #leaving = new Map<number, Map<number, number>>();
  #lastTicket = 0;

  constructor(link: ZoneLink) {
    this.#link = link;
  }

  /** Lets a player in at the spawn point; the ticket. */
  join(zoneId: number, session: Session, flags: number, level: number): number {
    const ticket = ++this.#lastTicket;
    const { id, lastSeq: seq, classIndex } = session;
    this.#deliver(zoneId, this.#command.join({ session: id, seq, ticket, flags, classIndex, level }).bytes);
    return ticket;
  }

  /** Lets a player in with all that is theirs; the ticket. */
  arrive(zoneId: number, crossing: Crossing, at: Point, flags: number): number {
    const ticket = ++this.#lastTicket;
    this.#deliver(zoneId, arrivalRecords(crossing, at, flags, ticket));
    return ticket;
  }

  leave(zoneId: number, sessionId: number, seq: number): void {
    const ticket = ++this.#lastTicket;
    this.#deliver(zoneId, this.#command.leave(sessionId, seq, ticket).bytes);
    let leaving = this.#leaving.get(zoneId);
    if (leaving === undefined) this.#leaving.set(zoneId, (leaving = new Map<number, number>()));
    leaving.set(sessionId, ticket);
  }

  watch(zoneId: number, session: Session, isSlow: boolean): void {
    this.#deliver(zoneId, this.#command.watch(session.id, session.lastSeq, isSlow).bytes);
  }

  unwatch(zoneId: number, session: Session): void {
    this.#deliver(zoneId, this.#command.unwatch(session.id, session.lastSeq).bytes);
  }

  /** Commands that wait for room in the zone's ring. */
  owedTo(zoneId: number): number {
    return this.#owed.get(zoneId)?.length ?? 0;
  }

  /** Tries again what is owed. */
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

  /** True when the zone was told that the player leaves, and has not got as far. */
  isLeaving(zoneId: number, sessionId: number, ticketDone: number): boolean {
    return (this.#leaving.get(zoneId)?.get(sessionId) ?? 0) > ticketDone;
  }

  /** The zone has dealt with everything up to that ticket. */
  settle(zoneId: number, ticketDone: number): void {
    const leaving = this.#leaving.get(zoneId);
    if (leaving === undefined || leaving.size === 0) return;
    for (const [sessionId, ticket] of leaving) if (ticket <= ticketDone) leaving.delete(sessionId);
  }

  /** The zone went DOWN: it takes everybody out by itself before it comes back. */
  forget(zoneId: number): void {
    this.#owed.delete(zoneId);
    this.#leaving.delete(zoneId);
  }

  #deliver(zoneId: number, records: Uint8Array): void {
    const owed = this.#owed.get(zoneId);
    // What is owed is a copy: the command is filled again.
    if (owed !== undefined) owed.push(records.slice());
    else if (!this.#link.send(zoneId, records)) this.#owed.set(zoneId, [records.slice()]);
  }
}
