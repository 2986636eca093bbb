// The main thread of the membership bench: the real router and the real sessions over the bench's zones (membership-zone.ts).
// In place of the gateway there are simulated clients: they join, leave, lose their link, resume. The main thread reads rings
// and messages at random times: each in its own order, but in any order relative to each other.
//
//   const world = new BenchWorld(kernels)
//   world.join(); world.zones[0].traps = 20; world.turn()
//   world.faultsOf()       // players that are in no zone, in two zones, or in a zone without a session

import { loadContent } from "../protocol/content/load.ts";
import type { ZoneContent } from "../protocol/content/content.ts";
import { Characters } from "../main/gateway/characters.ts";
import type { Connection } from "../main/gateway/session.ts";
import { FrameReader } from "../protocol/game/frame-reader.ts";
import { SESSION_ID_MAX, SessionTable } from "../main/gateway/session-table.ts";
import type { Session } from "../main/gateway/session.ts";
import { ZoneRouter } from "../main/gateway/zone-router.ts";
import type { RouterListener } from "../main/gateway/zone-router.ts";
import { ZoneListeners } from "../main/zones/zone-listeners.ts";
import type { ZoneLink, ZoneListener } from "../shared/zone-link.ts";
import { writeCommands } from "../main/zones/command-writer.ts";
import type { FromZoneWorker } from "../shared/zone-messages.ts";
import { OutputRecords } from "../main/zones/output-records.ts";
import type { MembershipKernels } from "./membership-kernels.ts";
import { BenchCharacters, WatchedCharacters } from "./membership-characters.ts";
import { BenchZone, TICK_MS } from "./membership-zone.ts";
import type { BenchClock } from "./membership-zone.ts";
import type { UndoReport } from "../protocol/undo.ts";
import { REPORT, emptyReport } from "../shared/tick-report.ts";

const RESUME_MS_MAX = 30_000;
const PLAYERS_PER_ZONE_MAX = 6;
const PLAYER_LEVEL = 10;
const REVIVE_TURNS = 12;

/** Three zones in a ring; each portal lies where no player walks by chance. */
const ZONES: readonly ZoneContent[] = [1, 2, 3].map((id) => ({
  id,
  name: `Zone ${id}`,
  spawns: [{ entityId: 1_000_000 + id, template: 0, x: 200, y: 200, z: 0 }],
  portals: [{ to: (id % 3) + 1, x: 100, y: 0, radiusYd: 5, exit: { x: 0, y: 8, z: 0 } }],
}));
export const PORTAL = { x: 100, y: 0 };

export class BenchWorld implements ZoneLink, ZoneListener, RouterListener {
  readonly clock: BenchClock = { ms: 0 };
  readonly zones = new Map<number, BenchZone>();
  readonly sessions: SessionTable;
  readonly players = new BenchCharacters(new WatchedCharacters());
  readonly characters: Characters;
  readonly router: ZoneRouter;
  readonly kernels: MembershipKernels;
  /** The events that happened, by name. */
  readonly counts = new Map<string, number>();
  readonly #listeners = new ZoneListeners();
  readonly #records = new OutputRecords(this.#listeners);
  readonly #report = emptyReport(0);
  readonly #reader = new FrameReader();
  readonly #reviveAt = new Map<number, number>();
  #turns = 0;

