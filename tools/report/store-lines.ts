// What the tools of a journal say, as lines for people.
//
//   statusLines(status, Date.now())
//   // zone  epoch  tick   newest   ticks  oldest    snapshots
//   // 1     3      16600  0.1 s    12000  10 min    21

import type { Compaction, Export, StoreStatus, StoreVerdict, ZoneStatus } from "../../server/protocol/store-tools.ts";
import { fieldLines, tableLines } from "../ui/table.ts";

const MB = 2 ** 20;
const GAPS_SHOWN = 10;
const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;

export function statusLines(status: StoreStatus, nowMs: number): string[] {
  const files = Object.entries(status.files).map(([file, bytes]) => [file, megabytes(bytes)] as const);
  const fields = fieldLines([
    ["format", `${status.format}, world ${status.world}`],
    ...files,
    ["in use", status.bytesUsed === null ? "not known" : megabytes(status.bytesUsed)],
    ["durability", status.durability ?? "not known"],
    ["changes", status.lsn ?? "not known"],
    ["modules", status.modules.map(({ hash, label }) => `${hash} ${label}`.trim()).join(", ") || "none"],
    ["facts", counts(status.facts)],
    ["events", counts(status.events)],
  ]);
  const zones = status.zones.map((zone) => zoneCells(zone, nowMs));
  const table = tableLines(["zone", "epoch", "tick", "newest", "ticks", "oldest", "snapshots"], zones);
  return [...fields, "", ...table, ...gapLines(status), ...problemLines(status.problems, 0)];
}

function zoneCells(
  { zone, epoch, tick, newestAt, ticks, oldestAt, snapshots }: ZoneStatus,
  nowMs: number,
): (string | number | null)[] {
  return [zone, epoch, tick, age(newestAt, nowMs), ticks, age(oldestAt, nowMs), snapshots];
}

function gapLines({ gaps }: StoreStatus): string[] {
  if (gaps.length === 0) return [];
  const shown = gaps.slice(-GAPS_SHOWN).map(({ at, zone, tick, json }) => {
    const place = zone === 0 ? "all zones" : `zone ${zone}, tick ${tick}`;
    return `  ${new Date(at).toISOString()}  ${place}  ${json}`;
  });
  return ["", `${gaps.length} times without durability are on record, the newest:`, ...shown];
}

export function verdictLines(verdict: StoreVerdict): string[] {
  const rows = verdict.zones.map(({ zone, ticks, snapshots, tick, lostTicks }) => [
    zone,
    ticks,
    snapshots,
    tick,
    lostTicks,
  ]);
  const lost = verdict.zones.reduce((sum, { lostTicks }) => sum + lostTicks, 0);
  const summary = verdict.isGood
    ? `All ${verdict.rows} rows are good (${megabytes(verdict.bytes)}).`
    : `${verdict.rows} rows were read (${megabytes(verdict.bytes)}). The journal is damaged; a start would lose ${lost} ticks.`;
  return [
    ...tableLines(["zone", "ticks", "snapshots", "goes on after tick", "ticks lost"], rows),
    ...problemLines(verdict.problems, verdict.moreProblems),
    "",
    summary,
  ];
}

export function compactionLines({ bytesBefore, bytesAfter, deleted }: Compaction): string[] {
  return [`${megabytes(bytesBefore)} before, ${megabytes(bytesAfter)} now. Deleted: ${counts(deleted)}.`];
}

export function exportLines(made: Export): string[] {
  const { file, bytes, zone, snapshotTick, firstTick, lastTick, ticks, snapshots, events, modules, problems } = made;
  return [
    `${file}: zone ${zone}, ticks ${firstTick} to ${lastTick}, ${megabytes(bytes)}.`,
    `  It begins with the snapshot of tick ${snapshotTick}; ${ticks} ticks, ${snapshots} snapshots, ${events} events, ${modules} modules.`,
    ...problemLines(problems, 0),
    `  wowsim replay ${file}`,
  ];
}

function problemLines(problems: readonly string[], more: number): string[] {
  if (problems.length === 0) return [];
  return [
    "",
    "Damaged or missing:",
    ...problems.map((problem) => `  ${problem}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function counts(of: Readonly<Record<string, number>>): string {
  const some = Object.entries(of).filter(([, count]) => count > 0);
  return some.map(([name, count]) => `${count} ${name}`).join(", ") || "none";
}

const megabytes = (bytes: number): string => `${(bytes / MB).toFixed(bytes < MB ? 3 : 1)} MB`;

/** How long ago, in the largest unit that gives at least 1. */
function age(at: number | null, nowMs: number): string | null {
  if (at === null) return null;
  const ms = Math.max(0, nowMs - at);
  const [unitMs, unit] = UNITS.find(([least]) => ms >= least) ?? [1_000, "s"];
  const amount = ms / unitMs;
  return `${amount.toFixed(amount < 10 ? 1 : 0)} ${unit}`;
}
