// One player over the JSON lines of the game port: says hello, keeps a model of what it sees and checks every message
// against it, numbers its actions and times their acknowledgements, and when its link breaks comes back to its session.
//
//   const client = new GameClient({ host, port, name: "Ann", random, stats })
//   await client.connect()                       // welcome and the first state have come
//   client.move(3, 0, 0); client.attack(1_000_001)
//   client.world.entities.get(1_000_001)?.health
//   await client.leave()

import { WowsimError } from "../../server/errors.ts";
import { Backoff } from "./backoff.ts";
import { count } from "./client-stats.ts";
import type { ClientStats } from "./client-stats.ts";
import { LineSocket } from "./line-socket.ts";
import { WorldModel } from "./world-model.ts";
import type { Position, SelfState, StateMessage } from "./world-model.ts";

/** Actions whose acknowledgement is waited for at once; older ones are given up. */
const UNACKED_MAX = 1_024;
const WELCOME_MS_MAX = 10_000;
const LEAVE_MS_MAX = 2_000;

/** Codes of `error` after which trying again is pointless. */
const FATAL = new Set(["bad_token", "unsupported_version", "no_such_zone", "no_such_class"]);

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
  onEvent?(event: GameEvent): void;
}

export interface GameEvent {
  type: "event";
  event: string;
  tick: number;
  [field: string]: unknown;
}

/** A spell its class can cast. */
export interface KnownSpell {
  id: number;
  name: string;
  effect: string;
  range_yd: number;
}

interface WelcomeMessage {
  type: "welcome";
  session_id: number;
  entity_id: number;
  zone_id: number;
  tick: number;
  tick_rate_hz: number;
  resume: string;
  seq: number;
  class: string;
  spells: KnownSpell[];
}

type ServerLine =
  | WelcomeMessage
  | StateMessage
  | GameEvent
  | { type: "error"; code: string; message: string; seq?: number }
  | { type: "pong"; t: number; tick: number }
  | { type: "zone"; zone_id: number; tick: number; reason: string };

