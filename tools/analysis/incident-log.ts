// The incidents of a whole file, from its begin to its end: one diagnosis a second, merged into incidents. An unknown cause
// is an incident only when it lasts, and it does not end the incident of a known cause.
//
//   const log = new IncidentLog()
//   await readLines(file, { onLine: (line) => { timeline.take(line); log.advance(timeline) } })
//   log.incidents      // [{ fromMs, toMs, diagnosis: { cause: "latency-spike", ... } }, ...]

import { diagnose } from "./diagnosis.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { AFTERMATH_MS, UNNAMED_MS_MIN } from "./diagnosis-watch.ts";
import { UNKNOWN } from "./rules/unknown.ts";
import type { Measured } from "./measured.ts";
import type { Timeline } from "./timeline.ts";

export interface Incident {
  /** The first and last time it was diagnosed, in milliseconds since 1970. */
  fromMs: number;
  toMs: number;
  /** The diagnosis at its highest confidence. */
  diagnosis: Diagnosis;
}

/** A cause that was not seen for this long and then comes again is a new incident. */
const GAP_MS_MAX = 5_000;
const INCIDENTS_MAX = 1_000;
const SECOND_MS = 1_000;

export class IncidentLog {
  /** In the order of their begin; after 1,000, more incidents are only counted. */
  readonly incidents: Incident[] = [];
  /** The number of all incidents found. */
  count = 0;
  readonly #newest = new Map<string, Incident>();
  #second: Measured = null;
  #namedMs = Number.NEGATIVE_INFINITY;
  /** The time since which all diagnoses, without a gap, are unknown. */
  #unnamedMs: number | null = null;

  /** Diagnoses once for each second of the timeline's own clock. */
  advance(timeline: Timeline): void {
    const { nowMs } = timeline;
    if (nowMs === null) return;
    const second = Math.floor(nowMs / SECOND_MS);
    if (second === this.#second) return;
    this.#second = second;
    const diagnoses = diagnose(timeline);
    this.#remember(diagnoses, nowMs);
    for (const diagnosis of diagnoses) {
      if (diagnosis.cause !== UNKNOWN || this.#isLasting(nowMs)) this.#add(diagnosis, nowMs);
    }
  }

  #remember(diagnoses: readonly Diagnosis[], nowMs: number): void {
    if (diagnoses.some(({ cause }) => cause !== UNKNOWN)) this.#namedMs = nowMs;
    if (diagnoses[0]?.cause === UNKNOWN) this.#unnamedMs ??= nowMs;
    else this.#unnamedMs = null;
  }

  #isLasting(nowMs: number): boolean {
    return nowMs - this.#namedMs >= AFTERMATH_MS && nowMs - (this.#unnamedMs ?? nowMs) >= UNNAMED_MS_MIN;
  }

  #add(diagnosis: Diagnosis, nowMs: number): void {
    const newest = this.#newest.get(diagnosis.cause);
    if (newest !== undefined && Math.abs(nowMs - newest.toMs) <= GAP_MS_MAX) {
      newest.toMs = nowMs;
      if (diagnosis.confidence > newest.diagnosis.confidence) newest.diagnosis = diagnosis;
      return;
    }
    const incident: Incident = { fromMs: nowMs, toMs: nowMs, diagnosis };
    this.#newest.set(diagnosis.cause, incident);
    this.count++;
    if (this.incidents.length < INCIDENTS_MAX) this.incidents.push(incident);
  }
}
