// A replay's result as lines for people.
//
//   zone  epochs  ticks  from     to  equal  lost  ticks/s  hashes
//      1       1   1200  4001   5200   1200     0   45,000  equal

import type {
  ChangedValue,
  EntityChange,
  EpochBegin,
  EntityValue,
  IncidentReplay,
  ReplayNames,
  ReplayResult,
  ReplayTrap,
  ZoneReplay,
} from "../../server/protocol/replay.ts";
import { tableLines } from "../ui/table.ts";
import { eventWords } from "./event-words.ts";

/** Problems that are printed of each zone. */
const PROBLEMS_MAX = 10;

/** Ticks that ran in a second; null when there were too few to tell. */
export function ticksPerSecond({ ticks, seconds }: ZoneReplay): number | null {
  return ticks === 0 || seconds <= 0 ? null : Math.round(ticks / seconds);
}

export function epochLine({ zone, epoch, tick, module, label, reasons }: EpochBegin): string {
  const why = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
  return `zone ${zone}: epoch ${epoch} from tick ${tick} on, module ${module} (${label})${why}`;
}

export function changeLines({ zone, tick, entity, values, events }: EntityChange, names: ReplayNames): string[] {
  const changed = valuesInWords(values, names);
  return [
    `zone ${zone} tick ${tick}: ${names.entity(entity)}${changed === "" ? "" : ` ${changed}`}`,
    ...events.map((event) => `  ${eventWords(event, names)}`),
  ];
}

function valuesInWords(values: readonly ChangedValue[], names: ReplayNames): string {
  const shown = (name: string, value: EntityValue): string => {
    if (value === null || value === "" || (value === 0 && NAMED.has(name))) return "none";
    if (name === "target") return names.entity(Number(value));
    if (name === "casting") return names.spell(Number(value));
    if (name !== "auras") return String(value);
    return String(value)
      .replaceAll(/spell (\d+)/g, (_, id: string) => names.spell(Number(id)))
      .replaceAll(/by (\d+)/g, (_, id: string) => `by ${names.entity(Number(id))}`);
  };
  if (values.length > 0 && values.every(({ is }) => is === null)) return "is not in the zone any more";
  if (values.length > 0 && values.every(({ was }) => was === null))
    return `enters: ${values.map(({ name, is }) => `${name} ${shown(name, is)}`).join(", ")}`;
  return values.map(({ name, was, is }) => `${name} ${shown(name, was)} → ${shown(name, is)}`).join(", ");
}

/** Values whose 0 means none. */
const NAMED: ReadonlySet<string> = new Set(["target", "casting", "cast_end"]);

export function resultLines({ zones, seconds, problems, interrupted }: ReplayResult): string[] {
  const head = ["zone", "epochs", "ticks", "from", "to", "equal", "lost", "ticks/s", "hashes"];
  const rows = zones.map((zone) => [
    zone.zone,
    zone.epochs,
    zone.ticks,
    zone.ticks === 0 ? null : zone.fromTick,
    zone.ticks === 0 ? null : zone.toTick,
    zone.verified,
    zone.lost,
    ticksPerSecond(zone)?.toLocaleString("en-US") ?? null,
    hashesOf(zone),
  ]);
  const ticks = zones.reduce((sum, zone) => sum + zone.ticks, 0);
  const verified = zones.reduce((sum, zone) => sum + zone.verified, 0);
  return [
    ...tableLines(head, rows),
    "",
    `${verified} of ${ticks} ticks gave the recorded state, in ${seconds.toFixed(2)} s.${interrupted ? " Interrupted." : ""}`,
    ...problemLines([...problems, ...zones.flatMap((zone) => zone.problems)]),
    ...zones.flatMap((zone) =>
      zone.stoppedAt === null ? [] : [`The condition holds in zone ${zone.zone} at tick ${zone.stoppedAt}.`],
    ),
  ];
}

function hashesOf({ firstDifference, ticks, verified }: ZoneReplay): string {
  if (firstDifference !== null) return `differ at tick ${firstDifference.tick}`;
  return ticks > 0 && ticks === verified ? "equal" : "-";
}

function problemLines(problems: readonly string[]): string[] {
  if (problems.length === 0) return [];
  const more = problems.length - PROBLEMS_MAX;
  return [
    "",
    "Damaged, missing or different:",
    ...problems.slice(0, PROBLEMS_MAX).map((problem) => `  ${problem}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

export function incidentLines(incident: IncidentReplay): string[] {
  const { zone, tick, ticks, recorded, replayed, same, problems } = incident;
  const what = same ? "The batch traps in the same place." : "The batch does not trap in the same place.";
  return [
    `Incident ${incident.incident}: zone ${zone}, tick ${tick}, after ${ticks} ticks from the snapshot before it.`,
    `  recorded  ${recorded === null ? "the journal does not say where" : trapWords(recorded)}`,
    `  replayed  ${replayed === null ? "no trap" : trapWords(replayed)}`,
    what,
    ...problemLines(problems),
  ];
}

/** "kernel trap: unreachable; phase commands, op 96, session 7" */
export function trapWords({ message, phase, op, session, entity, spell }: Partial<ReplayTrap>): string {
  const place = Object.entries({ phase, op, session, entity, spell })
    .filter(([, value]) => value !== undefined && value !== null && value !== 0)
    .map(([name, value]) => `${name} ${value}`);
  return [message, place.join(", ")].filter((part) => part !== undefined && part !== "").join("; ");
}
