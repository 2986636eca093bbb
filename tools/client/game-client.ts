// One player over the game port, in either encoding: says hello, keeps a model of what it sees and checks every message
// against it, numbers its actions and times their acknowledgements. When its link breaks it comes back to its session and says
// again what the server had not heard, under the same numbers: so every action counts once.
//
//   const client = new GameClient({ host, port, name: "Ann", random, stats })
//   await client.connect()                       // welcome and the first state have come
//   client.move(3, 0, 0); client.attack(1_000_001)
//   client.world.entities.get(1_000_001)?.health
//   await client.leave()

import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { ByteWriter } from "../../server/protocol/game/byte-writer.ts";
import type {
  PortalInfo,
  ServerMessage,
  SpellInfo,
  Welcome,
  ZoneChange,
} from "../../server/protocol/game/client-messages.ts";
import type { FrameReader } from "../../server/protocol/game/frame-reader.ts";
import { encodeJsonEvent, eventKindOf } from "../../server/protocol/game/json-events.ts";
import { EVENT_NAMES, nameOf } from "../../server/protocol/game/wire-names.ts";
import { Backoff } from "./backoff.ts";
import { count } from "./client-stats.ts";
import type { ClientStats } from "./client-stats.ts";
import { FrameLog } from "./frame-log.ts";
import { connectWire } from "./connect-wire.ts";
import type { ClientWire, ClientWords, Protocol } from "./wire.ts";
import { applyFrame, FrameOutcome } from "./world-frames.ts";
import { WorldModel } from "./world-model.ts";
import type { Position, SelfState, StateMessage } from "./world-model.ts";
import type { GameEvent } from "./wire.ts";

/** Actions whose acknowledgement is waited for at once; older ones are given up. */
const UNACKED_MAX = 1_024;
/** Of what it is told and does not look at yet, more than this is looked at all the same: bytes, or state messages. */
const UNSEEN_BYTES_MAX = 131_072;
const UNSEEN_STATES_MAX = 256;
const WELCOME_MS_MAX = 10_000;
const LEAVE_MS_MAX = 2_000;

/** Codes of `error` after which trying again is pointless. */
const FATAL = new Set(["bad_token", "unsupported_version", "no_such_zone", "no_such_class"]);
/** Codes after which another hello may be answered otherwise in a while. */
const LATER = new Set(["zone_full", "zone_overloaded", "no_zone"]);

export interface GameClientOptions {
  host: string;
  port: number;
  name: string;
  zone?: number;
  playerClass?: string;
  token?: string;
  /** Uniform in [0, 1); for the jitter of reconnecting. */
  random(): number;
  stats: ClientStats;
  /** Milliseconds of a monotonic clock. */
  now?(): number;
  /** Come back when the link breaks; default true. */
  reconnects?: boolean;
  /** Default "json". */
  protocol?: Protocol;
  /** What it is told is kept until look() is called, which costs less than looking at each state; default false. */
  looksLater?: boolean;
  onEvent?(event: GameEvent): void;
  /** Names of the events that onEvent is to see; default all. */
  onlyEvents?: ReadonlySet<string>;
}

/** A spell its class can cast. */
export type KnownSpell = SpellInfo;

interface Unacked {
  seq: number;
  at: number;
  words: ClientWords;
}

export class GameClient {
  readonly world = new WorldModel();
  readonly options: GameClientOptions;
  readonly stats: ClientStats;
  sessionId = 0;
  entityId = 0;
  zoneId = 0;
  /** Of its zone; a server of before they were told tells none. */
  portals: readonly PortalInfo[] = [];
  tickRateHz = 20;
  spells: readonly KnownSpell[] = [];
  playerClass = "";
  /** Where it believes to stand: what it asked for last, or was told since. */
  position: Position = { x: 0, y: 0, z: 0 };
  /** Welcomed and told what it sees, on a live socket. */
  isPlaying = false;
  /** Tick of the newest state it was told, looked at or not. */
  toldTick = 0;
  /** Why it gave up for good, or null. */
  failure: WowsimError | null = null;
  readonly #now: () => number;
  readonly #backoff: Backoff;
  #wire: ClientWire | null = null;
  #resume = "";
  #seq = 0;
  #ackedSeq = 0;
  #isDead = false;
  #unacked: Unacked[] = [];
  readonly #unseen = new FrameLog();
  readonly #unseenStates: StateMessage[] = [];
  #isHeld = false;
  #isLeaving = false;
  #hasPlayed = false;
  /** Why it was not let in when it last asked. */
  #refusal: WowsimError | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #entered = Promise.withResolvers<void>();
  #gone = Promise.withResolvers<void>();

