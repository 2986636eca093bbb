// Plays acts in order and reports exactly how they went: an opening, a steady state, steps, the steady state again, and always
// a rollback. It knows neither files nor servers: an act is a name and a function to run.
//
//   const played = await play({ opening, steady, steps, rollback, putAway }, { signal, report })
//   played.verdict     // "completed" | "deviated" | "failed" | "aborted"
// The first act that fails decides the verdict, and the acts after it do not run: an assertion that was false makes it
// deviated; an act that could not be carried out or measured makes it failed; the signal makes it aborted. If the rollback
// fails, a completed or deviated verdict becomes failed.

import { messageOf } from "../../server/protocol/errors.ts";
import { sleep } from "../ui/sleep.ts";

export type Verdict = "completed" | "deviated" | "failed" | "aborted";

export type Outcome = "done" | "untrue" | "failed" | "aborted" | "not_run";

export interface ActResult {
  /** False: its assertion is false. Null: it could not be measured. */
  holds: boolean | null;
  /** For people, with the numbers. */
  text: string;
  /** For scripts. */
  output?: unknown;
}

export interface Act {
  name: string;
  kind: string;
  /** The act as it is in a file, for the journal. */
  source?: unknown;
  /** It runs in parallel with the next acts, and is awaited at the end of the steps. */
  isBackground?: boolean;
  /** Not counted in the act's duration. */
  pauseBeforeMs?: number;
  pauseAfterMs?: number;
  /** Throws when it could not be carried out, or the signal's reason when that is aborted. */
  run(context: ActContext): Promise<ActResult>;
}

export interface ActContext {
  signal: AbortSignal;
  /** Called from time to time during a wait. */
  progress(text: string): void;
}

export type Phase = "opening" | "before" | "steps" | "after" | "rollback" | "end";

export interface ActRecord {
  phase: Phase;
  name: string;
  kind: string;
  source: unknown;
  outcome: Outcome;
  text: string;
  output: unknown;
  /** Milliseconds since 1970; null when it was not run. */
  startedAtMs: number | null;
  durationMs: number;
}

export interface Program {
  /** Prepares what the steady state needs: players. */
  opening: readonly Act[];
  steady: readonly Act[];
  steps: readonly Act[];
  rollback: readonly Act[];
  /** Always runs, at the very end: ends what was started. */
  putAway: readonly Act[];
}

export interface Audience {
  signal: AbortSignal;
  begins?(phase: Phase, act: Act): void;
  progress?(text: string): void;
  report(record: ActRecord): void;
}

export interface Played {
  verdict: Verdict;
  /** The text of the act that decided; for a completed run, how many checks held. */
  reason: string;
  startedAtMs: number;
  endedAtMs: number;
  records: ActRecord[];
}

/** The time limit for one act of the rollback. */
const ROLLBACK_MS_MAX = 60_000;

export async function play(program: Program, audience: Audience): Promise<Played> {
  return await new Player(audience).play(program);
}

class Player {
  readonly #audience: Audience;
  readonly #records: ActRecord[] = [];
  readonly #background: Promise<ActRecord>[] = [];

  constructor(audience: Audience) {
    this.#audience = audience;
  }

  async play(program: Program): Promise<Played> {
    const startedAtMs = Date.now();
    const { signal } = this.#audience;
    await this.#phase("opening", program.opening, signal);
    await this.#phase("before", program.steady, signal);
    await this.#phase("steps", program.steps, signal);
    await Promise.all(this.#background);
    await this.#phase("after", program.steady, signal);
    const decided = this.#decided();
    for (const act of program.rollback)
      await this.#run("rollback", { ...act, isBackground: false }, AbortSignal.timeout(ROLLBACK_MS_MAX));
    for (const act of program.putAway) await this.#run("end", act, AbortSignal.timeout(ROLLBACK_MS_MAX));
    return { ...this.#verdict(decided), startedAtMs, endedAtMs: Date.now(), records: this.#records };
  }

  /** Runs acts until one fails; the acts after it are recorded as not run. */
  async #phase(phase: Phase, acts: readonly Act[], signal: AbortSignal): Promise<void> {
    for (const act of acts) {
      if (this.#decided() === null) await this.#run(phase, act, signal);
      else this.#add(notRun(phase, act));
    }
  }

  async #run(phase: Phase, act: Act, signal: AbortSignal): Promise<void> {
    this.#audience.begins?.(phase, act);
    const running = this.#carryOut(phase, act, signal);
    if (act.isBackground === true) this.#background.push(running.then((record) => this.#add(record)));
    else this.#add(await running);
  }

  /** Runs an act between its pauses; when a pause is interrupted, the act is. */
  async #carryOut(phase: Phase, act: Act, signal: AbortSignal): Promise<ActRecord> {
    const begun = { phase, name: act.name, kind: act.kind, source: act.source ?? null };
    let startedAtMs = Date.now();
    let startedMs = performance.now();
    const record = (outcome: Outcome, text: string, output: unknown = null): ActRecord => {
      const durationMs = Math.round(performance.now() - startedMs);
      return { ...begun, outcome, text, output, startedAtMs, durationMs };
    };
    try {
      await pause(act.pauseBeforeMs, signal);
      [startedAtMs, startedMs] = [Date.now(), performance.now()];
      const progress = (text: string): void => this.#audience.progress?.(text);
      const { holds, text, output } = await act.run({ signal, progress });
      const over = holds === null ? record("failed", text, output) : record(holds ? "done" : "untrue", text, output);
      if (act.pauseAfterMs !== undefined) await pause(act.pauseAfterMs, signal);
      return over;
    } catch (error) {
      const isAborted = signal.aborted && signal === this.#audience.signal;
      return isAborted ? record("aborted", "interrupted") : record("failed", messageOf(error));
    }
  }

  #add(record: ActRecord): ActRecord {
    this.#records.push(record);
    this.#audience.report(record);
    return record;
  }

  /** The first record that failed, before the rollback. */
  #decided(): ActRecord | null {
    return this.#records.find(({ outcome }) => outcome !== "done" && outcome !== "not_run") ?? null;
  }

  #verdict(decided: ActRecord | null): { verdict: Verdict; reason: string } {
    const left = this.#records.find(({ phase, outcome }) => isPuttingBack(phase) && outcome !== "done");
    const isSettled = decided?.outcome === "failed" || decided?.outcome === "aborted";
    if (left !== undefined && !isSettled) return { verdict: "failed", reason: `not put back: ${sentence(left)}` };
    if (decided === null) {
      const done = this.#records.filter(({ phase }) => !isPuttingBack(phase)).length;
      return { verdict: "completed", reason: `all ${done} steps were carried out, and every check held` };
    }
    return { verdict: VERDICT_OF[decided.outcome], reason: sentence(decided) };
  }
}

async function pause(ms = 0, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (ms > 0) await sleep(ms, signal);
}

const VERDICT_OF: Record<Outcome, Verdict> = {
  done: "completed",
  untrue: "deviated",
  failed: "failed",
  aborted: "aborted",
  not_run: "failed",
};

const isPuttingBack = (phase: Phase): boolean => phase === "rollback" || phase === "end";

const sentence = ({ name, text }: ActRecord): string => `${name}: ${text}`;

function notRun(phase: Phase, { name, kind, source = null }: Act): ActRecord {
  const text = "not run: the scenario had ended before";
  return { phase, name, kind, source, outcome: "not_run", text, output: null, startedAtMs: null, durationMs: 0 };
}
