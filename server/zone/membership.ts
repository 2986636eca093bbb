// Reports to the main thread who is in a zone. Each command that lets a player in or removes one has a ticket, a number from
// the router (server/main/gateway/zone-router.ts). The zone answers each ticket:
//
//   JOIN 12, ticket 90      the tick with it has ended    ENTERED 12, 90, IS_THERE     (or REFUSED and why, or QUARANTINED)
//   12 stands in a portal   the tick with OP_DEPART       DEPARTED 12, with all state of the player
//   LEAVE 12 that records   the tick with it has ended    DEPARTED 12, to zone 0, with all state and where the player stood
//   once a second                                         CENSUS: the tick, the newest answered ticket of each lane, all ids
//
// All reports go through one ring, in the order of the events. Nothing is reported before its tick has ended. A report that
// finds the ring full is sent later, and no census is sent before it.
//
// A rollback rewrites ticks that were already reported. The zone keeps its reports for as long as a rollback can rewrite them,
// and then corrects each difference: a player who was reported gone but is still in the zone is removed. A player who was
// reported present but is not in the zone is reported gone. A departure that happened only in the replay is reported now.

import { COMMAND_BYTES, EVENT_A, EVENT_BYTES, EVENT_INFO, EVENT_KIND, EVENT_REFUSED } from "../../assembly/abi.ts";
import { EVENT_SOURCE, LEAVE_RECORDS, OP_ARRIVE, OP_CARRY, OP_JOIN, OP_LEAVE } from "../../assembly/abi.ts";
import type { Portal } from "../protocol/content/content.ts";
import type { ZoneBatch } from "./command-batch.ts";
import { Crossings } from "./crossings.ts";
import type { MemoryOfDepartures } from "./departures.ts";
import type { QuarantinedCommand } from "./recovery.ts";
import type { Crossing } from "../shared/transfer.ts";
import type { JournalPlace } from "../shared/zone-journal.ts";
import { AnsweredTickets } from "../shared/tickets.ts";
import { IS_THERE, QUARANTINED, REFUSED, UNDONE } from "../shared/ring-records.ts";
import type { Entered } from "../shared/ring-records.ts";
import type { Zone } from "./zone.ts";
import type { ZoneOutput } from "./zone-output.ts";
import { Command } from "../protocol/game/command.ts";
import { at as itemAt } from "../protocol/assert.ts";

const command = new Command();
const NOBODY: readonly Crossing[] = [];

/** A report about the end of a tick, sent or still to be sent. */
type Told =
  { kind: "departed"; tick: number; crossing: Crossing } | { kind: "entered"; tick: number; entered: Entered };

/** How a replay through another module differs from the reports. Session numbers. */
export interface Rewritten {
  /** Reported as departed, or as not let in, but in the zone. The next tick removes them. */
  stillHere: number[];
  /** Reported as present, but not in the zone. */
  missing: number[];
  /** Departed, or left with their state, only in the replay. */
  departed: number[];
}

export class Membership {
  readonly #zone: Zone;
  readonly #crossings: Crossings;
  /** Sessions that enter with the current batch, their tickets, and those whose command was removed from the batch. */
  readonly #sessions: number[] = [];
  readonly #tickets: number[] = [];
  readonly #quarantined = new Set<number>();
  /** Newest tickets in the current batch, and of the ticks that have ended. */
  readonly #ticketsInBatch = new AnsweredTickets();
  readonly #answered = new AnsweredTickets();
  #owed: Told[] = [];
  #isCensusDue = false;
  /** Reports about ticks that a rollback or an undo can still rewrite. */
  #told: Told[] = [];
  #keptFrom: () => number = () => Infinity;

  constructor(zone: Zone, portals: readonly Portal[]) {
    this.#zone = zone;
    this.#crossings = new Crossings(zone, portals);
  }

  /** The current batch contains a command with a ticket: JOIN, ARRIVE or LEAVE. */
  takes(op: number, session: number, ticket: number, flags = 0): void {
    this.#ticketsInBatch.note(ticket);
    if (op === OP_LEAVE && (flags & LEAVE_RECORDS) !== 0) this.#crossings.addLeave(session);
    if (op === OP_LEAVE) return;
    this.#sessions.push(session);
    this.#tickets.push(ticket);
  }

  /** A command with a ticket came to a zone that is DOWN. It has no effect, and its ticket counts as answered. */
  drops(ticket: number): void {
    this.#answered.note(ticket);
  }

  /** Call it before a tick. Every living player in a portal departs in this tick. */
  addDepartures(batch: ZoneBatch): void {
    this.#crossings.addDepartures(batch);
  }

  /** These commands were removed from the current batch. */
  quarantine(commands: readonly QuarantinedCommand[]): void {
    for (const { op, session } of commands) {
      if (op === OP_JOIN || op === OP_ARRIVE || op === OP_CARRY) this.#quarantined.add(session);
    }
  }

