// How a connection gets a player: as a guest with its first action, by `hello`, or by resuming a session whose link was
// lost (or that is still live on another socket, which is then closed).
//
//   {"type":"hello","v":1,"name":"Ann"}                    → {"type":"welcome","session_id":7,...,"resume":"5f0c..."}
//   {"type":"hello","v":1,"name":"Ann","resume":"5f0c..."} → {"type":"welcome","session_id":7,...}, then a state with reset
//   {"type":"hello","v":1,"name":"Ann","secret":"..."}     → character-login.ts
//
// When another hello can correct the error (no such zone, an expired resume), the connection stays open for it; after a
// wrong token or version it is closed.

import type { Content } from "../../protocol/content/content.ts";
import { wireEffectOf } from "../../protocol/content/content.ts";
import { addressKey } from "../../shared/address.ts";
import { asciiJson } from "../../protocol/game/byte-writer.ts";
import type { ErrorCode, Hello, PortalInfo, SpellInfo } from "../../protocol/game/client-messages.ts";
import { characterInfo, CharacterLogin, waitWith } from "./character-login.ts";
import type { Entrance } from "./character-login.ts";
import type { Characters } from "./characters.ts";
import type { Character } from "../../shared/character-store.ts";
import type { CloseReason, Connection } from "./session.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import type { AdmissionHold } from "./admission-hold.ts";
import type { GatewayCounters } from "./gateway-counters.ts";
import type { GatewayLimits } from "../../protocol/game/limits.ts";
import { Newcomers } from "./newcomers.ts";
import type { OtherGateways } from "../../shared/other-gateways.ts";
import { nameProblem } from "./player-names.ts";
import type { Replies } from "./replies.ts";
import type { SessionKeeper } from "./session-keeper.ts";
import type { Secret } from "../../shared/secret.ts";
import type { Session } from "./session.ts";
import type { SessionStore } from "../../shared/session-store.ts";
import type { SessionTable } from "./session-table.ts";
import type { WrongTokens } from "../../shared/wrong-tokens.ts";
import type { ZoneRouter } from "./zone-router.ts";
import { at } from "../../protocol/assert.ts";

const PROTOCOL_VERSION = 1;
const HELD = "Nobody is let in just now; try again.";
const NO_ZONE = "No zone can take a player now; try again later.";
const NO_GUESTS = "This server lets nobody in without hello.";

export interface AdmissionDeps {
  sessions: SessionTable;
  router: ZoneRouter;
  counters: GatewayCounters;
  limits: GatewayLimits;
  content: Content;
  tickRateHz: number;
  /** Whether a client may enter without a hello. */
  guests: boolean;
  /** The token that every hello must contain, when set. */
  secret: Secret | null;
  wrongTokens: WrongTokens;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  keeper: SessionKeeper;
  pool: ConnectionPool;
  /** Null: this is the only gateway. */
  others: OtherGateways | null;
  store: SessionStore;
  newResumeToken(): string;
  /** The portals of each zone, as clients see them. */
  portals: ReadonlyMap<number, readonly PortalInfo[]>;
  admissionHold: AdmissionHold;
  replies: Replies;
  characters: Characters;
  /** Level of new players. */
  playerLevel: number;
}

export class Admission implements Entrance {
  readonly #deps: AdmissionDeps;
  readonly #classes: readonly { name: string; spells: readonly SpellInfo[] }[];
  readonly #newcomers: Newcomers;
  readonly #login: CharacterLogin;
  #classTurn = 0;

