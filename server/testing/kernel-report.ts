// The kernel bench's report: two tables, and whether the claims about the kernel's cost hold.
//
//   judge(report)       // [{ what: "Cost grows with entities to the power of 1.2 at most", holds: true, shown: "1.021" }, ...]
//   compareLines(saved, report)   // ratios to an earlier run

import { linearRegression } from "simple-statistics";
import { tableLines } from "../../tools/ui/table.ts";
import type { Check } from "./checks.ts";
import type { Figure, Result } from "./tick-bench.ts";
import { at } from "../protocol/assert.ts";

export interface KernelReport {
  /** The time of the measurement, ISO 8601. */
  at: string;
  /** Processor and number of cores. */
  machine: string;
  bun: string;
  hyperfine: string;
  effort: { entityTicks: number; runs: number };
  by_entities: Result[];
  /** A tick's cost grows with this power of the number of entities; null with fewer than two sizes. */
  growth_exponent: number | null;
  by_zones: Result[];
  note: string;
}

/**
 * The highest allowed power of the number of entities in the kernel's cost. Native code of the same module grows to the power
 * of 1.09 to 1.12 from 500 to 20,000 entities, because their state outgrows the caches; noise adds some hundredths.
 */
const GROWTH_MAX = 1.2;
/** The highest allowed ratio of a module's time in Bun to its time as native code. */
const TO_NATIVE_MAX = 1.3;

/** Least-squares slope of log tick time over log entities; null with fewer than two sizes, or with noise. */
export function growthOf(results: Result[]): number | null {
  if (results.length < 2 || results.some(isNoise)) return null;
  const points = results.map(({ entities, figures }) => [Math.log(entities), Math.log(at(figures, 0).tickUs)]);
  return linearRegression(points).m;
}

/** The claims, as far as they were measured. */
export function judge({ growth_exponent: growth, by_entities, by_zones }: KernelReport): Check[] {
  const results = [...by_entities, ...by_zones];
  const ratios = results.flatMap((result) => {
    const ratio = toNative(result);
    return ratio === null ? [] : [{ ratio, result }];
  });
  const noise = results.filter(isNoise).length;
  const checks: Check[] = [];
  if (noise > 0) {
    const shown = `no longer in ${noise} of ${results.length} settings: try on a quieter machine, or more --entity-ticks`;
    checks.push({ what: "More ticks take longer", restsOn: "time", holds: false, shown });
  }
  if (growth !== null) {
    const [from, to] = [by_entities[0]?.entities, by_entities.at(-1)?.entities];
    const shown = `to the power of ${growth.toFixed(3)}, from ${from} to ${to}`;
    checks.push({
      what: `Cost grows with entities to the power of ${GROWTH_MAX} at most`,
      restsOn: "time",
      holds: growth <= GROWTH_MAX,
      shown,
    });
  }
  const worst = ratios.toSorted((a, b) => b.ratio - a.ratio)[0];
  if (worst !== undefined) {
    const where = `${worst.result.entities} entities in ${worst.result.zones} ${worst.result.zones === 1 ? "zone" : "zones"}`;
    const shown = `${worst.ratio.toFixed(2)}× at worst, at ${where}`;
    checks.push({
      what: `At most ${TO_NATIVE_MAX}× the same module as native code`,
      restsOn: "time",
      holds: worst.ratio <= TO_NATIVE_MAX,
      shown,
    });
  }
  return checks;
}

export function resultLines(results: Result[]): string[] {
  const head = [
    "zones",
    "entities",
    "tick µs",
    "p50",
    "p99",
    "ns/entity",
    "unmetered",
    "metering",
    "native",
    "to native",
  ];
  const rows = results.map((result) => {
    const [metered, unmetered, native] = [of(result, "metered"), of(result, "unmetered"), of(result, "native")];
    if (metered === undefined || unmetered === undefined) throw new Error("A runner is missing.");
    return [
      result.zones,
      result.entities,
      metered.tickUs.toFixed(0),
      metered.tickUsP50.toFixed(0),
      metered.tickUsP99.toFixed(0),
      metered.nsPerEntityTick.toFixed(1),
      unmetered.nsPerEntityTick.toFixed(1),
      `${((metered.tickUs / unmetered.tickUs - 1) * 100).toFixed(1)} %`,
      native === undefined ? null : native.nsPerEntityTick.toFixed(1),
      times(toNative(result)),
    ];
  });
  return tableLines(head, rows);
}

/** For the settings of both runs, ratios of now to then; the last two columns hardly depend on the machine. */
export function compareLines(saved: KernelReport, now: KernelReport): string[] {
  const head = [
    "zones",
    "entities",
    "ns/entity then",
    "now",
    "ratio",
    "native ratio",
    "noise",
    "to native then",
    "now",
  ];
  const before = [...saved.by_entities, ...saved.by_zones];
  const rows = [...now.by_entities, ...now.by_zones].flatMap((result) => {
    const then = before.find(({ entities, zones }) => entities === result.entities && zones === result.zones);
    const [was, is] = [then && of(then, "metered"), of(result, "metered")];
    if (then === undefined || was === undefined || is === undefined || isNoise(then) || isNoise(result)) return [];
    const [nativeWas, nativeIs] = [of(then, "native"), of(result, "native")];
    const native = nativeWas === undefined || nativeIs === undefined ? null : nativeIs.tickUs / nativeWas.tickUs;
    return [
      [
        result.zones,
        result.entities,
        was.nsPerEntityTick.toFixed(1),
        is.nsPerEntityTick.toFixed(1),
        times(is.tickUs / was.tickUs),
        times(native),
        `±${Math.hypot(was.noisePercent, is.noisePercent).toFixed(1)} %`,
        times(toNative(then)),
        times(toNative(result)),
      ],
    ];
  });
  if (rows.length === 0) return ["No setting was measured in both runs: nothing to compare."];
  const lines = tableLines(head, rows);
  if (saved.machine !== now.machine) lines.push(`Then it was another machine: ${saved.machine}.`);
  return lines;
}

/** True when other work of the machine took longer than the measured work. */
function isNoise({ figures }: Result): boolean {
  return figures.some(({ tickUs }) => tickUs <= 0);
}

function of({ figures }: Result, name: Figure["runner"]): Figure | undefined {
  return figures.find(({ runner }) => runner === name);
}

function toNative(result: Result): number | null {
  const [metered, native] = [of(result, "metered"), of(result, "native")];
  return metered === undefined || native === undefined || isNoise(result) ? null : metered.tickUs / native.tickUs;
}

function times(ratio: number | null): string | null {
  return ratio === null ? null : `${ratio.toFixed(2)}×`;
}
