// What clients did and measured, one object for all clients that run together; and its summary:
//
//   {"connects":200,"actions":4000,"acks":3998,"round_trip_ms":{"p50":31.2,"p99":52.1,"max":60.3},"drops":0,...}

import { createHistogram } from "node:perf_hooks";
import type { Measured } from "../analysis/measured.ts";

const US_PER_MS = 1_000;
/** The number of protocol errors whose full text is kept. */
const EXAMPLES_MAX = 5;

/** In milliseconds; missing without samples. */
export interface Percentiles {
  count: number;
  p50: Measured;
  p90: Measured;
  p99: Measured;
  max: Measured;
}

export class ClientStats {
  /** Sessions begun: welcomes without resume. */
  connects = 0;
  connectFailures = 0;
  /** Actions sent, and actions whose effects came back in a state message. */
  actions = 0;
  acks = 0;
  /**
   * `busy`: actions refused because the server had no room. `lost`: actions lost with a link, or received after the player had
   * left their zone. At the end, acks + busy + lost = actions.
   */
  busy = 0;
  lost = 0;
  /** Turns without an action: `out` because the player was not in the world, `late` because this machine was too slow. */
  turnsOut = 0;
  turnsLate = 0;
  /** Moves to another zone: by a portal, or because the player's zone went down or came back. */
  zoneChanges = 0;
  deaths = 0;
  revivals = 0;
  /** Links that broke and that the client did not close itself. */
  drops = 0;
  /** Welcomes after a drop: with the same session, or with a new one. */
  resumed = 0;
  restarted = 0;
  states = 0;
  events = 0;
  bytesIn = 0;
  bytesOut = 0;
  protocolErrors = 0;
  readonly protocolErrorExamples: string[] = [];
  /** `error` messages by code, `refused` events by reason, other events by name. */
  readonly errors = new Map<string, number>();
  readonly refusals = new Map<string, number>();
  readonly eventsByName = new Map<string, number>();
  readonly #actionUs = createHistogram();
  readonly #pingUs = createHistogram();
  /** Since the last takeRecentMs(). */
  readonly #recentUs = createHistogram();

  get reconnects(): number {
    return this.resumed + this.restarted;
  }

  /** The time from sending an action to the state message that acknowledges it. */
  recordRoundTrip(ms: number): void {
    const us = Math.max(1, Math.round(ms * US_PER_MS));
    this.#actionUs.record(us);
    this.#recentUs.record(us);
  }

  recordPing(ms: number): void {
    this.#pingUs.record(Math.max(1, Math.round(ms * US_PER_MS)));
  }

  protocolError(what: string): void {
    this.protocolErrors++;
    if (this.protocolErrorExamples.length < EXAMPLES_MAX) this.protocolErrorExamples.push(what);
  }

  /** Milliseconds from action to acknowledgement since the last reset. */
  get roundTripMs(): Percentiles {
    return percentilesOf(this.#actionUs);
  }

  /** The same, since the last call of this function. */
  takeRecentMs(): Percentiles {
    const recent = percentilesOf(this.#recentUs);
    this.#recentUs.reset();
    return recent;
  }

  get pingMs(): Percentiles {
    return percentilesOf(this.#pingUs);
  }

  /** Restarts the round-trip measurement, to measure one time range by itself. */
  resetRoundTrips(): void {
    this.#actionUs.reset();
    this.#pingUs.reset();
  }

  /** For scripts; names in snake_case. */
  toJson(): Record<string, unknown> {
    return {
      connects: this.connects,
      connect_failures: this.connectFailures,
      actions: this.actions,
      acks: this.acks,
      busy: this.busy,
      lost: this.lost,
      turns_out: this.turnsOut,
      turns_late: this.turnsLate,
      zone_changes: this.zoneChanges,
      deaths: this.deaths,
      revivals: this.revivals,
      round_trip_ms: this.roundTripMs,
      ping_ms: this.pingMs,
      drops: this.drops,
      reconnects: this.reconnects,
      resumed: this.resumed,
      restarted: this.restarted,
      protocol_errors: this.protocolErrors,
      protocol_error_examples: this.protocolErrorExamples,
      states: this.states,
      events: this.events,
      bytes_in: this.bytesIn,
      bytes_out: this.bytesOut,
      errors: Object.fromEntries(this.errors),
      refusals: Object.fromEntries(this.refusals),
      events_by_name: Object.fromEntries(this.eventsByName),
    };
  }
}

/** Adds one to the count of that name. */
export function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function percentilesOf(histogram: ReturnType<typeof createHistogram>): Percentiles {
  if (histogram.count === 0) return { count: 0, p50: null, p90: null, p99: null, max: null };
  // A percentile is the upper end of a histogram bucket, which may lie above the greatest value in it.
  const ms = (percentile: number): number => Math.min(histogram.percentile(percentile), histogram.max) / US_PER_MS;
  return { count: histogram.count, p50: ms(50), p90: ms(90), p99: ms(99), max: histogram.max / US_PER_MS };
}
