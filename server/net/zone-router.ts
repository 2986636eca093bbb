// Which zone a player is in, and how it gets from one to another. Entering, leaving, watching are commands that must not
// get lost: what finds a zone's ring full is owed, in order, and tried again every server tick.
//
// A zone that goes DOWN gives its players to a refuge (the ACTIVE zone with the fewest) and gets them back when it is
// ACTIVE again. Its memory still has their entities, so the first thing it is told is that they left.
//
//   zone 1 DOWN    → {"type":"zone","zone_id":2,"tick":n,"reason":"zone_down"}, OP_JOIN in zone 2
//   zone 1 ACTIVE  → OP_LEAVE in zone 2, OP_JOIN in zone 1, {"type":"zone","zone_id":1,...,"reason":"zone_restored"}
//
// A player who went through a portal is in no zone any more, and all that is theirs is held by their session until the
// next zone has said that they are there. Should that go down or not let them in, they are sent back, or to a refuge.
// What they still did in the zone behind them found nobody there: they are told so, with their new zone.

import {
  JOIN_GUEST,
  JOIN_WATCHES,
  OP_ARRIVE,
  OP_JOIN,
  OP_LEAVE,
  OP_UNWATCH,
  OP_WATCH,
  TRANSFER_ACK,
  WATCH_IS_SLOW,
} from "../../assembly/abi.ts";
import type { FromZoneWorker, ZoneState } from "../zone/messages.ts";
import { LEVEL_CLOSED } from "../zone/overload.ts";
import { arrivalRecords } from "../zone/transfer.ts";
import type { Crossing } from "../zone/transfer.ts";
import type { PortalInfo, ServerMessage, ZoneChange } from "./client-messages.ts";
import type { Session } from "./session.ts";
import type { SessionTable } from "./session-table.ts";
import type { ZoneLink, ZoneView } from "./zone-link.ts";

/** Where players appear in a zone that they come to without a portal. */
const SPAWN_POINT = { x: 0, y: 0, z: 0 };

interface OwedCommand {
  op: number;
  sessionId: number;
  seq: number;
  flags: number;
  e: number;
  /** Instead of all that: an arrival from another zone. */
  records?: Uint8Array;
}

type MoveReason = ZoneChange["reason"];

export interface ZoneRouterDeps {
  link: ZoneLink;
  sessions: SessionTable;
  playersPerZoneMax: number;
  /** Level of a player that enters. */
  playerLevel: number;
  /** A zone's portals, as clients are told of them. */
  portalsOf(zoneId: number): readonly PortalInfo[];
  /** Tells a session something, if anybody is there to be told. */
  tell(session: Session, message: ServerMessage): void;
}

export class ZoneRouter {
  readonly #deps: ZoneRouterDeps;
  readonly #owed = new Map<number, OwedCommand[]>();
  /** Zones that went DOWN, and the sessions whose entities their memory still has. */
  readonly #abandoned = new Map<number, Set<number>>();
  #turn = 0;

  constructor(deps: ZoneRouterDeps) {
    this.#deps = deps;
  }

  zone(zoneId: number): ZoneView | undefined {
    return this.#deps.link.zones.get(zoneId);
  }

  /** True when the zone runs, has room for one more, and is not too overloaded to let anybody new in. */
  canTake(zoneId: number): boolean {
    return this.#canReturnTo(zoneId) && !this.isClosed(zoneId);
  }

  /** True when the zone is so overloaded that nobody new is let in. */
  isClosed(zoneId: number): boolean {
    return (this.zone(zoneId)?.overloadLevel ?? 0) >= LEVEL_CLOSED;
  }

