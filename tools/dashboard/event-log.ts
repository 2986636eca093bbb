// The event log: telemetry lines that a person may want to read, bounded, with filters. Frequent events (movements, casts,
// damage: hundreds a second) are stored separately, so that they never push out rare ones.
//
//   if (log.isWorthReading(text, nowMs)) log.take(JSON.parse(text))
//   log.take(line)                                            // metrics and once-a-second lines are not taken
//   log.note("the server is back", nowMs)                     // the dashboard's own messages
//   log.newest({ level: "notable", text: "zone 1" }, 20)      // oldest first

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import type { Timed } from "../analysis/series.ts";
import { clean } from "./text.ts";
import { at as itemAt } from "../../server/protocol/assert.ts";

export type LogLevel = "notable" | "all" | "errors";
export const LOG_LEVELS: readonly LogLevel[] = ["notable", "all", "errors"];

export interface LogFilter {
  level: LogLevel;
  /** Every word must occur in the entry; upper and lower case are the same. */
  text: string;
}

export interface LogEntry {
  /** Increases from entry to entry. */
  readonly seq: number;
  /** "17:20:15", UTC. */
  readonly clock: string;
  readonly kind: "error" | "event" | "frequent" | "note";
  readonly source: string;
  readonly text: string;
}

/** When a fault began or ended. */
export interface FaultMark extends Timed {
  readonly what: "begin" | "end";
}

type Kept = Pick<LogEntry, "seq" | "kind"> & ({ line: TelemetryLine } | { note: string; atMs: number });

/** The limit for each of the two kinds. */
export const ENTRIES_MAX = 2_000;
/** More frequent events than a person can read. */
export const FREQUENT_PER_SECOND_MAX = 1_000;
const FREQUENT_COMPONENTS = new Set(["movement", "combat", "spellcast"]);
/** How frequent lines continue after the timestamp, as the server writes them. */
const FREQUENT_HEADS = [...FREQUENT_COMPONENTS].map((component) => `","type":"event","component":"${component}",`);
const HEAD_AT = '{"v":1,"timestamp":"2026-01-01T00:00:00.050Z'.length;
/** Caused by every player who joins or leaves, or by every client that sends bad messages: many, and none of interest. */
const FREQUENT_MESSAGES = new Set([
  "State transition",
  "Lines sampled out",
  "Connection accepted",
  "Connection refused",
  "Client disconnected",
  "Socket error",
  "Malformed JSON from client",
  "Malformed message from client",
  "Zone overload step changed",
]);
/** Sent every second in any case; the panels show their content. */
const ROUTINE_MESSAGES = new Set(["Process", "Entity census"]);
const VALUE_CHARS_MAX = 80;
/** The number of fault begins and ends that are kept for the charts. */
const MARKS_MAX = 200;
const MARK_OF: Readonly<Record<string, FaultMark["what"]>> = {
  "Fault activated": "begin",
  "Fault deactivated": "end",
};
/** Fields with the old and new value of a zone, session or module: shown together. */
const CHANGES: readonly (readonly [from: string, to: string])[] = [
  ["from_state", "to_state"],
  ["from_hash", "to_hash"],
  ["from", "to"],
];

export class EventLog {
  #rare: Kept[] = [];
  #frequent: Kept[] = [];
  #seq = 0;
  #second = Number.NaN;
  #frequentInSecond = 0;
  #unread = 0;
  #marks: FaultMark[] = [];

  /** Begins and ends of faults, oldest first. They come from the audit lines, which no figure and no diagnosis uses. */
  get marks(): readonly FaultMark[] {
    return this.#marks;
  }

  /** Frequent events that were counted and not parsed. */
  get unread(): number {
    return this.#unread;
  }

  /**
   * False for a frequent event beyond a thousand of them in a second. Only this log uses such events (no figure, anomaly or
   * diagnosis does), and parsing one costs many times as much as counting it.
   */
  isWorthReading(text: string, nowMs: number): boolean {
    if (!FREQUENT_HEADS.some((head) => text.startsWith(head, HEAD_AT))) return true;
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#frequentInSecond = 0;
    }
    if (this.#frequentInSecond++ < FREQUENT_PER_SECOND_MAX) return true;
    this.#unread++;
    return false;
  }

  /** The newest entry's number. */
  get seq(): number {
    return this.#seq;
  }

