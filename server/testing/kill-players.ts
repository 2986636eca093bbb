// Players on a server that is killed now and then: traders, fighters, and some who go through one portal after the other; half of
// them are characters. A few characters log out and in again all the time. They reconnect by themselves.
//
//   const players = await KillPlayers.start({ port, control, count: 100, seed: 1, zones: 8 })
//   players.known()                // what each was acknowledged, and what it has sent at most
//   await players.untilAllPlay(10_000)
//   await players.compare()        // what they know is what their zones know

import { loadContent } from "../protocol/content/load.ts";
import { seededRandom, seedOf } from "../protocol/seeded-random.ts";
import { at } from "../protocol/assert.ts";
import { Bot } from "../../tools/client/bot.ts";
import type { Behaviour } from "../../tools/client/behaviour.ts";
import { playAlone } from "../../tools/client/behaviours/alone.ts";
import { playTrader } from "../../tools/client/behaviours/trader.ts";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { GameClient } from "../../tools/client/game-client.ts";
import { forEachAtOnce, pace } from "../../tools/client/pacer.ts";
import { SpellBook } from "../../tools/client/spell-book.ts";
import { WorldCheck } from "./world-compare.ts";
import type { Comparison } from "./world-compare.ts";

export interface KillPlayersOptions {
  port: number;
  /** Of other gateways of a cluster: players are spread over all, and go to another when theirs is gone. */
  otherPorts?: readonly number[];
  control: number;
  count: number;
  seed: number;
  zones: number;
  /** Actions a second of each; default 4. */
  rate?: number;
  /** Characters that log out and in again; default 3. */
  comers?: number;
}

/** What the server has told a player, and what it was sent: numbers of actions. */
export interface KnownActions {
  session: number;
  name: string;
  acked: number;
  sent: number;
}

const now = (): number => performance.now();
const LOOK_MS = 10;
/** Each secret is hashed, which takes a processor a while. */
const LOGINS_AT_ONCE = 6;
const COMER_STAY_MS = 700;
const ANSWER_MS_MAX = 5_000;
const EVENTS: ReadonlySet<string> = new Set(["refused", "trade"]);

/** Goes through one portal after the other. */
const playCrosser: Behaviour = (view) => {
  const [portal] = view.portals;
  return portal === undefined ? playAlone(view) : { do: "walk", x: portal.x, y: portal.y, stopAt: 0 };
};
const BEHAVIOURS: readonly Behaviour[] = [playTrader, playTrader, playCrosser, playAlone];

export class KillPlayers {
  readonly stats = new ClientStats();
  /** Logins of comers that were refused for good, with the code. */
  readonly refusals: string[] = [];
  readonly #options: KillPlayersOptions;
  readonly #book = new SpellBook(loadContent());
  readonly #bots: Bot[];
  readonly #comers: (GameClient | null)[];
  readonly #stops: (() => void)[] = [];
  #isStopping = false;
  #comersDone: Promise<unknown> = Promise.resolve();

  static async start(options: KillPlayersOptions): Promise<KillPlayers> {
    const players = new KillPlayers(options);
    await players.#begin();
    return players;
  }

  private constructor(options: KillPlayersOptions) {
    this.#options = options;
    this.#bots = Array.from({ length: options.count }, (_, index) => this.#newBot(index));
    this.#comers = Array.from({ length: options.comers ?? 3 }, () => null);
  }

  get clients(): GameClient[] {
    return this.#bots.map(({ client }) => client);
  }

  /** What the players were told, and have sent. Call it while no server runs. */
  known(): KnownActions[] {
    return this.clients.map(({ sessionId, options, ackedSeq, lastSeq }) => ({
      session: sessionId,
      name: options.name,
      acked: ackedSeq,
      sent: lastSeq,
    }));
  }

  /** What they complain about, since the start. */
  get report(): { errors: number; examples: string[]; restarted: number; refusals: string[] } {
    const { protocolErrors: errors, protocolErrorExamples: examples, restarted } = this.stats;
    return { errors, examples, restarted, refusals: this.refusals };
  }

