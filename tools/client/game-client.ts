// One player on the game port, in either encoding. It says hello, keeps a model of what it sees and checks every message
// against it, numbers its actions and measures the time to their acknowledgement. When its link breaks, it resumes its session
// and sends again, with the same numbers, the actions that the server has not received: so every action counts once.
//
//   const client = new GameClient({ host, port, name: "Ann", random, stats })
//   await client.connect()                       // the welcome and the first state have come
//   client.move(3, 0, 0); client.attack(1_000_001)
//   client.world.entities.get(1_000_001)?.health
//   await client.leave()

import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import type {
  CharacterInfo,
  PortalInfo,
  ServerMessage,
  Welcome,
  ZoneChange,
} from "../../server/protocol/game/client-messages.ts";
import type { FrameReader } from "../../server/protocol/game/frame-reader.ts";
import { Backoff } from "./backoff.ts";
import { count } from "./client-stats.ts";
import type { ClientStats } from "./client-stats.ts";
import { FrameLog } from "./frame-log.ts";
import { FATAL, type GameClientOptions, type KnownSpell, LATER } from "./game-client-options.ts";
import { takeEvent, takeFrameEvent } from "./game-events.ts";
import { SentActions } from "./sent-actions.ts";
import type { TradeWords } from "./trades.ts";
import { connectWire } from "./connect-wire.ts";
import type { ClientWire, ClientWords } from "./wire.ts";
import { applyFrame, FrameOutcome } from "./world-frames.ts";
import { type Position, type SelfState, type StateMessage, WorldModel } from "./world-model.ts";

/** States received but not processed yet: when more than this wait, they are processed at once. Bytes, or state messages. */
const UNSEEN_BYTES_MAX = 131_072;
const UNSEEN_STATES_MAX = 256;
const WELCOME_MS_MAX = 10_000;
const LEAVE_MS_MAX = 2_000;

export class GameClient {
  readonly world = new WorldModel();
  readonly options: GameClientOptions;
  readonly stats: ClientStats;
  sessionId = 0;
  entityId = 0;
  zoneId = 0;
  /** The portals of its zone; empty when the server is too old to send them. */
  portals: readonly PortalInfo[] = [];
  tickRateHz = 20;
  spells: readonly KnownSpell[] = [];
  playerClass = "";
  /** The character it plays, with what it entered the world with; null when it does not persist. */
  character: CharacterInfo | null = null;
  /** Where it assumes to stand: its last requested position, or the server's last correction. */
  position: Position = { x: 0, y: 0, z: 0 };
  /** It has a welcome and a first state on a live socket. */
  isPlaying = false;
  /** Tick of the newest received state, processed or not. */
  toldTick = 0;
  /** Why it stopped for good; null while it has not. */
  failure: WowsimError | null = null;
  readonly #now: () => number;
  readonly #backoff: Backoff;
  #wire: ClientWire | null = null;
  #resume = "";
  readonly #actions: SentActions;
  #isDead = false;
  /** Connections that could not be made: each means another gateway, where there is one. */
  #failures = 0;
  readonly #unseen = new FrameLog();
  readonly #unseenStates: StateMessage[] = [];
  #isHeld = false;
  /** Its link has had a welcome. States of an earlier link may still wait to be looked at. */
  #isWelcome = false;
  #isLeaving = false;
  #hasPlayed = false;
  /** Why the server refused its last hello. */
  #refusal: WowsimError | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #entered = Promise.withResolvers<void>();
  #gone = Promise.withResolvers<void>();

  constructor(options: GameClientOptions) {
    this.options = options;
    this.stats = options.stats;
    this.#now = options.now ?? (() => performance.now());
    this.#actions = new SentActions(options.stats, this.#now);
    this.#backoff = new Backoff(options.random);
    this.#entered.promise.catch(() => undefined);
  }

  /** The number of the newest action (lastSeq), and of the newest acknowledged one. */
  get lastSeq(): number {
    return this.#actions.seq;
  }

  get ackedSeq(): number {
    return this.#actions.acked;
  }

