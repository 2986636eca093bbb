// The loop of a shadow: a few times a second a fresh look at the journal, each zone's new ticks, and now and then a report.
//
//   const run = new ShadowRun(begin, { onReport, onProgress, signal, clock, cpuMs })
//   run.keepPace("rest")                // it makes zones slower
//   const report = await run.play()     // when all ticks were looked at, or it was aborted
//
// It never holds the journal open for long, since the server can not tidy up its write-ahead log meanwhile. It takes a fifth of a core
// at most: when it needs more, it compares only every second block of ticks, or every fourth, and so on.

import { loadKernel } from "../../assembly/toolchain/load.ts";
import { loadContent } from "../protocol/content/load.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import type { ShadowReport } from "../protocol/shadow.ts";
import { openJournal } from "../replay/open-journal.ts";
import type { OpenJournal } from "../replay/open-journal.ts";
import type { ShadowBegin, ToShadow } from "../shared/shadow-messages.ts";
import { FoundModules } from "./found-modules.ts";
import { KernelTimes } from "./kernel-times.ts";
import { shadowReport } from "./shadow-report.ts";
import { ZoneShadow } from "./zone-shadow.ts";

export interface ShadowHost {
  onReport(report: ShadowReport): void;
  onProgress(share: number, doing: string): void;
  signal: AbortSignal;
  /** Milliseconds. */
  clock: () => number;
  /** Processor time of this thread in milliseconds. */
  cpuMs: () => number;
}

type Pace = Extract<ToShadow, { type: "pace" }>["pace"];

/** Between two looks at the journal. */
const LOOK_MS = 250;
/** Of one look: then the event loop gets its turn. */
const SLICE_MS = 40;
const REPORT_MS = 1_000;
/** A journal that can not be opened, as while a server rescues it, is tried for so long. */
const OPEN_MS_MAX = 10_000;
/** Share of a core above which fewer ticks are compared; and how often that is looked at, from when on. */
const CORE_SHARE_MAX = 0.2;
const SHARE_MS = 2_000;
const START_MS = 5_000;
const STRIDE_MAX = 64;
/** A shadow with an end ends after so many times as long as its ticks last, and this. */
const PATIENCE_RATIO = 3;
const PATIENCE_MS = 60_000;
const TICK_RATE_HZ = 20;
const PROBLEMS_MAX = 20;

export class ShadowRun {
  readonly #begin: ShadowBegin;
  readonly #host: ShadowHost;
  readonly #times = new KernelTimes();
  readonly #problems = new Set<string>();
  readonly #startMs: number;
  #zones: readonly ZoneShadow[] = [];
  #pace: Pace = "go on";
  #hasRested = false;
  #rests = 0;
  #stride = 1;
  #share = { atMs: 0, cpuMs: 0 };
  /** When and with how much processor time the first tick was run. */
  #first: { atMs: number; cpuMs: number } | null = null;
  #brokenSinceMs: number | null = null;

  constructor(begin: ShadowBegin, host: ShadowHost) {
    this.#begin = begin;
    this.#host = host;
    this.#startMs = host.clock();
  }

