// The event log: telemetry events, newest at the bottom, filtered, and paused while the user reads. For frequent events that
// came too fast to be kept, it shows how many there were.

import type { LogEntry } from "../event-log.ts";
import { line, span } from "../text.ts";
import type { Line, Style } from "../text.ts";
import type { Picture } from "../picture.ts";
import type { Screen } from "../screen-state.ts";
import type { Panel } from "./panel.ts";

const SOURCE_WIDTH = 11;

const STYLES: Record<LogEntry["kind"], Style> = { error: "bad", event: "plain", frequent: "dim", note: "accent" };

export const eventsPanel: Panel = {
  title({ log }, { filter, pausedAt, scroll, isTyping }) {
    const level = { notable: "notable", all: "everything", errors: "errors only" }[filter.level];
    const words = isTyping ? `, filter: ${filter.text}_` : filter.text === "" ? "" : `, filter: ${filter.text}`;
    const paused = pausedAt === null ? "" : scroll > 0 ? `, PAUSED ${scroll} back` : ", PAUSED";
    const unread = filter.level === "all" && log.unread > 0 ? `, ${log.unread.toLocaleString("en-US")} MORE` : "";
    return `Events, ${level}${words}${paused}${unread}`;
  },
  lines(picture, screen, { height }) {
    const { filter, pausedAt, view } = screen;
    const shown = entriesUpToChosen(picture, screen, height);
    const chosen = view === "events" && pausedAt !== null ? shown.at(-1) : undefined;
    if (shown.length > 0) return shown.map((entry) => entryLine(entry, entry === chosen));
    return [line(filter.text === "" ? "Nothing yet." : "Nothing matches the filter.", "dim")];
  },
};

/** The entry that Enter opens: the lowest one shown. */
export const chosenEntry = (picture: Picture, screen: Screen): LogEntry | undefined =>
  entriesUpToChosen(picture, screen, 1).at(-1);

function entriesUpToChosen({ log }: Picture, { filter, pausedAt, scroll }: Screen, count: number): LogEntry[] {
  const entries = log.newest(filter, count + scroll, pausedAt ?? log.seq);
  return entries.slice(0, Math.max(0, entries.length - scroll)).slice(-count);
}

function entryLine({ seq, clock, source, text, kind }: LogEntry, isChosen: boolean): Line {
  const on = { do: "entry", seq } as const;
  const from = `${clock} ${source.slice(0, SOURCE_WIDTH).padEnd(SOURCE_WIDTH)} `;
  return isChosen ? [span(from + text, "selected", on)] : [span(from, "dim", on), span(text, STYLES[kind], on)];
}
