// What the bench times: one process that loads a kernel, puts it into prepared zones, and runs their ticks, nothing else.
//
//   bun bench/tick-process.ts assembly/build/kernel.metered.wasm 1200 bench/results/work/5000.work
//   {"hash":"9c61...","zones":1,"entities":5000,"ticks":1200,"tick_us_p50":512.3,"tick_us_p99":690.1,...}
//
// Several work files are several zones, ticked in turn. The native program (native/main.c) takes the same files and
// prints the same hash. Timing whole processes (hyperfine, run.ts) leaves nothing out; the percentiles are the process's own.

import { runTick } from "../server/testing/run-tick.ts";
import { quantile } from "../server/testing/statistics.ts";
import { decodeWork } from "../server/testing/work-file.ts";
import type { Work, WorkAddresses } from "../server/testing/work-file.ts";
import { FuelTank } from "../assembly/toolchain/fuel.ts";

interface Zone {
  work: Work;
  at: WorkAddresses;
  memory: WebAssembly.Memory;
  exports: { tick(tick: number): void; fuel?: WebAssembly.Global };
  tank: FuelTank;
}

function openZone(module: WebAssembly.Module, bytes: Uint8Array): Zone {
  const { work, addresses } = decodeWork(bytes);
  const memory = new WebAssembly.Memory({ initial: addresses.pages, maximum: addresses.pages });
  const tank = new FuelTank({ now: () => performance.now() });
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort }, wowsim: { refuel: tank.refuel } });
  new Uint8Array(memory.buffer).set(work.state, addresses.state);
  return { work, at: addresses, memory, exports: exports as unknown as Zone["exports"], tank };
}

function abort(): never {
  throw new Error("The kernel aborted.");
}

function hashOf({ memory, at }: Zone): string {
  const view = new DataView(memory.buffer);
  const hex = (address: number): string => view.getUint32(address, true).toString(16).padStart(8, "0");
  return hex(at.hashHigh) + hex(at.hashLow);
}

const [modulePath, tickText, ...workPaths] = process.argv.slice(2);
const ticks = Number(tickText);
if (modulePath === undefined || !Number.isInteger(ticks) || workPaths.length === 0) {
  throw new Error("Usage: bun bench/tick-process.ts MODULE.wasm TICKS WORK_FILE...; bun run bench makes the files.");
}
const module = new WebAssembly.Module(await Bun.file(modulePath).bytes());
const zones: Zone[] = [];
for (const path of workPaths) zones.push(openZone(module, await Bun.file(path).bytes()));
const ticksMax = Math.min(...zones.map((zone) => zone.work.batches.length));
if (ticks > ticksMax) throw new Error(`The work files hold ${ticksMax} ticks, not ${ticks}.`);

const tickUs = new Float64Array(ticks);
let fuelUsed = 0n;
for (let index = 0; index < ticks; index++) {
  const start = performance.now();
  for (const { work, at, memory, exports, tank } of zones) {
    const batch = work.batches[index];
    if (batch !== undefined) runTick(exports, memory, at, work.firstTick + index, batch, tank);
    if (exports.fuel !== undefined) fuelUsed += tank.used(exports.fuel);
  }
  tickUs[index] = (performance.now() - start) * 1_000;
}

console.log(
  JSON.stringify({
    hash: zones.map(hashOf).join(" "),
    zones: zones.length,
    entities: zones.reduce((sum, zone) => sum + zone.work.entities, 0),
    ticks,
    tick_us_p50: quantile(tickUs, 0.5),
    tick_us_p99: quantile(tickUs, 0.99),
    fuel_per_tick: Math.round(Number(fuelUsed) / Math.max(1, ticks)),
  }),
);