  /** The zone for a player without a wish: those that are ACTIVE in turn, else any that runs; 0 when none can take it. */
  nextZone(): number {
    const candidates = bestOf(this.#openZones());
    const chosen = candidates[this.#turn++ % Math.max(1, candidates.length)];
    return chosen?.id ?? 0;
  }

  /** Puts the player into the zone; frames begin with a reset. */
  join(session: Session, zoneId: number): void {
    const flags = this.#enter(session, zoneId);
    this.#deliver(zoneId, {
      op: OP_JOIN,
      sessionId: session.id,
      seq: session.lastSeq,
      flags,
      e: session.classIndex | (this.#deps.playerLevel << 8),
    });
  }

  /** Takes the player's entity out of its zone. */
  leave(session: Session): void {
    if (session.zoneId === 0) return;
    this.#deliver(session.zoneId, plain(OP_LEAVE, session.id, session.lastSeq));
    this.#deps.sessions.leaveZone(session);
  }

  /** From now on the session is told what it sees, everything anew at first; `isSlow`: it was behind on reading. */
  watch(session: Session, isSlow = false): void {
    session.awaitsReset = true;
    if (session.zoneId === 0) return;
    const flags = isSlow ? WATCH_IS_SLOW : 0;
    this.#deliver(session.zoneId, { ...plain(OP_WATCH, session.id, session.lastSeq), flags });
  }

  unwatch(session: Session): void {
    if (session.zoneId !== 0) this.#deliver(session.zoneId, plain(OP_UNWATCH, session.id, session.lastSeq));
  }

  /** Commands that wait for room in the zone's ring. While there are any, players' own commands have to wait too. */
  owedTo(zoneId: number): number {
    return this.#owed.get(zoneId)?.length ?? 0;
  }

  /** Once a server tick: tries again what is owed. */
  retryOwed(): void {
    for (const [zoneId, owed] of this.#owed) {
      let sent = 0;
      for (const command of owed) {
        if (!this.#send(zoneId, command)) break;
        sent++;
      }
      owed.splice(0, sent);
      if (owed.length === 0) this.#owed.delete(zoneId);
    }
  }

  /** Out of its zone with all that is theirs. One who has left the game meanwhile, or was moved, is not waited for. */
  onDeparture(crossing: Crossing): void {
    const session = this.#deps.sessions.get(crossing.session);
    if (session === undefined || session.zoneId !== crossing.from || session.crossing !== null) return;
    session.crossing = crossing;
    this.#deps.sessions.leaveZone(session);
    this.#cross(session, crossing, "portal");
  }

  /** The zone has let the player in: what was held of theirs is let go. Or has not: somewhere else, then. */
  onArrival(zoneId: number, sessionId: number, isThere: boolean): void {
    const session = this.#deps.sessions.get(sessionId);
    if (session === undefined || session.crossing === null || session.zoneId !== zoneId) return;
    if (!isThere) return this.#turnAway(session, session.crossing, "portal");
    session.crossing = null;
    if (session.state === "TRANSFERRING" && !session.awaitsReset) this.#deps.sessions.move(session, "transfer_done");
  }

  onMessage(message: FromZoneWorker): void {
    if (message.type !== "zone_state") return;
    if (message.to === "DOWN") this.#abandon(message.zoneId);
    else if (message.from === "DOWN") this.#forgetLeavers(message.zoneId);
    if (message.to === "ACTIVE") this.#bringHome(message.zoneId);
  }

  /** Once a second: finds a zone for those that none had room for when theirs went down. */
  rescueStranded(): void {
    for (const session of this.#deps.sessions.values()) {
      if (session.zoneId !== 0 || session.homeZoneId === 0) continue;
      if (session.crossing === null) this.#transfer(session, this.#refuge(), "zone_down");
      else this.#cross(session, session.crossing, "zone_down");
    }
  }

  #abandon(zoneId: number): void {
    const ghosts = this.#abandoned.get(zoneId) ?? new Set<number>();
    this.#abandoned.set(zoneId, ghosts);
    this.#owed.delete(zoneId);
    for (const session of this.#deps.sessions.values()) {
      if (session.zoneId !== zoneId) continue;
      ghosts.add(session.id);
      if (session.crossing !== null) this.#turnAway(session, session.crossing, "zone_down");
      else {
        this.#deps.sessions.leaveZone(session);
        this.#transfer(session, this.#refuge(), "zone_down");
      }
    }
  }

  /** The zone runs again from a memory of before: those who left meanwhile leave it now. */
  #forgetLeavers(zoneId: number): void {
    for (const id of this.#abandoned.get(zoneId) ?? []) this.#deliver(zoneId, plain(OP_LEAVE, id, 0));
    this.#abandoned.delete(zoneId);
  }

  #bringHome(zoneId: number): void {
    for (const session of this.#deps.sessions.values()) {
      if (session.homeZoneId !== zoneId || session.zoneId === zoneId || session.crossing !== null) continue;
      if (!this.canTake(zoneId)) return;
      this.leave(session);
      this.#transfer(session, zoneId, "zone_restored");
    }
  }

