// Whether a server that ended is started again, and when.
//
//   const plan = new RestartPlan()
//   plan.after({ ending: "crash", lifeMs: 400_000, isFirst: false, code: null })   // { restart: true, delayMs: 0 }
//   plan.after({ ending: "crash", lifeMs: 2_000, ... })                            // 1 s, then 2, 4, 8, 16, 30, 30 ... s
//   plan.after({ ending: "refused", isFirst: true, ... })                          // { restart: false, why: null }
//
// A life of a minute resets the delay. Five lives in a row of less than ten seconds each are a crash loop: no sixth server is
// started. A disk that fails may come back after hours, so its lives do not count. A refused configuration is not
// tried again; but a port that was the server's own a moment ago can be free again a moment later.

import type { Ending } from "../protocol/endings.ts";

const DELAY_MS_MIN = 1_000;
const DELAY_MS_MAX = 30_000;
const STEADY_MS = 60_000;
const SHORT_MS = 10_000;
const SHORT_LIVES_MAX = 5;
/** Why a start is refused that once was possible, and will be again: whoever holds the port ends, somebody makes room. */
const PASSING: readonly string[] = ["port_in_use", "disk_full"];

export interface Life {
  ending: Ending;
  /** From the start of the process to its end, in milliseconds. */
  lifeMs: number;
  /** No server of this parent was ready before, nor was this one. */
  isFirst: boolean;
  /** The code of the error that refused the start; null when there was none. */
  code: string | null;
}

export type Step =
  | { restart: true; delayMs: number }
  /** `why` is null when the ending says it all. */
  | { restart: false; why: string | null };

export class RestartPlan {
  #failures = 0;
  #shortLives = 0;

  after({ ending, lifeMs, isFirst, code }: Life): Step {
    const isPassing = ending === "refused" && code !== null && PASSING.includes(code) && !isFirst;
    if (ending === "stopped" || (ending === "refused" && !isPassing)) return { restart: false, why: null };
    if (lifeMs >= STEADY_MS) this.#failures = 0;
    if (ending !== "disk" && code !== "disk_full") this.#shortLives = lifeMs < SHORT_MS ? this.#shortLives + 1 : 0;
    if (this.#shortLives >= SHORT_LIVES_MAX) {
      const why = `${SHORT_LIVES_MAX} servers in a row ended within ${SHORT_MS / 1_000} s of their start: no other is started.`;
      return { restart: false, why };
    }
    const failures = this.#failures++;
    return { restart: true, delayMs: failures === 0 ? 0 : Math.min(DELAY_MS_MIN * 2 ** (failures - 1), DELAY_MS_MAX) };
  }
}
