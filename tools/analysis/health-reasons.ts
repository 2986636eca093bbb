// Why a server is not healthy: the numbers are compared with each threshold of LIMITS; the reasons are sentences, critical first.

import { LEVEL_CLOSED } from "../../server/protocol/limits.ts";
import type { HealthOptions, HealthReason, HealthReport } from "./health-report.ts";
import { LIMITS } from "./health-limits.ts";
import { difference, isAbove, known, sum } from "./measured.ts";
import type { Measured } from "./measured.ts";
import { shown } from "./measures.ts";
import type { ZoneTick } from "./samples.ts";
import type { Timeline } from "./timeline.ts";
import { silentAfterMs } from "./zone-health.ts";
import type { ZoneHealth } from "./zone-health.ts";

export function reasonsOf(
  report: HealthReport,
  timeline: Timeline,
  fromMs: number,
  { status, reasons = [] }: Pick<HealthOptions, "status" | "reasons">,
): HealthReason[] {
  const critical = status?.ready === false ? status.reasons.map((reason) => `not ready: ${reason}`) : [];
  const degraded: string[] = [];
  if (timeline.isStopped) critical.push("the server has stopped");
  if (report.zones.length === 0) critical.push("no zone has ticked");
  const silentMs = silentAfterMs(timeline);
  for (const zone of report.zones) {
    const name = `zone ${zone.id}${zone.name === "" ? "" : ` ${zone.name}`}`;
    if (zone.state === "DOWN" || zone.state === "CRASHED") critical.push(`${name} is ${zone.state}`);
    else if (zone.state === "UNHEARD") degraded.push(`${name} was not heard: no tick of it came`);
    else if (zone.state === "SILENT") critical.push(`${name} has not ticked for ${shown(silentMs / 1_000)} s`);
    else if (zone.overloadLevel > 0) degraded.push(`${name} is overloaded: level ${zone.overloadLevel}${pace(zone)}`);
    else if (zone.state === "DEGRADED") degraded.push(`${name} is DEGRADED`);
    else if (zone.state !== "ACTIVE" && zone.state !== "")
      degraded.push(`${name} says that it is ${zone.state}, which is no state that is known`);
  }
  const unheard = difference(timeline.zonesMeant, report.zones.length);
  if (isAbove(unheard, 0))
    (isAbove(report.windowS, silentMs / 1_000) ? critical : degraded).push(
      `${unheard} of the ${timeline.zonesMeant} zones that the server began with never ticked`,
    );
  judgeJournal(report, timeline, critical, degraded);
  judgeErrors(report, timeline, fromMs, critical, degraded);
  const ticks = [...timeline.zones.values()].map((zone) => zone.ticks.between(fromMs));
  judgeTicks(report, fastestRate(ticks), critical, degraded);
  const missed = sum(known(ticks.map((some) => growth(some, "missedTicks"))));
  if (isTooMany(missed, sum(ticks.map(({ length }) => length)))) degraded.push(`${missed} ticks were dropped`);
  const dropped = sum(known(ticks.flatMap((some) => some.map(({ commandsDropped }) => commandsDropped))));
  if (isAbove(dropped, 0)) degraded.push(`${dropped} commands were dropped by full batches`);
  const doubled = timeline.census.last?.duplicates ?? null;
  if (isAbove(doubled, 0)) degraded.push(`${doubled} entities are in more than one zone`);
  const lost = growth(timeline.process.between(fromMs), "linesLost");
  if (isAbove(lost, 0)) degraded.push(`${lost} telemetry lines were lost`);
  const { fileError } = timeline;
  if (fileError !== null || status?.isFileFailing === true) {
    const why = fileError === null ? "" : ` (${fileError})`;
    degraded.push(`the telemetry file can not be written${why}: what happens now may be in no file`);
  }
  const found = [
    ...critical.map((text) => ({ level: "critical", text }) as const),
    ...degraded.map((text) => ({ level: "degraded", text }) as const),
    ...reasons,
  ];
  return [...found.filter(({ level }) => level === "critical"), ...found.filter(({ level }) => level === "degraded")];
}