  /** Where it was to go, it can not stay. */
  #turnAway(session: Session, crossing: Crossing, reason: MoveReason): void {
    const next = session.zoneId === crossing.from ? 0 : crossing.from;
    this.#deps.sessions.leaveZone(session);
    session.crossing = { ...crossing, to: next, from: next, at: SPAWN_POINT };
    this.#cross(session, session.crossing, reason);
  }

  /** From no zone into the one the portal leads to, else back, else where there is room; when there is none it waits. */
  #cross(session: Session, crossing: Crossing, reason: MoveReason): void {
    const { sessions } = this.#deps;
    if (session.state === "IN_WORLD") sessions.move(session, "transfer_begun");
    const { to, from } = crossing;
    const wanted = this.canTake(to) ? to : this.#canReturnTo(from) ? from : undefined;
    const zoneId = wanted ?? this.#refuge();
    if (zoneId === 0) return;
    if (wanted !== undefined) session.homeZoneId = wanted;
    const lost = settleActions(session, crossing);
    const flags = this.#enter(session, zoneId);
    const at = zoneId === to ? crossing.at : SPAWN_POINT;
    this.#deliver(zoneId, { ...plain(OP_ARRIVE, session.id, 0), records: arrivalRecords(crossing, at, flags) });
    const why = zoneId !== to && this.isClosed(to) ? "zone_overloaded" : reason;
    this.#tellZone(session, why, lost);
  }

  /** From no zone into `zoneId`; 0: none can take it now, it waits. */
  #transfer(session: Session, zoneId: number, reason: MoveReason): void {
    const { sessions } = this.#deps;
    if (session.state === "IN_WORLD") sessions.move(session, "transfer_begun");
    if (zoneId === 0) return;
    this.join(session, zoneId);
    this.#tellZone(session, reason);
    if (session.state === "TRANSFERRING" && !session.awaitsReset) sessions.move(session, "transfer_done");
  }

  #tellZone(session: Session, reason: MoveReason, lost: { lost_from?: number; lost_to?: number } = {}): void {
    const { zoneId } = session;
    const tick = this.zone(zoneId)?.tick ?? 0;
    const portals = this.#deps.portalsOf(zoneId);
    this.#deps.tell(session, { type: "zone", zone_id: zoneId, tick, reason, portals, ...lost });
  }

  /** The session is in that zone from now on; the flags that its entity has to enter with. */
  #enter(session: Session, zoneId: number): number {
    const watches = session.connected && !session.isGuest;
    this.#deps.sessions.enterZone(session, zoneId);
    session.awaitsReset = watches;
    session.probeSeq = 0;
    return (watches ? JOIN_WATCHES : 0) | (session.isGuest ? JOIN_GUEST : 0);
  }

  #refuge(): number {
    let best = 0;
    for (const zone of bestOf(this.#openZones())) {
      if (best === 0 || this.#deps.sessions.playersIn(zone.id) < this.#deps.sessions.playersIn(best)) best = zone.id;
    }
    return best;
  }

  #openZones(): ZoneView[] {
    return [...this.#deps.link.zones.values()].filter((zone) => this.#hasRoom(zone) && !this.isClosed(zone.id));
  }

  /** Who comes back to where they came from is nobody new. */
  #canReturnTo(zoneId: number): boolean {
    const zone = this.zone(zoneId);
    return zone !== undefined && zone.state !== "DOWN" && this.#hasRoom(zone);
  }

  #hasRoom(zone: ZoneView): boolean {
    return this.#deps.sessions.playersIn(zone.id) < this.#deps.playersPerZoneMax;
  }

  #deliver(zoneId: number, command: OwedCommand): void {
    const owed = this.#owed.get(zoneId);
    if (owed !== undefined) owed.push(command);
    else if (!this.#send(zoneId, command)) this.#owed.set(zoneId, [command]);
  }

  #send(zoneId: number, { op, sessionId, seq, flags, e, records }: OwedCommand): boolean {
    if (records !== undefined) return this.#deps.link.arrive(zoneId, records);
    return this.#deps.link.command(zoneId, op, sessionId, seq, flags, 0, 0, 0, 0, e);
  }
}

/**
 * Actions the zone was sent when the player had left it are lost: which, for the player to be told. The next zone goes on
 * from the last of them. With nobody to tell, they are as good as never received: whoever resumes says them again.
 */
function settleActions(session: Session, { words }: Crossing): Pick<ZoneChange, "lost_from" | "lost_to"> {
  const done = words[TRANSFER_ACK] ?? 0;
  const { lastSeq } = session;
  // A zone that says it has done more than was asked is not believed: nothing that follows would be taken.
  if (done > lastSeq) words[TRANSFER_ACK] = lastSeq;
  if (done >= lastSeq) return {};
  if (!session.connected) {
    session.lastSeq = done;
    return {};
  }
  words[TRANSFER_ACK] = lastSeq;
  return { lost_from: done + 1, lost_to: lastSeq };
}

function plain(op: number, sessionId: number, seq: number): OwedCommand {
  return { op, sessionId, seq, flags: 0, e: 0 };
}

/** Those in the best state any of them has; a zone that is DOWN is never among them. */
function bestOf(zones: ZoneView[]): ZoneView[] {
  for (const state of ["ACTIVE", "DEGRADED", "CRASHED"] satisfies ZoneState[]) {
    const found = zones.filter((zone) => zone.state === state);
    if (found.length > 0) return found;
  }
  return [];
}
