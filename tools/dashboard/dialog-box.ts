// A dialog as a box of lines, drawn over the middle of the screen.
//
//   ┌─ latency-spike ─────────────────────────┐
//   │ delay_ms  [200   ]  milliseconds added… │
//   │  [ Break it ]  [ Cancel ]               │
//   └─────────────────────────────────────────┘

import type { Dialog, Form, Menu, Question } from "./dialogs.ts";
import { BINDINGS, MOVING, shownKey } from "./keymap.ts";
import { fit, fitText, line, span, widthOf, wrap } from "./text.ts";
import type { Line, Span } from "./text.ts";
import type { Size } from "./layout.ts";

export interface Box {
  x: number;
  y: number;
  lines: Line[];
}

const WIDTH_MAX = 100;
const MARGIN = 2;
/** Cells left and right of the content: border and a blank. */
const FRAME_CELLS = 4;
const VALUE_CELLS = 10;

export function dialogBox(dialog: Dialog, screen: Size): Box {
  const width = Math.min(WIDTH_MAX, screen.width - 2 * MARGIN);
  const inner = width - FRAME_CELLS;
  const room = screen.height - 2 - 2;
  const { title, lines } = contentOf(dialog, inner, room);
  const shown = lines.slice(0, room);
  return {
    x: Math.floor((screen.width - width) / 2),
    y: Math.max(0, Math.floor((screen.height - shown.length - 2) / 2)),
    lines: framed(title, shown, inner),
  };
}

function framed(title: string, lines: readonly Line[], inner: number): Line[] {
  const head = fit(
    [span("┌─ ", "accent"), ...line(title, "title"), span(" ", "accent")],
    Math.min(inner + 2, title.length + 4),
  );
  const top = [...head, span("─".repeat(Math.max(0, inner + 3 - widthOf(head))), "accent"), span("┐", "accent")];
  const body = lines.map((of): Line => [span("│ ", "accent"), ...fit(of, inner), span(" │", "accent")]);
  return [top, ...body, [span(`└${"─".repeat(inner + 2)}┘`, "accent")]];
}

function contentOf(dialog: Dialog, width: number, room: number): { title: string; lines: Line[] } {
  switch (dialog.kind) {
    case "menu":
      return { title: dialog.title, lines: menuLines(dialog, width, room) };
    case "form":
      return { title: dialog.title, lines: formLines(dialog, width) };
    case "question":
      return { title: dialog.title, lines: questionLines(dialog, width) };
    case "help":
      return helpPage(dialog.scroll, width, room);
  }
}

/** The scroll position is limited to the last page. */
function helpPage(scroll: number, width: number, room: number): { title: string; lines: Line[] } {
  const lines = helpLines(width);
  const hidden = Math.max(0, lines.length - room);
  return { title: hidden === 0 ? "Help" : "Help; Up and Down scroll", lines: lines.slice(Math.min(scroll, hidden)) };
}

function menuLines({ intro, items, at }: Menu, width: number, room: number): Line[] {
  const labelWidth = Math.max(...items.map(({ label }) => label.length));
  const rows = items.map(({ label, hint }, index): Line => {
    const text = fitText(` ${label.padEnd(labelWidth)}  ${hint}`, width);
    return line(text, index === at ? "selected" : "plain", { do: "press", index });
  });
  const head = introLines(intro, width);
  const left = Math.max(1, room - head.length - 2);
  const from = Math.max(0, Math.min(at - left + 1, rows.length - left));
  return [...head, ...rows.slice(from, from + left), [], line("Up, Down, Enter; Esc goes back", "dim")];
}

function formLines({ intro, fields, buttons, at, error }: Form, width: number): Line[] {
  const labelWidth = Math.max(0, ...fields.map(({ label }) => label.length));
  const rows = fields.map(({ label, value, hint }, index): Line => {
    const on = { do: "press", index } as const;
    const isAt = index === at;
    const text = fitText(isAt ? `${value}_` : value, VALUE_CELLS);
    return [
      ...line(`${label.padEnd(labelWidth)}  `, isAt ? "bold" : "plain", on),
      ...line(`[${text}]`, isAt ? "selected" : "plain", on),
      ...line(`  ${hint}`, "dim", on),
    ];
  });
  const problem = error === "" ? [] : wrap(error, width).map((text) => line(text, "bad"));
  const row = buttonRow(
    buttons.map(({ label }) => label),
    at - fields.length,
    fields.length,
  );
  return [
    ...introLines(intro, width),
    ...rows,
    [],
    ...problem,
    row,
    [],
    line("digits, Left, Right; Tab, Enter; Esc goes back", "dim"),
  ];
}

function questionLines({ text, answers, at }: Question, width: number): Line[] {
  const labels = answers.map(({ label, key }) => `${key}: ${label}`);
  return [...text.flatMap((part) => wrap(part, width).map((row) => line(row))), [], buttonRow(labels, at, 0)];
}

/** Buttons side by side; the first is number `first` among the dialog's stops. */
function buttonRow(labels: readonly string[], at: number, first: number): Line {
  return labels.flatMap((label, index): Span[] => [
    ...line(`[ ${label} ]`, index === at ? "selected" : "bold", { do: "press", index: first + index }),
    span("  "),
  ]);
}

const introLines = (intro: readonly string[], width: number): Line[] =>
  intro.length === 0 ? [] : [...intro.flatMap((text) => wrap(text, width).map((part) => line(part, "dim"))), []];

function helpLines(width: number): Line[] {
  const doing = BINDINGS.filter(({ help }) => help !== "").map((bound) => [shownKey(bound), bound.help] as const);
  const rows = [...doing, ...MOVING];
  const keyWidth = Math.max(...rows.map(([keys]) => keys.length));
  const lines = rows.flatMap(([keys, help]) =>
    wrap(help, width - keyWidth - 2).map((part, index): Line => [
      span(`${(index === 0 ? keys : "").padEnd(keyWidth)}  `, "key"),
      ...line(part),
    ]),
  );
  return [...lines, [], ...wrap(ABOUT, width).map((part) => line(part, "dim"))];
}

const ABOUT =
  "Health, cause and anomalies come from telemetry alone; the list of active faults comes from the control channel and is not used for them. Times are UTC.";