  /** What comes in a pause is looked at afterwards, and what comes in a rest is left out. */
  keepPace(pace: Pace): void {
    if (pace === "rest" && this.#pace !== "rest") this.#rests++;
    if (pace === "rest") this.#hasRested = true;
    this.#pace = pace;
  }

  /** Throws WowsimError("no_journal" | "module_missing" | ...). */
  async play(): Promise<ShadowReport> {
    const { clock, signal, onReport, onProgress } = this.#host;
    let reportMs = clock() + REPORT_MS;
    let untilMs = Number.POSITIVE_INFINITY;
    while (!signal.aborted && clock() < untilMs && !this.#isFinished) {
      const hasMore = this.#look((journal) => {
        if (this.#zones.length === 0) untilMs = this.#prepare(journal);
        return this.#advance(journal);
      });
      this.#measure();
      onProgress(this.#shareDone, this.#doing);
      if (clock() >= reportMs) {
        onReport(this.report());
        reportMs = clock() + REPORT_MS;
      }
      await pause(hasMore ? 0 : LOOK_MS, signal);
    }
    for (const zone of this.#zones) zone.ends();
    return this.report();
  }

  report(): ShadowReport {
    const { role, expectations, fuelRatioMax } = this.#begin;
    const { clock, cpuMs } = this.#host;
    const ranMs = this.#first === null ? 0 : clock() - this.#first.atMs;
    return shadowReport({
      role,
      zones: this.#zones.map((zone) => {
        return { numbers: zone.numbers, found: zone.findings(), silentMs: zone.silentMs };
      }),
      expectations,
      fuelRatioMax,
      seconds: (clock() - this.#startMs) / 1_000,
      yielded: { times: this.#rests, ticks: this.#zones.reduce((sum, zone) => sum + zone.rested, 0) },
      timeRatio: this.#times.ratio,
      timeBlocks: this.#times.blocks,
      coreShare: this.#first === null || ranMs === 0 ? null : (cpuMs() - this.#first.cpuMs) / ranMs,
      problems: [...this.#problems],
    });
  }

  get #isFinished(): boolean {
    return this.#zones.length > 0 && this.#zones.every(({ isFinished }) => isFinished);
  }

  get #shareDone(): number {
    const { ticks } = this.#begin;
    if (ticks === 0 || this.#zones.length === 0) return 0;
    return Math.min(...this.#zones.map(({ passed, isFinished }) => (isFinished ? 1 : passed / ticks)));
  }

  get #doing(): string {
    if (this.#pace === "rest") return "resting: it makes zones slower";
    const passed = this.#zones.reduce((sum, zone) => sum + zone.passed, 0);
    const sampled = this.#stride > 1 ? `, comparing every ${this.#stride}th block` : "";
    return `${passed} ticks of ${this.#zones.length} zones${sampled}`;
  }

  readonly #tell = (problem: string): void => {
    if (this.#problems.size < PROBLEMS_MAX) this.#problems.add(problem);
  };

  /** Opens the journal for a moment. A journal that can not be read now may be readable soon. */
  #look(see: (journal: OpenJournal) => boolean): boolean {
    const { clock } = this.#host;
    try {
      using journal = openJournal({ dataDir: this.#begin.dataDir }, false);
      const hasMore = see(journal);
      this.#brokenSinceMs = null;
      return hasMore;
    } catch (error) {
      const isOfJournal = error instanceof WowsimError && /journal/.test(error.code);
      this.#brokenSinceMs ??= clock();
      const isOver = clock() - this.#brokenSinceMs > OPEN_MS_MAX;
      if (!isOfJournal || this.#zones.length === 0 || isOver) throw error;
      this.#tell(`The journal could not be read for a while: ${messageOf(error)}`);
      return false;
    }
  }

  /** Returns when it has to end. */
  #prepare(journal: OpenJournal): number {
    const { zones, hash, label, metered, role, ticks } = this.#begin;
    const { clock } = this.#host;
    const modules = new FoundModules();
    const beside = metered === null ? modules.get(hash, journal.reader) : loadKernel(metered, label, hash);
    modules.add(beside);
    const content = loadContent();
    const common = { beside, role, ticks, modules, content, times: this.#times, clock, tell: this.#tell };
    this.#zones = zones.map((zone) => new ZoneShadow({ ...common, zone }));
    const rate = Number(journal.reader.meta("tick_rate") ?? TICK_RATE_HZ) || TICK_RATE_HZ;
    if (ticks === 0) return Number.POSITIVE_INFINITY;
    return clock() + ((ticks * 1_000) / rate) * PATIENCE_RATIO + PATIENCE_MS;
  }

  #advance(journal: OpenJournal): boolean {
    const { clock, cpuMs } = this.#host;
    if (this.#pace !== "go on") {
      for (const zone of this.#zones) zone.looks(journal);
      return false;
    }
    if (this.#hasRested) for (const zone of this.#zones) zone.resumes(journal);
    this.#hasRested = false;
    this.#first ??= { atMs: clock(), cpuMs: cpuMs() };
    const untilMs = clock() + SLICE_MS;
    const isTimeOver = (): boolean => clock() >= untilMs;
    let hasMore = false;
    // Those that are furthest behind first: one that needs all the time leaves some to the others the next time.
    for (const zone of this.#zones.toSorted((one, other) => one.passed - other.passed))
      hasMore = isTimeOver() || zone.advance(journal, this.#stride, isTimeOver) || hasMore;
    return hasMore;
  }

  /** Compares fewer ticks when it takes too much of a core, and more when there is room for twice as many. */
  #measure(): void {
    const { clock, cpuMs } = this.#host;
    const nowMs = clock();
    const { atMs, cpuMs: before } = this.#share;
    if (nowMs - this.#startMs < START_MS || nowMs - atMs < SHARE_MS) return;
    const usedMs = cpuMs() - before;
    this.#share = { atMs: nowMs, cpuMs: before + usedMs };
    if (atMs === 0) return;
    const share = usedMs / (nowMs - atMs);
    if (share > CORE_SHARE_MAX) this.#stride = Math.min(STRIDE_MAX, this.#stride * 2);
    else if (share * 2 < CORE_SHARE_MAX) this.#stride = Math.max(1, this.#stride / 2);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  const timer = setTimeout(wake, ms);
  signal.addEventListener("abort", wake);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", wake);
}