function judgeJournal({ zones }: HealthReport, { journal }: Timeline, critical: string[], degraded: string[]): void {
  const why = journal.error === null ? "" : `: ${journal.error}`;
  const lost = zones.filter(({ durable, state }) => !durable && state !== "DOWN").map(({ id }) => id);
  if (lost.length > 0)
    critical.push(
      `the journal of ${lost.length === 1 ? "zone" : "zones"} ${lost.join(", ")} is lost, so what players are told there is not kept${why}`,
    );
  else if (journal.error !== null) critical.push(`the journal can not be written${why}`);
  for (const { id, durable, journalLagMsP50 } of zones)
    if (durable && isAbove(journalLagMsP50, LIMITS.journalLagMsDegraded))
      degraded.push(
        `the ticks of zone ${id} wait for the journal, half of them for ${shown(journalLagMsP50)} ms or longer`,
      );
}

const pace = ({ overloadLevel, gameTimeRate }: ZoneHealth): string =>
  (gameTimeRate < 1 ? `, game time at ${shown(gameTimeRate)}` : "") +
  (overloadLevel >= LEVEL_CLOSED ? ", nobody new is let in" : "");

function judgeErrors(
  { errors }: HealthReport,
  timeline: Timeline,
  fromMs: number,
  critical: string[],
  degraded: string[],
): void {
  if (errors < LIMITS.errorsDegraded) return;
  const newest = timeline.errors.between(fromMs).at(-1);
  const text = `${errors} error ${errors === 1 ? "line" : "lines"} in ${LIMITS.windowS} s, the newest: ${newest?.component} · ${newest?.message}`;
  (errors >= LIMITS.errorsCritical ? critical : degraded).push(text);
}

/** Game seconds for each real second, of the fastest zone (the loop's pace). The lowest value, if it changed in the window. */
function fastestRate(zones: readonly ZoneTick[][]): number {
  const rates = zones
    .filter(({ length }) => length > 0)
    .map((ticks) => Math.min(...ticks.map((tick) => tick.gameTimeRate)));
  return rates.length === 0 ? 1 : Math.max(...rates);
}

function judgeTicks(
  { tickRateHz, durationMs, overruns, windowS }: HealthReport,
  rate: number,
  critical: string[],
  degraded: string[],
): void {
  const meant = tickRateHz.meant * rate;
  const { measured } = tickRateHz;
  const isKnown = windowS !== null && windowS >= LIMITS.tickRateAfterS;
  if (isKnown && measured !== null && measured < meant * LIMITS.tickRateDegraded) {
    const text = `the tick rate is ${shown(measured)} Hz instead of ${shown(meant)}`;
    (measured < meant * LIMITS.tickRateCritical ? critical : degraded).push(text);
  }
  if (overruns === null && durationMs.ticks > 0)
    degraded.push(`of ${durationMs.ticks} ticks some do not say whether they took longer than their interval`);
  if (isTooMany(overruns, durationMs.ticks)) {
    degraded.push(`${overruns} of ${durationMs.ticks} ticks took longer than their ${shown(1_000 / meant)} ms`);
  }
}

const isTooMany = (late: Measured, ticks: Measured): boolean =>
  late !== null && ticks !== null && late >= LIMITS.lateTicksDegradedMin && late > ticks * LIMITS.lateShareDegraded;

/** The increase of a running total within these samples; 0 when the total restarted; missing where the lines do not have it. */
function growth<Field extends string>(samples: readonly Record<Field, Measured>[], field: Field): Measured {
  const grown = difference(samples.at(-1)?.[field] ?? null, samples[0]?.[field] ?? null);
  return grown === null ? null : Math.max(0, grown);
}
