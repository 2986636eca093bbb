// Which zone a player is in, and how it moves from one zone to another. Only the router decides that: a zone that
// reports something else is corrected (reconciler.ts), and no command to a zone is lost (zone-outlet.ts).
//
// A player is in a zone once the zone has reported it. A zone that can not admit a player gives the reason, and the
// player is sent to another zone; when no zone admits it, it is told so and its session ends. The players of a zone that goes DOWN leave it with what they have, go to a refuge (the ACTIVE zone with the fewest players), and
// come back when it is ACTIVE again; it starts without players.
//
//   zone 1 DOWN    → {"type":"zone","zone_id":2,"tick":n,"reason":"zone_down"}, OP_ARRIVE in zone 2
//   zone 1 ACTIVE  → OP_LEAVE in zone 2, OP_ARRIVE in zone 1, {"type":"zone","zone_id":1,...,"reason":"zone_restored"}
//
// A player that went through a portal is in no zone, and its session holds its data until the next zone has reported it as present. When
// that zone goes down or does not admit it, it is sent back, or to a refuge. Actions that reached the previous zone after it had left are
// lost: it is told which, with its new zone.
//
// A character enters a zone with its record (characters.ts) and leaves it with a new one (logouts.ts), also when it is brought
// home. Whoever has no record, because a zone lost its memory, enters with that of the last departure.

import { JOIN_GUEST, JOIN_WATCHES, LEAVE_RECORDS, TRANSFER_ACK } from "../../../assembly/abi.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { FromZoneWorker } from "../../shared/zone-messages.ts";
import type { Crossing } from "../../shared/transfer.ts";
import { IS_THERE, QUARANTINED, UNDONE } from "../../shared/ring-records.ts";
import type { Entered, ZoneCensus } from "../../shared/ring-records.ts";
import type { PortalInfo, ZoneChange } from "../../protocol/game/client-messages.ts";
import type { Characters } from "./characters.ts";
import { Logouts } from "./logouts.ts";
import { Reconciler } from "./reconciler.ts";
import type { PresenceListener } from "./reconciler.ts";
import type { SessionTeller } from "./replies.ts";
import type { Session } from "./session.ts";
import type { SessionStore } from "../../shared/session-store.ts";
import type { SessionTable } from "./session-table.ts";
import { REFUSED_NAMES } from "../../protocol/game/wire-names.ts";
import { ZoneChoice } from "./zone-choice.ts";
import type { ZoneLink, ZoneListener, ZoneView } from "../../shared/zone-link.ts";
import { ZoneOutlet } from "./zone-outlet.ts";
import { entryOf, wordAt } from "../../protocol/assert.ts";

/** Where players appear when they enter a zone without a portal. */
const SPAWN_POINT = { x: 0, y: 0, z: 0 };
/** Failed entries before the data that a player carries is dropped, and before its session ends. */
const CARRY_TRIES_MAX = 4;
export const ENTRY_TRIES_MAX = 8;

type MoveReason = ZoneChange["reason"];
/** Why a player is not in the zone that should have admitted it. */
type Miss = "refused" | "quarantined" | "unanswered" | "undone" | "absent";

export interface ZoneRouterDeps {
  link: ZoneLink;
  sessions: SessionTable;
  emitter: Emitter;
  playersPerZoneMax: number;
  /** Level of players when they enter. */
  playerLevel: number;
  /** The portals of each zone, as clients see them. */
  portals: ReadonlyMap<number, readonly PortalInfo[]>;
  replies: SessionTeller;
  characters: Characters;
  /** Whether an entity without a session here is a ghost; default: each is. */
  isGhost?: (id: number) => boolean;
  /** Keeps sessions for the next server; default: nowhere. */
  store?: SessionStore;
  /** Tickets up to this one were used by an earlier server; default 0. */
  lastTicket?: number;
}

export interface RouterListener {
  /** No zone admits the player: its session must end. */
  expelled(session: Session): void;
}

export class ZoneRouter implements ZoneListener, PresenceListener {
  /** Since the start: players missing from the zone they should be in, by reason; and players that no zone admitted. */
  readonly misses: Record<Miss, number> = { refused: 0, quarantined: 0, unanswered: 0, undone: 0, absent: 0 };
  expelled = 0;
  #listener: RouterListener | null = null;
  readonly #deps: ZoneRouterDeps;
  readonly #outlet: ZoneOutlet;
  readonly #choice: ZoneChoice;
  readonly #reconciler: Reconciler;
  /** Characters on their way out of the world. */
  readonly logouts: Logouts;