  constructor(kernels: MembershipKernels) {
    this.kernels = kernels;
    const emitter = { emit: () => undefined, emitSampled: () => undefined };
    const content = loadContent();
    for (const zone of ZONES) this.zones.set(zone.id, new BenchZone(zone, content, kernels.steady, this.clock));
    this.sessions = new SessionTable(emitter);
    this.characters = new Characters(this.players.store, emitter);
    this.router = new ZoneRouter({
      link: this,
      sessions: this.sessions,
      emitter,
      playersPerZoneMax: PLAYERS_PER_ZONE_MAX,
      playerLevel: PLAYER_LEVEL,
      portals: new Map(),
      replies: { tellSession: () => undefined },
      characters: this.characters,
    });
    this.router.listen(this);
    this.listen(this.router);
    this.listen(this);
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  // ---- What clients do ----------------------------------------------------------------------------------------------------

  join(isGuest: boolean): void {
    this.enter(isGuest, 0, () => undefined);
  }

  /** A new player, in the wanted zone when it can take one; null when no zone can. */
  enter(isGuest: boolean, wanted: number, prepare: (session: Session) => void): Session | null {
    const session = this.sessions.create();
    this.sessions.move(session, "first_message");
    const zoneId = this.router.canTake(wanted) ? wanted : this.router.nextZone();
    if (zoneId === 0) {
      this.sessions.move(session, "refused");
      this.count("no zone for a newcomer");
      return null;
    }
    session.isGuest = isGuest;
    session.connection = connected();
    session.homeZoneId = zoneId;
    prepare(session);
    this.sessions.move(session, "admitted");
    this.router.join(session, zoneId);
    this.count("join");
    return session;
  }

  leave(session: Session): void {
    this.count(session.crossing === null ? "leave" : "leave while crossing");
    this.#end(session, "left");
  }

  loseLink(session: Session): void {
    if (session.connection === null) return;
    if (session.isGuest) return this.leave(session);
    session.connection = null;
    session.linkLostAt = this.clock.ms;
    this.router.unwatch(session);
    this.sessions.move(session, "link_lost");
    this.count(session.crossing === null ? "link lost" : "link lost while crossing");
  }

  resume(session: Session): void {
    if (session.state !== "DISCONNECTING") return;
    session.connection = connected();
    this.sessions.move(session, "resumed");
    this.router.watch(session);
    this.count(session.crossing === null ? "resumed" : "resumed while crossing");
  }

  /** The zone's worker dies: its committed output is read to the end, then the zone is DOWN. */
  killWorker(zone: BenchZone): void {
    if (zone.isDead) return;
    this.count("worker death");
    if ([...this.sessions.values()].some(({ crossing }) => crossing !== null))
      this.count("worker death, crossings under way");
    const isTrial = zone.runner.zone.kernel === this.kernels.trial;
    for (const message of zone.messages.splice(0)) this.#say(message);
    this.#readRing(zone);
    zone.die();
    this.#reviveAt.set(zone.id, this.#turns + REVIVE_TURNS);
    const [tick, fromHash, toHash] = [zone.tick, this.kernels.trial.hash, this.kernels.steady.hash];
    if (isTrial) this.#say({ type: "rolled_back", zoneId: zone.id, tick, fromHash, toHash, reason: "its worker died" });
    if (zone.state === "DOWN") return;
    this.#say({ type: "zone_state", zoneId: zone.id, from: zone.state, to: "DOWN", reason: "its worker died", tick });
  }

  // ---- One turn of all parts ------------------------------------------------------------------------------------------------

  /** 50 ms pass: every zone gets its turn. */
  passTime(): void {
    this.clock.ms += TICK_MS;
    this.#turns++;
    for (const [zoneId, turn] of this.#reviveAt) {
      if (this.#turns < turn) continue;
      this.#reviveAt.delete(zoneId);
      this.zones.get(zoneId)?.revive();
    }
  }

  /** The main thread's turn; `reads`: which zones' rings and messages it reads in this turn, by id. */
  mainTurn(reads: (zoneId: number, what: "ring" | "messages") => boolean, messagesFirst: boolean): void {
    this.router.retryOwed();
    for (const zone of this.zones.values()) {
      if (messagesFirst && reads(zone.id, "messages")) this.#readMessages(zone);
      if (reads(zone.id, "ring")) this.#readRing(zone);
      if (!messagesFirst && reads(zone.id, "messages")) this.#readMessages(zone);
    }
    if (this.#turns % 20 !== 0) return;
    for (const session of this.sessions.values()) {
      if (session.state !== "DISCONNECTING" || this.clock.ms - session.linkLostAt <= RESUME_MS_MAX) continue;
      this.#end(session, "expired");
    }
    this.router.rescueStranded();
  }

  /** All membership errors, as texts. `isIdle`: no transfer is in progress any more, so every deviation is an error. */
  faultsOf(isIdle: boolean): string[] {
    const faults: string[] = [];
    for (const session of this.sessions.values()) {
      const places = [...this.zones.values()].filter((zone) => zone.has(session.id));
      const { id, zoneId, crossing, isThere, state } = session;
      if (places.length > 1) faults.push(`session ${id} is in ${places.length} zones`);
      if (places.some((zone) => zone.id !== zoneId)) faults.push(`session ${id} is in a zone that is not its own`);
      if (isThere && zoneId !== 0 && places.length === 0) faults.push(`session ${id} is in no zone`);
      if (!isIdle) continue;
      if (!isThere || zoneId === 0 || crossing !== null) faults.push(`session ${id} waits for a zone`);
      if (state !== "IN_WORLD" && state !== "DISCONNECTING") faults.push(`session ${id} is ${state}`);
      if (session.connected && session.awaitsReset) faults.push(`session ${id} is told nothing`);
    }
    for (const zone of this.zones.values()) {
      zone.eachPlayer((id) => {
        if (id <= SESSION_ID_MAX && this.sessions.get(id) === undefined && !this.router.logouts.has(id))
          faults.push(`entity ${id} in zone ${zone.id} has no session`);
      });
    }
    faults.push(...this.players.faultsOf(this.zones.values()));
    const { size: leaving } = this.router.logouts;
    if (isIdle && leaving > 0) faults.push(`${leaving} characters are on their way out`);
    if (this.sessions.invalidMoves > 0) faults.push(`${this.sessions.invalidMoves} illegal moves of sessions`);
    return faults;
  }

  // ---- ZoneLink ---------------------------------------------------------------------------------------------------------------

  send(zoneId: number, records: Uint8Array): boolean {
    return this.#sent(zoneId, (zone) => writeCommands(zone.commands, zoneId, records));
  }

  listen(listener: ZoneListener): void {
    this.#listeners.add(listener);
  }

  expelled(session: Session): void {
    this.#end(session, "expelled");
  }

  #sent(zoneId: number, send: (zone: BenchZone) => boolean): boolean {
    const zone = this.zones.get(zoneId);
    if (zone === undefined) return false;
    const isSent = !zone.isDead && send(zone);
    if (!isSent) this.count(zone.isDead ? "command to a dead worker" : "full command ring");
    return isSent;
  }

  #end(session: Session, why: "left" | "expired" | "expelled"): void {
    session.connection = null;
    this.router.leave(session);
    this.sessions.move(session, why === "expired" ? "expired" : "left");
    if (why !== "left") this.count(why);
  }

  #readMessages(zone: BenchZone): void {
    for (const message of zone.messages.splice(0)) this.#say(message);
  }

