// What a zone says of who is in it. Each command that lets a player in or takes them out has a ticket, a number that the
// router gives out (net/zone-router.ts), and the zone answers to it:
//
//   JOIN 12, ticket 90      the tick with it has ended    ENTERED 12, 90, IS_THERE     (or REFUSED and why, or QUARANTINED)
//   12 stands in a portal   the tick with OP_DEPART       DEPARTED 12, with all that is theirs
//   once a second                                         CENSUS: the tick, the newest ticket that was dealt with, all ids
//
// All of it goes through one ring in the order in which it happened, and nothing is told before its tick has come to an end.
// What finds the ring full is told later, and no census overtakes it.
//
// A rollback rewrites ticks that were told already. What was told is kept for as long as it can be rewritten; afterwards
// the zone acts on every difference: who was told to be gone and is there is taken out, who was told to be there and is
// not is told to be gone, who departed only in the new course of things is told of now.

import { EVENT_A, EVENT_BYTES, EVENT_INFO, EVENT_KIND, EVENT_REFUSED } from "../../assembly/abi.ts";
import { EVENT_SOURCE, OP_ARRIVE, OP_CARRY, OP_JOIN, OP_LEAVE } from "../../assembly/abi.ts";
import type { Portal } from "../protocol/content/content.ts";
import type { ZoneBatch } from "./command-batch.ts";
import { Crossings } from "./crossings.ts";
import type { QuarantinedCommand } from "./recovery.ts";
import type { Crossing } from "../shared/transfer.ts";
import { IS_THERE, QUARANTINED, REFUSED, UNDONE } from "../shared/ring-records.ts";
import type { Entered } from "../shared/ring-records.ts";
import type { Zone } from "./zone.ts";
import type { ZoneOutput } from "./zone-output.ts";
import { at as itemAt } from "../protocol/assert.ts";

/** Something that was told, or is to be, of the end of a tick. */
type Told =
  { kind: "departed"; tick: number; crossing: Crossing } | { kind: "entered"; tick: number; entered: Entered };

/** How a replay through another module differs from what was told. */
export interface Rewritten {
  /** Told to have departed, and still there: taken out with the next tick. */
  stillHere: number[];
  /** Told to be there, and not. */
  missing: number[];
  /** Departed in the new course of things only. */
  departed: number[];
}

export class Membership {
  readonly #zone: Zone;
  readonly #crossings: Crossings;
  /** Who comes in with the batch at hand: session, ticket, and whether that command was taken out of it. */
  readonly #sessions: number[] = [];
  readonly #tickets: number[] = [];
  readonly #quarantined = new Set<number>();
  /** Newest ticket among the commands of the batch at hand, and of ticks that have ended. */
  #ticketInBatch = 0;
  #ticketDone = 0;
  #owed: Told[] = [];
  #isCensusDue = false;
  /** What was told of ticks that a rollback can still rewrite. */
  #told: Told[] = [];

  constructor(zone: Zone, portals: readonly Portal[]) {
    this.#zone = zone;
    this.#crossings = new Crossings(zone, portals);
  }

