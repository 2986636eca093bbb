// Judges a candidate by the input that a server's zones had: their journals, run by both kernels from the same states.
//
//   const result = await validate({ dataDir: ".wowsim", source: "hotfix.wasm", lastMs: 300_000 }, {})
//   result.verdict, result.reason      // "pass", "pass: everything equal in 38,400 ticks"
//
// First each zone one tick at a time, in threads. What has failed there is not tried further. Then free runs, for what builds up, and
// last time, when nothing else runs.

import { buildSource } from "../../assembly/toolchain/source.ts";
import { loadContent } from "../protocol/content/load.ts";
import { DEFAULT_POLICY, readPolicy } from "../protocol/deploy-policy.ts";
import type { DeployPolicy } from "../protocol/deploy-policy.ts";
import { WowsimError } from "../protocol/errors.ts";
import { readExpectations } from "../protocol/expectations.ts";
import type { Expectation } from "../protocol/expectations.ts";
import { seedOf } from "../protocol/seeded-random.ts";
import type {
  ValidatedZone,
  ValidationCheck,
  ValidationObserver,
  ValidationOptions,
  ValidationResult,
} from "../protocol/validation.ts";
import { preparedModule } from "../replay/modules.ts";
import type { PreparedModule } from "../replay/modules.ts";
import { openJournal, zonesOf } from "../replay/open-journal.ts";
import { Pause } from "../replay/pause.ts";
import { judge } from "./judge.ts";
import type { Judgement } from "./judge.ts";
import { ofClients } from "./commands-in-words.ts";
import { merge, mergeTerms, notExercised } from "./merge.ts";
import type { MergedTerm, Whole } from "./merge.ts";
import { freeRunChecks, ownMemoryChecks, timeChecks } from "./other-checks.ts";
import { pairedTime } from "./paired-time.ts";
import type { PairedTime } from "./paired-time.ts";
import { extraChecks } from "./extra-checks.ts";
import { stretchOf } from "./stretches.ts";
import { TaskThreads } from "./task-threads.ts";
import type { FreeTask, ZoneFindings } from "./thread-tasks.ts";
import type { ZoneValidation } from "./zone-validation.ts";

/** What journals say when they do not say it. */
const TICK_RATE_HZ = 20;
/** Of the free runs of a candidate that differs, and of one that does not: then other states are all there is to gain. Game time. */
const FREE_ZONES_MAX = 4;
const FREE_SECONDS = 150;
const EQUAL_FREE_SECONDS = 60;
const EQUAL_FREE_RUNS = 2;
/** Ticks with random commands and with fresh instances, of all zones together, and of one at least. */
const RANDOM_TICKS = 1_200;
const FRESH_TICKS = 600;
const ZONE_TICKS_MIN = 100;
/** Game time with random commands in the first zone: some things go wrong only after half a minute. */
const RANDOM_SECONDS = 180;
/** Ticks of history that are timed. */
const TIMED_TICKS = 600;

/** What is judged, and by what. */
interface Case {
  options: ValidationOptions;
  policy: DeployPolicy;
  expectations: readonly Expectation[];
  candidate: PreparedModule;
  seed: number;
}

/** Throws WowsimError; what is damaged in the journal is in the result. */
export async function validate(options: ValidationOptions, observer: ValidationObserver): Promise<ValidationResult> {
  const start = performance.now();
  observer.onProgress?.(0, `building ${options.source}`);
  const at = await caseOf(options);
  const { candidate, policy } = at;
  const content = loadContent();
  const { zones, ticks, rateHz, problems } = planOf(options, policy);
  using threads = new TaskThreads(options, candidate.kernel, content);
  const perTick = policy.validate.randomCommands;
  const [randomTicks, freshTicks] = [shareOf(RANDOM_TICKS, zones.length), shareOf(FRESH_TICKS, zones.length)];
  const longTicks = Math.max(randomTicks, Math.round(RANDOM_SECONDS * rateHz));
  const common = { type: "zone" as const, ticks, perTick, seed: at.seed, freshTicks };
  const tasks = zones.map((zone, index) => {
    const isFirst = index === 0;
    return { ...common, zone, hasCrowd: isFirst, randomTicks: isFirst ? longTicks : randomTicks };
  });
  const findings = (await threads.run(tasks, observer)).flatMap((each) => (each.type === "zone" ? [each] : []));
  const found = findings.map((each) => each.found);
  const whole = merge(found);
  const made = mergeTerms(findings.flatMap(({ extra }) => extra.map(({ comparison }) => comparison.terms)));
  const judged = (checks: readonly ValidationCheck[]): Judgement => judgementOf(at, whole, found, checks, made);
  const others = tickwiseChecks(findings, at, judged([]));
  const first = judged(others);
  if (first.verdict !== "fail" && options.signal?.aborted !== true) {
    const [free] = await threads.run([freeTaskOf(at, first, findings, rateHz)], observer);
    others.push(...freeRunChecks(free?.type === "free" ? free.result : null));
    if (options.time !== false) others.push(...timeChecks(await timeOf(at, found, observer)));
  }
  const passes = findings.flatMap(({ extra }) => extra);
  return {
    ...resultOf(at, whole, found, judged(others)),
    notExercised: notExercised(
      [whole, ...passes.map((pass) => merge([{ zone: 0, comparison: pass.comparison }]))],
      content,
    ),
    problems,
    seconds: (performance.now() - start) / 1_000,
    interrupted: options.signal?.aborted === true,
  };
}