  constructor(deps: AdmissionDeps) {
    this.#deps = deps;
    this.#newcomers = new Newcomers(deps.limits, deps.now());
    this.#classes = deps.content.classes.map(({ name, spells }) => ({ name, spells: spellsOf(deps.content, spells) }));
    const { characters, pool, wrongTokens, others } = deps;
    this.#login = new CharacterLogin({
      characters,
      pool,
      others,
      wrongTokens,
      entrance: this,
      classCount: this.#classes.length,
    });
  }

  /** Admits a client that acts without a hello. True when it is in the world now; otherwise its connection is closed. */
  admitGuest(connection: Connection): boolean {
    const { guests, secret, admissionHold } = this.#deps;
    if (!guests || secret !== null) return this.#turnAway(connection, "guests_off", "guests_off", NO_GUESTS);
    if (admissionHold.isActive) return this.#turnAway(connection, "held", "held", HELD);
    if (!this.isInRate(connection)) return false;
    const zoneId = this.#nextZone();
    if (zoneId === 0) return this.#turnAway(connection, "refused", "no_zone", NO_ZONE);
    this.#enter(connection, zoneId, this.#nextClass());
    return true;
  }

  /** Handles a hello: the client gets a welcome, or an error that says why not. */
  hello(connection: Connection, hello: Hello): void {
    connection.readsReplies = true;
    const { session } = connection;
    if (session.state !== "AUTHENTICATING")
      return this.refuse(
        connection,
        "already_in_world",
        "This connection has its player; hello comes once, and first.",
      );
    if (connection.isLoggingIn)
      return this.refuse(connection, "busy", "Your last hello is not answered yet; wait for its answer.");
    if (hello.version !== PROTOCOL_VERSION)
      return this.#refuseForGood(connection, "unsupported_version", `This server speaks version ${PROTOCOL_VERSION}.`);
    if (!this.#isTokenRight(connection, hello.token)) return;
    if (this.#deps.admissionHold.isActive) return this.#refuseForGood(connection, "held", HELD);
    if (hello.resume === "") return this.#welcomeNew(connection, hello);
    const resumed = this.#deps.sessions.byToken(hello.resume);
    if (resumed !== undefined) this.#resume(connection, resumed, hello.resume);
    else if (this.#deps.others === null) this.#refuseResume(connection);
    else this.#resumeFromElsewhere(connection, hello.resume, this.#deps.others);
  }

  /** Another gateway has the session, or had it. */
  #resumeFromElsewhere(connection: Connection, token: string, others: OtherGateways): void {
    waitWith(connection, others.takeSession(token), (taken) => {
      const session = this.#deps.sessions.byToken(token);
      if (session !== undefined) this.#resume(connection, session, token);
      else if (taken === "gone") this.#refuseResume(connection);
      // Also when it came, and went on to another gateway at which the player says hello as well.
      else this.refuse(connection, "busy", "That session can not be had just now; try again.");
    });
  }

  #refuseResume(connection: Connection): void {
    this.refuse(connection, "resume_expired", "That session is gone; say hello without resume.");
  }

  #welcomeNew(connection: Connection, hello: Hello): void {
    const name = hello.name === "" && hello.secret === "" ? `Player ${connection.session.id}` : hello.name;
    const problem = nameProblem(name, this.#deps.limits.nameLengthMax);
    if (problem !== null) return this.refuse(connection, "malformed", problem);
    if (hello.secret !== "") return this.#login.hello(connection, hello);
    if (this.#login.isTaken(name))
      return this.refuse(connection, "name_taken", "A character has that name; send its secret, or take another name.");
    const classIndex = this.classFor(connection, hello);
    if (classIndex < 0) return;
    const zoneId = this.zoneFor(connection, hello.zone);
    if (zoneId === 0 || !this.isInRate(connection)) return;
    this.admit(connection, name, zoneId, classIndex, null);
  }

  /** Lets a player with a name into the zone; `character`: null for one who does not persist. */
  admit(connection: Connection, name: string, zoneId: number, classIndex: number, character: Character | null): void {
    const { sessions, characters, newResumeToken, pool, store } = this.#deps;
    const { session } = connection;
    session.name = name;
    session.nameJson = asciiJson(name);
    session.isGuest = false;
    if (character !== null) characters.enter(session, character);
    sessions.rotateToken(session, newResumeToken());
    this.#enter(connection, zoneId, classIndex);
    this.#welcome(connection, false);
    pool.hold(connection, store.safe());
  }

  /** The class that the hello names, else the next one in turn; -1 when there is none, and the client was sent an error. */
  classFor(connection: Connection, { playerClass }: Hello): number {
    const classIndex = playerClass === "" ? this.#nextClass() : this.#classNamed(playerClass);
    if (classIndex < 0) this.refuse(connection, "no_such_class", `Classes are ${this.#classNames()}.`);
    return classIndex;
  }

  /** The zone that a character left, when it can take the character, else the next one in turn; 0 as with zoneFor. */
  zoneOf(connection: Connection, zoneId: number): number {
    return this.#canTake(zoneId) ? zoneId : this.zoneFor(connection, 0);
  }

  /** The right secret takes a session up, as its resume token would. */
  takeOver(connection: Connection, session: Session): void {
    this.#resume(connection, session, "");
  }

  /** The requested zone, or the next one in turn; 0 when there is none, and the client was sent an error. */
  zoneFor(connection: Connection, wish: number): number {
    const { router } = this.#deps;
    if (wish !== 0 && router.zone(wish) === undefined) {
      this.refuse(connection, "no_such_zone", `There is no zone ${wish}; leave it out to be given one.`);
      return 0;
    }
    const zoneId = wish === 0 ? this.#nextZone() : this.#canTake(wish) ? wish : 0;
    if (zoneId !== 0) return zoneId;
    if (wish !== 0 && router.isClosed(wish))
      this.refuse(
        connection,
        "zone_overloaded",
        `Zone ${wish} has more to do than it can and lets nobody new in; try another or later.`,
      );
    else if (wish !== 0 && router.zone(wish)?.state !== "DOWN")
      this.refuse(connection, "zone_full", `Zone ${wish} is full; try another or later.`);
    else this.refuse(connection, "no_zone", NO_ZONE);
    return 0;
  }

  /** The next zone in turn, if necessary after a body in it was evicted; 0 when there is none. */
  #nextZone(): number {
    const { router, keeper } = this.#deps;
    const zoneId = router.nextZone();
    return zoneId === 0 && keeper.makeRoom(0) ? router.nextZone() : zoneId;
  }

  #canTake(zoneId: number): boolean {
    const { router, keeper } = this.#deps;
    if (router.canTake(zoneId)) return true;
    return !router.isClosed(zoneId) && keeper.makeRoom(zoneId) && router.canTake(zoneId);
  }

  /** False when there are too many newcomers at the moment; the connection is then closed. */
  isInRate(connection: Connection): boolean {
    const { limits, now, pool } = this.#deps;
    const limit = this.#newcomers.refusal(connection.remoteAddress, now());
    if (limit === null) return true;
    const most =
      limit === "new_sessions" ? limits.newSessionsPerSecondMax : `${limits.newSessionsPerAddressMax} of your address`;
    pool.pastLimit(connection, limit, `At most ${most} new players a second; try again in a moment.`);
    return false;
  }

  #enter({ session, remoteAddress }: Connection, zoneId: number, classIndex: number): void {
    session.address = addressKey(remoteAddress);
    session.enteredAt = this.#deps.now();
    session.classIndex = classIndex;
    session.homeZoneId = zoneId;
    this.#deps.sessions.move(session, "admitted");
    this.#deps.router.join(session, zoneId);
  }

  #resume(connection: Connection, session: Session, usedToken: string): void {
    const { sessions, router, counters, pool, newResumeToken, store } = this.#deps;
    const former = session.connection;
    sessions.move(connection.session, "superseded");
    connection.session = session;
    session.connection = connection;
    if (session.state === "DISCONNECTING") sessions.move(session, "resumed");
    session.probeSeq = 0;
    session.isOverdue = false;
    sessions.rotateToken(session, newResumeToken(), usedToken);
    router.watch(session);
    counters.resumed++;
    this.#welcome(connection, true);
    pool.hold(connection, store.safe());
    if (former === null) return;
    pool.close(former, "superseded", {
      code: "taken_over",
      message: "This session was taken up on another connection.",
    });
  }

  /** `isLive`: the player was in the world before. */
  #welcome(connection: Connection, isLive: boolean): void {
    const { session } = connection;
    const { character } = session;
    const { name, spells } = at(this.#classes, session.classIndex);
    this.#deps.replies.tell(connection, {
      type: "welcome",
      session_id: session.id,
      entity_id: session.id,
      zone_id: session.zoneId,
      tick: this.#deps.router.zone(session.zoneId)?.tick ?? 0,
      tick_rate_hz: this.#deps.tickRateHz,
      resume: session.resumeToken,
      seq: session.lastSeq,
      class: name,
      spells,
      portals: this.#deps.portals.get(session.zoneId) ?? [],
      ...(character === null ? {} : { character: characterInfo(character, isLive, this.#deps.playerLevel) }),
    });
  }

  #nextClass(): number {
    return this.#classTurn++ % this.#classes.length;
  }

  #classNamed(name: string): number {
    return this.#classes.findIndex((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
  }

  #classNames(): string {
    return this.#classes.map((candidate) => candidate.name).join(", ");
  }

  /** False when the token is wrong; the connection is then closed. */
  #isTokenRight(connection: Connection, given: string): boolean {
    const { secret, wrongTokens, pool } = this.#deps;
    if (secret === null) return true;
    if (secret.matches(given)) return true;
    if (wrongTokens.wrong(connection.remoteAddress) > 0)
      pool.pastLimit(connection, "wrong_tokens", "A wrong token, after too many wrong ones from your address.");
    else this.#refuseForGood(connection, "bad_token", "This server asks for its players' token; ask its operator.");
    return false;
  }

  refuse(connection: Connection, code: ErrorCode, message: string): void {
    this.#deps.counters.refuse(code);
    this.#deps.replies.tell(connection, { type: "error", code, message });
  }

  #refuseForGood(connection: Connection, code: ErrorCode, message: string): void {
    this.#deps.counters.refuse(code);
    this.#deps.pool.close(connection, code === "held" ? "held" : "refused", { code, message });
  }

  #turnAway(connection: Connection, reason: CloseReason, code: ErrorCode, message: string): false {
    this.#deps.counters.refuse(reason);
    this.#deps.pool.close(connection, reason, { code, message });
    return false;
  }
}

function spellsOf({ spells }: Content, ids: readonly number[]): SpellInfo[] {
  return spells
    .filter((spell) => ids.includes(spell.id))
    .map((spell) => ({ id: spell.id, name: spell.name, effect: wireEffectOf(spell), range_yd: spell.rangeYd }));
}
