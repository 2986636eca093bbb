// Several scenarios, each on its own server, some of them at once, or all on a running one, one after the other; one verdict over all.
//
//   const batch = await runBatch(["latency-spike", "my.toml"], { where: null, jobs: 2, signal, audienceOf })
//   batch.verdict          // the worst of all verdicts: "completed" only when all scenarios are
//
// A scenario that can not begin has failed; the others still run. After an interruption the rest are aborted without a run.

import { messageOf } from "../../server/protocol/errors.ts";
import type { Audience, Played, Verdict } from "./play.ts";
import { openScript } from "./script.ts";
import type { Script, ScriptOptions } from "./script.ts";

/** Best first. */
const VERDICTS: readonly Verdict[] = ["completed", "deviated", "failed", "aborted"];

export interface Ran {
  /** As the caller named it. */
  file: string;
  title: string;
  verdict: Verdict;
  reason: string;
  /** Null when it did not begin. */
  played: Played | null;
  journal: object;
}

export interface Batch {
  verdict: Verdict;
  ran: Ran[];
  /** Why the first scenario that could not begin did not. */
  error: unknown;
}

export interface BatchOptions extends Omit<ScriptOptions, keyof Audience> {
  signal: AbortSignal;
  /** How many run at the same time, from 1 on; on a running server always one. */
  jobs: number;
  /** The receiver of one script's acts. `index`: of its file. */
  audienceOf(script: Script, index: number): Omit<Audience, "signal">;
  ended?(ran: Ran, index: number): void;
}

/** Never throws because of a script. */
export async function runBatch(files: readonly string[], options: BatchOptions): Promise<Batch> {
  const results: Ran[] = [];
  const errors: unknown[] = [];
  const waiting = [...files.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, file] = next;
      const one = await runOne(file, index, options, (error) => (errors[index] = error));
      results[index] = one;
      options.ended?.(one, index);
    }
  };
  const jobs = options.where === null ? options.jobs : 1;
  await Promise.all(Array.from({ length: jobs }, work));
  const ran = results.filter((one) => one !== undefined);
  const firstError = errors.find((error) => error !== undefined) ?? null;
  const worst = Math.max(0, ...ran.map(({ verdict }) => VERDICTS.indexOf(verdict)));
  return { verdict: VERDICTS[worst] ?? "failed", ran, error: firstError };
}

async function runOne(
  file: string,
  index: number,
  options: BatchOptions,
  onError: (error: unknown) => void,
): Promise<Ran> {
  const { signal, where, onNote, audienceOf } = options;
  let title = file;
  try {
    // Interrupted before the begin. The journal says that too: otherwise an earlier one would be taken for this one.
    if (signal.aborted) throw new Error("interrupted before anything was begun");
    const script = await openScript(file);
    ({ title } = script);
    const audience = audienceOf(script, index);
    const { played, journal } = await script.run({ where, ...(onNote && { onNote }), ...audience, signal });
    const { verdict, reason } = played;
    return { file, title, verdict, reason, played, journal };
  } catch (error) {
    if (!signal.aborted) onError(error);
    const verdict = signal.aborted ? "aborted" : "failed";
    const reason = signal.aborted ? "interrupted before anything was begun" : messageOf(error);
    return { file, title, verdict, reason, played: null, journal: { verdict, reason, file, title } };
  }
}