  /** Resolves when all play, with the milliseconds that each took from now on; those who do not in time are left out. */
  async untilAllPlay(msMax: number): Promise<number[]> {
    const beganMs = performance.now();
    const took = new Map<GameClient, number>();
    const { clients } = this;
    while (took.size < clients.length && performance.now() - beganMs < msMax) {
      for (const client of clients)
        if (client.isPlaying && !took.has(client)) took.set(client, performance.now() - beganMs);
      await Bun.sleep(LOOK_MS);
    }
    return [...took.values()];
  }

  /** Compares what all know with what their zones know. */
  async compare(): Promise<Comparison> {
    const { control: port, zones } = this.#options;
    await using operator = await ControlClient.connect({ host: "127.0.0.1", port, timeoutMs: ANSWER_MS_MAX });
    const worlds = new WorldCheck(operator, this.clients);
    for (let zoneId = 1; zoneId <= zones; zoneId++) await worlds.zone(zoneId);
    return worlds.result();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const stop of this.#stops) stop();
    await this.#comersDone;
    await Promise.all(this.clients.map((client) => client.leave()));
  }

  async #begin(): Promise<void> {
    const { count, rate = 4 } = this.#options;
    await forEachAtOnce(count, LOGINS_AT_ONCE, (index) => at(this.clients, index).connect());
    this.#stops.push(
      pace({ count, perSecond: rate, now, visit: (index) => void at(this.#bots, index).act(now()) }),
      pace({ count, perSecond: 1, now, visit: (index) => void at(this.clients, index).ping() }),
    );
    this.#comersDone = Promise.all(this.#comers.map((_, index) => this.#comeAndGo(index)));
  }

  /** Logs a character in and out. Whatever goes wrong, it tries again. */
  async #comeAndGo(index: number): Promise<void> {
    while (!this.#isStopping) {
      const bot = this.#newBot(index, `Comer ${index + 1}`);
      const { client } = bot;
      this.#comers[index] = client;
      try {
        await client.connect();
        const stop = pace({
          count: 1,
          perSecond: 4,
          now: () => performance.now(),
          visit: () => void bot.act(performance.now()),
        });
        await Bun.sleep(COMER_STAY_MS);
        stop();
      } catch {
        if (client.failure !== null && REFUSED.has(client.failure.code)) this.refusals.push(client.failure.code);
        await Bun.sleep(COMER_STAY_MS / 4);
      }
      await client.leave();
    }
  }

  #portsOf(index: number): { port: number; otherPorts: number[] } {
    const { port, otherPorts = [] } = this.#options;
    const all = [port, ...otherPorts];
    const own = at(all, index % all.length);
    return { port: own, otherPorts: all.filter((each) => each !== own) };
  }

  #newBot(index: number, comer?: string): Bot {
    const { seed, zones } = this.#options;
    const isCharacter = comer !== undefined || index % 2 === 0;
    const client = new GameClient({
      host: "127.0.0.1",
      ...this.#portsOf(index),
      name: comer ?? `${isCharacter ? "Hero" : "Player"} ${index + 1}`,
      ...(isCharacter ? { secret: `seeded-${seed}-${index}` } : {}),
      zone: (index % zones) + 1,
      protocol: index % 3 === 0 ? "json" : "binary",
      random: seededRandom(seedOf(seed, "client", index)),
      stats: this.stats,
      looksLater: true,
      onEvent: (event) => bot.onEvent(event),
      onlyEvents: EVENTS,
    });
    const random = seededRandom(seedOf(seed, "bot", index));
    const bot: Bot = new Bot(client, random, at(BEHAVIOURS, (index >> 1) % BEHAVIOURS.length), this.#book);
    return bot;
  }
}

/** A comer is told none of these, whatever happens to the server. */
const REFUSED: ReadonlySet<string> = new Set(["bad_secret", "name_taken", "no_such_class", "no_such_zone"]);