  /** A command with a ticket is in the batch at hand: JOIN, ARRIVE, LEAVE. */
  takes(op: number, session: number, ticket: number): void {
    if (ticket > this.#ticketInBatch) this.#ticketInBatch = ticket;
    if (op === OP_LEAVE) return;
    this.#sessions.push(session);
    this.#tickets.push(ticket);
  }

  /** A command with a ticket came to a zone that is DOWN: it is dealt with, by nothing. */
  drops(ticket: number): void {
    if (ticket > this.#ticketDone) this.#ticketDone = ticket;
  }

  /** Before a tick: whoever stands in a portal departs with it. */
  addDepartures(batch: ZoneBatch): void {
    this.#crossings.addDepartures(batch);
  }

  /** These commands were taken out of the batch at hand. */
  quarantine(commands: readonly QuarantinedCommand[]): void {
    for (const { op, session } of commands) {
      if (op === OP_JOIN || op === OP_ARRIVE || op === OP_CARRY) this.#quarantined.add(session);
    }
  }

  /** After a tick that came to its end: who has left, and who is there. */
  tickDone(output: ZoneOutput): void {
    const { tick } = this.#zone;
    if (this.#crossings.isAnyoneDeparting)
      for (const crossing of this.#crossings.departed()) this.#owed.push({ kind: "departed", tick, crossing });
    for (let index = 0; index < this.#sessions.length; index++) {
      const entered = this.#outcomeOf(itemAt(this.#sessions, index), itemAt(this.#tickets, index));
      this.#owed.push({ kind: "entered", tick, entered });
    }
    this.#endBatch();
    while (this.#owed[0] !== undefined && this.#tell(output, this.#owed[0])) this.#remember(this.#owed.shift());
    if (this.#isCensusDue) this.writeCensus(output);
  }

  /** Who departed in a tick that was just replayed with this batch. */
  departedIn(batch: Uint8Array): Crossing[] {
    return this.#crossings.departedIn(batch);
  }

  /**
   * Ticks after `fromTick` were replayed through another module, in which `departures` came to pass. Call it when the newest
   * tick has ended, before tickDone.
   */
  rewrite(fromTick: number, departures: readonly { tick: number; crossing: Crossing }[]): Rewritten {
    const differs: Rewritten = { stillHere: [], missing: [], departed: [] };
    const last = new Map<number, Told>();
    for (const told of this.#told) if (told.tick > fromTick) last.set(sessionOf(told), told);
    for (const [session, told] of last) this.#compare(session, told, differs);
    this.#owed = this.#owed.flatMap((owed) => this.#revise(owed));
    for (const { tick, crossing } of departures) {
      const { session } = crossing;
      if (this.#isThere(session) || this.#isKnown(session, tick)) continue;
      differs.departed.push(session);
      differs.missing = differs.missing.filter((id) => id !== session);
      this.#owed.push({ kind: "departed", tick, crossing });
    }
    for (const session of differs.missing) {
      const told = last.get(session);
      if (told?.kind !== "entered") continue;
      this.#owed.push({ ...told, entered: { ...told.entered, outcome: UNDONE } });
    }
    this.#isCensusDue = true;
    return differs;
  }

  /** Once a second. It waits for a later tick when something is still to be told first, or there is no room. */
  writeCensus(output: ZoneOutput): void {
    this.#isCensusDue = this.#owed.length > 0 || !output.writeCensus(this.#zone, this.#ticketDone);
  }

  /**
   * The zone went DOWN: what was in its last batch has not happened. What had happened before is told now or, when there is
   * no room for it, never: everybody is moved out of this zone.
   */
  forget(output: ZoneOutput): void {
    this.#crossings.forget();
    this.#endBatch();
    for (const owed of this.#owed.splice(0)) this.#tell(output, owed);
    output.flush();
    this.#told = [];
  }

  #endBatch(): void {
    if (this.#ticketInBatch > this.#ticketDone) this.#ticketDone = this.#ticketInBatch;
    if (this.#sessions.length > 0) this.#sessions.length = 0;
    if (this.#tickets.length > 0) this.#tickets.length = 0;
    if (this.#quarantined.size > 0) this.#quarantined.clear();
  }

  #outcomeOf(session: number, ticket: number): Entered {
    const zoneId = this.#zone.id;
    if (this.#isThere(session)) return { zoneId, session, ticket, outcome: IS_THERE, reason: 0 };
    if (this.#quarantined.has(session)) return { zoneId, session, ticket, outcome: QUARANTINED, reason: 0 };
    return { zoneId, session, ticket, outcome: REFUSED, reason: this.#refusalOf(session) };
  }

  /** Why the kernel did not let a session in, as it said in this tick; 0: it did not say. */
  #refusalOf(session: number): number {
    const { view, at } = this.#zone;
    const count = Math.min(view.getUint32(at.eventCount, true), at.eventsMax);
    for (let index = 0; index < count; index++) {
      const event = at.events + index * EVENT_BYTES;
      if (view.getUint16(event + EVENT_KIND, true) !== EVENT_REFUSED) continue;
      const op = view.getUint32(event + EVENT_A, true);
      if (view.getUint32(event + EVENT_SOURCE, true) === session && (op === OP_JOIN || op === OP_ARRIVE))
        return view.getUint16(event + EVENT_INFO, true);
    }
    return 0;
  }

  #isThere(session: number): boolean {
    return this.#zone.entities.positionOf(session) !== null;
  }

  #compare(session: number, told: Told, differs: Rewritten): void {
    const isThere = this.#isThere(session);
    if (told.kind === "departed" && isThere) differs.stillHere.push(session);
    if (told.kind === "entered" && told.entered.outcome === IS_THERE && !isThere) differs.missing.push(session);
  }

  /** What is still to be told, as it is now: nothing of a departure that did not happen after all. */
  #revise(owed: Told): Told[] {
    const isThere = this.#isThere(sessionOf(owed));
    if (owed.kind === "departed") return isThere ? [] : [owed];
    const { outcome } = owed.entered;
    const now = isThere ? IS_THERE : outcome === IS_THERE ? UNDONE : outcome;
    return [{ ...owed, entered: { ...owed.entered, outcome: now } }];
  }

  /** A departure of that session in that tick or a later one was told, or will be. */
  #isKnown(session: number, tick: number): boolean {
    const is = (told: Told): boolean => told.kind === "departed" && told.tick >= tick && sessionOf(told) === session;
    return this.#told.some(is) || this.#owed.some(is);
  }

  #remember(told: Told | undefined): void {
    if (told === undefined) return;
    const oldest = Math.min(this.#zone.segment.tick, this.#zone.previousSegment.tick);
    if (this.#told[0] !== undefined && this.#told[0].tick <= oldest)
      this.#told = this.#told.filter(({ tick }) => tick > oldest);
    this.#told.push(told);
  }

  #tell(output: ZoneOutput, told: Told): boolean {
    return told.kind === "departed" ? output.writeDeparted(told.crossing) : output.writeEntered(told.entered);
  }
}

function sessionOf(told: Told): number {
  return told.kind === "departed" ? told.crossing.session : told.entered.session;
}
