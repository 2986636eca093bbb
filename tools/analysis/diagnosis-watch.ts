// Reports the changes of a diagnosis between checks: a cause that begins, and one that has ended. What continues is not repeated.
//
//   const watch = new DiagnosisWatch()
//   watch.look(diagnose(timeline), timeline.nowMs)      // [{ what: "begins", diagnosis: { cause: "latency-spike", ... }, ... }]
//   watch.look(diagnose(timeline), timeline.nowMs)      // []
//
// "Unknown" waits for a moment: usually a cause is about to be identified, or an identified one has just ended.

import type { Diagnosis } from "./diagnosis.ts";
import { UNKNOWN } from "./rules/unknown.ts";

export interface DiagnosisChange {
  what: "begins" | "ends";
  /** When the change was seen, by the timeline's clock. */
  atMs: number;
  /** As it was when its begin was reported. */
  diagnosis: Diagnosis;
  /** For a cause that ends: how long it was seen. */
  lastedMs: number;
}

/** A cause that was not seen for this long has ended. */
const GAP_MS_MAX = 3_000;
/** A cause is reported after it was seen for this long: by then it is seen in all of its zones. */
const SETTLE_MS = 600;
/** Unknown is reported after this long without an identified cause, and this long after the last one ended. */
export const UNNAMED_MS_MIN = 2_000;
export const AFTERMATH_MS = 12_000;

interface Open {
  fromMs: number;
  seenMs: number;
  isTold: boolean;
  diagnosis: Diagnosis;
}

export class DiagnosisWatch {
  readonly #open = new Map<string, Open>();
  #namedMs = Number.NEGATIVE_INFINITY;

  /** The causes that are active now, as they were when they were reported. */
  get now(): Diagnosis[] {
    return [...this.#open.values()].filter(({ isTold }) => isTold).map(({ diagnosis }) => diagnosis);
  }

  look(diagnoses: readonly Diagnosis[], atMs: number): DiagnosisChange[] {
    if (diagnoses.some(({ cause }) => cause !== UNKNOWN)) this.#namedMs = atMs;
    for (const diagnosis of diagnoses) this.#see(diagnosis, atMs);
    return [...this.#ended(atMs), ...this.#begun(atMs)];
  }

  #see(diagnosis: Diagnosis, atMs: number): void {
    const open = this.#open.get(diagnosis.cause);
    if (open !== undefined) {
      open.seenMs = atMs;
      if (!open.isTold) open.diagnosis = diagnosis;
    } else this.#open.set(diagnosis.cause, { fromMs: atMs, seenMs: atMs, isTold: false, diagnosis });
  }

  #begun(atMs: number): DiagnosisChange[] {
    const begun = [...this.#open.values()].filter((open) => !open.isTold && this.#isWorthAWord(open, atMs));
    return begun.map((open) => {
      open.isTold = true;
      return { what: "begins", atMs, diagnosis: open.diagnosis, lastedMs: 0 };
    });
  }

  #isWorthAWord({ fromMs, seenMs, diagnosis }: Open, atMs: number): boolean {
    if (diagnosis.cause !== UNKNOWN) return seenMs - fromMs >= SETTLE_MS;
    return seenMs - fromMs >= UNNAMED_MS_MIN && atMs - this.#namedMs >= AFTERMATH_MS;
  }

  #ended(atMs: number): DiagnosisChange[] {
    const ended = [...this.#open].filter(([, { seenMs }]) => atMs - seenMs >= GAP_MS_MAX);
    for (const [cause] of ended) this.#open.delete(cause);
    return ended
      .filter(([, { isTold }]) => isTold)
      .map(([, { diagnosis, fromMs, seenMs }]) => ({ what: "ends", atMs, diagnosis, lastedMs: seenMs - fromMs }));
  }
}