export class GameClient {
  readonly world = new WorldModel();
  readonly options: GameClientOptions;
  readonly stats: ClientStats;
  sessionId = 0;
  entityId = 0;
  zoneId = 0;
  tickRateHz = 20;
  spells: readonly KnownSpell[] = [];
  playerClass = "";
  /** Where it believes to stand: what it asked for last, or was told since. */
  position: Position = { x: 0, y: 0, z: 0 };
  /** Welcomed and told what it sees, on a live socket. */
  isPlaying = false;
  /** Why it gave up for good, or null. */
  failure: WowsimError | null = null;
  readonly #now: () => number;
  readonly #backoff: Backoff;
  #socket: LineSocket | null = null;
  #resume = "";
  #seq = 0;
  #ackedSeq = 0;
  #isDead = false;
  #unacked: { seq: number; at: number }[] = [];
  #isLeaving = false;
  #hasPlayed = false;
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
      this.#giveUp(
        new WowsimError("no_welcome", "The server did not answer hello; see its health with wowsim health."),
      );
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
    return this.#act(`{"type":"movement","position":{"x":${x.toFixed(3)},"y":${y.toFixed(3)},"z":${z.toFixed(3)}}`);
  }

  /** `target` 0: the current one, else the nearest enemy. */
  cast(spell: number, target = 0): boolean {
    const at = target === 0 ? "" : `,"target_id":${target}`;
    return this.#act(`{"type":"spell_cast","action":"CAST_START","spell_id":${spell}${at}`);
  }

  cancelCast(): boolean {
    return this.#act('{"type":"spell_cast","action":"INTERRUPT"');
  }

  attack(target: number): boolean {
    return this.#act(`{"type":"combat","action":"ATTACK","target_session_id":${target}`);
  }

  stopAttack(): boolean {
    return this.#act('{"type":"combat","action":"STOP"');
  }

  /** Dead: asks to be revived at the spawn point. */
  release(): boolean {
    return this.#act('{"type":"release"');
  }

  ping(): boolean {
    return this.#send(`{"type":"ping","t":${this.#now()}}\n`);
  }

  /** Breaks the link, as a pulled cable would; it comes back by itself. */
  dropLink(): void {
    this.#socket?.terminate();
  }

  /** Leaves the game for good; resolves when the socket is closed, or after 2 s. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#entered.reject(new WowsimError("left", "It left before it was let in."));
    if (this.#retry !== null) clearTimeout(this.#retry);
    if (this.#socket === null || this.#socket.isClosed) return;
    this.#send('{"type":"bye"}\n');
    const timeout = setTimeout(() => this.#socket?.terminate(), LEAVE_MS_MAX);
    await this.#gone.promise;
    clearTimeout(timeout);
  }

  async #open(): Promise<void> {
    const { host, port, stats } = this.options;
    this.#gone = Promise.withResolvers<void>();
    try {
      this.#socket = await LineSocket.connect({
        host,
        port,
        onLine: (line) => this.#onLine(line),
        onClose: () => this.#onClose(),
        onBytes: (bytes) => {
          stats.bytesIn += bytes;
        },
      });
    } catch (error) {
      stats.connectFailures++;
      throw error;
    }
    if (this.#isLeaving) return this.#socket.terminate();
    this.#hello(this.#resume);
  }

  #hello(resume: string): void {
    const { name, zone, playerClass, token } = this.options;
    this.#send(
      `${JSON.stringify({
        type: "hello",
        v: 1,
        name,
        ...(zone === undefined ? {} : { zone }),
        ...(playerClass === undefined ? {} : { class: playerClass }),
        ...(token === undefined ? {} : { token }),
        ...(resume === "" ? {} : { resume }),
      })}\n`,
    );
  }

  /** Sends an action under its own number. `open` is the message without its last brace. */
  #act(open: string): boolean {
    if (!this.isPlaying) return false;
    const seq = ++this.#seq;
    if (!this.#send(`${open},"seq":${seq}}\n`)) return false;
    this.stats.actions++;
    if (this.#unacked.length >= UNACKED_MAX) {
      this.#unacked.shift();
      this.stats.lost++;
    }
    this.#unacked.push({ seq, at: this.#now() });
    return true;
  }

  #send(text: string): boolean {
    if (this.#socket === null || !this.#socket.send(text)) return false;
    this.stats.bytesOut += text.length;
    return true;
  }

  #onLine(line: string): void {
    let message: ServerLine;
    try {
      message = JSON.parse(line) as ServerLine;
    } catch {
      return this.stats.protocolError(`not JSON: ${line.slice(0, 80)}`);
    }
    switch (message.type) {
      case "state":
        return this.#onState(message);
      case "event":
        return this.#onEvent(message);
      case "welcome":
        return this.#onWelcome(message);
      case "pong":
        return this.stats.recordPing(this.#now() - message.t);
      case "zone":
        return this.#onZone(message.zone_id);
      case "error":
        return this.#onError(message.code, message.message, message.seq);
      default:
        this.stats.protocolError(`unknown message: ${line.slice(0, 80)}`);
    }
  }

  #onWelcome(welcome: WelcomeMessage): void {
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
    this.#forgetUntaken(isSame ? welcome.seq : 0);
    this.#seq = welcome.seq;
    if (!isSame) {
      this.#ackedSeq = 0;
      this.#isDead = false;
    }
    this.#backoff.reset();
    if (!isSame) this.position = { x: 0, y: 0, z: 0 };
    this.zoneId = welcome.zone_id;
    this.world.forget();
  }

  #onState(state: StateMessage): void {
    this.stats.states++;
    for (const problem of this.world.apply(state)) this.stats.protocolError(problem);
    if (state.position !== undefined) this.position = state.position;
    if (state.self !== undefined) this.#onSelf(state.self);
    if (state.ack !== undefined) this.#onAck(state.ack);
    if (this.isPlaying || state.reset !== true) return;
    this.isPlaying = true;
    this.#entered.resolve();
  }

  /** What was sent beyond `taken`, the last the server has of this session, went down with the old link. */
  #forgetUntaken(taken: number): void {
    const kept = this.#unacked.filter(({ seq }) => seq <= taken);
    this.stats.lost += this.#unacked.length - kept.length;
    this.#unacked = kept;
  }

  #onSelf({ health }: SelfState): void {
    const isDead = health === 0;
    if (isDead === this.#isDead) return;
    this.#isDead = isDead;
    if (isDead) this.stats.deaths++;
    else this.stats.revivals++;
  }

  #onAck(ack: number): void {
    this.#ackedSeq = Math.max(this.#ackedSeq, ack);
    let acked = 0;
    for (const { seq, at } of this.#unacked) {
      if (seq > ack) break;
      acked++;
      this.stats.acks++;
      this.stats.recordRoundTrip(this.#now() - at);
    }
    if (acked > 0) this.#unacked.splice(0, acked);
  }

  #onEvent(event: GameEvent): void {
    this.stats.events++;
    if (event.event === "refused") count(this.stats.refusals, String(event["reason"]));
    else count(this.stats.eventsByName, event.event);
    this.options.onEvent?.(event);
  }

  /** Put into another zone: it stands at that one's spawn point, and a reset follows. */
  #onZone(zoneId: number): void {
    this.zoneId = zoneId;
    this.world.forget();
    this.world.tick = 0;
    this.position = { x: 0, y: 0, z: 0 };
  }

  #onError(code: string, message: string, seq = 0): void {
    if (code === "resume_expired") {
      this.#resume = "";
      return this.#hello("");
    }
    count(this.stats.errors, code);
    if (code === "busy") this.#onBusy(seq);
    else if (code === "malformed") this.stats.protocolError(`the server says: ${message}`);
    else if (FATAL.has(code)) this.#giveUp(new WowsimError(code, message));
    else if (code === "taken_over") this.#isLeaving = true;
  }

  /** That action was not taken: nothing will acknowledge it. */
  #onBusy(seq: number): void {
    this.stats.busy++;
    const at = this.#unacked.findIndex((action) => action.seq === seq);
    if (at >= 0) this.#unacked.splice(at, 1);
  }

  #giveUp(error: WowsimError): void {
    this.failure = error;
    this.#isLeaving = true;
    this.#entered.reject(error);
    this.#socket?.terminate();
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
