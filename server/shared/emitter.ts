// How a thread emits telemetry: lines go into its ring, from which the recorder thread collects them.
//
//   const emitter = new RingEmitter(new Ring(buffer), { now: Date.now, source: "zone-worker-1" })
//   emitter.emit("metric", "zone", "Zone tick completed", { zone_id: 1, tick: 7 })      // exact: every one
//   emitter.emitSampled("event", "combat", "Damage dealt", { attacker_id: 3 })          // at most 200 per second per kind
//   emitter.flush()                                                                     // once per tick
//
// Nothing here throws, waits or makes a system call. A line that finds the ring full is lost, and a line beyond the
// budget of its kind is left out; both are counted exactly, and flush reports the counts at most once per second, as a
// line of its own. A report that does not fit is kept for the next time, so the reported numbers add up to the true
// ones.

import type { Ring } from "./ring.ts";
import { LineEncoder } from "./telemetry-ring-line.ts";
import type { LineKind } from "./telemetry-ring-line.ts";
import type { Emitter, Origin, TelemetryType } from "../protocol/telemetry-line.ts";

/** The budget of emitSampled, in lines per second, for each kind of each emitter. */
export const SAMPLED_LINES_PER_SECOND_MAX = 200;
/** The most kinds an emitter remembers; later kinds share one budget. */
const KINDS_MAX = 1024;
const REPORT_INTERVAL_MS = 1000;
/** The most kinds named in one "Lines sampled out" line, so that it stays short. */
const KINDS_PER_REPORT_MAX = 32;

export interface EmitterOptions {
  /** Wall time in milliseconds since 1970. */
  now: () => number;
  /** The name of the thread in reports of lost lines: "main", "zone-worker-1". */
  source: string;
  linesPerSecondMax?: number;
  /** Default: lines do not say where they come from, because there is one process only. */
  origin?: Origin | undefined;
}

/** A kind with its token bucket. */
interface BudgetedKind extends LineKind {
  tokens: number;
  filledAtMs: number;
  leftOut: number;
}

/** Emits telemetry lines; the single writer of its ring. */
export class RingEmitter implements Emitter {
  readonly #ring: Ring;
  readonly #now: () => number;
  readonly #source: string;
  readonly #linesPerSecondMax: number;
  readonly #lines: LineEncoder;
  readonly #linesLostKind: LineKind;
  readonly #sampledOutKind: LineKind;
  /** By message; the few kinds that share a message are compared one by one. */
  readonly #kinds = new Map<string, BudgetedKind[]>();
  readonly #otherKind: BudgetedKind;
  #kindCount = 0;
  #anyLeftOut = false;
  #lostReported: number;
  #lostSinceMs: number | null = null;
  #reportedAtMs = 0;

  constructor(ring: Ring, options: EmitterOptions) {
    this.#ring = ring;
    this.#lines = new LineEncoder(options.origin);
    this.#linesLostKind = this.#lines.kind("health", "telemetry", "Lines lost");
    this.#sampledOutKind = this.#lines.kind("health", "telemetry", "Lines sampled out");
    this.#lostReported = ring.refused;
    this.#now = options.now;
    this.#source = options.source;
    this.#linesPerSecondMax = options.linesPerSecondMax ?? SAMPLED_LINES_PER_SECOND_MAX;
    this.#otherKind = this.#budgeted(this.#lines.kind("event", "(other)", "(other)"));
  }

  emit(type: TelemetryType, component: string, message: string, data: Record<string, unknown>): void {
    const kind = this.#kindOf(type, component, message) ?? this.#lines.kind(type, component, message);
    this.#write(kind, data, this.#now());
  }

  emitSampled(type: TelemetryType, component: string, message: string, data: Record<string, unknown>): void {
    const kind = this.#kindOf(type, component, message);
    const budget = kind ?? this.#otherKind;
    const nowMs = this.#now();
    this.#refill(budget, nowMs);
    if (budget.tokens < 1) {
      budget.leftOut++;
      this.#anyLeftOut = true;
      return;
    }
    budget.tokens--;
    this.#write(kind ?? this.#lines.kind(type, component, message), data, nowMs);
  }

