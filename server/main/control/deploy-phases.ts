// The stage of a zone's deploy, as operators see it.

import type { Stage, ZoneDeploy } from "./deploy-machine.ts";

export type DeployPhase = "steady" | "swapping" | "canary" | "promoting" | "rolling_back";

/** The stage, in the words of the protocol. */
export function phaseOf(stage: Stage): DeployPhase {
  if (stage.name === "steady" || stage.name === "canary") return stage.name;
  if (stage.name === "undoing") return "rolling_back";
  if (stage.name === "joined" || (stage.name === "swapping" && stage.purpose === "promotion")) return "promoting";
  if (stage.purpose === "return") return "rolling_back";
  return stage.name === "swapping" ? "swapping" : "promoting";
}

/** The module that the zone would roll back to. */
export function previousOf({ stage, previous, promoted }: ZoneDeploy): string | null {
  if (stage.name === "canary" || stage.name === "joined" || stage.name === "keeping") return stage.before;
  return stage.name === "undoing" ? promoted : previous;
}
