// Many bots on one server, out of one process and one timer: what spawn-clients and the demo play with.
//
//   const swarm = await Swarm.start({ host, port, count: 5, rate: 2, seed: 1 })
//   swarm.stats.roundTripMs.p50
//   await swarm.stop()          // all have left the game

import { seededRandom, seedOf } from "../../server/fault/random.ts";
import { WowsimError } from "../../server/errors.ts";
import { Bot } from "./bot.ts";
import { ClientStats } from "./client-stats.ts";
import { GameClient } from "./game-client.ts";
import { forEachAtOnce, pace } from "./pacer.ts";

const CONNECTS_AT_ONCE = 64;
const PINGS_PER_SECOND = 1;

export interface SwarmOptions {
  host: string;
  port: number;
  count: number;
  /** Actions a second of each. */
  rate: number;
  seed: number;
  zone?: number;
  token?: string;
  /** Players are called "<prefix> 1", ...; default "Bot". */
  namePrefix?: string;
  now?: () => number;
  /** Ends connecting early. */
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

  /** Connects all and lets them play. Throws WowsimError when not one of them got in. */
  static async start(options: SwarmOptions): Promise<Swarm> {
    const { count, rate, seed, now = () => performance.now(), signal } = options;
    const stats = new ClientStats();
    const clients = Array.from({ length: count }, (_, index) => newClient(options, index, stats, now));
    const swarm = new Swarm(clients, stats);
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
    if (connected === 0 && firstError !== null) throw firstError;
    if (connected === 0 && signal?.aborted !== true)
      throw new WowsimError("no_clients", "Nobody was asked to connect; give a count of at least 1.");
    const bots = clients.map((client, index) => new Bot(client, seededRandom(seedOf(seed, "bot", index))));
    swarm.#stops = [
      pace({ count, perSecond: rate, now, visit: (index) => bots[index]?.act(now()) }),
      pace({ count, perSecond: PINGS_PER_SECOND, now, visit: (index) => void clients[index]?.ping() }),
    ];
    return swarm;
  }

  /** How many are in the world just now. */
  get playing(): number {
    let playing = 0;
    for (const client of this.clients) if (client.isPlaying) playing++;
    return playing;
  }

  /** Everybody leaves. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    await Promise.all(this.clients.map((client) => client.leave()));
  }
}

function newClient(options: SwarmOptions, index: number, stats: ClientStats, now: () => number): GameClient {
  const { host, port, seed, zone, token, namePrefix = "Bot" } = options;
  return new GameClient({
    host,
    port,
    name: `${namePrefix} ${index + 1}`,
    ...(zone === undefined ? {} : { zone }),
    ...(token === undefined ? {} : { token }),
    random: seededRandom(seedOf(seed, "client", index)),
    stats,
    now,
  });
}
