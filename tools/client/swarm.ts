// Many bots on one server, from one process and one timer: the players of spawn-clients and the demo.
//
//   const swarm = await Swarm.start({ host, port, count: 5, rate: 2, seed: 1 })
//   swarm.stats.roundTripMs.p50
//   await swarm.stop()          // all have left the game

import { seededRandom, seedOf } from "../../server/protocol/seeded-random.ts";
import { loadContent } from "../../server/protocol/content/load.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { Bot } from "./bot.ts";
import { ClientStats } from "./client-stats.ts";
import { GameClient } from "./game-client.ts";
import { CONNECTS_AT_ONCE, forEachAtOnce, pace } from "./pacer.ts";
import { roleOf } from "./roles.ts";
import type { BehaviourName, Role } from "./roles.ts";
import { SpellBook } from "./spell-book.ts";
import type { Protocol } from "./wire.ts";

const PINGS_PER_SECOND = 1;
/** The events that a bot needs. */
const BOT_EVENTS: ReadonlySet<string> = new Set(["refused", "trade"]);
const SETTLE_MS_MAX = 2_000;
const SETTLE_LOOK_MS = 10;

export interface SwarmOptions {
  host: string;
  port: number;
  count: number;
  /** Actions a second of each bot. */
  rate: number;
  seed: number;
  zone?: number;
  token?: string;
  /** Default "json". */
  protocol?: Protocol;
  /** Their behaviour; default "alone". */
  behaviour?: BehaviourName;
  /** Players are called "<prefix> 1", ...; default "Bot". */
  namePrefix?: string;
  /** They are characters, which persist: names and secrets follow from the seed. */
  characters?: boolean;
  now?: () => number;
  /** Aborting it stops the connecting early. */
  signal?: AbortSignal;
  onConnected?(connected: number): void;
}

export class Swarm {
  readonly clients: readonly GameClient[];
  readonly stats: ClientStats;
  #stops: (() => void)[] = [];

  private constructor(clients: GameClient[], stats: ClientStats) {
    this.clients = clients;
    this.stats = stats;
  }

  /** Connects all and lets them play. Throws WowsimError when none could connect. */
  static async start(options: SwarmOptions): Promise<Swarm> {
    const { count, rate, now = () => performance.now(), signal } = options;
    const stats = new ClientStats();
    const content = loadContent();
    const book = new SpellBook(content);
    const bots = Array.from({ length: count }, (_, index) =>
      newBot({ ...options, now }, index, stats, roleOf(options.behaviour ?? "alone", index, content), book),
    );
    const clients = bots.map(({ client }) => client);
    const swarm = new Swarm(clients, stats);
    const leave = (): void => void Promise.all(clients.map((client) => client.leave()));
    signal?.addEventListener("abort", leave, { once: true });
    let connected = 0;
    let firstError: unknown = null;
    await forEachAtOnce(count, CONNECTS_AT_ONCE, async (index) => {
      const client = clients[index];
      if (client === undefined || signal?.aborted === true) return;
      try {
        await client.connect();
        connected++;
        options.onConnected?.(connected);
      } catch (error) {
        firstError ??= error;
      }
    });
    signal?.removeEventListener("abort", leave);
    if (signal?.aborted === true) return swarm;
    if (connected === 0 && firstError !== null) throw firstError;
    if (connected === 0)
      throw new WowsimError("no_clients", "Nobody was asked to connect; give a count of at least 1.");
    const act = (index: number): void => {
      if (bots[index]?.act(now()) !== true) stats.turnsOut++;
    };
    const onLate = (turns: number): void => {
      stats.turnsLate += turns;
    };
    swarm.#stops = [
      pace({ count, perSecond: rate, now, visit: act, onLate }),
      pace({ count, perSecond: PINGS_PER_SECOND, now, visit: (index) => void clients[index]?.ping() }),
    ];
    return swarm;
  }

  /** The number of bots in the world now. */
  get playing(): number {
    let playing = 0;
    for (const client of this.clients) if (client.isPlaying) playing++;
    return playing;
  }

  /** Stops all actions; when the last ones are acknowledged, or after 2 s, every bot leaves. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    const deadline = performance.now() + SETTLE_MS_MAX;
    while (!this.clients.every(isSettled) && performance.now() < deadline) await Bun.sleep(SETTLE_LOOK_MS);
    await Promise.all(this.clients.map((client) => client.leave()));
  }
}

/** No action is pending, or no answer can come any more. */
function isSettled({ isPlaying, pendingActions }: GameClient): boolean {
  return !isPlaying || pendingActions === 0;
}

function newBot(options: SwarmOptions, index: number, stats: ClientStats, role: Role, book: SpellBook): Bot {
  const { host, port, seed, zone, token, protocol = "json", namePrefix = "Bot", characters, now } = options;
  const { behave, playerClass } = role;
  const isCharacter = characters === true;
  const client = new GameClient({
    host,
    port,
    name: isCharacter ? `Hero ${seed}-${index + 1}` : `${namePrefix} ${index + 1}`,
    ...(isCharacter ? { secret: `seeded-${seedOf(seed, "secret", index)}` } : {}),
    ...(zone === undefined ? {} : { zone }),
    ...(token === undefined ? {} : { token }),
    ...(playerClass === undefined ? {} : { playerClass }),
    ...(now === undefined ? {} : { now }),
    random: seededRandom(seedOf(seed, "client", index)),
    stats,
    protocol,
    onEvent: (event) => bot.onEvent(event),
    onlyEvents: BOT_EVENTS,
  });
  const bot = new Bot(client, seededRandom(seedOf(seed, "bot", index)), behave, book);
  return bot;
}
