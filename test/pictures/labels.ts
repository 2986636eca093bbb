// What a screen says whatever the day's figures are: titles, heads of columns, names of figures, keys, choices. A picture
// keeps its own, so that it can be told whether the program still says the same.
//
//   labelsOf(cellRows(captured))     // ["Tick time", "Zones", "CREA", "f Fault", ...]

import { textOf } from "./ansi.ts";
import type { Cell } from "./ansi.ts";

const CYAN = 6;
/** Between two things that stand side by side. */
const GAP = / {2,}|[─│├╯╮┌┐└┘]+/;
/** Where a label ends and what it is about, a figure or a module's hash, begins. */
const END = /( [\da-f]{16}|[\d:;,(…%]).*$/;
const CHOICE = /^│ +[●○] (?=\p{L})/u;
/** Something that happened, with its time. */
const EVENT = /^\d\d:\d\d:\d\d /;
/** Panels, not the frame around something. */
const SIDE_BY_SIDE = /[^│]│[^│]/;

/** Each once, in the order of the screen; not what is chosen of many just now ("▸ Bot 7", "Hogger level 11"). */
export function labelsOf(rows: readonly (readonly Cell[])[]): string[] {
  const labels = rows
    .flatMap(phrasesOf)
    .filter(({ text, isLabel }) => isLabel && !text.startsWith("▸"))
    .map(({ text }) => text.replace(/^[^\p{L}]+/u, ""))
    .map((text) => text.replace(END, "").trim());
  return [...new Set(labels.filter((label) => label.length > 2 && !label.endsWith(" level")))];
}

/** Those of a picture's labels that the text of a screen does not have. */
export function missingFrom(text: string, labels: readonly string[]): string[] {
  return labels.filter((label) => !text.includes(label));
}

interface Phrase {
  text: string;
  isLabel: boolean;
}

function phrasesOf(row: readonly Cell[]): Phrase[] {
  const text = textOf([row]);
  let at = 0;
  const phrases = text.split(new RegExp(`(${GAP.source})`)).map((part) => {
    const style = row[at + (/\S/.exec(part)?.index ?? 0)]?.style;
    at += part.length;
    const isHead = style?.dim === true && /\p{Lu}/u.test(part) && !/(^| )\p{Ll}/u.test(part);
    return { text: part.trim(), isLabel: style?.bold === true || style?.front === CYAN || isHead };
  });
  const shown = phrases.filter((phrase) => phrase.text.replace(GAP, "") !== "");
  const [first, second] = shown;
  const isField = second !== undefined && /^\p{L}/u.test(first?.text ?? "") && !SIDE_BY_SIDE.test(text);
  if (first !== undefined && (isField || CHOICE.test(text))) first.isLabel = true;
  return EVENT.test(text) ? [] : shown;
}
