// A zone's journal that grows, and a shadow that follows it, for tests of what may happen to a journal.
//
//   const { shadow, journal, look } = await follow("refactoring")
//   await journal.play(40); look()
//   reportOf(shadow, "candidate")

import { afterEach, expect } from "bun:test";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import { buildKernel, compileCached, readSources } from "../../assembly/toolchain/build.ts";
import { loadContent } from "../../server/protocol/content/load.ts";
import type { Expectation } from "../../server/protocol/expectations.ts";
import type { ShadowReport, ShadowRole } from "../../server/protocol/shadow.ts";
import { preparedModule } from "../../server/replay/modules.ts";
import type { PreparedModule } from "../../server/replay/modules.ts";
import { openJournal } from "../../server/replay/open-journal.ts";
import { FoundModules } from "../../server/shadow/found-modules.ts";
import { KernelTimes } from "../../server/shadow/kernel-times.ts";
import { shadowReport } from "../../server/shadow/shadow-report.ts";
import { ZoneShadow } from "../../server/shadow/zone-shadow.ts";
import { GrowingJournal } from "../../server/testing/growing-journal.ts";
import { tempFolder } from "../../server/testing/temp-folder.ts";

const content = loadContent();
/** The zone that is followed. */
export const ZONE = 1;
/** Of `follow`: a module that can not take states over. */
export const FEWER_CREATURES = "fewer-creatures";
const opened: Disposable[] = [];

/** Called by the test file at its begin: what a test has opened is closed after it. */
export function closesFollowed(): void {
  afterEach(() => {
    for (const each of opened.splice(0).toReversed()) each[Symbol.dispose]();
  });
}

const prepared = new Map<string, Promise<PreparedModule>>();

/** The module of a candidate; null: the kernel itself. */
export function module(candidate: string | null): Promise<PreparedModule> {
  const name = candidate ?? "own";
  const built = prepared.get(name) ?? prepare(candidate);
  prepared.set(name, built);
  return built;
}

async function prepare(candidate: string | null): Promise<PreparedModule> {
  if (candidate === FEWER_CREATURES) return await preparedModule(await fewerCreatures(), candidate);
  const { wasm } = candidate === null ? await buildKernel() : await buildCandidate(candidate);
  return await preparedModule(wasm, candidate ?? "own");
}

async function fewerCreatures(): Promise<Uint8Array> {
  const sources = await readSources();
  const path = "memory/capacities.ts";
  const text = sources.get(path) ?? "";
  const changed = text.replace("CREATURES_MAX: u32 = 4096", "CREATURES_MAX: u32 = 4032");
  expect(changed).not.toBe(text);
  return await compileCached(sources.set(path, changed));
}

export interface Followed {
  shadow: ZoneShadow;
  journal: GrowingJournal;
  folder: string;
  problems: string[];
  /** Looks at what is new. */
  look(stride?: number): void;
}

export async function follow(
  beside: string | null,
  { role = "candidate", ticks = 0, ...play }: { role?: ShadowRole; ticks?: number; cancels?: number } = {},
): Promise<Followed> {
  const temp = tempFolder("wowsim-shadow-");
  opened.push({ [Symbol.dispose]: () => temp.remove() });
  const journal = await GrowingJournal.begin(temp.path, { zones: 1, players: 12, seed: 9, ...play });
  opened.push(journal);
  const problems: string[] = [];
  const { kernel } = await module(beside);
  const shadow = new ZoneShadow({
    zone: ZONE,
    beside: kernel,
    role,
    ticks,
    modules: new FoundModules(),
    content,
    times: new KernelTimes(),
    clock: () => performance.now(),
    tell: (problem) => problems.push(problem),
  });
  const look = (stride = 1): void => {
    using open = openJournal({ dataDir: temp.path }, false);
    while (shadow.advance(open, stride, () => false)) continue;
  };
  return { shadow, journal, folder: temp.path, problems, look };
}

/** What is said of one zone. */
export function reportOf(
  shadow: ZoneShadow,
  role: ShadowRole,
  { expectations = [], silentMs = 0 }: { expectations?: Expectation[]; silentMs?: number } = {},
): ShadowReport {
  return shadowReport({
    role,
    zones: [{ numbers: shadow.numbers, found: shadow.findings(), silentMs }],
    expectations,
    fuelRatioMax: 1.03,
    seconds: 1,
    yielded: { times: 0, ticks: 0 },
    timeRatio: null,
    timeBlocks: [],
    coreShare: null,
    problems: [],
  });
}
