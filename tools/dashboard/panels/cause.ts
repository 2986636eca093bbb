// The problem and its cause: the verdict's reasons, the likely cause with its evidence and advice, and the anomalies.
// All of it comes from telemetry; the list of active faults is not used.

import { clock, shown, zonesText } from "../../analysis/measures.ts";
import type { Anomaly } from "../../analysis/anomalies.ts";
import type { Diagnosis } from "../../analysis/diagnosis.ts";
import type { Picture } from "../picture.ts";
import { line, span, wrap } from "../text.ts";
import type { Line, Style } from "../text.ts";
import type { Panel } from "./panel.ts";

export const causePanel: Panel = {
  title: ({ diagnoses, health, clearing }) => {
    const count = health.anomalies.length;
    const anomalies = `${count} ${count === 1 ? "anomaly" : "anomalies"} in the last minute`;
    if (clearing !== null) return `Likely cause: clearing; ${anomalies}`;
    return diagnoses.length === 0 ? `Likely cause: none; ${anomalies}` : `Likely cause; ${anomalies}`;
  },
  lines(picture, _screen, { width, height }) {
    const told = [...diagnosisLines(picture, width, height), ...reasonLines(picture, width), ...anomalyLines(picture)];
    return told.length === 0 ? [line("Nothing stands out.", "dim")] : told.slice(0, height);
  },
};

function diagnosisLines({ diagnoses, clearing }: Picture, width: number, height: number): Line[] {
  if (clearing !== null) {
    const text = `It was ${clearing.cause}, until ${clock(clearing.atMs)}. What still stands out is of the seconds before.`;
    return wrap(text, width).map((part) => line(part, "accent"));
  }
  const evidenceMax = height <= 4 ? 1 : 3;
  return diagnoses.flatMap((diagnosis, index) =>
    index === 0 ? inFull(diagnosis, width, evidenceMax) : [head(diagnosis)],
  );
}

function inFull(diagnosis: Diagnosis, width: number, evidenceMax: number): Line[] {
  const { evidence, runbook } = diagnosis;
  return [
    head(diagnosis),
    ...evidence.slice(0, evidenceMax).flatMap((text) => wrap(text, width - 2).map((part) => line(`  ${part}`))),
    ...wrap(`→ ${runbook.text}`, width - 2).map((part) => line(`  ${part}`, "accent")),
  ];
}

function head({ cause, confidence, zones, sinceMs, title }: Diagnosis): Line {
  const [name] = line(cause, "bad");
  const where = `${zonesText(zones)} since ${clock(sinceMs)}`;
  return [
    ...(name === undefined ? [] : [name]),
    span(` ${Math.round(confidence * 100)} %, ${where}. `),
    ...line(title, "dim"),
  ];
}

function reasonLines({ health }: Picture, width: number): Line[] {
  const style: Record<string, Style> = { critical: "bad", degraded: "warn" };
  return health.reasons.flatMap(({ level, text }) =>
    wrap(`${level}: ${text}`, width).map((part) => line(part, style[level] ?? "plain")),
  );
}

/** Newest first. */
const anomalyLines = ({ health }: Picture): Line[] => health.anomalies.toReversed().map(anomalyLine);

function anomalyLine({ what, zoneId, fromMs, toMs, value, usual, unit, score }: Anomaly): Line {
  const where = zoneId === null ? "server" : `zone ${zoneId}`;
  const withUnit = unit === "" ? "" : ` ${unit}`;
  const numbers = score === null ? shown(value) : `${shown(value)}${withUnit}, usually ${shown(usual)}${withUnit}`;
  const seconds = Math.max(1, Math.round((toMs - fromMs) / 1_000));
  return [span(`${clock(fromMs)} `, "dim"), ...line(`${where}: ${what} ${numbers}`), span(` for ${seconds} s`, "dim")];
}
