// Faults as text: the list as a table that fits 80 columns, and one fault with all its numbers.
//
//   FAULT                   STATE   ZONES   LEFT  RUNS  HIT
//   latency-spike           active  1-4    4.8 s     1  40 of 40   delay_ms=200 ...

import { DURATION_TICKS_MAX } from "../../server/protocol/faults/status.ts";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { paint } from "./output.ts";
import { fieldLines, tableLines } from "./table.ts";

/** Nominal server ticks a second. Fault durations are counted in these ticks, whatever the server's tick rate is. */
export const TICKS_PER_SECOND = 20;
export const LONGEST = `${DURATION_TICKS_MAX / TICKS_PER_SECOND / 60} min`;

/** All faults, active ones first. */
export function faultTable(faults: readonly FaultStatus[]): string[] {
  const sorted = faults.toSorted((a, b) => Number(b.active) - Number(a.active));
  const rows = sorted.map((fault) => [
    fault.id,
    stateOf(fault),
    fault.active ? zonesOf(fault) : null,
    fault.active ? seconds(fault.ticks_left) : null,
    fault.activations,
    fault.activations === 0 ? null : `${fault.affected} of ${fault.eligible}`,
  ]);
  const [head = "", ...lines] = tableLines(["FAULT", "STATE", "ZONES", "LEFT", "RUNS", "HIT"], rows, {
    hasRule: false,
  });
  return [paint.dim(head), ...lines.map((line, at) => (sorted[at]?.active === true ? paint.yellow(line) : line))];
}

/** One fault, one line for each fact. */
export function faultDetails(fault: FaultStatus): string[] {
  const { id, title, activations, affected, eligible, probability, config } = fault;
  const fields: [string, string | number][] = [["state", stateOf(fault)]];
  if (fault.active) fields.push(["zones", zonesOf(fault)], ["time left", seconds(fault.ticks_left)]);
  fields.push(...Object.entries(config).map(([name, value]): [string, string] => [name, String(value)]));
  fields.push(["probability", probability], ["activations", activations]);
  if (activations > 0) fields.push(["hit", `${affected} of ${eligible} chances`]);
  return [`${fault.active ? paint.yellow(id) : paint.bold(id)}  ${title}`, ...fieldLines(fields)];
}

/** "1", "1-4", "1,3", or "server" when the fault targets no zones. */
export function zonesOf({ targets }: Pick<FaultStatus, "targets">): string {
  return targets.length === 0 ? "server" : zoneRanges(targets);
}

/** Ascending zone ids as ranges: [1, 2, 3, 7] is "1-3,7". */
export function zoneRanges(zones: readonly number[]): string {
  const ranges: [from: number, to: number][] = [];
  for (const zone of zones) {
    const last = ranges.at(-1);
    if (last !== undefined && zone === last[1] + 1) last[1] = zone;
    else ranges.push([zone, zone]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}

/** Nominal ticks as seconds: "4.8 s". */
export function seconds(ticks: number): string {
  return `${(ticks / TICKS_PER_SECOND).toFixed(1).replace(/\.0$/, "")} s`;
}

function stateOf({ active, leaving }: FaultStatus): string {
  if (active) return "active";
  return leaving ? "leaving" : "off";
}
