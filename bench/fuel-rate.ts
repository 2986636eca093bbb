// Measures the time that a unit of fuel takes in an empty loop (the unit of a tick's fuel), in bulk
// operations of any size, in long bodies, in calls. Code that costs much time but little fuel would let a module run for long.
//
//   bun bench/fuel-rate.ts
//
// Each case is a small module, metered like any upload, that runs until its fuel is used up.

import { meter } from "../assembly/toolchain/meter.ts";
import { noRefuel, OutOfFuel } from "../assembly/toolchain/fuel.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { integer, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";

const PAGES = 320;
const MIB = 1024 * 1024;
/**
 * How much longer than an empty loop the same fuel may last: of bulk operations, and of the worst that long bodies can do. An
 * empty loop is the least that a unit can be (engines unroll it); what takes too long all the same runs out of time (fuel.ts).
 */
const BULK_TIMES_MAX = 100;
const TIMES_MAX = 2_000;
const RUNS = 3;

const fill = (bytes: number): string => `(memory.fill (i32.const 65536) (i32.const 1) (i32.const ${bytes}))`;
const copy = (bytes: number): string => `(memory.copy (i32.const ${9 * MIB}) (i32.const 65536) (i32.const ${bytes}))`;
const load = "(local.set $x (i32.load (i32.and (i32.mul (local.get $x) (i32.const 73)) (i32.const 8388604))))";
const divide = "(local.set $x (i32.div_u (i32.const 1000003) (i32.or (local.get $x) (i32.const 3))))";

/** Bodies of a loop that ends with its fuel. */
const CASES: readonly (readonly [name: string, body: string])[] = [
  ["an empty loop", ""],
  ...[0, 64, 4_096, MIB, 4 * MIB].map((bytes) => [`memory.fill of ${bytes} bytes`, fill(bytes)] as const),
  ...[64, 4_096, MIB, 8 * MIB].map((bytes) => [`memory.copy of ${bytes} bytes`, copy(bytes)] as const),
  ["a call of an empty function", "(call $empty)"],
  [
    "2,000 sums in a row",
    "(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 5)) (i32.const 3)))".repeat(1_000),
  ],
  ["1,000 loads in a row, all over 8 MB", load.repeat(1_000)],
  ["1,000 divisions in a row", divide.repeat(1_000)],
];

const FLAGS = { fuel: integer("units that each case burns", 100_000, 1_000_000_000, 20_000_000) };

await runBench("fuel-rate", FLAGS, fuelRate);

async function fuelRate({ fuel, format }: FlagsOf<typeof FLAGS>): Promise<Check[]> {
  const rows: Row[] = [];
  for (const [name, body] of CASES) {
    const nsPerUnit = await burn(body, fuel);
    rows.push({ name, nsPerUnit, times: nsPerUnit / (rows[0]?.nsPerUnit ?? nsPerUnit) });
  }
  const checks = [
    atMost(
      "bulk operations",
      BULK_TIMES_MAX,
      rows.filter(({ name }) => name.startsWith("memory.")),
    ),
    atMost("whatever else", TIMES_MAX, rows),
  ];
  if (format === "json") outJson({ fuel, rows, checks });
  else {
    out(`bun bench/fuel-rate.ts --fuel ${fuel}`);
    const shown = rows.map(({ name, nsPerUnit, times }) => [name, nsPerUnit.toFixed(2), times.toFixed(2)]);
    for (const line of tableLines(["a loop around", "ns a unit", "× an empty loop"], shown)) out(line);
    printChecks(checks);
  }
  return checks;
}

interface Row {
  name: string;
  nsPerUnit: number;
  /** As long as in an empty loop. */
  times: number;
}

function atMost(what: string, most: number, rows: Row[]): Check {
  const slowest = rows.toSorted((a, b) => b.times - a.times)[0];
  return {
    what: `The same fuel lasts at most ${most} times as long in ${what} as in an empty loop`,
    restsOn: "time",
    holds: slowest !== undefined && slowest.times <= most,
    shown: `${slowest?.times.toFixed(1)} times, in a loop around ${slowest?.name}`,
  };
}

/** The least of some runs: nanoseconds that a unit takes. */
async function burn(body: string, fuel: number): Promise<number> {
  const { default: library } = await import("binaryen");
  const parsed = library.parseText(`(module (memory (import "env" "memory") ${PAGES} ${PAGES}) (func $empty)
    (func (export "go") (local $x i32) (loop $again ${body} (br $again))))`);
  parsed.setFeatures(library.Features.All);
  const wasm = parsed.emitBinary();
  parsed.dispose();
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const module = new WebAssembly.Module(new Uint8Array(await meter(wasm)));
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, wowsim: { refuel: noRefuel } });
  const counter = exports["fuel"] as WebAssembly.Global;
  const go = exports["go"] as () => void;
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    counter.value = BigInt(fuel);
    const startMs = performance.now();
    runOut(go);
    least = Math.min(least, ((performance.now() - startMs) * 1e6) / (fuel - Number(counter.value)));
  }
  return least;
}

function runOut(go: () => void): void {
  try {
    go();
  } catch (error) {
    if (error instanceof OutOfFuel) return;
    throw error;
  }
  throw new Error("It ended before its fuel was gone.");
}