  /** Call it after a completed tick. Reports who has left and who has entered; returns who has left. */
  tickDone(output: ZoneOutput): readonly Crossing[] {
    const { tick } = this.#zone;
    const departed = this.#crossings.isAnyoneDeparting ? this.#crossings.departed() : NOBODY;
    for (const crossing of departed) this.#owed.push({ kind: "departed", tick, crossing });
    for (let index = 0; index < this.#sessions.length; index++) {
      const entered = this.#outcomeOf(itemAt(this.#sessions, index), itemAt(this.#tickets, index));
      this.#owed.push({ kind: "entered", tick, entered });
    }
    this.#endBatch();
    while (this.#owed[0] !== undefined && this.#tell(output, this.#owed[0])) this.#remember(this.#owed.shift());
    if (this.#isCensusDue) this.writeCensus(output);
    return departed;
  }

  /** The newest tickets that were answered. A zone that goes on from a journal begins with them. */
  get tickets(): AnsweredTickets {
    return this.#answered;
  }

  /** The ticks after a snapshot are about to be run again; by lane, the zone had answered tickets up to these. */
  goesOn(tickets: Iterable<number>): void {
    this.#answered.set(tickets);
    this.#owed = [];
  }

  /**
   * A tick with this batch was run again from the journal. `isTold`: the main thread has all reports of that tick already.
   * Otherwise they are made again, and wait for the next tick.
   */
  revived(batch: Uint8Array, isTold: boolean): void {
    for (let at = 0; at < batch.length; at += COMMAND_BYTES) {
      const { op, session, a: ticket } = command.loadBytes(batch.subarray(at, at + COMMAND_BYTES));
      if (op !== OP_JOIN && op !== OP_ARRIVE && op !== OP_LEAVE) continue;
      this.takes(op, session, ticket);
    }
    const { tick } = this.#zone;
    if (!isTold) {
      for (const crossing of this.departedIn(batch)) this.#owed.push({ kind: "departed", tick, crossing });
      for (let index = 0; index < this.#sessions.length; index++) {
        const entered = this.#outcomeOf(itemAt(this.#sessions, index), itemAt(this.#tickets, index));
        this.#owed.push({ kind: "entered", tick, entered });
      }
    }
    this.#endBatch();
  }

  /** The players who departed in the tick that was just replayed with this batch, in the zone's memory or in another one. */
  departedIn(batch: Uint8Array, memory?: MemoryOfDepartures): Crossing[] {
    return this.#crossings.departedIn(batch, memory);
  }

  /** The players who were reported as departed after this tick, or wait to be. */
  departedSince(tick: number): { tick: number; crossing: Crossing }[] {
    return [...this.#told, ...this.#owed].flatMap((told) =>
      told.kind === "departed" && told.tick > tick ? [{ tick: told.tick, crossing: told.crossing }] : [],
    );
  }

  /** What was reported of the ticks up to `upTo`, as a journal has it: it takes the place of what is kept of them. */
  recalls(
    left: readonly { tick: number; crossing: Crossing }[],
    entered: readonly { tick: number; entered: Entered }[],
    upTo: number,
  ): void {
    const known: Told[] = [
      ...left.map((each) => ({ kind: "departed" as const, ...each })),
      ...entered.map((each) => ({ kind: "entered" as const, ...each })),
    ];
    const isOwed = (told: Told): boolean =>
      this.#owed.some((owed) => owed.tick === told.tick && sessionOf(owed) === sessionOf(told));
    this.#told = [
      ...known.filter((told) => !isOwed(told)).toSorted((one, other) => one.tick - other.tick),
      ...this.#told.filter(({ tick }) => tick > upTo),
    ];
  }

  /** Reports that are kept. */
  get toldCount(): number {
    return this.#told.length;
  }

  /** Reports about ticks after this one are kept, however old they are. */
  keepFrom(tick: () => number): void {
    this.#keptFrom = tick;
  }

  /**
   * The ticks after `fromTick` were replayed through another module, and `departures` happened in the replay. Call it when the
   * newest tick has ended, before tickDone.
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

  /** Call it once a second. The census is sent in a later tick when older reports still wait, or when the ring is full. */
  writeCensus(output: ZoneOutput): void {
    this.#isCensusDue = this.#owed.length > 0 || !output.writeCensus(this.#zone, this.#answered.words);
  }

  /**
   * The zone went DOWN: the commands of its last batch had no effect. Older reports are sent now. Those that find the ring full
   * are dropped, because all players are moved out of this zone anyway.
   */
  forget(output: ZoneOutput, place: JournalPlace): void {
    this.#crossings.forget();
    this.#endBatch();
    for (const owed of this.#owed.splice(0)) this.#tell(output, owed);
    output.flush(place);
    this.#told = [];
  }

  #endBatch(): void {
    this.#answered.noteAll(this.#ticketsInBatch);
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

  /** The kernel's reason, in this tick, for not letting a session in; 0 when it gave none. */
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
    const isGone = told.kind === "departed" || told.entered.outcome !== IS_THERE;
    if (isGone && isThere) differs.stillHere.push(session);
    if (told.kind === "entered" && told.entered.outcome === IS_THERE && !isThere) differs.missing.push(session);
  }

  /** Corrects a waiting report to the present state. A departure that did not happen in the replay is dropped. */
  #revise(owed: Told): Told[] {
    const isThere = this.#isThere(sessionOf(owed));
    if (owed.kind === "departed") return isThere ? [] : [owed];
    const { outcome } = owed.entered;
    const now = isThere ? IS_THERE : outcome === IS_THERE ? UNDONE : outcome;
    return [{ ...owed, entered: { ...owed.entered, outcome: now } }];
  }

  /** True when a departure of this session, in this tick or a later one, is reported or waits to be. */
  #isKnown(session: number, tick: number): boolean {
    const is = (told: Told): boolean => told.kind === "departed" && told.tick >= tick && sessionOf(told) === session;
    return this.#told.some(is) || this.#owed.some(is);
  }

  #remember(told: Told | undefined): void {
    if (told === undefined) return;
    const oldest = Math.min(this.#zone.segment.tick, this.#zone.previousSegment.tick, this.#keptFrom());
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
