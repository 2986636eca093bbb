// What wowsim deploy status and history print.

import type { DeploySummary } from "../../server/protocol/deploy-record.ts";
import type { RemoteHistory, RemoteLost, RemoteStatus } from "../deploy/remote.ts";
import { out, paint } from "../ui/output.ts";
import { tableLines } from "../ui/table.ts";

export function showStatus({ zones, modules, lost, frozen, deploy, incidents }: RemoteStatus): void {
  const rows = zones.map((zone) => [
    zone.zone_id,
    zone.hash,
    zone.label,
    zone.phase,
    zone.lease_ms_left === null ? null : `${Math.ceil(zone.lease_ms_left / 1_000)} s`,
    zone.previous_hash,
  ]);
  for (const line of tableLines(["zone", "runs", "label", "phase", "lease", "goes back to"], rows)) out(line);
  for (const { zone_id: id, last_error: error } of zones) if (error !== null) out(paint.yellow(`zone ${id}: ${error}`));
  const waiting = modules.filter(({ hash }) => !zones.some((zone) => zone.hash === hash));
  for (const { hash, label, state } of waiting)
    out(paint.dim(`loaded, and running nowhere: ${hash} ${label} (${state})`));
  for (const each of lost) out(paint.yellow(lostLine(each)));
  if (deploy !== null) {
    const { deploy: number, label, hash, by, stage, since } = deploy;
    const at = stage === "" ? "has just begun" : `in stage ${stage}`;
    out(`deploy ${number} is under way, ${at}: ${label} (${hash})${byWhom(by)}, since ${since}`);
  }
  if (frozen !== null)
    out(paint.yellow(`deploys are frozen since ${frozen.since}${byWhom(frozen.by)}: ${frozen.reason}`));
  for (const incident of incidents) out(paint.yellow(`incident: ${incident}`));
}

const byWhom = (by: string): string => (by === "" ? "" : ` by ${by}`);

const lostLine = ({ hash, label, promoted_at: at, zones }: RemoteLost): string =>
  `lost at a restart: ${label} (${hash}), promoted at ${at} in zone ${zones.join(", ")}; deploy it again`;

/** Events of which the module before is meant. */
const TAKEN_BACK: ReadonlySet<string> = new Set(["rolled_back", "undone", "not_undone"]);

export function showHistory(history: RemoteHistory): void {
  const { entries, damaged_lines: damaged, deploys, damaged_records: lost } = history;
  const rows = entries.map((entry) => [
    entry.timestamp,
    entry.event.replaceAll("_", " "),
    entry.zone_id === 0 ? null : entry.zone_id,
    TAKEN_BACK.has(entry.event) ? entry.from_hash : entry.to_hash,
    entry.label,
    entry.by === "" ? null : entry.by,
    entry.reason === "" ? null : entry.reason,
  ]);
  for (const line of tableLines(["when", "what", "zone", "module", "label", "by", "why"], rows)) out(line);
  if (deploys.length > 0) {
    out();
    for (const line of deployLines(deploys)) out(line);
    out(paint.dim("More about one: wowsim deploy show ID"));
  }
  if (damaged > 0) out(paint.dim(`Lines of the history that could not be read: ${damaged}.`));
  if (lost > 0) out(paint.dim(`Records of deploys that could not be read: ${lost}.`));
}

function deployLines(deploys: readonly DeploySummary[]): string[] {
  const rows = deploys.map(({ deploy, started_at: from, outcome, hash, label, by, reason }) => [
    deploy,
    from,
    outcome === null ? "under way" : outcome.replaceAll("_", " "),
    hash,
    label,
    by === "" ? null : by,
    reason === "" ? null : reason,
  ]);
  return tableLines(["deploy", "begun", "outcome", "module", "label", "by", "why"], rows);
}
