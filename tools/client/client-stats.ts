// What clients did and felt, one object for as many of them as run together; and its summary:
//
//   {"connects":200,"actions":4000,"acks":3998,"round_trip_ms":{"p50":31.2,"p99":52.1,"max":60.3},"drops":0,...}

import { createHistogram } from "node:perf_hooks";
import type { Measured } from "../analysis/measured.ts";

const US_PER_MS = 1_000;
/** Protocol errors that are kept word for word. */
const EXAMPLES_MAX = 5;

/** In milliseconds; missing of none. */
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
  /** Actions sent, and those whose effects have come back in a state message. */
  actions = 0;
  acks = 0;
  /**
   * Actions the server had no room for; those that went down with a link, or came when their zone was left already. Once all
   * is settled, acks + busy + lost = actions.
   */
  busy = 0;
  lost = 0;
  /** Turns without an action: not in the world just then; not taken because this machine could not keep the pace. */
  turnsOut = 0;
  turnsLate = 0;
  /** Put into another zone: by a portal, or because theirs went down or came back. */
  zoneChanges = 0;
  deaths = 0;
  revivals = 0;
  /** Links that broke without our doing. */
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
  /** Since somebody last looked. */
  readonly #recentUs = createHistogram();

  get reconnects(): number {
    return this.resumed + this.restarted;
  }

  /** From sending an action to the state message that acknowledges it. */
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

  /** The same since the last call of this. */
  takeRecentMs(): Percentiles {
    const recent = percentilesOf(this.#recentUs);
    this.#recentUs.reset();
    return recent;
  }

  get pingMs(): Percentiles {
    return percentilesOf(this.#pingUs);
  }

  /** Begins the round trips anew, to look at one stretch of time by itself. */
  resetRoundTrips(): void {
    this.#actionUs.reset();
    this.#pingUs.reset();
  }

  /** For people's scripts; names in snake_case. */
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

/** One more under that name. */
export function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function percentilesOf(histogram: ReturnType<typeof createHistogram>): Percentiles {
  if (histogram.count === 0) return { count: 0, p50: null, p90: null, p99: null, max: null };
  // A percentile is the upper end of a bucket, which may lie above the greatest value in it.
  const ms = (percentile: number): number => Math.min(histogram.percentile(percentile), histogram.max) / US_PER_MS;
  return { count: histogram.count, p50: ms(50), p90: ms(90), p99: ms(99), max: histogram.max / US_PER_MS };
}