  /**
   * Reports lost and left-out lines, at most once per second. Call it once per tick, and with `atOnce` before the
   * thread ends.
   */
  flush(atOnce = false): void {
    const lost = this.linesLost - this.#lostReported;
    if (lost === 0 && !this.#anyLeftOut) return;
    const nowMs = this.#now();
    if (!atOnce && Math.abs(nowMs - this.#reportedAtMs) < REPORT_INTERVAL_MS) return;
    this.#reportedAtMs = nowMs;
    if (lost > 0) this.#reportLost(lost, nowMs);
    if (this.#anyLeftOut) this.#reportLeftOut(nowMs);
  }

  /** Exact number of lines that found the ring full since the ring was created. */
  get linesLost(): number {
    return this.#ring.refused;
  }

  #write(kind: LineKind, data: unknown, nowMs: number): void {
    const length = this.#lines.encode(kind, data, nowMs);
    if (this.#ring.append(this.#lines.bytes.subarray(0, length))) this.#ring.commit();
    else this.#lostSinceMs ??= nowMs;
  }

  /** Like write, but a line that does not fit is not counted as lost; the result is then false. */
  #writeReport(kind: LineKind, data: unknown, nowMs: number): boolean {
    const length = this.#lines.encode(kind, data, nowMs);
    // Twice the size, because a record is never split across the ring's end.
    if (this.#ring.usedBytes + 2 * (length + 16) > this.#ring.capacityBytes) return false;
    this.#ring.append(this.#lines.bytes.subarray(0, length));
    this.#ring.commit();
    return true;
  }

  #reportLost(count: number, nowMs: number): void {
    const since = this.#lines.timestamp(this.#lostSinceMs ?? nowMs);
    if (!this.#writeReport(this.#linesLostKind, { source: this.#source, where: "ring", count, since }, nowMs)) return;
    this.#lostReported += count;
    this.#lostSinceMs = null;
  }

  #reportLeftOut(nowMs: number): void {
    const exceeded = [this.#otherKind, ...[...this.#kinds.values()].flat()].filter((kind) => kind.leftOut > 0);
    for (let from = 0; from < exceeded.length; from += KINDS_PER_REPORT_MAX) {
      const group = exceeded.slice(from, from + KINDS_PER_REPORT_MAX);
      const kinds: Record<string, number> = {};
      for (const { component, message, leftOut } of group) {
        const name = `${component}/${message}`;
        kinds[name] = (kinds[name] ?? 0) + leftOut;
      }
      if (!this.#writeReport(this.#sampledOutKind, { source: this.#source, kinds }, nowMs)) return;
      for (const kind of group) kind.leftOut = 0;
    }
    this.#anyLeftOut = false;
  }

  /** The record of the kind, or undefined when too many kinds are known already. */
  #kindOf(type: TelemetryType, component: string, message: string): BudgetedKind | undefined {
    const same = this.#kinds.get(message);
    if (same !== undefined) {
      for (const kind of same) if (kind.component === component && kind.type === type) return kind;
    }
    if (this.#kindCount >= KINDS_MAX) return undefined;
    const kind = this.#budgeted(this.#lines.kind(type, component, message));
    this.#kindCount++;
    if (same === undefined) this.#kinds.set(message, [kind]);
    else same.push(kind);
    return kind;
  }

  #budgeted(kind: LineKind): BudgetedKind {
    return { ...kind, tokens: this.#linesPerSecondMax, filledAtMs: this.#now(), leftOut: 0 };
  }

  /** The bucket holds the budget of one second and fills as the clock advances; a clock that is set back fills nothing. */
  #refill(kind: BudgetedKind, nowMs: number): void {
    const elapsedMs = nowMs - kind.filledAtMs;
    if (elapsedMs === 0) return;
    kind.filledAtMs = nowMs;
    if (elapsedMs < 0) return;
    kind.tokens = Math.min(this.#linesPerSecondMax, kind.tokens + (elapsedMs / 1000) * this.#linesPerSecondMax);
  }
}
