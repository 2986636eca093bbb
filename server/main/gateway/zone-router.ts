// Which zone a player is in, and how it gets from one to another. The router is the one owner of that: a zone that says
// something else is told again (reconciler.ts), and nothing it is told gets lost on the way (zone-outlet.ts).
//
// A player that is to be in a zone is there once the zone has said so. A zone that can not let them in says why, and they
// are sent somewhere else; who is let in nowhere is told so, and their session ends.
//
// A zone that goes DOWN gives its players to a refuge (the ACTIVE zone with the fewest) and gets them back when it is
// ACTIVE again; it begins without players.
//
//   zone 1 DOWN    → {"type":"zone","zone_id":2,"tick":n,"reason":"zone_down"}, OP_JOIN in zone 2
//   zone 1 ACTIVE  → OP_LEAVE in zone 2, OP_JOIN in zone 1, {"type":"zone","zone_id":1,...,"reason":"zone_restored"}
//
// A player who went through a portal is in no zone any more, and all that is theirs is held by their session until the
// next zone has said that they are there. Should that go down or not let them in, they are sent back, or to a refuge.
// What they still did in the zone behind them found nobody there: they are told so, with their new zone.

import { JOIN_GUEST, JOIN_WATCHES, TRANSFER_ACK } from "../../../assembly/abi.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { FromZoneWorker } from "../../shared/zone-messages.ts";
import type { Crossing } from "../../shared/transfer.ts";
import { IS_THERE, QUARANTINED, UNDONE } from "../../shared/ring-records.ts";
import type { Entered, ZoneCensus } from "../../shared/ring-records.ts";
import type { PortalInfo, ZoneChange } from "../../protocol/game/client-messages.ts";
import { Reconciler } from "./reconciler.ts";
import type { PresenceListener } from "./reconciler.ts";
import type { SessionTeller } from "./replies.ts";
import type { Session } from "./session.ts";
import type { SessionTable } from "./session-table.ts";
import { REFUSED_NAMES } from "../../protocol/game/wire-names.ts";
import { ZoneChoice } from "./zone-choice.ts";
import type { ZoneLink, ZoneListener, ZoneView } from "../../shared/zone-link.ts";
import { ZoneOutlet } from "./zone-outlet.ts";
import { entryOf, wordAt } from "../../protocol/assert.ts";

/** Where players appear in a zone that they come to without a portal. */
const SPAWN_POINT = { x: 0, y: 0, z: 0 };
/** Zones that do not let a player in before what they bring along is given up, and before the session ends. */
const CARRY_TRIES_MAX = 4;
export const ENTRY_TRIES_MAX = 8;

type MoveReason = ZoneChange["reason"];
/** Why a player is not in the zone that was to let them in. */
type Miss = "refused" | "quarantined" | "unanswered" | "undone" | "absent";

export interface ZoneRouterDeps {
  link: ZoneLink;
  sessions: SessionTable;
  emitter: Emitter;
  playersPerZoneMax: number;
  /** Level of a player that enters. */
  playerLevel: number;
  /** Each zone's portals, as clients are told of them. */
  portals: ReadonlyMap<number, readonly PortalInfo[]>;
  replies: SessionTeller;
}

export interface RouterListener {
  /** No zone lets the player in: the session is to end. */
  expelled(session: Session): void;
}

export class ZoneRouter implements ZoneListener, PresenceListener {
  /** Since the start: players that were not in the zone they were to be in, by why; and those that none let in. */
  readonly misses: Record<Miss, number> = { refused: 0, quarantined: 0, unanswered: 0, undone: 0, absent: 0 };
  expelled = 0;
  #listener: RouterListener | null = null;
  readonly #deps: ZoneRouterDeps;
  readonly #outlet: ZoneOutlet;
  readonly #choice: ZoneChoice;
  readonly #reconciler: Reconciler;

  constructor(deps: ZoneRouterDeps) {
    const { link, sessions, emitter } = deps;
    this.#deps = deps;
    this.#outlet = new ZoneOutlet(link);
    this.#choice = new ZoneChoice(link, sessions, deps.playersPerZoneMax);
    this.#reconciler = new Reconciler({ sessions, outlet: this.#outlet, emitter, listener: this });
  }

  /** Who is told from now on of players that no zone lets in. */
  listen(listener: RouterListener): void {
    this.#listener = listener;
  }

  /** Entities without a session in their zone that were taken out of it, since the start. */
  get ghosts(): number {
    return this.#reconciler.ghosts;
  }

  zone(zoneId: number): ZoneView | undefined {
    return this.#choice.zone(zoneId);
  }

  canTake(zoneId: number): boolean {
    return this.#choice.canTake(zoneId);
  }