  constructor(deps: ZoneRouterDeps) {
    const { link, sessions, emitter, characters } = deps;
    this.#deps = deps;
    this.#outlet = new ZoneOutlet(link, deps.lastTicket);
    this.#choice = new ZoneChoice(link, sessions, deps.playersPerZoneMax);
    this.logouts = new Logouts(characters, sessions, this.#outlet);
    const { logouts } = this;
    const isGhost = deps.isGhost ?? (() => true);
    this.#reconciler = new Reconciler({ sessions, outlet: this.#outlet, logouts, emitter, listener: this, isGhost });
  }

  /** Sets the listener for players that no zone admits. */
  listen(listener: RouterListener): void {
    this.#listener = listener;
  }

  /** Entities without a session in their zone that were removed from it, since the start. */
  get ghosts(): number {
    return this.#reconciler.ghosts;
  }

  /** The newest ticket that was used. */
  get lastTicket(): number {
    return this.#outlet.lastTicket;
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

  /** The zone for a player that requests none; 0 when no zone can take it. */
  nextZone(): number {
    return this.#choice.nextZone();
  }

  /**
   * Puts the player into the zone; its frames begin with a reset. A character comes with its last record, and to the point of
   * it when that lies in this zone.
   */
  join(session: Session, zoneId: number): void {
    const flags = this.#enter(session, zoneId);
    const record = session.character?.record ?? null;
    if (record === null) {
      session.ticket = this.#outlet.join(zoneId, session, flags, this.#deps.playerLevel);
      return;
    }
    const words = record.words.slice();
    words[TRANSFER_ACK] = session.lastSeq;
    const at = record.zoneId === zoneId ? record.at : SPAWN_POINT;
    session.crossing = { session: session.id, from: zoneId, to: zoneId, at, words };
    session.ticket = this.#outlet.arrive(zoneId, session.crossing, at, flags);
  }

  /** Removes the player's entity from its zone. A character leaves the world: its state goes to the store. */
  leave(session: Session): void {
    if (this.logouts.begin(session)) return;
    if (session.zoneId === 0) return;
    this.#outlet.leave(session.zoneId, session.id, session.lastSeq);
    this.#deps.sessions.leaveZone(session);
  }

  /** Starts the session's view, which begins with a reset; `isSlow`: the client was slow to read. */
  watch(session: Session, isSlow = false): void {
    session.awaitsReset = true;
    if (session.zoneId !== 0) this.#outlet.watch(session.zoneId, session, isSlow);
  }

  unwatch(session: Session): void {
    if (session.zoneId !== 0) this.#outlet.unwatch(session.zoneId, session);
  }

  /** The number of commands that wait for room in the zone's ring. While there are any, players' own commands wait too. */
  owedTo(zoneId: number): number {
    return this.#outlet.owedTo(zoneId);
  }

  /** Called once per server tick. */
  retryOwed(): void {
    this.#outlet.retry();
  }

  /** The player left its zone with its data. The message is ignored when the player has quit or was moved meanwhile. */
  departed(crossing: Crossing): void {
    const session = this.#deps.sessions.get(crossing.session);
    if (this.logouts.departed(crossing) || session === undefined)
      return this.#deps.store?.arrived(crossing.session, crossing.from);
    if (session.zoneId !== crossing.from || session.crossing !== null) return;
    const { character, homeZoneId } = session;
    if (character !== null) session.character = this.#deps.characters.record(character, crossing, session.id);
    // A zone that goes DOWN lets everybody leave, before it says so.
    if (crossing.to === 0 && homeZoneId === crossing.from) return this.#turnAway(session, crossing, "zone_down");
    const isRecalled = crossing.to === 0;
    session.crossing = isRecalled ? { ...crossing, to: homeZoneId, at: SPAWN_POINT } : crossing;
    this.#deps.sessions.leaveZone(session);
    this.#cross(session, session.crossing, isRecalled ? "zone_restored" : "portal");
  }

  /** The result of a player's entry into a zone. An answer to an older ticket is ignored. */
  entered({ zoneId, session: id, ticket, outcome, reason }: Entered): void {
    const session = this.#deps.sessions.get(id);
    if (session === undefined || session.zoneId !== zoneId || session.ticket !== ticket) return;
    if (outcome === IS_THERE) return this.present(session);
    const why = outcome === QUARANTINED ? "quarantined" : outcome === UNDONE ? "undone" : "refused";
    this.#miss(session, why, reason);
  }

  /** Called once per second and zone: the players that the zone reports. */
  counted(census: ZoneCensus): void {
    if (this.zone(census.zoneId)?.state === "DOWN") return;
    this.#reconciler.observe(census);
    this.logouts.observe(census);
  }

  /** The zone has the player: the data held for the crossing is dropped. */
  present(session: Session): void {
    session.isThere = true;
    const { crossing } = session;
    // A character that entered with its record left no zone for that: its next departure may be kept already.
    if (crossing !== null && crossing.from !== crossing.to) this.#deps.store?.arrived(session.id, crossing.from);
    session.crossing = null;
    if (session.state === "TRANSFERRING" && !session.awaitsReset) this.#deps.sessions.move(session, "transfer_done");
  }

  /** The zone never answered the entry. */
  unanswered(session: Session): void {
    this.#outlet.leave(session.zoneId, session.id, session.lastSeq); // the entry may still happen
    this.#miss(session, "unanswered");
  }

  /** The player was in its zone and is missing now. */
  absent(session: Session): void {
    this.#miss(session, "absent");
  }

  /** The player waits for a reset that does not come. */
  unwatched(session: Session): void {
    this.watch(session);
  }

  /** What the clients were last told is not certain: each gets everything as a reset. */
  revives(zoneId: number): void {
    for (const session of this.#deps.sessions.values())
      if (session.zoneId === zoneId && session.connected && !session.isGuest) this.watch(session);
  }

  said(message: FromZoneWorker): void {
    if (message.type !== "zone_state") return;
    if (message.to === "DOWN") this.#abandon(message.zoneId);
    if (message.to === "ACTIVE") this.#bringHome(message.zoneId);
  }

  /** Sessions of an earlier server go on: who is in no zone goes to the one that it was on its way to, or begins anew at home. */
  restored(sessions: readonly Session[]): void {
    for (const session of sessions) {
      if (session.zoneId !== 0) this.unwatch(session);
      else if (session.crossing !== null) this.#cross(session, session.crossing, "portal");
      else {
        const { homeZoneId } = session;
        this.#transfer(session, this.canTake(homeZoneId) ? homeZoneId : this.#choice.refuge(), "put_back");
      }
    }
  }

  /** Called once per second: finds a zone for players that no zone had room for, or that none admitted. */
  rescueStranded(): void {
    this.logouts.endAbandoned();
    for (const session of this.#deps.sessions.values()) {
      if (session.zoneId !== 0 || session.homeZoneId === 0) continue;
      if (session.crossing === null) this.#transfer(session, this.#choice.refuge(), "zone_down");
      else this.#cross(session, session.crossing, "zone_down");
    }
  }

  #abandon(zoneId: number): void {
    this.#outlet.forget(zoneId);
    this.logouts.abandon(zoneId);
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
      if (session.isGuest) this.leave(session);
      else if (session.zoneId !== 0) {
        // It comes when the zone has handed its state out.
        this.#outlet.leave(session.zoneId, session.id, session.lastSeq, LEAVE_RECORDS);
        continue;
      }
      this.#transfer(session, zoneId, "zone_restored");
    }
  }

  /**
   * The player is not in the zone that should have admitted it: it is sent there again, or elsewhere; after too many
   * tries its session ends.
   */
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

  /** Its destination can not keep the player. */
  #turnAway(session: Session, crossing: Crossing, reason: MoveReason): void {
    const { zoneId } = session;
    const next = zoneId === crossing.from ? 0 : crossing.from;
    this.#deps.sessions.leaveZone(session);
    session.crossing = { ...crossing, to: next, from: next, at: SPAWN_POINT };
    this.#cross(session, session.crossing, reason, zoneId);
  }

  /**
   * Moves the player from no zone to the portal's destination, else back, else to a zone with room other than `except`;
   * else it waits.
   */
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

  /** Moves the player from no zone into `zoneId`; with 0 no zone can take it now, and it waits. */
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

  /** Assigns the session to the zone; returns the flags that its entity enters with. */
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
 * Actions that reached the zone after the player had left it are lost; returns which, for the message to the player.
 * The next zone continues after the last of them. Without a connected client they count as never received: the client
 * sends them again after its resume.
 */
function settleActions(session: Session, { words }: Crossing): Pick<ZoneChange, "lost_from" | "lost_to"> {
  const done = wordAt(words, TRANSFER_ACK);
  const { lastSeq } = session;
  // A zone that acknowledges more than was sent is corrected: else all later actions would be ignored.
  if (done > lastSeq) words[TRANSFER_ACK] = lastSeq;
  if (done >= lastSeq) return {};
  if (!session.connected) {
    session.lastSeq = done;
    return {};
  }
  words[TRANSFER_ACK] = lastSeq;
  return { lost_from: done + 1, lost_to: lastSeq };
}
