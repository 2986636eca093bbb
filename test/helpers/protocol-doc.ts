// The examples of docs/PROTOCOL.md as something that can be played: blocks of steps, and whether what a server says has
// the form that the document shows.
//
//   examplesOf(text)      // [{ kind: "game", line: 29, steps: [{ mark: ">", text: '{"type":"hello",...}' }, ...] }]
//   matches({ type: "pong", t: 1, tick: 9 }, { type: "pong", t: 1, tick: 830 })     // true

export interface Step {
  /** ">" sent, "<" received, "!" sent to the control port, "-" a new connection. */
  mark: string;
  text: string;
}

export interface Example {
  /** What stands after the fence: game, guest, control, ... */
  kind: string;
  /** Line of the fence in the document. */
  line: number;
  steps: Step[];
}

/** The fenced blocks that have a language. */
export function examplesOf(markdown: string): Example[] {
  const examples: Example[] = [];
  let open: Example | null = null;
  for (const [index, text] of markdown.split("\n").entries()) {
    const fence = /^```([a-z-]*)$/.exec(text);
    if (fence !== null) {
      if (open !== null) examples.push(open);
      open = open === null ? { kind: fence[1] ?? "", line: index + 1, steps: [] } : null;
    } else if (open !== null) {
      open.steps.push({ mark: text[0] ?? "", text: text.replace(/^(---|.) ?/, "") });
    }
  }
  return examples.filter(({ kind }) => kind !== "");
}

/** Fields whose values are part of what is promised; of all others only the kind of value is. */
const PROMISED = new Set(
  [
    "type",
    "event",
    "code",
    "command",
    "success",
    "reason",
    "action",
    "fault_id",
    "class",
    "status",
    "ready",
    "error",
  ].concat([
    "message",
    "id",
    "t",
    "ack",
    "seq",
    "phase",
    "removed",
    "halted",
    "params",
    "zone_id",
    "label",
    "was_active",
  ]),
);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** True when `got` has the form of `shown`: the same fields all the way down, and the promised values. */
export function matches(got: Json, shown: Json, field = ""): boolean {
  if (Array.isArray(shown)) return Array.isArray(got) && matchesList(got, shown, field);
  if (typeof shown !== "object" || shown === null) return matchesValue(got, shown, field);
  if (typeof got !== "object" || got === null || Array.isArray(got)) return false;
  const keys = Object.keys(shown);
  if (keys.length !== Object.keys(got).length) return false;
  return keys.every((key) => key in got && matches(got[key] ?? null, shown[key] ?? null, key));
}

/** An element shown must be like one of those there; an empty list says nothing of how many there are. */
function matchesList(got: Json[], shown: Json[], field: string): boolean {
  if (PROMISED.has(field) && typeof shown[0] === "string") return JSON.stringify(got) === JSON.stringify(shown);
  return shown.every((element) => got.some((candidate) => matches(candidate, element, `${field}[]`)));
}

function matchesValue(got: Json, shown: Json, field: string): boolean {
  if (typeof got !== typeof shown) return false;
  if (!PROMISED.has(field)) return true;
  if (typeof shown === "string" && shown.endsWith("...")) return String(got).startsWith(shown.slice(0, -3));
  return got === shown;
}