async function caseOf(options: ValidationOptions): Promise<Case> {
  const { policy: named = DEFAULT_POLICY } = options;
  const policy = typeof named === "string" ? await readPolicy(named) : named;
  const { given } = options;
  const built = given === undefined ? await buildSource(options.source) : { ...given, expectations: null };
  const expectations = options.expectations ?? (await expectationsOf(options.expect, built.expectations));
  const candidate = await preparedModule(built.wasm, built.label, options.source);
  return { options, policy, expectations, candidate, seed: options.seed ?? 1 };
}

async function expectationsOf(named: string | undefined, beside: string | null): Promise<Expectation[]> {
  const path = named ?? beside;
  if (path === null) return [];
  const found = await readExpectations(path);
  if (found !== null) return found;
  throw new WowsimError("no_such_file", `There is no file ${path} with expectations.`);
}

/** The zones, and how many ticks of each. */
function planOf(
  options: ValidationOptions,
  policy: DeployPolicy,
): { zones: number[]; ticks: number; rateHz: number; problems: string[] } {
  using journal = openJournal(options);
  const { reader, problems } = journal;
  const zones = zonesOf(reader, options.zone, problems);
  const rate = Number(reader.meta("tick_rate", problems) ?? TICK_RATE_HZ);
  const seconds = options.lastMs === undefined ? policy.validate.minutes * 60 : options.lastMs / 1_000;
  const rateHz = Number.isFinite(rate) && rate > 0 ? rate : TICK_RATE_HZ;
  return { zones, ticks: Math.max(1, Math.round(seconds * rateHz)), rateHz, problems };
}

function shareOf(ticks: number, zones: number): number {
  return Math.max(ZONE_TICKS_MIN, Math.round(ticks / zones));
}

function judgementOf(
  { policy, expectations }: Case,
  whole: Whole,
  zones: readonly ZoneValidation[],
  others: readonly ValidationCheck[],
  made: readonly MergedTerm[],
): Judgement {
  const limits = { fuelRatioMax: policy.limits.fuelRatioMax, zMax: policy.validate.zMax };
  return judge({ whole, zones, expectations, limits, others, made });
}

/** What was looked at beside the recording, one tick at a time. */
function tickwiseChecks(
  findings: readonly ZoneFindings[],
  { expectations, policy }: Case,
  { class: kind }: Judgement,
): ValidationCheck[] {
  const passes = findings.flatMap(({ extra }) => extra);
  const own = findings.flatMap((each) => each.own ?? []);
  const { fuelRatioMax } = policy.limits;
  return [...extraChecks(passes, expectations, fuelRatioMax, kind === "draw_order"), ...ownMemoryChecks(own)];
}

function freeTaskOf(
  { policy, expectations, seed }: Case,
  { class: kind }: Judgement,
  findings: readonly ZoneFindings[],
  rateHz: number,
): FreeTask {
  const isEqual = kind === "identical" || kind === "added";
  const busiest = findings.toSorted((one, other) => other.found.comparison.players - one.found.comparison.players);
  const zones = busiest.slice(0, isEqual ? 1 : FREE_ZONES_MAX).map(({ found }) => found.zone);
  return {
    type: "free",
    zones,
    ticks: Math.round((isEqual ? EQUAL_FREE_SECONDS : FREE_SECONDS) * rateHz),
    runs: isEqual ? EQUAL_FREE_RUNS : policy.validate.freeRuns,
    zMax: policy.validate.zMax,
    fuelRatioMax: policy.limits.fuelRatioMax,
    expectations,
    seed: seedOf(seed, "free"),
  };
}

/** Of the zone with the most players. Null: the journal has not kept what it needs. */
async function timeOf(
  { options, policy, candidate, seed }: Case,
  zones: readonly ZoneValidation[],
  observer: ValidationObserver,
): Promise<PairedTime | null> {
  const [busiest] = zones.toSorted((one, other) => other.comparison.players - one.comparison.players);
  if (busiest === undefined) return null;
  observer.onProgress?.(1, "time");
  using journal = openJournal(options);
  const loaded = stretchOf(journal, busiest.zone, TIMED_TICKS, []);
  const stored = loaded === null ? null : journal.reader.module(loaded.module);
  if (loaded === null || stored === null) return null;
  return await pairedTime({
    incumbent: stored,
    candidate: { wasm: candidate.metered, label: candidate.kernel.label, hash: candidate.kernel.hash },
    stretch: loaded.stretch,
    ratioMax: policy.limits.timeRatioMax,
    clock: () => performance.now(),
    seed: seedOf(seed, "time"),
    pause: new Pause(TIMED_TICKS, options.signal),
  });
}

function resultOf(
  { candidate: { kernel } }: Case,
  whole: Whole,
  zones: readonly ZoneValidation[],
  judgement: Judgement,
): Omit<ValidationResult, "notExercised" | "problems" | "seconds" | "interrupted"> {
  const draws = judgement.terms.find(({ what }) => what === "draws");
  const { ticks, equal, drawTicks, traps, added, dropped, fuel } = whole;
  return {
    ...judgement,
    reason: `${judgement.verdict}: ${judgement.reason}`,
    candidate: { module: kernel.hash, label: kernel.label },
    incumbents: [...new Map(zones.map(({ incumbent }) => [incumbent.module, incumbent])).values()],
    zones: zones.map(zoneOf),
    ticks,
    equal,
    draws: { incumbent: draws?.incumbent ?? 0, candidate: draws?.candidate ?? 0, ticks: drawTicks },
    fuelRatio: fuel.incumbent === 0 ? Number.NaN : fuel.candidate / fuel.incumbent,
    traps,
    added,
    dropped,
  };
}

function zoneOf({ zone, fromTick, toTick, lost, problems, comparison }: ZoneValidation): ValidatedZone {
  const { ticks, equal, players, commands } = comparison;
  return { zone, fromTick, toTick, ticks, equal, lost, players, commands: ofClients(commands), problems };
}
