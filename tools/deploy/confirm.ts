// The proof that every zone runs the right module: by the zones' own ticks.

import { sleep } from "../ui/sleep.ts";
import type { FeedWindow } from "./feed-window.ts";
import { FEED_SILENT_MS_MAX } from "./watch.ts";

const POLL_MS = 100;
const CONFIRM_TICKS = 10;
const CONFIRM_MS_MAX = 10_000;

export interface Confirmed {
  ok: boolean;
  /** The feed is silent: the zones say nothing. */
  isBlind: boolean;
  text: string;
  data: Record<string, unknown>;
}

/** Waits until each zone's ticks come from the right module. Never throws: the result says what is wrong. */
export async function confirmRunning(window: FeedWindow, expected: ReadonlyMap<number, string>): Promise<Confirmed> {
  const endMs = performance.now() + CONFIRM_MS_MAX;
  const never = new AbortController().signal;
  let wrong = [...expected];
  while (wrong.length > 0 && performance.now() < endMs && window.silentMs < FEED_SILENT_MS_MAX) {
    await sleep(POLL_MS, never);
    wrong = [...expected].filter(([id, hash]) => {
      const last = window.samples.ticksOf(id).slice(-CONFIRM_TICKS);
      return last.length < CONFIRM_TICKS || last.some((tick) => tick.kernel !== hash);
    });
  }
  const runs = (id: number): string => window.samples.ticksOf(id).at(-1)?.kernel ?? "nothing";
  const shown = [...expected.keys()].map((id) => `zone ${id} runs ${runs(id)}`);
  const problem = wrong.map(([id, hash]) => `zone ${id} should run ${hash}`).join("; ");
  return {
    ok: wrong.length === 0,
    isBlind: window.silentMs >= FEED_SILENT_MS_MAX,
    text: `${shown.join(", ")}, by their own ticks${problem === "" ? "" : `, but ${problem}`}`,
    data: { zones: Object.fromEntries([...expected.keys()].map((id) => [id, runs(id)])) },
  };
}