  isClosed(zoneId: number): boolean {
    return this.#choice.isClosed(zoneId);
  }

  /** The zone for a player without a wish; 0 when none can take it. */
  nextZone(): number {
    return this.#choice.nextZone();
  }

  /** Puts the player into the zone; frames begin with a reset. */
  join(session: Session, zoneId: number): void {
    const flags = this.#enter(session, zoneId);
    session.ticket = this.#outlet.join(zoneId, session, flags, this.#deps.playerLevel);
  }

  /** Takes the player's entity out of its zone. */
  leave(session: Session): void {
    if (session.zoneId === 0) return;
    this.#outlet.leave(session.zoneId, session.id, session.lastSeq);
    this.#deps.sessions.leaveZone(session);
  }

  /** From now on the session is told what it sees, everything anew at first; `isSlow`: it was behind on reading. */
  watch(session: Session, isSlow = false): void {
    session.awaitsReset = true;
    if (session.zoneId !== 0) this.#outlet.watch(session.zoneId, session, isSlow);
  }

  unwatch(session: Session): void {
    if (session.zoneId !== 0) this.#outlet.unwatch(session.zoneId, session);
  }

  /** Commands that wait for room in the zone's ring. While there are any, players' own commands have to wait too. */
  owedTo(zoneId: number): number {
    return this.#outlet.owedTo(zoneId);
  }

  /** Once a server tick: tries again what is owed. */
  retryOwed(): void {
    this.#outlet.retry();
  }

  /** Out of its zone with all that is theirs. One who has left the game meanwhile, or was moved, is not waited for. */
  departed(crossing: Crossing): void {
    const session = this.#deps.sessions.get(crossing.session);
    if (session === undefined || session.zoneId !== crossing.from || session.crossing !== null) return;
    session.crossing = crossing;
    this.#deps.sessions.leaveZone(session);
    this.#cross(session, crossing, "portal");
  }

  /** What became of a player that a zone was to let in. An answer to an older ticket says nothing any more. */
  entered({ zoneId, session: id, ticket, outcome, reason }: Entered): void {
    const session = this.#deps.sessions.get(id);
    if (session === undefined || session.zoneId !== zoneId || session.ticket !== ticket) return;
    if (outcome === IS_THERE) return this.present(session);
    const why = outcome === QUARANTINED ? "quarantined" : outcome === UNDONE ? "undone" : "refused";
    this.#miss(session, why, reason);
  }

  /** Once a second and zone: who the zone says is in it. */
  counted(census: ZoneCensus): void {
    if (this.zone(census.zoneId)?.state !== "DOWN") this.#reconciler.observe(census);
  }

  /** The zone has the player: what was held of theirs is let go. */
  present(session: Session): void {
    session.isThere = true;
    session.crossing = null;
    if (session.state === "TRANSFERRING" && !session.awaitsReset) this.#deps.sessions.move(session, "transfer_done");
  }

  /** Its zone never said what became of it. */
  unanswered(session: Session): void {
    this.#outlet.leave(session.zoneId, session.id, session.lastSeq); // it may still get there
    this.#miss(session, "unanswered");
  }

  /** It was there, and is not any more. */
  absent(session: Session): void {
    this.#miss(session, "absent");
  }

  /** It waits for a reset that does not come. */
  unwatched(session: Session): void {
    this.watch(session);
  }

  said(message: FromZoneWorker): void {
    if (message.type !== "zone_state") return;
    if (message.to === "DOWN") this.#abandon(message.zoneId);
    if (message.to === "ACTIVE") this.#bringHome(message.zoneId);
  }

  /** Once a second: finds a zone for those that none had room for, or none let in. */
  rescueStranded(): void {
    for (const session of this.#deps.sessions.values()) {
      if (session.zoneId !== 0 || session.homeZoneId === 0) continue;
      if (session.crossing === null) this.#transfer(session, this.#choice.refuge(), "zone_down");
      else this.#cross(session, session.crossing, "zone_down");
    }
  }

