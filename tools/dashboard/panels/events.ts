// The event log: what telemetry told, newest at the bottom, filtered, and held still while somebody reads. Of frequent events
// that came too fast to be kept, it says how many more there were.

import type { LogEntry } from "../event-log.ts";
import { line, span } from "../text.ts";
import type { Line, Style } from "../text.ts";
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
  lines({ log }, { filter, pausedAt, scroll }, { height }) {
    const upTo = pausedAt ?? log.seq;
    const entries = log.newest(filter, height + scroll, upTo);
    const shown = entries.slice(0, Math.max(0, entries.length - scroll)).slice(-height);
    if (shown.length > 0) return shown.map(entryLine);
    return [line(filter.text === "" ? "Nothing yet." : "Nothing matches the filter.", "dim")];
  },
};

function entryLine({ clock, source, text, kind }: LogEntry): Line {
  return [
    span(`${clock} `, "dim"),
    span(`${source.slice(0, SOURCE_WIDTH).padEnd(SOURCE_WIDTH)} `, "dim"),
    span(text, STYLES[kind]),
  ];
}