  #say(message: FromZoneWorker): void {
    if (message.type === "zone_state") {
      const zone = this.zones.get(message.zoneId);
      if (zone !== undefined) zone.state = message.to;
      if (message.to === "DOWN") this.count("zone down");
    } else if (message.type === "recovered") {
      this.count(`step ${message.step}`);
      if (message.step === "rollback" && [...this.sessions.values()].some(({ crossing }) => crossing !== null))
        this.count("rollback, crossings under way");
    }
    if (message.type === "undone") this.#countUndone(message.report);
    this.#listeners.said(message);
  }

  #countUndone({ players_changed, leavers_changed }: UndoReport): void {
    this.count("undone");
    if (players_changed > 0) this.count("undone, players differ");
    if (leavers_changed > 0) this.count("undone, with leavers");
  }

  #readRing(zone: BenchZone): void {
    const { output } = zone;
    output.drain((offset, length) => {
      if (output.view.getUint32(offset, true) !== REPORT.kind) {
        this.#records.handOut(output.view, output.bytes, offset, length);
        return;
      }
      REPORT.read(output.view, offset, REPORT.bytes, this.#report);
      zone.tick = this.#report.tick;
      if (this.#report.framesLost > 0) this.count("frames lost");
    });
  }

  /** As in the gateway's frame delivery (net/frame-delivery.ts). */
  framed(zoneId: number, bytes: Uint8Array, offset: number, length: number): void {
    const frame = this.#reader.open(bytes, offset, length);
    const session = this.sessions.get(frame.session);
    if (session === undefined || session.zoneId !== zoneId || session.connection === null) return;
    if (session.awaitsReset && !frame.isReset) return;
    session.awaitsReset = false;
    if (session.state === "TRANSFERRING") this.sessions.move(session, "transfer_done");
  }
}

/** A link whose client reads everything. */
function connected(): Connection {
  return { isClosed: false, missedFrames: false } as unknown as Connection;
}
