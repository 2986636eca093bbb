// What a swap or a roll-back took, as telemetry tells it.
//
//   tookOf({ tick: 90, beganMs: 1_004.2, warmUpMs: 15.3, moveMs: 0.61, pauseMs: 0 }, 1_001)
//   // { wait_ms: 3.2, warm_up_ms: 15.3, move_ms: 0.61, pause_ms: 0 }

import type { MoveTimes } from "../../shared/zone-messages.ts";

export interface TookMs {
  /** From the request until the zone came to it. */
  wait_ms: number;
  warm_up_ms: number;
  move_ms: number;
  /** By how much a tick was late because of it. */
  pause_ms: number;
}

/** Milliseconds since 1970, by the clock that zones use. */
export const sharedNow = (): number => performance.timeOrigin + performance.now();

/** Of a zone's answer; `askedMs` is since 1970. Null when the answer does not say. */
export function tookOf(answer: unknown, askedMs: number): TookMs | null {
  const { beganMs, warmUpMs, moveMs, pauseMs } = (answer ?? {}) as Partial<MoveTimes>;
  if (beganMs === undefined || warmUpMs === undefined || moveMs === undefined || pauseMs === undefined) return null;
  return {
    wait_ms: round(beganMs - askedMs),
    warm_up_ms: round(warmUpMs),
    move_ms: round(moveMs),
    pause_ms: round(pauseMs),
  };
}

const round = (ms: number): number => Math.round(ms * 1_000) / 1_000;
