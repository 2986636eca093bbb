// Load as the clients of the earlier C++ simulator make it: guests that never say hello, never read, and send movement,
// spell_cast and combat lines at a fixed rate. It is cheap for this machine: all lines are built beforehand, and one timer
// serves all sockets, staggered over the period.
//
// Each guest walks a closed track of steps of up to 5 yd that begins at (0,0,0). Its next message is random, as with those
// clients (old-mix.ts): in a fixed order every long cast would be followed by a step, or none would.

import type { Socket } from "bun";
import { seededRandom, seedOf } from "../../server/protocol/seeded-random.ts";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { Backoff } from "./backoff.ts";
import { OLD_BASE_DAMAGE, OLD_SPELLS, OLD_TARGET, OldWalk, chooseOldMessage } from "./old-mix.ts";
import { hostAndPort } from "./server-name.ts";
import { CONNECTS_AT_ONCE, forEachAtOnce, pace } from "./pacer.ts";

const TRACKS = 64;
const TRACK_STEPS = 64;

export interface GuestLoadOptions {
  host: string;
  port: number;
  count: number;
  /** Messages a second of each guest. */
  rate: number;
  seed: number;
  now?: () => number;
  signal?: AbortSignal;
  onConnected?(connected: number): void;
}

export class GuestStats {
  connects = 0;
  connectFailures = 0;
  messages = 0;
  bytesOut = 0;
  /** Messages not sent because the socket was full or gone. */
  messagesSkipped = 0;
  /** Messages not sent because this machine was too slow. */
  messagesLate = 0;
  drops = 0;
  reconnects = 0;

  toJson(): Record<string, unknown> {
    return {
      connects: this.connects,
      connect_failures: this.connectFailures,
      messages: this.messages,
      messages_skipped: this.messagesSkipped,
      messages_late: this.messagesLate,
      bytes_out: this.bytesOut,
      drops: this.drops,
      reconnects: this.reconnects,
    };
  }
}

interface Guest {
  socket: Socket<undefined> | null;
  /** The part of the last line that the socket has not taken yet. */
  rest: Buffer | null;
  random: () => number;
  /** Movements sent. */
  steps: number;
  backoff: Backoff;
}

export class GuestLoad {
  readonly stats = new GuestStats();
  readonly #options: GuestLoadOptions;
  readonly #guests: Guest[];
  readonly #tracks: Buffer[][];
  readonly #casts: Map<number, Buffer>;
  readonly #attack: Buffer;
  #stopPacing: (() => void) | null = null;
  #isStopping = false;

  private constructor(options: GuestLoadOptions) {
    this.#options = options;
    const random = seededRandom(seedOf(options.seed, "guests"));
    this.#tracks = Array.from({ length: TRACKS }, () => buildTrack(random));
    this.#casts = new Map(
      OLD_SPELLS.map(([id, ticks]) => [
        id,
        line({ type: "spell_cast", session_id: 1, action: "CAST_START", spell_id: id, cast_time_ticks: ticks }),
      ]),
    );
    this.#attack = line({
      type: "combat",
      session_id: 1,
      action: "ATTACK",
      target_session_id: OLD_TARGET,
      base_damage: OLD_BASE_DAMAGE,
      damage_type: "PHYSICAL",
    });
    this.#guests = Array.from({ length: options.count }, (_, index) => ({
      socket: null,
      rest: null,
      random: seededRandom(seedOf(options.seed, "mix", index)),
      steps: 0,
      backoff: new Backoff(seededRandom(seedOf(options.seed, "guest", index))),
    }));
  }

  /** Connects all and begins to send. Throws WowsimError("unreachable") when none could connect. */
  static async start(options: GuestLoadOptions): Promise<GuestLoad> {
    const load = new GuestLoad(options);
    const { count, rate, now = () => performance.now(), signal } = options;
    let firstError: unknown = null;
    await forEachAtOnce(count, CONNECTS_AT_ONCE, async (index) => {
      const guest = load.#guests[index];
      if (guest === undefined || signal?.aborted === true) return;
      try {
        await load.#connect(guest);
        load.stats.connects++;
        options.onConnected?.(load.stats.connects);
      } catch (error) {
        load.stats.connectFailures++;
        firstError ??= error;
      }
    });
    if (load.stats.connects === 0 && firstError !== null)
      throw new WowsimError(
        "unreachable",
        `No server at ${hostAndPort(options.host, options.port)} (${messageOf(firstError)}); start one with wowsim serve, or say where it is with --server.`,
        { cause: firstError },
      );
    const onLate = (messages: number): void => {
      load.stats.messagesLate += messages;
    };
    load.#stopPacing = pace({ count, perSecond: rate, now, visit: (index) => load.#sendNext(index), onLate });
    return load;
  }

  get playing(): number {
    let playing = 0;
    for (const guest of this.#guests) if (guest.socket !== null) playing++;
    return playing;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopPacing?.();
    for (const guest of this.#guests) guest.socket?.end();
    await Promise.resolve();
  }

  async #connect(guest: Guest): Promise<void> {
    guest.socket = await Bun.connect({
      hostname: this.#options.host,
      port: this.#options.port,
      socket: {
        data() {},
        drain: (socket) => this.#flush(guest, socket),
        close: () => this.#onClose(guest),
        error() {},
      },
    });
  }

  #sendNext(index: number): void {
    const guest = this.#guests[index];
    if (guest === undefined || guest.socket === null || guest.rest !== null) {
      this.stats.messagesSkipped++;
      return;
    }
    const bytes = this.#lineFor(guest, index);
    const taken = guest.socket.write(bytes);
    if (taken < 0) {
      this.stats.messagesSkipped++;
      return;
    }
    this.stats.messages++;
    this.stats.bytesOut += bytes.length;
    if (taken < bytes.length) guest.rest = bytes.subarray(taken);
  }

  #lineFor(guest: Guest, index: number): Buffer {
    const message = chooseOldMessage(guest.random);
    if (message.kind === "cast") return this.#casts.get(message.spellId) ?? this.#attack;
    if (message.kind === "attack") return this.#attack;
    const track = this.#tracks[index % TRACKS];
    return track?.[guest.steps++ % track.length] ?? this.#attack;
  }

  #flush(guest: Guest, socket: Socket<undefined>): void {
    if (guest.rest === null) return;
    const taken = socket.write(guest.rest);
    if (taken >= guest.rest.length) guest.rest = null;
    else if (taken > 0) guest.rest = guest.rest.subarray(taken);
  }

  #onClose(guest: Guest): void {
    guest.socket = null;
    guest.rest = null;
    if (this.#isStopping) return;
    this.stats.drops++;
    this.#retryLater(guest);
  }

  #retryLater(guest: Guest): void {
    setTimeout(() => {
      if (this.#isStopping) return;
      this.#connect(guest).then(
        () => {
          guest.backoff.reset();
          this.stats.reconnects++;
        },
        () => this.#retryLater(guest),
      );
    }, guest.backoff.nextMs());
  }
}

function line(message: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(message)}\n`);
}

/** Steps from (0,0,0) out and back the same way, as movement lines. */
function buildTrack(random: () => number): Buffer[] {
  const walk = new OldWalk(random);
  const lines = Array.from({ length: TRACK_STEPS / 2 }, () =>
    line({ type: "movement", session_id: 1, position: walk.step() }),
  );
  return [...lines, ...lines.toReversed()];
}
