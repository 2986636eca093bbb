// Phase 5: a hotfix with a planted regression is deployed to one zone under load, is detected, and is rolled back
// automatically; then a good hotfix goes to all zones. Both are built from the kernel's source (assembly/variants/).

import { zonesText, shown } from "../../analysis/measures.ts";
import { runCanary } from "../../deploy/canary.ts";
import type { CanaryResult, StageReport } from "../../deploy/canary.ts";
import { DEFAULT_THRESHOLDS } from "../../deploy/verdict.ts";
import { DeployRemote } from "../../deploy/remote.ts";
import { sleep } from "../../ui/sleep.ts";
import type { Demo } from "../context.ts";
import type { Phase } from "../phase.ts";
import { seconds } from "../words.ts";
import { sum } from "../../analysis/measured.ts";

const CROWD = 200;
const ACTIONS_PER_S = 2;
/** The players spread out and find something to fight. */
const WARM_UP_MS = 3_000;
const CANARY_MS = 15_000;

export const pipeline: Phase = {
  title: "Pipeline",
  question: "does a bad hotfix get out, and a good one through?",
  async run(demo) {
    const { narrator, signal } = demo;
    const crowd = await narrator.during(
      `${CROWD} more players come in: a regression needs a crowd to show`,
      async () => {
        const swarm = await demo.join({ count: CROWD, rate: ACTIONS_PER_S, namePrefix: "Crowd" });
        await sleep(WARM_UP_MS, signal);
        return swarm;
      },
    );
    const zones = [...demo.lookout.timeline.zones.values()].toSorted((a, b) => a.id - b.id);
    demo.fact(
      "load",
      zones.map(({ id, ticks }) => `zone ${id}: ${shown(ticks.last?.players ?? null)} players`).join(", "),
    );
    demo.claim(crowd.playing === CROWD, `${crowd.playing} of ${CROWD} got in`);
    await refuseTheBad(demo);
    await promoteTheGood(demo);
  },
};

async function refuseTheBad(demo: Demo): Promise<void> {
  const running = await runningHashes(demo);
  const sinceMs = Date.now();
  const result = await deploy(demo, "regression");
  demo.found.bad = result;
  const tried = [...demo.lookout.timeline.zones.values()].filter(({ ticks }) =>
    ticks.between(sinceMs).some(({ kernel }) => kernel === result.hash),
  );
  const failed = result.verdict?.checks.filter(({ ok }) => !ok) ?? [];
  for (const { text } of failed) demo.fact("caught by", text);
  demo.claim(
    result.outcome === "rolled_back" && failed.some(({ kind }) => kind === "comparison"),
    `the regression was caught by what it does, ${seconds(result.watchedMs)} after its swap, and back out ${seconds(result.settledMs)} later`,
  );
  const ids = tried.map(({ id }) => id);
  demo.claim(
    ids.length === 1,
    `only ${ids.length === 0 ? "none of the zones" : zonesText(ids)} ever ran it, by the ticks of all`,
  );
  const now = await runningHashes(demo);
  const isBack = now.every(({ hash, id }) => hash === running.find((zone) => zone.id === id)?.hash);
  demo.claim(isBack, `every zone runs what it ran before: ${[...new Set(now.map(({ hash }) => hash))].join(", ")}`);
}

async function promoteTheGood(demo: Demo): Promise<void> {
  const result = await deploy(demo, "hotfix");
  demo.found.good = result;
  const checks = result.verdict?.checks ?? [];
  const held = checks.filter(({ ok }) => ok).length;
  demo.fact(
    "verdict",
    `${held} of ${checks.length} checks hold${result.outcome === "promoted" ? "" : `; ${result.reason}`}`,
  );
  for (const id of ["kernel_ms_median", "fuel_median"]) {
    const check = checks.find((candidate) => candidate.id === id);
    if (check !== undefined) demo.fact("", check.text);
  }
  const now = await runningHashes(demo);
  const isEverywhere = now.every(({ hash }) => hash === result.hash);
  demo.claim(
    result.outcome === "promoted" && isEverywhere,
    `the good hotfix runs in ${zonesText(now.map(({ id }) => id))}, ${seconds(sum([result.watchedMs, result.settledMs]))} after its first swap`,
  );
}

/** Canaries a candidate; prints each stage as it comes. */
async function deploy(demo: Demo, variant: string): Promise<CanaryResult> {
  const { narrator, signal, control, feed, candidates } = demo;
  const label = `${variant}.wasm`;
  const built = await narrator.during(`the ${variant} is built`, () => candidates.get(variant, signal));
  const { wasm, hash, tookMs } = built;
  demo.fact(label, `${hash}, ${wasm.length} bytes, built from source meanwhile in ${seconds(tookMs)}`);
  const options = { wasm, label, zoneId: undefined, durationMs: CANARY_MS, thresholds: DEFAULT_THRESHOLDS };
  return await narrator.during(`deploying ${label}`, (update) =>
    runCanary(options, {
      control,
      feed,
      signal,
      report: (stage) => tell(demo, stage),
      progress: (_share, text) => update(text),
    }),
  );
}

/** The stages that are printed; the demo reports the others elsewhere. */
const TOLD = new Set(["upload", "swap", "watch", "rollback", "promote", "verify"]);

function tell(demo: Demo, { stage, ok, text }: StageReport): void {
  if (TOLD.has(stage)) demo.fact(ok ? stage : `${stage}: no`, text);
}

async function runningHashes({ control }: Demo): Promise<{ id: number; hash: string }[]> {
  const { zones } = await new DeployRemote(control).status();
  return zones.map(({ zone_id: id, hash }) => ({ id, hash }));
}
