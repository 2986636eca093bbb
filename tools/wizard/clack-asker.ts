// The wizard's prompts on a terminal: clack's prompts, each with a way back. Clack itself handles NO_COLOR.
//
// Selections have "Back" as their last choice; where text is asked for, `<` goes back. Ctrl-C and Escape end the wizard.

import { log, select, text } from "@clack/prompts";
import { orCancelled } from "../ui/ask.ts";
import { columns, paint } from "../ui/output.ts";
import { cut, folded } from "../ui/wrap.ts";
import type { Asker, Choice, Question, Reply } from "./wizard.ts";

const BACK = "<";
const BACK_CHOICE: Choice = { value: BACK, label: "← Back" };
const ITEMS_MAX = 12;
const WIPE = "\r\x1b[2K";
/** The width of clack's guide before every line. */
const GUIDE_CELLS = 3;
const PROGRESS_CELLS = 7;

export class ClackAsker implements Asker {
  title(words: string): void {
    log.step(paint.bold(words));
  }

  say(lines: readonly string[]): void {
    if (lines.length > 0) log.message(besideGuide(lines.join("\n")), { spacing: 0 });
  }

  command(words: string): void {
    const line = `$ ${words}`;
    const fits = line.length <= columns() - GUIDE_CELLS;
    log.message(paint.dim(`the same without the wizard:${fits ? `\n${line}` : ""}`), { spacing: 0 });
    // Beside the guide, a user who copies the lines would copy the guide as well.
    if (!fits) process.stdout.write(`${paint.dim(folded(line, columns()))}\n`);
  }

  wrong(reason: string): void {
    log.warn(besideGuide(reason));
  }

  async ask(question: Question, signal: AbortSignal): Promise<Reply> {
    const answer = await orCancelled(prompt(question, signal), signal);
    // Clack's symbol for Ctrl-C and Escape. Between prompts nobody reads the keyboard, and Ctrl-C is a signal again.
    if (typeof answer === "symbol") return { kind: "cancel" };
    const value = answer.trim();
    return value === BACK ? { kind: "back" } : { kind: "value", value };
  }

  progress(words: string): void {
    process.stdout.write(
      `${WIPE}${paint.dim("│  … ")}${cut(words.replaceAll(/\s+/g, " "), columns() - PROGRESS_CELLS)}`,
    );
  }

  settled(): void {
    process.stdout.write(WIPE);
  }
}

/** Broken where a line would overflow to the left of the guide; not for commands, because a broken one can not be pasted. */
function besideGuide(words: string): string {
  return words
    .split("\n")
    .map((line) => folded(line, columns() - GUIDE_CELLS, { breaksCommands: false }))
    .join("\n");
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