  constructor(options: GameClientOptions) {
    this.options = options;
    this.stats = options.stats;
    this.#now = options.now ?? (() => performance.now());
    this.#backoff = new Backoff(options.random);
    this.#entered.promise.catch(() => undefined);
  }

  /** Number of the newest action, and of the newest whose effects it has been told. */
  get lastSeq(): number {
    return this.#seq;
  }

  get ackedSeq(): number {
    return this.#ackedSeq;
  }

  /** Actions that are still on their way there or back. */
  get pendingActions(): number {
    return this.#unacked.length;
  }

  /** Connects and says hello; resolves when it is in the world. Throws WowsimError: unreachable, or what the server said. */
  async connect(): Promise<void> {
    const timer = setTimeout(() => {
      const silence = "The server did not answer hello; see its health with wowsim health.";
      this.#giveUp(this.#refusal ?? new WowsimError("no_welcome", silence));
    }, WELCOME_MS_MAX);
    try {
      await this.#open();
      await this.#entered.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  move(x: number, y: number, z: number): boolean {
    this.position = { x, y, z };
    return this.#act({ kind: "move", x, y, z });
  }

  /** `target` 0: the current one, else the nearest enemy. */
  cast(spell: number, target = 0): boolean {
    return this.#act({ kind: "cast", spell, target });
  }

  cancelCast(): boolean {
    return this.#act({ kind: "cancel_cast" });
  }

  attack(target: number): boolean {
    return this.#act({ kind: "attack", target });
  }

  stopAttack(): boolean {
    return this.#act({ kind: "stop_attack" });
  }

  /** Dead: asks to be revived at the spawn point. */
  release(): boolean {
    return this.#act({ kind: "release" });
  }

  /** Takes in what it was told, up to and with that tick of its zone. */
  look(untilTick = Number.POSITIVE_INFINITY): void {
    if (this.#isHeld) return;
    try {
      for (let frame = this.#unseen.next(untilTick); frame !== null; frame = this.#unseen.next(untilTick))
        this.#takeInFrame(frame);
    } catch (error) {
      this.stats.protocolError(messageOf(error));
      this.#unseen.clear();
      this.#wire?.terminate();
    }
    for (let state = this.#unseenStates[0]; state !== undefined && state.tick <= untilTick;) {
      this.#unseenStates.shift();
      this.#takeInState(state);
      state = this.#unseenStates[0];
    }
  }

  /** While held it looks at nothing, so that its model stays as it is. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  ping(): boolean {
    return this.#send({ kind: "ping", echo: this.#now() });
  }

  /** Breaks the link, as a pulled cable would; it comes back by itself. */
  dropLink(): void {
    this.#wire?.terminate();
  }

  /** Leaves the game for good; resolves when the socket is closed, or after 2 s. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#entered.reject(new WowsimError("left", "It left before it was let in."));
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#wire === null || this.#wire.isClosed) return;
    this.#send({ kind: "bye" });
    const timeout = setTimeout(() => this.#wire?.terminate(), LEAVE_MS_MAX);
    await this.#gone.promise;
    clearTimeout(timeout);
  }

  async #open(): Promise<void> {
    const { host, port, protocol = "json", stats } = this.options;
    this.#gone = Promise.withResolvers<void>();
    try {
      this.#wire = await connectWire(protocol, {
        host,
        port,
        onMessage: (message) => this.#onMessage(message),
        onState: (state) => this.#onState(state),
        onFrame: (bytes, at, length) => this.#onFrame(bytes, at, length),
        onEvent: (event) => this.#onEvent(event),
        onNonsense: (problem) => stats.protocolError(problem),
        onBytes: (bytes) => {
          stats.bytesIn += bytes;
        },
        onClose: () => this.#onClose(),
      });
    } catch (error) {
      stats.connectFailures++;
      throw error;
    }
    if (this.#isLeaving) return this.#wire.terminate();
    this.#hello();
  }

  #hello(): void {
    const { name, zone = 0, playerClass = "", token = "" } = this.options;
    this.#send({ kind: "hello", hello: { version: 1, name, zone, playerClass, token, resume: this.#resume } });
  }

  /** Sends an action under its own number. */
  #act(words: ClientWords): boolean {
    if (!this.isPlaying) return false;
    words.seq = this.#seq + 1;
    if (!this.#send(words)) return false;
    this.#seq++;
    this.stats.actions++;
    if (this.#unacked.length >= UNACKED_MAX) {
      this.#unacked.shift();
      this.stats.lost++;
    }
    this.#unacked.push({ seq: this.#seq, at: this.#now(), words });
    return true;
  }

  #send(words: ClientWords): boolean {
    const bytes = this.#wire?.send(words) ?? 0;
    this.stats.bytesOut += bytes;
    return bytes > 0;
  }

  #onMessage(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        return this.#onWelcome(message);
      case "pong":
        return this.stats.recordPing(this.#now() - message.t);
      case "zone":
        return this.#onZone(message);
      case "error":
        return this.#onError(message.code, message.message, message.seq);
      case "names":
        return;
    }
  }

  #onWelcome(welcome: Welcome): void {
    // A resume the server does not know is refused, and then forgotten (onError).
    const isSame = this.#resume !== "";
    if (!this.#hasPlayed) this.stats.connects++;
    else if (isSame) this.stats.resumed++;
    else this.stats.restarted++;
    this.#hasPlayed = true;
    this.sessionId = welcome.session_id;
    this.entityId = welcome.entity_id;
    this.tickRateHz = welcome.tick_rate_hz;
    this.spells = welcome.spells;
    this.playerClass = welcome.class;
    this.#resume = welcome.resume;
    if (!isSame) {
      this.stats.lost += this.#unacked.length;
      this.#unacked = [];
      this.#seq = welcome.seq;
      this.#ackedSeq = 0;
      this.#isDead = false;
    }
    this.#backoff.reset();
    if (!isSame) this.position = { x: 0, y: 0, z: 0 };
    this.zoneId = welcome.zone_id;
    this.portals = welcome.portals ?? [];
    this.#lookAtAll();
    this.world.forget();
    if (isSame) this.#sayAgain(welcome.seq);
  }

  /** What was sent beyond `taken`, the last the server has of this session, went down with the old link. */
  #sayAgain(taken: number): void {
    for (const { seq, words } of this.#unacked) if (seq > taken) this.#send(words);
    this.#seq = Math.max(taken, this.#unacked.at(-1)?.seq ?? 0);
  }

  #onState(state: StateMessage): void {
    this.#unseenStates.push(state);
    this.#onTold(state.tick, state.ack ?? 0, this.#unseenStates.length > UNSEEN_STATES_MAX);
  }

