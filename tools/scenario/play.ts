// Plays acts in order and says exactly how that went: an opening, a steady state, steps, the steady state again, and, whatever came
// before, what puts all of it back. It knows neither files nor servers: an act is a name and something that can be run.
//
//   const played = await play({ opening, steady, steps, rollback, putAway }, { signal, report })
//   played.verdict     // "completed" | "deviated" | "failed" | "aborted"
//
// The first act that does not go well decides, and those after it are not run: one that was not true makes it deviated; one
// that could not be carried out or measured makes it failed; the signal makes it aborted. What could not be put back makes
// failed of a completed or deviated one.

import { messageOf } from "../../server/protocol/errors.ts";
import { sleep } from "../ui/sleep.ts";

export type Verdict = "completed" | "deviated" | "failed" | "aborted";

export type Outcome = "done" | "untrue" | "failed" | "aborted" | "not_run";

export interface ActResult {
  /** False: what it insists on is not true. Null: that could not be measured. */
  holds: boolean | null;
  /** For people, with the numbers. */
  text: string;
  /** For scripts. */
  output?: unknown;
}

export interface Act {
  name: string;
  kind: string;
  /** As it stands in a file, for whoever writes the journal. */
  source?: unknown;
  /** Goes on beside the acts after it; waited for at the end of the steps. */
  isBackground?: boolean;
  /** Not part of what it takes. */
  pauseBeforeMs?: number;
  pauseAfterMs?: number;
  /** Throws when it could not be carried out, and the signal's reason when that is aborted. */
  run(context: ActContext): Promise<ActResult>;
}

export interface ActContext {
  signal: AbortSignal;
  /** Called now and then while something is waited for. */
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
  /** What the steady state needs: players. */
  opening: readonly Act[];
  steady: readonly Act[];
  steps: readonly Act[];
  rollback: readonly Act[];
  /** Last of all, and always: ends what was started. */
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
  /** What decided; for a completed one, how much held. */
  reason: string;
  startedAtMs: number;
  endedAtMs: number;
  records: ActRecord[];
}

/** How long one act of the rollback may take. */
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

  /** Runs acts until one does not go well; those after it are recorded as not run. */
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

  /** Runs an act between its pauses; an interrupted pause is the act's interruption. */
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

  /** The first record that did not go well, before anything was put back. */
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
