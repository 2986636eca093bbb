// A Diagnosis as text: cause, confidence, evidence, advice. One item a line, for grep; on a terminal `out` wraps the lines.

import type { Diagnosis } from "../analysis/diagnosis.ts";
import type { DiagnosisChange } from "../analysis/diagnosis-watch.ts";
import type { Incident } from "../analysis/incident-log.ts";
import { UNKNOWN } from "../analysis/rules/unknown.ts";
import { clock, zonesText } from "../analysis/measures.ts";
import { pasteable } from "../client/server-flags.ts";
import type { ServerPlace } from "../client/server-flags.ts";
import { paint } from "../ui/output.ts";

export function diagnosisLines({ cause, title, confidence, zones, sinceMs, evidence, runbook }: Diagnosis): string[] {
  return [
    `${paint.bold(cause)}  ${sureText(cause, confidence)}${zonesText(zones)}, since ${clock(sinceMs)}`,
    `  ${title}.`,
    ...evidence.map((text) => `  ${paint.dim("-")} ${text}`),
    `  ${paint.cyan(">")} ${runbook.text} More: docs/RUNBOOK.md#${cause}`,
    `  ${paint.cyan("$")} ${runbook.command}`,
  ];
}

/** An unknown cause has no confidence. */
const sureText = (cause: string, confidence: number): string =>
  cause === UNKNOWN ? "" : `${Math.round(confidence * 100)} % sure, `;

/** The diagnosis with a runbook command that reaches the server it is about. */
export function diagnosisAt(diagnosis: Diagnosis, server: ServerPlace): Diagnosis {
  const { runbook } = diagnosis;
  return { ...diagnosis, runbook: { ...runbook, command: pasteable(runbook.command, server) } };
}

/** All diagnoses, best first; a sentence when there are none. */
export function diagnosesLines(diagnoses: readonly Diagnosis[]): string[] {
  if (diagnoses.length === 0) return [paint.green("Nothing wrong was found.")];
  return diagnoses.flatMap((diagnosis, at) => [...(at === 0 ? [] : [""]), ...diagnosisLines(diagnosis)]);
}

/** A cause that begins in full, a cause that ended in one line. */
export function changeLines({ what, atMs, diagnosis, lastedMs }: DiagnosisChange): string[] {
  if (what === "begins") return [`${clock(atMs)}  ${paint.red("begins")}`, ...diagnosisLines(diagnosis), ""];
  const { cause, zones } = diagnosis;
  const lasted = `${Math.max(1, Math.round(lastedMs / 1_000))} s`;
  return [`${clock(atMs)}  ${paint.green("is over")}  ${paint.bold(cause)}, ${zonesText(zones)}, after ${lasted}`, ""];
}

/** One line for each incident, in the order of their begin, with its best evidence. */
export function incidentLines(incidents: readonly Incident[], count: number): string[] {
  if (incidents.length === 0) return [paint.green("Nothing wrong was found.")];
  const lines = incidents.flatMap(({ fromMs, toMs, diagnosis: { cause, confidence, zones, evidence } }) => [
    `${clock(fromMs)} to ${clock(toMs)}  ${paint.bold(cause)}  ${Math.round(confidence * 100)} %, ${zonesText(zones)}`,
    ...evidence.slice(0, 1).map((line) => paint.dim(`  ${line}`)),
  ]);
  return count > incidents.length ? [...lines, `and ${count - incidents.length} more`] : lines;
}
