// Phase 3: the problem, from telemetry alone, and its effect on the players.

import type { Demo } from "../context.ts";
import type { Phase } from "../phase.ts";
import type { PlayFigures } from "../play.ts";
import { isAbove, mapped, ratio } from "../../analysis/measured.ts";
import type { Measured } from "../../analysis/measured.ts";
import { shown, zonesText } from "../../analysis/measures.ts";
import { ms, percent, seconds, times } from "../words.ts";
import { CONFIDENCE_MIN } from "./break.ts";

const CAUSE = "latency-spike";
/** At most this share of the earlier damage and casts is left; a round trip takes at least this many times as long. */
const KEPT_MAX = 0.6;
const SLOWER_MIN = 3;
const EVIDENCE_MAX = 4;

export const diagnose: Phase = {
  title: "Diagnose",
  question: "what is wrong, by telemetry alone?",
  async run(demo) {
    const { lookout, found } = demo;
    const { before, during, diagnosis } = found;
    if (before === undefined || during === undefined) throw new Error("nothing was broken yet");
    const { read, fault } = lookout.timeline.counts;
    demo.fact("read", `${shown(read)} telemetry lines; ${shown(fault)} that name the fault were turned away unread`);
    if (diagnosis === null || diagnosis === undefined) {
      demo.claim(false, `a cause was named with at least ${percent(CONFIDENCE_MIN)} certainty`);
    } else {
      // There is more data now than when the cause was first named.
      const [best = diagnosis.best] = lookout.diagnoses();
      tellEvidence(demo, best.evidence);
      demo.claim(
        best.cause === CAUSE && diagnosis.best.cause === CAUSE,
        `${best.cause}, ${percent(best.confidence)} sure, in ${zonesText(best.zones)}; named after ${seconds(diagnosis.tookMs)}`,
      );
      demo.fact("runbook", best.runbook.text);
    }
    tellPlayers(demo, before, during);
  },
};

function tellEvidence(demo: Demo, evidence: readonly string[]): void {
  for (const [index, line] of evidence.slice(0, EVIDENCE_MAX).entries()) demo.fact(index === 0 ? "evidence" : "", line);
  const more = evidence.length - EVIDENCE_MAX;
  if (more > 0) demo.fact("", `and ${more} lines more, of the other zones`);
}

/** True only for a measured fall: a missing value is no fall. */
const hasFallen = (share: Measured): boolean => share !== null && share <= KEPT_MAX;

function tellPlayers(demo: Demo, before: PlayFigures, during: PlayFigures): void {
  const change = (read: (figures: PlayFigures) => Measured, unit = ""): string =>
    `${shown(read(before))} → ${shown(read(during))}${unit} (${times(read(during), read(before))})`;
  demo.fact("cast success", `${percent(before.castSuccess)} → ${percent(during.castSuccess)} of the casts that ended`);
  const isSlower = isAbove(ratio(during.roundTripMs.p50, before.roundTripMs.p50), SLOWER_MIN);
  demo.claim(isSlower, `players wait longer: round trip p50 ${change(({ roundTripMs }) => roundTripMs.p50, " ms")}`);
  const castsFell = hasFallen(ratio(during.castsPerS, before.castsPerS));
  demo.claim(castsFell, `they cast less: completed a second ${change(({ castsPerS }) => castsPerS)}`);
  demo.claim(
    hasFallen(ratio(during.dps, before.dps)),
    `they hit less: damage a second ${change(({ dps }) => mapped(dps, Math.round))}`,
  );
  demo.fact("worst wait", `${ms(before.roundTripMs.max)} → ${ms(during.roundTripMs.max)}`);
}
