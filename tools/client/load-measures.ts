// What a load (players or guests) comes to, as numbers by name: for `--fail-if` and for the line it says while it runs.
//
//   measuresOf(stats, { elapsedS: 30, playing: 48, count: 50 })    // { p50: 31.2, p99: 52, drops: 2, out: 2, rate: 99.8, ... }

import { mapped, ratio } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import type { ClientStats } from "./client-stats.ts";
import type { LoadMeasures } from "./fail-if.ts";
import type { GuestStats } from "./guest-load.ts";

export interface LoadState {
  elapsedS: number;
  playing: number;
  /** Clients that were asked for. */
  count: number;
}

/** Guests read nothing, so what players are told is not measured with them. */
export function measuresOf(stats: ClientStats | GuestStats, { elapsedS, playing, count }: LoadState): LoadMeasures {
  const common = { drops: stats.drops, reconnects: stats.reconnects, out: count - playing };
  const overTime = (sent: number): Measured => ratio(sent, elapsedS);
  if (!("protocolErrors" in stats)) return { ...common, late: stats.messagesLate, rate: overTime(stats.messages) };
  const { roundTripMs: trip, pingMs: ping } = stats;
  return {
    ...common,
    p50: trip.p50,
    p90: trip.p90,
    p99: trip.p99,
    max: trip.max,
    ping_p50: ping.p50,
    ping_p99: ping.p99,
    errors: stats.protocolErrors,
    lost: stats.lost,
    busy: stats.busy,
    late: stats.turnsLate,
    deaths: stats.deaths,
    acked: mapped(ratio(stats.acks, stats.actions), (share) => share * 100),
    rate: overTime(stats.actions),
  };
}

/** One look at a load that runs: what happened since the look before. */
export class LiveLook {
  readonly #stats: ClientStats | GuestStats;
  #sent = 0;
  #atS = 0;

  constructor(stats: ClientStats | GuestStats) {
    this.#stats = stats;
  }

  /** For people, and short, so that it fits beside a bar: what was sent and round trips since the last call, drops in all. */
  text(elapsedS: number, playing: number): string {
    const stats = this.#stats;
    const isPlayers = "protocolErrors" in stats;
    const sent = isPlayers ? stats.actions : stats.messages;
    const rate = elapsedS > this.#atS ? (sent - this.#sent) / (elapsedS - this.#atS) : 0;
    this.#sent = sent;
    this.#atS = elapsedS;
    const parts = [`${playing} playing`, `${rate.toFixed(rate < 10 ? 1 : 0)}/s`];
    if (isPlayers) {
      const { p50, p99 } = stats.takeRecentMs();
      parts.push(p50 === null || p99 === null ? "no answers" : `p50 ${p50.toFixed(0)} p99 ${p99.toFixed(0)} ms`);
    }
    return [...parts, `${stats.drops} drops`].join(", ");
  }
}

/** Between two looks: for a line that is drawn over, and for lines of a log. */
const DRAWN_EVERY_MS = 1_000;
const SAID_EVERY_MS = 10_000;

/** What a load does while it runs: for a terminal's bar anew once a second, elsewhere said as a line of its own every ten. */
export class LiveLine {
  readonly #load: { readonly playing: number };
  readonly #look: LiveLook;
  readonly #say: ((line: string) => void) | null;
  readonly #everyMs: number;
  #nextMs: number;
  #text: string;

  /** `say` null: the text is drawn by whoever asks for it. */
  constructor(
    load: { readonly playing: number; readonly stats: ClientStats | GuestStats },
    say: ((line: string) => void) | null,
  ) {
    this.#load = load;
    this.#look = new LiveLook(load.stats);
    this.#say = say;
    this.#everyMs = say === null ? DRAWN_EVERY_MS : SAID_EVERY_MS;
    this.#nextMs = this.#everyMs;
    this.#text = `${load.playing} playing`;
  }

  /** Call often; the text for the bar. */
  look(elapsedMs: number): string {
    const seconds = Math.floor(elapsedMs / 1_000);
    if (elapsedMs >= this.#nextMs) {
      this.#nextMs = (Math.floor(elapsedMs / this.#everyMs) + 1) * this.#everyMs;
      this.#text = this.#look.text(elapsedMs / 1_000, this.#load.playing);
      this.#say?.(`${seconds} s, ${this.#text}`);
    }
    return `${seconds} s, ${this.#text}`;
  }
}
