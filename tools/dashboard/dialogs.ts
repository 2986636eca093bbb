// Dialogs as data: a menu, a form, a confirmation question, the help. The outcome of one is another dialog, an effect, or,
// for a form, an error text.
//
//   const next = pressed(menu, index)      // { open: form } | { effect } | { error } | { close: true }

import type { Effect } from "./effects.ts";

export interface Field {
  name: string;
  /** The text before the field. */
  label: string;
  hint: string;
  min: number;
  max: number;
  /** As typed; it may be invalid. */
  value: string;
}

export type Outcome = { open: Dialog } | { effect: Effect } | { error: string } | { close: true };

export interface Choice {
  label: string;
  hint: string;
  press: () => Outcome;
}

export interface Menu {
  kind: "menu";
  title: string;
  intro: string[];
  items: Choice[];
  at: number;
}

export interface Form {
  kind: "form";
  title: string;
  intro: string[];
  fields: Field[];
  buttons: { label: string; press: (values: ReadonlyMap<string, number>) => Outcome }[];
  /** The selected stop: fields first, then buttons. */
  at: number;
  error: string;
}

/** Asks before a harmful action. Only "no" is ever selected in advance. */
export interface Question {
  kind: "question";
  title: string;
  text: string[];
  answers: { label: string; key: string; press: () => Outcome }[];
  at: number;
}

export interface Help {
  kind: "help";
  scroll: number;
}

export type Dialog = Menu | Form | Question | Help;

/** The number of items, fields and buttons that can be selected. */
export function stopsOf(dialog: Dialog): number {
  switch (dialog.kind) {
    case "menu":
      return dialog.items.length;
    case "form":
      return dialog.fields.length + dialog.buttons.length;
    case "question":
      return dialog.answers.length;
    case "help":
      return 0;
  }
}

/** The outcome of pressing the stop at `index`; null: it is only selected. */
export function pressed(dialog: Dialog, index: number): Outcome | null {
  switch (dialog.kind) {
    case "menu":
      return dialog.items[index]?.press() ?? null;
    case "question":
      return dialog.answers[index]?.press() ?? null;
    case "help":
      return { close: true };
    case "form": {
      const button = dialog.buttons[index - dialog.fields.length];
      if (button === undefined) return null;
      const values = valuesOf(dialog.fields);
      return typeof values === "string" ? { error: values } : button.press(values);
    }
  }
}

/** The fields' numbers, or the error of the first invalid field. */
function valuesOf(fields: readonly Field[]): ReadonlyMap<string, number> | string {
  const values = new Map<string, number>();
  for (const { name, label, value, min, max } of fields) {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max)
      return `${label}: give a whole number from ${min} to ${max.toLocaleString("en-US")}.`;
    values.set(name, number);
  }
  return values;
}

const DIGITS_MAX = 10;

/** The form after a key on its field at `at`; the same form when the key has no meaning there. */
export function edited(form: Form, key: string): Form {
  const field = form.fields[form.at];
  if (field === undefined) return form;
  const value = valueAfter(field, key);
  if (value === null) return form;
  const fields = form.fields.map((other) => (other === field ? { ...field, value } : other));
  return { ...form, fields, error: "" };
}

function valueAfter({ value, min, max }: Field, key: string): string | null {
  if (/^\d$/.test(key)) return value.length < DIGITS_MAX ? `${value}${key}`.replace(/^0+(?=\d)/, "") : null;
  if (key === "BACKSPACE" || key === "DELETE") return value.slice(0, -1);
  if (key === "LEFT" || key === "RIGHT") {
    const number = Number(value) + (key === "RIGHT" ? 1 : -1);
    return String(Math.min(max, Math.max(min, number)));
  }
  return null;
}
