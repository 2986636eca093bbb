// The kernel of each zone, and the progress of a deploy: its reported stages, its progress, its outcome.

import type { RemoteStatus } from "../../deploy/remote.ts";
import type { Picture } from "../picture.ts";
import { line, span, wrap } from "../text.ts";
import type { Line } from "../text.ts";
import type { Panel } from "./panel.ts";

const STAGE_WIDTH = 9;
const STAGE_ROWS_MIN = 4;

export const deployPanel: Panel = {
  title({ run }) {
    if (run === null) return "Deploy: none from here yet";
    return `Deploy of ${run.label}: ${run.outcome === null ? "under way" : run.outcome.ok ? "promoted" : "NOT promoted"}`;
  },
  lines(picture, _screen, { width, height }) {
    const kernels = kernelLines(picture);
    const room = Math.max(1, height - kernels.length);
    // Without room for stages, the current state; else the newest stages.
    const run = room < STAGE_ROWS_MIN ? standLines(picture) : runLines(picture, width);
    return [...run.slice(-room), ...kernels].slice(0, height);
  },
};

function standLines({ run }: Picture): Line[] {
  if (run === null) return [];
  const { outcome, progress } = run;
  return [outcome === null ? line(progress, "accent") : line(outcome.text, outcome.ok ? "good" : "bad")];
}

function runLines({ run }: Picture, width: number): Line[] {
  if (run === null) return [];
  const stages = run.stages.flatMap(({ stage, ok, text }, index) => {
    const name = run.stages[index - 1]?.stage === stage ? "" : stage;
    return wrap(text, width - STAGE_WIDTH - 4).map((part, row): Line => {
      const mark = row > 0 ? span("    ") : span(ok ? "ok  " : "NO  ", ok ? "good" : "bad");
      return [span((row === 0 ? name : "").padEnd(STAGE_WIDTH), "bold"), mark, ...line(part)];
    });
  });
  const { outcome, progress } = run;
  if (outcome === null) return [...stages, line(progress === "" ? "It begins." : progress, "accent")];
  return [...stages, ...wrap(outcome.text, width).map((part) => line(part, outcome.ok ? "good" : "bad"))];
}

/** Who may deploy, what a restart lost, then one line for each zone with its kernel. */
function kernelLines({ deploys }: Picture): Line[] {
  if (deploys === null) return [line("Waiting for the control channel.", "dim")];
  const lost = deploys.lost.map(({ label, hash, promoted_at: at }) =>
    line(`lost at a restart: ${label} (${hash}), promoted at ${at}; deploy it again`, "warn"),
  );
  const kernels = deploys.zones.map(
    ({ zone_id: id, hash, label, phase, lease_ms_left: leaseMs, last_error: error }) => {
      const isSteady = phase === "steady";
      const lease = leaseMs === null ? "" : `, goes back by itself in ${Math.ceil(leaseMs / 1_000)} s`;
      return [
        ...line(`zone ${id} `, "dim"),
        ...line(`${hash} ${label}`),
        span(isSteady ? "" : ` ${phase}${lease}`, "warn"),
        ...line(error === null ? "" : ` ${error}`, "bad"),
      ];
    },
  );
  return [...gateLines(deploys), ...lost, ...kernels];
}

/** Who may deploy, and who does. */
function gateLines({ frozen, deploy }: RemoteStatus): Line[] {
  const lines: Line[] = [];
  if (frozen !== null) lines.push(line(`deploys are frozen since ${frozen.since}: ${frozen.reason}`, "warn"));
  if (deploy === null) return lines;
  const { deploy: number, label, by, stage } = deploy;
  const who = by === "" ? "" : ` by ${by}`;
  const at = stage === "" ? "it begins" : `in stage ${stage}`;
  return [...lines, line(`deploy ${number} of ${label}${who} is under way, ${at}`, "accent")];
}
