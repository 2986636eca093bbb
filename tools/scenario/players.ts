// The players of a drill, in any number of groups, and what they measured since any moment.
//
//   await players.spawn({ count: 6, rate: 2, zone: 1 }, signal)
//   const before = players.counts
//   players.feltSince(before)            // { playing: 6, drops: 0, resumed: 0, roundTripMs: { p50: 31, ... }, ... }
//   await players.despawn()

import { WowsimError } from "../../server/protocol/errors.ts";
import { Swarm } from "../client/swarm.ts";
import { isAbove } from "../analysis/measured.ts";
import type { Felt, FeltCounts } from "./measures.ts";

export interface PlayersWish {
  count: number;
  /** Actions a second of each player. */
  rate: number;
  zone?: number | undefined;
}

export interface PlayersOptions {
  host: string;
  /** The game port. */
  port: number;
  token?: string | undefined;
  seed: number;
}

export class Players {
  readonly #options: PlayersOptions;
  /** Includes groups that have left: their counts still matter. */
  readonly #groups: Swarm[] = [];
  #inWorld: Swarm[] = [];

  constructor(options: PlayersOptions) {
    this.#options = options;
  }

  /** Players in the world now. */
  get playing(): number {
    return this.#inWorld.reduce((sum, swarm) => sum + swarm.playing, 0);
  }

  /** Adds players. Throws WowsimError when not all of them could join, or the signal's reason when it is aborted. */
  async spawn({ count, rate, zone }: PlayersWish, signal: AbortSignal): Promise<void> {
    const { host, port, token, seed } = this.#options;
    const number = this.#groups.length + 1;
    const swarm = await Swarm.start({
      host,
      port,
      count,
      rate,
      seed: seed + number,
      namePrefix: `Drill ${number}`,
      signal,
      ...(zone === undefined ? {} : { zone }),
      ...(token === undefined ? {} : { token }),
    });
    this.#groups.push(swarm);
    this.#inWorld.push(swarm);
    signal.throwIfAborted();
    const { connects } = swarm.stats;
    if (connects < count)
      throw new WowsimError("players_missing", `Only ${connects} of ${count} players got in; see wowsim health.`);
  }

  /** Removes all players; returns how many were in the world. */
  async despawn(): Promise<number> {
    const leaving = this.playing;
    const groups = this.#inWorld;
    this.#inWorld = [];
    await Promise.all(groups.map((swarm) => swarm.stop()));
    return leaving;
  }

  get counts(): FeltCounts {
    const counts = { drops: 0, resumed: 0, restarted: 0, protocolErrors: 0 };
    for (const { stats } of this.#groups) {
      counts.drops += stats.drops;
      counts.resumed += stats.resumed;
      counts.restarted += stats.restarted;
      counts.protocolErrors += stats.protocolErrors;
    }
    return counts;
  }

  /** Round trips are measured from here on. */
  resetRoundTrips(): void {
    for (const { stats } of this.#groups) stats.resetRoundTrips();
  }

  /** Null when there never were any players. */
  feltSince(before: FeltCounts): Felt | null {
    if (this.#groups.length === 0) return null;
    const now = this.counts;
    return {
      playing: this.playing,
      drops: now.drops - before.drops,
      resumed: now.resumed - before.resumed,
      restarted: now.restarted - before.restarted,
      protocolErrors: now.protocolErrors - before.protocolErrors,
      roundTripMs: slowest(this.#groups.map(({ stats }) => stats.roundTripMs)),
    };
  }
}

/** The round trips of the slowest of several groups. */
function slowest(groups: readonly Felt["roundTripMs"][]): Felt["roundTripMs"] {
  return groups.reduce((worst, next) => (worst.p99 === null || isAbove(next.p99, worst.p99) ? next : worst));
}