  #onFrame(bytes: Buffer, at: number, length: number): void {
    const unseen = this.#unseen;
    unseen.append(bytes, at, length);
    this.#onTold(unseen.tick, unseen.ack, unseen.pendingBytes > UNSEEN_BYTES_MAX);
  }

  #onTold(tick: number, ack: number, isMuch: boolean): void {
    this.stats.states++;
    this.toldTick = tick;
    if (ack > this.#ackedSeq) this.#onAck(ack);
    if (isMuch) this.#lookAtAll();
    else if (this.options.looksLater !== true || !this.isPlaying) this.look();
  }

  /** Also while it is held: more can not be kept, or what comes next begins anew. */
  #lookAtAll(): void {
    this.#isHeld = false;
    this.look();
  }

  #takeInState(state: StateMessage): void {
    const problems = this.world.apply(state);
    this.#tookIn(problems, state.self !== undefined, state.position ?? null, state.reset === true);
  }

  #takeInFrame(frame: FrameReader): void {
    const { problems, isSelfTold, isMoved, position, isReset } = applyFrame(
      this.world,
      frame,
      this.#onFrameEvent,
      outcome,
    );
    this.#tookIn(problems, isSelfTold, isMoved ? position : null, isReset);
  }

  #tookIn(problems: readonly string[], isSelfTold: boolean, position: Position | null, isReset: boolean): void {
    for (const problem of problems) this.stats.protocolError(problem);
    if (position !== null) this.position = { x: position.x, y: position.y, z: position.z };
    if (isSelfTold && this.world.self !== null) this.#onSelf(this.world.self);
    if (this.isPlaying || !isReset) return;
    this.isPlaying = true;
    this.#entered.resolve();
  }

  #onSelf({ health }: SelfState): void {
    const isDead = health === 0;
    if (isDead === this.#isDead) return;
    this.#isDead = isDead;
    if (isDead) this.stats.deaths++;
    else this.stats.revivals++;
  }

  #onAck(ack: number): void {
    this.#ackedSeq = ack;
    const now = this.#now();
    while (this.#unacked.length > 0) {
      const oldest = this.#unacked[0];
      if (oldest === undefined || oldest.seq > ack) return;
      this.#unacked.shift();
      this.stats.acks++;
      this.stats.recordRoundTrip(now - oldest.at);
    }
  }

  #onEvent(event: GameEvent): void {
    const { onEvent, onlyEvents } = this.options;
    this.stats.events++;
    if (event.event === "refused") count(this.stats.refusals, String(event["reason"]));
    else count(this.stats.eventsByName, event.event);
    if (onlyEvents?.has(event.event) ?? true) onEvent?.(event);
  }

  /** Most events are only counted: those that somebody wants to see are put into the words of the JSON lines. */
  readonly #onFrameEvent = (frame: FrameReader): void => {
    const { onEvent, onlyEvents } = this.options;
    const name = nameOf(EVENT_NAMES, eventKindOf(frame));
    const isWanted = name === "refused" || (onEvent !== undefined && (onlyEvents?.has(name) ?? true));
    if (isWanted) return this.#onEvent(toEvent(frame));
    this.stats.events++;
    count(this.stats.eventsByName, name);
  };

  /** Put into another zone: it stands at that one's spawn point, and a reset follows. */
  #onZone({ zone_id, portals, lost_from = 0, lost_to = 0 }: ZoneChange): void {
    this.stats.zoneChanges++;
    this.#lookAtAll();
    this.zoneId = zone_id;
    this.portals = portals ?? [];
    this.#lose(lost_from, lost_to);
    this.world.forget();
    this.world.tick = 0;
    this.position = { x: 0, y: 0, z: 0 };
  }

  /** They came when the player had left their zone. */
  #lose(from: number, to: number): void {
    const kept = this.#unacked.filter(({ seq }) => seq < from || seq > to);
    this.stats.lost += this.#unacked.length - kept.length;
    this.#unacked = kept;
  }

  #onError(code: string, message: string, seq = 0): void {
    if (code === "resume_expired") {
      this.#resume = "";
      return this.#hello();
    }
    count(this.stats.errors, code);
    if (code === "busy") this.#onBusy(seq);
    else if (code === "malformed") this.stats.protocolError(`the server says: ${message}`);
    else if (LATER.has(code)) this.#askLater(new WowsimError(code, message));
    else if (FATAL.has(code)) this.#giveUp(new WowsimError(code, message));
    else if (code === "taken_over") this.#isLeaving = true;
  }

  /** That action was not taken: nothing will acknowledge it. */
  #onBusy(seq: number): void {
    this.stats.busy++;
    const at = this.#unacked.findIndex((action) => action.seq === seq);
    if (at >= 0) this.#unacked.splice(at, 1);
  }

  /** Not let in now: says hello once more, on the same link. */
  #askLater(refusal: WowsimError): void {
    this.#refusal = refusal;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#hello();
    }, this.#backoff.nextMs());
  }

  #giveUp(error: WowsimError): void {
    this.failure = error;
    this.#isLeaving = true;
    this.#entered.reject(error);
    this.#wire?.terminate();
  }

  #onClose(): void {
    const wasPlaying = this.isPlaying;
    this.isPlaying = false;
    this.#gone.resolve();
    if (this.#isLeaving) return;
    if (wasPlaying) this.stats.drops++;
    if (this.options.reconnects === false)
      return this.#giveUp(new WowsimError("dropped", "The server closed the link."));
    this.#retryLater();
  }

  #retryLater(): void {
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#open().catch(() => {
        if (!this.#isLeaving) this.#retryLater();
      });
    }, this.#backoff.nextMs());
  }
}

/** Of the frame at hand; one for all clients of the process. */
const outcome = new FrameOutcome();
const eventWriter = new ByteWriter(512);

/** In the words of the JSON lines. */
function toEvent(frame: FrameReader): GameEvent {
  eventWriter.reset();
  encodeJsonEvent(frame, eventWriter);
  return JSON.parse(Buffer.from(eventWriter.bytes.buffer, 0, eventWriter.length).toString("latin1")) as GameEvent;
}
