// The wizard's voice on a terminal: clack's prompts, with a way back in each of them. NO_COLOR is honoured by clack itself.
//
// Selections have "Back" as their last choice; where text is asked for, `<` goes back. Ctrl-C and Escape end the wizard.

import { log, select, text } from "@clack/prompts";
import { orCancelled } from "../ui/ask.ts";
import { paint } from "../ui/output.ts";
import type { Asker, Choice, Question, Reply } from "./wizard.ts";

const BACK = "<";
const BACK_CHOICE: Choice = { value: BACK, label: "← Back" };
const ITEMS_MAX = 12;
const WIPE = "\r\x1b[2K";
const COLUMNS = 80;

export class ClackAsker implements Asker {
  title(words: string): void {
    log.step(paint.bold(words));
  }

  say(lines: readonly string[]): void {
    if (lines.length > 0) log.message(lines.join("\n"), { spacing: 0 });
  }

  command(words: string): void {
    log.message(paint.dim(`the same without the wizard:\n$ ${words}`), { spacing: 0 });
  }

  wrong(reason: string): void {
    log.warn(reason);
  }

  async ask(question: Question, signal: AbortSignal): Promise<Reply> {
    const answer = await orCancelled(prompt(question, signal), signal);
    // Clack's mark of Ctrl-C and Escape. Between prompts the keyboard is nobody's, and Ctrl-C is a signal again.
    if (typeof answer === "symbol") return { kind: "cancel" };
    const value = answer.trim();
    return value === BACK ? { kind: "back" } : { kind: "value", value };
  }

  progress(words: string): void {
    process.stdout.write(`${WIPE}${paint.dim("│  … ")}${words.slice(0, (process.stdout.columns ?? COLUMNS) - 7)}`);
  }

  settled(): void {
    process.stdout.write(WIPE);
  }
}

function prompt(question: Question, signal: AbortSignal): Promise<string | symbol> {
  if (question.kind === "select") {
    return select({
      message: question.message,
      options: [...question.choices, BACK_CHOICE].map(({ value, label, hint }) => ({
        value,
        label,
        ...(hint === undefined ? {} : { hint }),
      })),
      ...(question.initial === undefined ? {} : { initialValue: question.initial }),
      maxItems: ITEMS_MAX,
      signal,
    });
  }
  return text({
    message: `${question.message}  ${paint.dim(`(${BACK} goes back)`)}`,
    initialValue: question.initial,
    signal,
    validate: (value = "") => (value.trim() === BACK ? undefined : (question.check(value.trim()) ?? undefined)),
  });
}