  take(line: TelemetryLine): void {
    const what = line.component === "fault" ? MARK_OF[line.message] : undefined;
    if (what !== undefined)
      this.#marks = [...this.#marks, { what, atMs: Date.parse(line.timestamp) }].slice(-MARKS_MAX);
    const kind = kindOf(line);
    if (kind === null) return;
    const kept = { seq: ++this.#seq, kind, line };
    if (kind === "frequent") this.#frequent = appended(this.#frequent, kept);
    else this.#rare = appended(this.#rare, kept);
  }

  /** A message of the dashboard's own, such as that the server is gone. */
  note(text: string, atMs: number): void {
    this.#rare = appended(this.#rare, { seq: ++this.#seq, kind: "note", note: text, atMs });
  }

  /** How many entries up to number `upTo` pass the filter. */
  count(filter: LogFilter, upTo = Number.POSITIVE_INFINITY): number {
    return this.newest(filter, Number.POSITIVE_INFINITY, upTo).length;
  }

  /** All fields of an entry, one on each line; null when the entry is not kept any more. */
  whole(seq: number): string[] | null {
    const kept = [...this.#rare, ...this.#frequent].find((each) => each.seq === seq);
    if (kept === undefined) return null;
    if ("note" in kept) return [clean(kept.note)];
    const { timestamp, type, component, message, data } = kept.line;
    const fields = Object.entries(data).map(([name, value]) => `${name}: ${textOf(value)}`);
    return [`${timestamp}  ${type}  ${component}`, message, ...fields].map(clean);
  }

  /** The newest `count` entries up to number `upTo` that pass the filter, oldest first. */
  newest(filter: LogFilter, count: number, upTo = Number.POSITIVE_INFINITY): LogEntry[] {
    const words = filter.text.toLowerCase().split(" ");
    const found: LogEntry[] = [];
    for (const kept of this.#backwards(filter.level)) {
      if (found.length >= count) break;
      if (kept.seq > upTo) continue;
      const entry = entryOf(kept);
      const text = `${entry.source} ${entry.text}`.toLowerCase();
      if (words.every((word) => text.includes(word))) found.push(entry);
    }
    return found.toReversed();
  }

  /** Newest first. */
  *#backwards(level: LogLevel): Generator<Kept> {
    const left = (level === "all" ? [this.#rare, this.#frequent] : [this.#rare]).map((sort) => ({
      sort,
      at: sort.length - 1,
    }));
    for (;;) {
      let newest: (typeof left)[number] | null = null;
      for (const each of left) if (each.at >= 0 && (newest === null || seqAt(each) > seqAt(newest))) newest = each;
      if (newest === null) return;
      const kept = itemAt(newest.sort, newest.at--);
      if (level !== "errors" || kept.kind === "error" || kept.kind === "note") yield kept;
    }
  }
}

const seqAt = ({ sort, at }: { sort: readonly Kept[]; at: number }): number => itemAt(sort, at).seq;

/** Null for a line that does not belong in the log. */
function kindOf({ type, component, message }: TelemetryLine): Exclude<LogEntry["kind"], "note"> | null {
  if (type === "error") return "error";
  if (type === "metric" || ROUTINE_MESSAGES.has(message)) return null;
  return FREQUENT_COMPONENTS.has(component) || FREQUENT_MESSAGES.has(message) ? "frequent" : "event";
}

/** The entries with one more; above the limit, old ones are dropped from time to time, many at once. */
function appended(entries: Kept[], entry: Kept): Kept[] {
  entries.push(entry);
  return entries.length >= ENTRIES_MAX * 2 ? entries.slice(-ENTRIES_MAX) : entries;
}

function entryOf(kept: Kept): LogEntry {
  const { seq, kind } = kept;
  if ("note" in kept) {
    return {
      seq,
      kind,
      clock: new Date(kept.atMs).toISOString().slice(11, 19),
      source: "dashboard",
      text: clean(kept.note),
    };
  }
  const { timestamp, component, message, data } = kept.line;
  return {
    seq,
    kind,
    clock: clean(timestamp.slice(11, 19)),
    source: clean(component),
    text: clean([message, ...factsOf(data)].join(" ")),
  };
}

/** The change comes first, in full: "ACTIVE → CRASHED". */
function factsOf(data: Readonly<Record<string, unknown>>): string[] {
  const [from = "", to = ""] = CHANGES.find(([first, then]) => first in data && then in data) ?? [];
  const change = to in data ? [`${textOf(data[from])} → ${textOf(data[to])}`] : [];
  const others = Object.entries(data).filter(([name]) => name !== from && name !== to);
  return [...change, ...others.map(([name, value]) => `${name}=${shortened(value)}`)];
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? "-"));

function shortened(value: unknown): string {
  const text = textOf(value);
  return text.length <= VALUE_CHARS_MAX ? text : `${text.slice(0, VALUE_CHARS_MAX - 1)}…`;
}