  /** The game port that it plays on, or tries next. */
  get port(): number {
    const { port, otherPorts = [] } = this.options;
    return [port, ...otherPorts][this.#failures % (1 + otherPorts.length)] ?? port;
  }

  /** Actions sent and not acknowledged yet. */
  get pendingActions(): number {
    return this.#actions.pending;
  }

  /** Connects and says hello; resolves when it is in the world. Throws WowsimError: unreachable, or the server's refusal. */
  async connect(): Promise<void> {
    const timer = setTimeout(() => {
      const silence = "The server did not answer hello; see its health with wowsim health.";
      this.#endWith(this.#refusal ?? new WowsimError("no_welcome", silence));
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

  /** `target` 0: the current target, else the nearest enemy. */
  cast(spell: number, target = 0): boolean {
    return this.#act({ kind: "cast", spell, target });
  }

  attack(target: number): boolean {
    return this.#act({ kind: "attack", target });
  }

  stopAttack(): boolean {
    return this.#act({ kind: "stop_attack" });
  }

  /** Offers, accepts or ends a trade: see trades.ts. */
  trade(words: TradeWords): boolean {
    return this.#act({ ...words });
  }

  /** When dead: asks to be revived at the spawn point. */
  release(): boolean {
    return this.#act({ kind: "release" });
  }

  /** Processes the received states up to and including that tick of its zone. */
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

  /** While held, it processes no states, so that its model does not change. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  ping(): boolean {
    return this.#send({ kind: "ping", echo: this.#now() });
  }

  /** Breaks the link, as a pulled cable would; the client reconnects by itself. */
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
    const { host, protocol = "json", stats } = this.options;
    this.#gone = Promise.withResolvers<void>();
    try {
      this.#wire = await connectWire(protocol, {
        host,
        port: this.port,
        onMessage: (message) => this.#onMessage(message),
        onState: (state) => this.#onState(state),
        onFrame: (bytes, at, length) => this.#onFrame(bytes, at, length),
        onEvent: (event) => takeEvent(event, this.options, stats),
        onNonsense: (problem) => stats.protocolError(problem),
        onBytes: (bytes) => {
          stats.bytesIn += bytes;
        },
        onClose: () => this.#onClose(),
      });
    } catch (error) {
      stats.connectFailures++;
      this.#failures++;
      throw error;
    }
    if (this.#isLeaving) return this.#wire.terminate();
    this.#hello();
  }

  #hello(): void {
    const { name, zone = 0, playerClass = "", token = "", secret = "" } = this.options;
    const resume = this.#resume;
    this.#send({ kind: "hello", hello: { version: 1, name, zone, playerClass, token, resume, secret } });
  }

  /** Sends an action under its own number. */
  #act(words: ClientWords): boolean {
    if (!this.isPlaying) return false;
    words.seq = this.#actions.seq + 1;
    if (!this.#send(words)) return false;
    this.#actions.sent(words);
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
    // A resume that the server does not know is refused; the client then drops it (onError).
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
    this.character = welcome.character ?? null;
    this.#resume = welcome.resume;
    if (!isSame) {
      this.#actions.beginAnew(welcome.seq);
      this.#isDead = false;
    }
    this.#backoff.reset();
    if (!isSame) this.position = { x: 0, y: 0, z: 0 };
    this.zoneId = welcome.zone_id;
    this.portals = welcome.portals ?? [];
    this.#lookAtAll();
    this.#isWelcome = true;
    this.world.forget();
    // Actions that the server has not received were lost with the old link.
    if (isSame) for (const words of this.#actions.unheard(welcome.seq)) this.#send(words);
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
    this.#actions.ack(ack);
    if (isMuch) this.#lookAtAll();
    else if (this.options.looksLater !== true || !this.isPlaying) this.look();
  }

  /** Also while held: no more states can be kept, or the next one is a reset. */
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
    if (this.isPlaying || !this.#isWelcome || !isReset) return;
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

  readonly #onFrameEvent = (frame: FrameReader): void => takeFrameEvent(frame, this.options, this.stats);

  /** Moved to another zone: it stands at that zone's spawn point, and a reset follows. */
  #onZone({ zone_id, portals, lost_from = 0, lost_to = 0 }: ZoneChange): void {
    this.stats.zoneChanges++;
    this.#lookAtAll();
    this.zoneId = zone_id;
    this.portals = portals ?? [];
    this.#actions.lose(lost_from, lost_to);
    this.world.forget();
    this.world.tick = 0;
    this.position = { x: 0, y: 0, z: 0 };
  }

  #onError(code: string, message: string, seq = 0): void {
    if (code === "resume_expired") {
      this.#resume = "";
      return this.#hello();
    }
    count(this.stats.errors, code);
    if (code === "busy" && seq !== 0) this.#actions.busy(seq);
    else if (code === "busy" && !this.isPlaying) this.#askLater(new WowsimError(code, message));
    else if (code === "malformed") this.stats.protocolError(`the server says: ${message}`);
    else if (LATER.has(code)) this.#askLater(new WowsimError(code, message));
    else if (FATAL.has(code)) this.#endWith(new WowsimError(code, message));
    else if (code === "taken_over") this.#isLeaving = true;
  }

  /** Refused for now: says hello again later, on the same link. */
  #askLater(refusal: WowsimError): void {
    this.#refusal = refusal;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#hello();
    }, this.#backoff.nextMs());
  }

  #endWith(error: WowsimError): void {
    this.failure = error;
    this.#isLeaving = true;
    this.#entered.reject(error);
    this.#wire?.terminate();
  }

  #onClose(): void {
    const wasPlaying = this.isPlaying;
    this.isPlaying = false;
    this.#isWelcome = false;
    this.#gone.resolve();
    if (this.#isLeaving) return;
    if (wasPlaying) this.stats.drops++;
    if (this.options.reconnects === false)
      return this.#endWith(new WowsimError("dropped", "The server closed the link."));
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

/** The result of the current frame; one object for all clients of the process. */
const outcome = new FrameOutcome();
