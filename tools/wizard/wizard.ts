// The wizard's engine: goes through a list of steps, asks, acts, prints, and goes back when the user wants it. It knows
// neither a terminal nor a server: an Asker asks (clack, or a test's script), and the steps act.
//
//   await runWizard(STEPS, state, asker, signal)      // "finished" | "cancelled"
//
// A step is explained, asked, carried out. If an answer is wrong or can not be carried out, it is asked again with the reason.
// "Back" undoes the previous step, and asks that one again.

import { messageOf, WowsimError } from "../../server/protocol/errors.ts";

export interface Choice {
  value: string;
  label: string;
  hint?: string;
}

export type Question =
  | { kind: "select"; message: string; choices: readonly Choice[]; initial?: string }
  | { kind: "text"; message: string; initial: string; check(value: string): string | null };

/** A question that the user confirms with yes. */
export const goOn = (message: string, label = "Yes"): Question => ({
  kind: "select",
  message,
  choices: [{ value: "go", label }],
});

export type Reply = { kind: "value"; value: string } | { kind: "back" } | { kind: "cancel" };

export interface Asker {
  title(text: string): void;
  say(lines: readonly string[]): void;
  /** The command that does the same without the wizard. */
  command(text: string): void;
  /** Shows the problem of the last answer. */
  wrong(reason: string): void;
  /** Aborting the signal cancels, also when the terminal is gone and nobody can answer any more. */
  ask(question: Question, signal: AbortSignal): Promise<Reply>;
  /** Called with a text during a wait. */
  progress(text: string): void;
  /** The waiting is over. */
  settled(): void;
}

export interface ActTools {
  signal: AbortSignal;
  progress(text: string): void;
}

export interface WizardStep<State> {
  id: string;
  title: string;
  /** When true, the step is skipped. */
  isLeftOut?(state: State): boolean;
  intro(state: State): readonly string[];
  question(state: State): Question;
  /** Carries the answer out; returns the result as text. A WowsimError is the reason to ask again. */
  act(state: State, answer: string, tools: ActTools): Promise<readonly string[]>;
  /** Null: there is none. Called after the step has been carried out. */
  command(state: State): string | null;
  /** Undoes the step. */
  undo?(state: State): Promise<void>;
}

export type WizardEnd = "finished" | "cancelled";

export async function runWizard<State>(
  steps: readonly WizardStep<State>[],
  state: State,
  asker: Asker,
  signal: AbortSignal,
): Promise<WizardEnd> {
  const done: number[] = [];
  let at = 0;
  for (let step = steps[at]; step !== undefined; step = steps[at]) {
    if (step.isLeftOut?.(state) === true) {
      at++;
      continue;
    }
    asker.title(step.title);
    asker.say(step.intro(state));
    const outcome = await carryOut(step, state, asker, signal);
    if (outcome === "cancelled") return "cancelled";
    if (outcome === "done") {
      done.push(at++);
      continue;
    }
    const before = done.pop();
    if (before === undefined) asker.wrong("This is the first step; there is nothing to go back to.");
    else {
      await steps[before]?.undo?.(state);
      at = before;
    }
  }
  return "finished";
}

/** Asks until an answer was carried out, or leads to another step. */
async function carryOut<State>(
  step: WizardStep<State>,
  state: State,
  asker: Asker,
  signal: AbortSignal,
): Promise<"done" | "back" | "cancelled"> {
  for (;;) {
    const question = step.question(state);
    const reply = await asker.ask(question, signal);
    if (reply.kind === "cancel" || signal.aborted) return "cancelled";
    if (reply.kind === "back") return "back";
    const reason = problemOf(question, reply.value);
    if (reason !== null) {
      asker.wrong(reason);
      continue;
    }
    try {
      const lines = await step.act(state, reply.value, { signal, progress: (text) => asker.progress(text) });
      asker.settled();
      asker.say(lines);
      const command = step.command(state);
      if (command !== null) asker.command(command);
      return "done";
    } catch (error) {
      asker.settled();
      if (signal.aborted) return "cancelled";
      if (!(error instanceof WowsimError)) throw error;
      asker.wrong(messageOf(error));
    }
  }
}

/** The problem of an answer, or null. */
export function problemOf(question: Question, value: string): string | null {
  if (question.kind === "text") return question.check(value);
  const isKnown = question.choices.some((choice) => choice.value === value);
  return isKnown ? null : `Choose one of ${question.choices.map((choice) => choice.value).join(", ")}.`;
}