  #abandon(zoneId: number): void {
    this.#outlet.forget(zoneId);
    this.#reconciler.forget(zoneId);
    for (const session of this.#deps.sessions.values()) {
      if (session.zoneId !== zoneId) continue;
      if (session.crossing !== null) this.#turnAway(session, session.crossing, "zone_down");
      else this.#moveTo(session, this.#choice.refuge(zoneId), "zone_down");
    }
  }

  #bringHome(zoneId: number): void {
    for (const session of this.#deps.sessions.values()) {
      if (session.homeZoneId !== zoneId || session.zoneId === zoneId || session.crossing !== null) continue;
      if (!this.canTake(zoneId)) return;
      this.leave(session);
      this.#transfer(session, zoneId, "zone_restored");
    }
  }

  /** Not in the zone that was to let them in: back into it, or somewhere else, and in the end nowhere. */
  #miss(session: Session, why: Miss, reason = 0): void {
    const { zoneId, crossing } = session;
    this.misses[why]++;
    const tries = ++session.entryFailures;
    const data = { session_id: session.id, zone_id: zoneId, why, reason: REFUSED_NAMES[reason] ?? "", tries };
    this.#deps.emitter.emitSampled("event", "audit", "Player not in zone", data);
    if (tries >= ENTRY_TRIES_MAX) return this.#expel(session);
    if (crossing !== null && tries < CARRY_TRIES_MAX) return this.#turnAway(session, crossing, "portal");
    session.crossing = null;
    const isLost = why === "undone" || why === "absent";
    if (isLost && this.#choice.canReturnTo(zoneId)) return this.#moveTo(session, zoneId, "put_back");
    const refuge = this.#choice.refuge(zoneId);
    if (refuge !== 0) session.homeZoneId = refuge;
    this.#moveTo(session, refuge, "not_let_in");
  }

  #expel(session: Session): void {
    this.expelled++;
    session.crossing = null;
    this.leave(session);
    this.#listener?.expelled(session);
  }

  /** Where it was to go, it can not stay. */
  #turnAway(session: Session, crossing: Crossing, reason: MoveReason): void {
    const { zoneId } = session;
    const next = zoneId === crossing.from ? 0 : crossing.from;
    this.#deps.sessions.leaveZone(session);
    session.crossing = { ...crossing, to: next, from: next, at: SPAWN_POINT };
    this.#cross(session, session.crossing, reason, zoneId);
  }

  /** From no zone into the one the portal leads to, else back, else where there is room but in `except`; else it waits. */
  #cross(session: Session, crossing: Crossing, reason: MoveReason, except = 0): void {
    const { sessions } = this.#deps;
    const choice = this.#choice;
    if (session.state === "IN_WORLD") sessions.move(session, "transfer_begun");
    const { to, from } = crossing;
    const wanted = choice.canTake(to) ? to : choice.canReturnTo(from) ? from : undefined;
    const zoneId = wanted ?? choice.refuge(except);
    if (zoneId === 0) return;
    if (wanted !== undefined) session.homeZoneId = wanted;
    const lost = settleActions(session, crossing);
    const flags = this.#enter(session, zoneId);
    const at = zoneId === to ? crossing.at : SPAWN_POINT;
    session.ticket = this.#outlet.arrive(zoneId, crossing, at, flags);
    const why = zoneId !== to && choice.isClosed(to) ? "zone_overloaded" : reason;
    this.#tellZone(session, why, lost);
  }

  #moveTo(session: Session, zoneId: number, reason: MoveReason): void {
    this.#deps.sessions.leaveZone(session);
    this.#transfer(session, zoneId, reason);
  }

  /** From no zone into `zoneId`; 0: none can take it now, it waits. */
  #transfer(session: Session, zoneId: number, reason: MoveReason): void {
    if (session.state === "IN_WORLD") this.#deps.sessions.move(session, "transfer_begun");
    if (zoneId === 0) return;
    this.join(session, zoneId);
    this.#tellZone(session, reason);
  }

  #tellZone(session: Session, reason: MoveReason, lost: { lost_from?: number; lost_to?: number } = {}): void {
    const { zoneId } = session;
    const { tick } = entryOf(this.#deps.link.zones, zoneId);
    const portals = this.#deps.portals.get(zoneId) ?? [];
    this.#deps.replies.tellSession(session, { type: "zone", zone_id: zoneId, tick, reason, portals, ...lost });
  }

  /** The session is to be in that zone from now on; the flags that its entity has to enter with. */
  #enter(session: Session, zoneId: number): number {
    const watches = session.connected && !session.isGuest;
    this.#deps.sessions.enterZone(session, zoneId);
    session.isThere = false;
    session.absentRounds = 0;
    session.unwatchedRounds = 0;
    session.awaitsReset = watches;
    session.probeSeq = 0;
    return (watches ? JOIN_WATCHES : 0) | (session.isGuest ? JOIN_GUEST : 0);
  }
}

/**
 * Actions the zone was sent when the player had left it are lost: which, for the player to be told. The next zone goes on
 * from the last of them. With nobody to tell, they are as good as never received: whoever resumes says them again.
 */
function settleActions(session: Session, { words }: Crossing): Pick<ZoneChange, "lost_from" | "lost_to"> {
  const done = wordAt(words, TRANSFER_ACK);
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
