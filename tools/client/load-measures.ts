// The results of a load (players or guests), as numbers by name: for `--fail-if` and for the status line while it runs.
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
  /** Clients requested. */
  count: number;
}

/** Guests do not read, so the measures of answers are missing for them. */
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

/** Summarizes a running load: what happened since the last call. */
export class LiveLook {
  readonly #stats: ClientStats | GuestStats;
  #sent = 0;
  #atS = 0;

  constructor(stats: ClientStats | GuestStats) {
    this.#stats = stats;
  }

  /** A text short enough to fit beside a bar: messages sent and round trips since the last call, and all drops. */
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

/** The interval of updates: for a line that is redrawn, and for lines of a log. */
const DRAWN_EVERY_MS = 1_000;
const SAID_EVERY_MS = 10_000;

/** The status line of a running load: on a terminal updated once a second, elsewhere printed as a new line every ten. */
export class LiveLine {
  readonly #load: { readonly playing: number };
  readonly #look: LiveLook;
  readonly #say: ((line: string) => void) | null;
  readonly #everyMs: number;
  #nextMs: number;
  #text: string;

  /** `say` null: the caller draws the text. */
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

  /** Call often; returns the text for the bar. */
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
