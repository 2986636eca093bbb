// A HealthReport as text: the verdict and its reasons, the server's numbers, a table of zones, recent anomalies.

import type { Anomaly } from "../analysis/anomalies.ts";
import type { HealthReport, HealthStatus } from "../analysis/health-report.ts";
import { known, mapped, sum } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { clock, shown } from "../analysis/measures.ts";
import type { Throughput } from "../analysis/throughput.ts";
import type { ZoneHealth } from "../analysis/zone-health.ts";
import { paint } from "../ui/output.ts";
import { tableLines } from "../ui/table.ts";

const ANOMALIES_SHOWN_MAX = 8;

/** The whole report; fits 80 columns unless a zone's name is long. */
export function healthLines(report: HealthReport): string[] {
  return [
    `${paintStatus(report.status)}  at ${clock(report.atMs)}, by the last ${shown(mapped(report.windowS, Math.round))} s`,
    ...report.reasons.map(({ level, text }) => `  ${paintStatus(level)}  ${text}`),
    ...serverLines(report),
    "",
    ...zoneTable(report.zones),
    ...anomalyLines(report.anomalies),
  ];
}

/** One line a second, for a pipe: "12:00:10 degraded 17.8 Hz, tick p99 200 ms, 8 players: zone 1 is DEGRADED". */
export function healthLine(report: HealthReport): string {
  const { status, atMs, tickRateHz, durationMs, reasons } = report;
  const players = sum(known(report.zones.map((zone) => zone.players)));
  const why = reasons.map(({ text }) => text).join("; ");
  return (
    `${clock(atMs)} ${paintStatus(status)} ${shown(tickRateHz.measured)} Hz, tick p99 ${shown(durationMs.p99)} ms, ` +
    `${shown(players)} players${why === "" ? "" : `: ${why}`}`
  );
}

export function paintStatus(status: HealthStatus): string {
  if (status === "healthy") return paint.green(status);
  return status === "degraded" ? paint.yellow(status) : paint.red(status);
}

export function anomalyText({ fromMs, toMs, zoneId, what, value, usual, unit, score }: Anomaly): string {
  const where = zoneId === null ? "server" : `zone ${zoneId}`;
  const seconds = Math.round((toMs - fromMs) / 1_000);
  const against = score === null ? "" : `, usual ${shown(usual)} (z ${shown(score)})`;
  return `${clock(fromMs)}  ${`${seconds} s`.padStart(5)}  ${where.padEnd(8)}  ${what} ${shown(value)}${unit === "" ? "" : ` ${unit}`}${against}`;
}

function loopText({ tickRateHz, durationMs, overruns }: HealthReport): string {
  if (durationMs.ticks === 0) return "no ticks of the game loop";
  return (
    `${shown(tickRateHz.measured)} of ${tickRateHz.meant} Hz, p50 ${shown(durationMs.p50)} ms, ` +
    `p99 ${shown(durationMs.p99)} ms, ${overruns} overruns`
  );
}

function serverLines(report: HealthReport): string[] {
  const { traffic, roundTrip, process } = report;
  const lines = [`ticks    ${loopText(report)}`];
  if (traffic !== null) {
    const trip =
      roundTrip === null ? "" : `, round trip p50 ${shown(roundTrip.msP50)} ms, p99 ${shown(roundTrip.msP99)} ms`;
    lines.push(`players  ${shown(traffic.connected)} connected, ${shown(traffic.inWorld)} in the world${trip}`);
  }
  lines.push(`traffic  ${throughputText(report.throughput)}`, `errors   ${errorsText(report)}`);
  if (process !== null) {
    lines.push(`process  ${shown(process.rssMb)} MiB, ${shown(process.cpuShare)} cores busy`);
  }
  return lines;
}

const shownKb = (bytes: Measured): string => shown(mapped(bytes, (value) => value / 1_000));

function throughputText({ messagesPerS, commandsPerS, bytesInPerS, bytesOutPerS }: Throughput): string {
  if (messagesPerS === null) return "not reported";
  return (
    `${shown(messagesPerS)} messages a second, ${shown(commandsPerS)} commands for zones; ` +
    `${shownKb(bytesInPerS)} KB/s in, ${shownKb(bytesOutPerS)} out`
  );
}

function errorsText({ errors, throughput: { malformed, refused, badShare, errorLinesPerMin } }: HealthReport): string {
  const share = badShare === null ? "no message" : `${(badShare * 100).toFixed(1)} % of messages`;
  return (
    `${share} bad (${shown(malformed)} malformed, ${shown(refused)} refused as busy), ` +
    `${errors} error ${errors === 1 ? "line" : "lines"}, ${shown(errorLinesPerMin)} a minute`
  );
}

function zoneTable(zones: readonly ZoneHealth[]): string[] {
  const head = ["ZONE", "NAME", "STATE", "HZ", "P50 ms", "P99 ms", "OVER", "PLAYERS", "CASTS/S", "DPS"];
  const rows = zones.map((zone) => [
    zone.id,
    zone.name === "" ? null : zone.name,
    zone.state === "" ? null : zone.state,
    shown(zone.ticksPerS),
    shown(zone.durationMs.p50),
    shown(zone.durationMs.p99),
    zone.overruns,
    zone.players,
    shown(zone.castsPerS),
    shown(zone.damagePerS),
  ]);
  const [titles = "", ...lines] = tableLines(head, rows, { hasRule: false });
  return [
    paint.dim(titles),
    ...lines.map((line, at) => {
      const state = zones[at]?.state;
      if (state === "ACTIVE" || state === "") return line;
      return state === "DEGRADED" ? paint.yellow(line) : paint.red(line);
    }),
  ];
}

function anomalyLines(anomalies: readonly Anomaly[]): string[] {
  if (anomalies.length === 0) return [];
  const more = anomalies.length - ANOMALIES_SHOWN_MAX;
  return [
    "",
    "Stood out in the last minute:",
    ...anomalies.slice(-ANOMALIES_SHOWN_MAX).map((anomaly) => `  ${anomalyText(anomaly)}`),
    ...(more > 0 ? [paint.dim(`  and ${more} more before`)] : []),
  ];
}
