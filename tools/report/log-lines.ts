// A LogReport as text: the output of parse-logs, in parts.

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import type { DurationSummary } from "../analysis/duration-sums.ts";
import type { LogReport, ZoneSummary } from "../analysis/log-summary.ts";
import type { Measured } from "../analysis/measured.ts";
import { shown } from "../analysis/measures.ts";
import type { TallyEntry } from "../analysis/tally.ts";
import { paint } from "../ui/output.ts";
import { fieldLines, tableLines } from "../ui/table.ts";

const KINDS_SHOWN_MAX = 12;
const DAMAGE_KIND = "combat · Damage dealt";

/** A missing value (null) has no line. */
export function summaryLines(report: LogReport): string[] {
  const { lines, fromMs, toMs, loop, zones, connections, errors, sampledOut, linesLost, faultLines } = report;
  const fields: [string, string | null][] = [
    ["lines", `${count(lines)} (${report.byType.map(({ key, count: n }) => `${key} ${count(n)}`).join(", ")})`],
    [
      "time",
      fromMs === null || toMs === null ? "no timestamps" : `${iso(fromMs)} to ${iso(toMs)}, ${span(toMs - fromMs)}`,
    ],
    [
      "server",
      told(
        report.starts,
        (n) => `${report.version || "version unknown"}, ${n} starts seen, ${rate(report.tickRateHz)}`,
      ),
    ],
    ["game loop", told(loop, durations)],
    ["connections", told(connections.accepted, (n) => `${count(n)} accepted`)],
    ["ended", told(connections.disconnects, listed)],
    ["errors", told(errors, listed)],
    ["sampled", told(sampledOut, (kinds) => `not written, to stay within the rate limit: ${listedAmounts(kinds)}`)],
    ["lost", told(linesLost, (n) => `${count(n)} lines`)],
    ["audit", told(faultLines || null, (n) => `${count(n)} lines on faults (wowsim diagnose never reads them)`)],
  ];
  return [
    ...fieldLines(fields.flatMap(([name, text]) => (text === null ? [] : [[name, text] as [string, string]]))),
    ...(zones === null ? [] : ["", ...zoneLines(zones)]),
    "",
    paint.dim("MOST LINES"),
    ...fieldLines(report.byKind.slice(0, KINDS_SHOWN_MAX).map(({ key, count: n }) => [`  ${key}`, count(n)])),
  ];
}

/** The text of a figure; null when the figure is missing. */
const told = <Figure>(figure: Figure | null, text: (figure: Figure) => string): string | null =>
  figure === null ? null : text(figure);

/** One telemetry line as text: time, source, message, and its data unchanged. */
export function lineText({ timestamp, type, component, message, data }: TelemetryLine): string {
  const fields = Object.entries(data).map(([name, value]) => `${name}=${shownValue(value)}`);
  const text = `  ${timestamp.slice(11, 23)}  ${type.padEnd(6)}  ${component} · ${message}`;
  return [text, ...fields].join("  ").trimEnd();
}

const shownValue = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

export function mechanicsLines(report: LogReport): string[] {
  const { casts, combat, dealers, damageTypes, sampledOut } = report;
  const fields: [string, string | null][] = [
    [
      "casts",
      told(
        casts,
        ({ started, completed, interrupted }) =>
          `${count(started)} started, ${count(completed)} completed, ${count(interrupted)} interrupted`,
      ),
    ],
    ["cast success", told(casts, () => `${percent(report.castSuccess)} of the casts that ended were completed`)],
    [
      "GCD blocks",
      told(casts, ({ gcdBlocked }) => `${count(gcdBlocked)}, ${percent(report.gcdBlockRate)} of the casts asked for`),
    ],
    ["interrupted by", told(report.interruptReasons, listed)],
    ["attacks", told(combat, ({ attacks }) => count(attacks))],
    ["damage", told(combat, ({ damage, damagePerS }) => `${count(damage)}, ${shown(damagePerS)} a second`)],
    ["kills", told(combat, ({ kills }) => count(kills))],
    ["damage types", told(damageTypes, listedAmounts)],
    ["spells cast", told(report.spells, listed)],
  ];
  const known = fields.flatMap(([name, text]) => (text === null ? [] : [[name, text] as [string, string]]));
  if (known.length === 0)
    return [paint.bold("Game mechanics"), "None of the lines that say something of them passed the filter."];
  return [paint.bold("Game mechanics"), ...fieldLines(known), ...dealerLines(dealers, damageTypes, sampledOut)];
}

function dealerLines(
  dealers: TallyEntry[] | null,
  damageTypes: TallyEntry[] | null,
  sampledOut: TallyEntry[] | null,
): string[] {
  if (dealers === null || damageTypes === null) return [];
  const events = damageTypes.reduce((sum, entry) => sum + entry.count, 0);
  const leftOut = told(sampledOut, (kinds) => count(kinds.find(({ key }) => key === DAMAGE_KIND)?.amount ?? 0));
  const more = leftOut === null ? "" : ` (${leftOut} more were not written, to stay within the rate limit)`;
  const rows = dealers.map((dealer) => [
    dealer.key,
    count(dealer.amount),
    count(dealer.count),
    shown(dealer.amount / dealer.count),
  ]);
  return [
    "",
    `Top damage dealers, by ${count(events)} event lines${more}:`,
    ...tableLines(["WHO", "DAMAGE", "HITS", "A HIT"], rows, { hasRule: false }),
  ];
}

function zoneLines(zones: readonly ZoneSummary[]): string[] {
  const head = ["ZONE", "NAME", "TICKS", "P50 ms", "P99 ms", "MAX ms", "OVER", "TRAPS", "PLAYERS", "CASTS", "DAMAGE"];
  const rows = zones.map((zone) => [
    zone.id,
    zone.name === "" ? null : zone.name,
    count(zone.ticks),
    shown(zone.msP50),
    shown(zone.msP99),
    shown(zone.msMax),
    shown(zone.overruns),
    shown(zone.exceptions),
    zone.playersMax,
    count(zone.casts.started),
    count(zone.damage),
  ]);
  return tableLines(head, rows, { hasRule: false });
}

function durations({ ticks, msP50, msP99, msMax, overruns }: DurationSummary): string {
  if (ticks === 0) return "no ticks";
  return `${count(ticks)} ticks, p50 ${shown(msP50)} ms, p99 ${shown(msP99)} ms, max ${shown(msMax)} ms, ${shown(overruns)} overruns`;
}

const count = (value: number): string => value.toLocaleString("en-US");
const percent = (share: Measured): string => (share === null ? "-" : `${(share * 100).toFixed(1)} %`);
const iso = (atMs: number): string => new Date(atMs).toISOString();
const rate = (hz: Measured): string => (hz === null ? "tick rate unknown" : `${hz} Hz`);

function span(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${shown(seconds / 60)} min` : `${shown(seconds / 3_600)} h`;
}

const listed = (entries: readonly TallyEntry[]): string =>
  entries.length === 0 ? "none" : entries.map(({ key, count: n }) => `${key} ${count(n)}`).join(", ");

const listedAmounts = (entries: readonly TallyEntry[]): string =>
  entries.length === 0 ? "none" : entries.map(({ key, amount }) => `${key} ${count(amount)}`).join(", ");
