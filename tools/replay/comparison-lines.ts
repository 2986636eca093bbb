// How another module compares with the recorded one, as lines for people.
//
//   Module 1f0c... (bad.wasm) in zone 1: 44 of 1200 ticks differ, first tick 4123.
//     At tick 4123:
//       ENTITY_HEALTH of Wolf 1000001: 138 → 120 (1 value)
//       event: Ann 12 hits Wolf 1000001 for 31 ... → Ann 12 hits Wolf 1000001 for 49 ...

import type {
  ColumnDifference,
  ModuleComparison,
  ReplayedEvent,
  ReplayNames,
  TickDifference,
} from "../../server/protocol/replay.ts";
import { tableLines } from "../ui/table.ts";
import { eventWords } from "./event-words.ts";
import { trapWords } from "./lines.ts";

/** Columns that are printed. */
const COLUMNS_MAX = 12;

export function comparisonLines(zone: number, comparison: ModuleComparison, names: ReplayNames): string[] {
  const { module, label, ticks, differing, traps, first, columns, fuelRatio, added, dropped } = comparison;
  const outputs = {
    events: comparison.eventTicks,
    frames: comparison.frameTicks,
    departures: comparison.departureTicks,
  };
  const layout = [
    added.length === 0 ? "" : `It has more columns, which are not compared: ${added.join(", ")}.`,
    dropped.length === 0 ? "" : `It lacks columns, which are not compared: ${dropped.join(", ")}.`,
  ].filter((line) => line !== "");
  const title = `Module ${module} (${label}) in zone ${zone}`;
  const fuel = `Its fuel is ${fuelRatio.toFixed(4)}× that of the recorded module.`;
  if (first === null) return ["", `${title}: no difference in ${ticks} ticks. ${fuel}`, ...layout];
  const trapped = traps === 0 ? "" : `, ${traps} of them trap`;
  const rows = [
    ...columns.slice(0, COLUMNS_MAX).map(({ column, ticks: count, firstTick }) => [column, count, firstTick]),
    ...Object.entries(outputs).flatMap(([name, count]) => (count === 0 ? [] : [[name, count, null]])),
  ];
  const more = columns.length - COLUMNS_MAX;
  return [
    "",
    `${title}: ${differing} of ${ticks} ticks differ, first tick ${first.tick}${trapped}. ${fuel}`,
    ...layout,
    ...firstLines(first, names),
    ...(rows.length === 0 ? [] : ["", ...tableLines(["what differs", "ticks", "first tick"], rows)]),
    ...(more > 0 ? [`and ${more} more columns`] : []),
  ];
}

function firstLines({ tick, columns, event, frames, departures, trap }: TickDifference, names: ReplayNames): string[] {
  const words = (side: ReplayedEvent | null): string => (side === null ? "none" : eventWords(side, names));
  const more = columns.length - COLUMNS_MAX;
  return [
    `At tick ${tick}:`,
    ...(trap === null ? [] : [`  it traps: ${trapWords(trap)}`]),
    ...columns.slice(0, COLUMNS_MAX).map((column) => `  ${columnWords(column, names)}`),
    ...(more > 0 ? [`  and ${more} more columns`] : []),
    ...(event === null ? [] : [`  event: ${words(event.was)} → ${words(event.is)}`]),
    ...(frames ? ["  what players are sent differs"] : []),
    ...(departures ? ["  what leaves through portals differs"] : []),
  ];
}

function columnWords({ column, values, entity, was, is }: ColumnDifference, names: ReplayNames): string {
  const whose = entity === null ? "" : ` of ${names.entity(entity)}`;
  return `${column}${whose}: ${was} → ${is}${values > 1 ? `, and ${values - 1} more values` : ""}`;
}
