// Somebody at the wizard who answers from a script, and remembers all that was said.
//
//   const asker = new ScriptedAsker([["server", "own"], ["players", "many"], ["players", "30"], ["healthy", BACK]])
//   await runWizard(FLOW, state, asker, signal)
//   asker.wrongs        // ["Give a whole number from 1 to 500."]
//
// Each answer names the step that it expects to be asked by; an answer to another question ends the test.

import type { Asker, Question, Reply, WizardStep } from "../../tools/wizard/wizard.ts";

export const BACK = "<back>";
export const CANCEL = "<cancel>";

export class ScriptedAsker<State> implements Asker {
  readonly said: string[] = [];
  readonly commands: string[] = [];
  readonly wrongs: string[] = [];
  readonly asked: string[] = [];
  readonly #answers: (readonly [step: string, answer: string])[];
  readonly #steps: readonly WizardStep<State>[];
  #step = "";

  constructor(steps: readonly WizardStep<State>[], answers: readonly (readonly [step: string, answer: string])[]) {
    this.#steps = steps;
    this.#answers = [...answers];
  }

  title(text: string): void {
    this.#step = this.#steps.find(({ title }) => title === text)?.id ?? text;
  }

  say(lines: readonly string[]): void {
    this.said.push(...lines);
  }

  command(text: string): void {
    this.commands.push(text);
  }

  wrong(reason: string): void {
    this.wrongs.push(reason);
  }

  ask(_question: Question): Promise<Reply> {
    this.asked.push(this.#step);
    const next = this.#answers.shift();
    if (next === undefined) return Promise.resolve({ kind: "cancel" });
    const [step, answer] = next;
    if (step !== this.#step) throw new Error(`Asked by "${this.#step}", and the script is at "${step}".`);
    if (answer === BACK) return Promise.resolve({ kind: "back" });
    if (answer === CANCEL) return Promise.resolve({ kind: "cancel" });
    return Promise.resolve({ kind: "value", value: answer });
  }

  progress(): void {}

  settled(): void {}
}
