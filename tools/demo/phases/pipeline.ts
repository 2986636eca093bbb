// Phase 5: three hotfixes, built from the kernel's source (assembly/candidates/). One is wrong in what it does, in no tick time: the
// recorded play of this very server shows it, before a player meets it. One is wrong only for players who come later than all that was
// recorded: it shows in the one zone that has it, and is taken back with all that it did. The good one goes all the way.

import { zonesText, shown } from "../../analysis/measures.ts";
import { runCanary } from "../../deploy/canary.ts";
import type { CanaryResult, StageReport } from "../../deploy/canary.ts";
import { DeployRemote } from "../../deploy/remote.ts";
import { sleep } from "../../ui/sleep.ts";
import { DEFAULT_POLICY } from "../../../server/protocol/deploy-policy.ts";
import type { DeployPolicy } from "../../../server/protocol/deploy-policy.ts";
import type { Demo } from "../context.ts";
import type { Phase } from "../phase.ts";
import { seconds } from "../words.ts";
import { sum } from "../../analysis/measured.ts";

const CROWD = 120;
/** With the players before them more than 255: the late candidate is wrong from then on. */
const LATECOMERS = 150;
const ACTIONS_PER_S = 2;
/** The players spread out and find something to fight. */
const WARM_UP_MS = 3_000;
/** How much recorded play judges a hotfix. */
const RECORDED_MS = 20_000;
/**
 * Shorter than the usual one: the demo's players do in ten seconds what others do in a minute. And by recorded play alone: made-up players
 * would show what the late candidate does, and life is to show it.
 */
const POLICY: DeployPolicy = {
  ...DEFAULT_POLICY,
  validate: { ...DEFAULT_POLICY.validate, randomCommands: 0 },
  shadow: { ...DEFAULT_POLICY.shadow, ticks: 200 },
  canary: { ...DEFAULT_POLICY.canary, ticks: 440 },
  promote: { waves: [1], watchTicks: 60 },
};
const LINES_SHOWN = 3;

export const pipeline: Phase = {
  title: "Pipeline",
  question: "do bad hotfixes get out, and a good one through?",
  async run(demo) {
    const { narrator, signal } = demo;
    const crowd = await narrator.during(
      `${CROWD} more players come in: hotfixes are judged by what they do`,
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
    await refuseTheRecorded(demo);
    await takeBackTheLate(demo);
    await promoteTheGood(demo);
  },
};

/** Armour makes hits harder: no tick takes longer. */
async function refuseTheRecorded(demo: Demo): Promise<void> {
  const sinceMs = Date.now();
  const { result, tookMs } = await deploy(demo, "armour-sign");
  demo.found.refusedMs = tookMs;
  demo.claim(
    result.outcome === "refused" && whoRan(demo, result, sinceMs).length === 0,
    `the wrong hotfix was refused by what it does in recorded play, in ${seconds(tookMs)}, and no player met it`,
  );
}

/** Newcomers begin ten levels higher, but only from the 256th on: nobody like that was recorded. */
async function takeBackTheLate(demo: Demo): Promise<void> {
  const running = await runningHashes(demo);
  const sinceMs = Date.now();
  const coming: Promise<unknown>[] = [];
  const { result } = await deploy(demo, "late-levels", ({ stage, ok, data }) => {
    if (stage !== "swap" || !ok) return;
    const wish = { count: LATECOMERS, rate: ACTIONS_PER_S, namePrefix: "Late", zone: Number(data["zone_id"]) };
    demo.fact("meanwhile", `${LATECOMERS} more players come into zone ${wish.zone}`);
    coming.push(demo.join(wish));
  });
  await Promise.all(coming);
  demo.found.late = result;
  const isCaught = result.verdict?.checks.some(({ id, ok }) => id === "behaviour" && !ok) ?? false;
  demo.claim(
    result.outcome === "rolled_back" && isCaught,
    `what no recording showed was caught in life by what it does, ${seconds(result.watchedMs)} after its swap, and back out ${seconds(result.settledMs)} later`,
  );
  demo.claim(result.undone, "what it gave away was taken back, and every client was told anew");
  const ids = whoRan(demo, result, sinceMs);
  demo.claim(
    ids.length === 1,
    `only ${ids.length === 0 ? "none of the zones" : zonesText(ids)} ever ran it, by the ticks of all`,
  );
  const now = await runningHashes(demo);
  const isBack = now.every(({ hash, id }) => hash === running.find((zone) => zone.id === id)?.hash);
  demo.claim(isBack, `every zone runs what it ran before: ${[...new Set(now.map(({ hash }) => hash))].join(", ")}`);
}

async function promoteTheGood(demo: Demo): Promise<void> {
  const { result } = await deploy(demo, "hotfix");
  demo.found.good = result;
  const checks = result.verdict?.checks ?? [];
  const held = checks.filter(({ ok }) => ok).length;
  demo.fact(
    "verdict",
    `${held} of ${checks.length} checks hold${result.outcome === "promoted" ? "" : `; ${result.reason}`}`,
  );
  for (const id of ["behaviour", "time", "fuel"]) {
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

/** Zones that ran the module since then, by their own ticks. */
function whoRan(demo: Demo, { hash }: CanaryResult, sinceMs: number): number[] {
  const zones = [...demo.lookout.timeline.zones.values()];
  return zones.filter(({ ticks }) => ticks.between(sinceMs).some(({ kernel }) => kernel === hash)).map(({ id }) => id);
}

interface Deployed {
  result: CanaryResult;
  tookMs: number;
}

/** Deploys a candidate; prints each stage as it comes. */
async function deploy(demo: Demo, candidate: string, onStage?: (stage: StageReport) => void): Promise<Deployed> {
  const { narrator, signal, control, feed, candidates } = demo;
  const label = `${candidate}.wasm`;
  const built = await narrator.during(`the ${candidate} is built`, () => candidates.get(candidate, signal));
  const { wasm, hash, tookMs: builtMs } = built;
  demo.fact(label, `${hash}, ${wasm.length} bytes, built from source meanwhile in ${seconds(builtMs)}`);
  const options = { wasm, label, policy: POLICY, validate: { lastMs: RECORDED_MS } };
  const lines = new Map<string, number>();
  const report = (stage: StageReport): void => {
    const line = lines.get(stage.stage) ?? 0;
    lines.set(stage.stage, line + 1);
    tell(demo, stage, line);
    onStage?.(stage);
  };
  const startMs = performance.now();
  const result = await narrator.during(`deploying ${label}`, (update) =>
    runCanary(options, { control, feed, signal, report, progress: (_share, text) => update(text) }),
  );
  return { result, tookMs: performance.now() - startMs };
}

/** The stages that are printed, and how many lines of each; the demo reports the others elsewhere. */
const TOLD: Readonly<Partial<Record<StageReport["stage"], number>>> = {
  upload: 1,
  validate: LINES_SHOWN,
  shadow: 1,
  swap: 1,
  watch: 1,
  rollback: 1,
  promote: 1,
  watch_on: 1,
  undo: LINES_SHOWN,
  verify: 1,
};

function tell(demo: Demo, { stage, ok, text }: StageReport, line: number): void {
  if (line >= (TOLD[stage] ?? 0)) return;
  const label = stage.replace("_", " ");
  demo.fact(line > 0 ? "" : ok ? label : `${label}: no`, text);
}

async function runningHashes({ control }: Demo): Promise<{ id: number; hash: string }[]> {
  const { zones } = await new DeployRemote(control).status();
  return zones.map(({ zone_id: id, hash }) => ({ id, hash }));
}
