// A LogReport as text: what parse-logs prints, in parts.

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import type { DurationSummary } from "../analysis/duration-sums.ts";
import type { LogReport } from "../analysis/log-summary.ts";
import type { Measured } from "../analysis/measured.ts";
import { shown } from "../analysis/measures.ts";
import type { TallyEntry } from "../analysis/tally.ts";
import { paint } from "../ui/output.ts";
import { fieldLines, tableLines } from "../ui/table.ts";

const KINDS_SHOWN_MAX = 12;

export function summaryLines(report: LogReport): string[] {
  const { lines, fromMs, toMs, loop, zones, connections, errors, sampledOut, linesLost, faultLines } = report;
  const fields: [string, string][] = [
    ["lines", `${count(lines)} (${report.byType.map(({ key, count: n }) => `${key} ${count(n)}`).join(", ")})`],
    [
      "time",
      fromMs === null || toMs === null ? "no line has one" : `${iso(fromMs)} to ${iso(toMs)}, ${span(toMs - fromMs)}`,
    ],
    ["server", `${report.version || "version not told"}, ${report.starts} starts seen, ${rate(report.tickRateHz)}`],
    ["game loop", durations(loop)],
    ["connections", `${count(connections.accepted)} accepted; ended: ${listed(connections.disconnects)}`],
    ["errors", listed(errors)],
    ["left out", `${listedAmounts(sampledOut)} by the rate budget; ${count(linesLost)} lines lost`],
  ];
  if (faultLines > 0) fields.push(["audit", `${count(faultLines)} lines on faults (wowsim diagnose never reads them)`]);
  return [
    ...fieldLines(fields),
    "",
    ...zoneLines(zones),
    "",
    paint.dim("MOST LINES"),
    ...fieldLines(report.byKind.slice(0, KINDS_SHOWN_MAX).map(({ key, count: n }) => [`  ${key}`, count(n)])),
  ];
}

/** One line of a file: when, who, what, and its data as it is. */
export function lineText({ timestamp, type, component, message, data }: TelemetryLine): string {
  const fields = Object.entries(data).map(([name, value]) => `${name}=${shownValue(value)}`);
  const text = `  ${timestamp.slice(11, 23)}  ${type.padEnd(6)}  ${component} · ${message}`;
  return [text, ...fields].join("  ").trimEnd();
}

const shownValue = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

export function mechanicsLines(report: LogReport): string[] {
  const { casts, combat, dealers, sampledOut } = report;
  const damageEvents = report.damageTypes.reduce((sum, entry) => sum + entry.count, 0);
  const leftOut = sampledOut.find(({ key }) => key === "combat · Damage dealt")?.amount ?? 0;
  const fields: [string, string][] = [
    [
      "casts",
      `${count(casts.started)} started, ${count(casts.completed)} completed, ${count(casts.interrupted)} interrupted`,
    ],
    ["cast success", `${percent(report.castSuccess)} of those that ended were completed`],
    ["GCD blocks", `${count(casts.gcdBlocked)}, ${percent(report.gcdBlockRate)} of what was asked for`],
    ["interrupted by", listed(report.interruptReasons)],
    ["attacks", count(combat.attacks)],
    ["damage", `${count(combat.damage)}, ${shown(combat.damagePerS)} a second`],
    ["kills", count(combat.kills)],
    ["damage types", listedAmounts(report.damageTypes)],
    ["spells cast", listed(report.spells)],
  ];
  const rows = dealers.map((dealer) => [
    dealer.key,
    count(dealer.amount),
    count(dealer.count),
    shown(dealer.amount / dealer.count),
  ]);
  return [
    paint.bold("Game mechanics"),
    ...fieldLines(fields),
    "",
    `Top damage dealers, by ${count(damageEvents)} event lines (${count(leftOut)} more were left out by the rate budget):`,
    ...tableLines(["WHO", "DAMAGE", "HITS", "A HIT"], rows, { hasRule: false }),
  ];
}

function zoneLines(zones: LogReport["zones"]): string[] {
  const head = ["ZONE", "NAME", "TICKS", "P50 ms", "P99 ms", "MAX ms", "OVER", "TRAPS", "PLAYERS", "CASTS", "DAMAGE"];
  const rows = zones.map((zone) => [
    zone.id,
    zone.name === "" ? null : zone.name,
    count(zone.ticks),
    shown(zone.msP50),
    shown(zone.msP99),
    shown(zone.msMax),
    count(zone.overruns),
    count(zone.exceptions),
    zone.playersMax,
    count(zone.casts.started),
    count(zone.damage),
  ]);
  return tableLines(head, rows, { hasRule: false });
}

function durations({ ticks, msP50, msP99, msMax, overruns }: DurationSummary): string {
  if (ticks === 0) return "no ticks";
  return `${count(ticks)} ticks, p50 ${shown(msP50)} ms, p99 ${shown(msP99)} ms, max ${shown(msMax)} ms, ${count(overruns)} overruns`;
}

const count = (value: number): string => value.toLocaleString("en-US");
const percent = (share: Measured): string => (share === null ? "-" : `${(share * 100).toFixed(1)} %`);
const iso = (atMs: number): string => new Date(atMs).toISOString();
const rate = (hz: Measured): string => (hz === null ? "tick rate not told" : `${hz} Hz`);

function span(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${shown(seconds / 60)} min` : `${shown(seconds / 3_600)} h`;
}

const listed = (entries: readonly TallyEntry[]): string =>
  entries.length === 0 ? "none" : entries.map(({ key, count: n }) => `${key} ${count(n)}`).join(", ");

const listedAmounts = (entries: readonly TallyEntry[]): string =>
  entries.length === 0 ? "none" : entries.map(({ key, amount }) => `${key} ${count(amount)}`).join(", ");
