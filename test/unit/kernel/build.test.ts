// From sources to a kernel: metering, the layout that the host reads, and a build that is never older than its sources.

import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OP_SPIN, OP_TRAP, PHASE_COMMANDS } from "../../../assembly/abi.ts";
import { readModule } from "../../../assembly/toolchain/binary.ts";
import {
  compilerVersions,
  hashSources,
  ensureKernel,
  readSources,
  sourceNamed,
} from "../../../assembly/toolchain/build.ts";
import { createMemory, instantiate } from "../../../assembly/toolchain/instance.ts";
import { layoutEntries, layoutOf, loadKernel } from "../../../assembly/toolchain/load.ts";
import { hashOf, meter } from "../../../assembly/toolchain/meter.ts";
import { openZone, testKernel } from "../../helpers/kernel-zone.ts";

const folder = mkdtempSync(join(tmpdir(), "wowsim-kernel-"));
afterAll(() => rmSync(folder, { recursive: true }));

const kernelBytes = async (name: string): Promise<Uint8Array> =>
  Bun.file(join(await ensureKernel(), "..", name)).bytes();

const count = (where: string, what: RegExp): number => where.match(what)?.length ?? 0;
const abort = (): void => {};

/** The entry of a module of a kernel's form, whose ticks go at the pace of a file in a folder of its own. */
const indexOf = (map: string): string => `import { PACE } from "./room/pace";
    export * from "./${map.slice(0, -3)}";
    export function init(seed: u32, zone: u32, rate: u32): void { store<u32>(65536, seed + zone + rate); }
    export function tick(now: u32): void { store<u32>(65540, now + PACE); }
    export function hash(): void {}`;

describe("metering", () => {
  test("an endless loop traps when the fuel is gone, at the same point every time, and the note says who it was", async () => {
    const runs = await Promise.all([1, 2].map(() => openZone()));
    for (const zone of runs) {
      zone.join(1).run();
      zone.fuel = 1_000_000n;
      zone.command(OP_SPIN, { a: 77 });
      expect(() => zone.run()).toThrow("fuel exhausted");
      expect(zone.exports.fuel.value).toBe(-1n);
      expect([zone.note("PHASE"), zone.note("COMMAND"), zone.note("ENTITY")]).toEqual([PHASE_COMMANDS, 0, 77]);
    }
    expect(runs[0]!.snapshot()).toEqual(runs[1]!.snapshot());
  });

  test("the fuel a tick takes is the same for the same work, and more for more of it", async () => {
    const [one, same, more] = await Promise.all([1, 2, 3].map(() => openZone()));
    for (const zone of [one!, same!]) zone.join(1).join(2).run(3);
    for (let id = 1; id <= 20; id++) more!.join(id);
    more!.run(3);
    expect(one!.fuelUsed).toBe(same!.fuelUsed);
    expect(more!.fuelUsed).toBeGreaterThan(one!.fuelUsed);
  });

  test("changes no result: the same ticks under the module before metering end in the same state", async () => {
    const zone = (await openZone()).join(1).spawn(1_000_001, { x: 3 }).attack(1, 1_000_001).run();
    const before = zone.snapshot();
    zone.run(50);
    const unmetered = new WebAssembly.Module(new Uint8Array(await kernelBytes("kernel.wasm")));
    const memory = createMemory(zone.kernel);
    new Uint8Array(memory.buffer).set(before, zone.kernel.layout.value("STATE_BASE"));
    const { exports } = new WebAssembly.Instance(unmetered, { env: { memory, abort } });
    new DataView(memory.buffer).setUint32(zone.kernel.layout.value("HEADER_COMMAND_COUNT"), 0, true);
    for (let tick = 2; tick <= 51; tick++) (exports["tick"] as (tick: number) => void)(tick);
    const low = new DataView(memory.buffer).getUint32(zone.kernel.layout.value("HEADER_HASH_LO"), true);
    expect(low).toBe(zone.header("HASH_LO"));
  });

  test("carries the name of what was metered, and a module without fuel does not load", async () => {
    const wasm = await kernelBytes("kernel.wasm");
    expect(loadKernel(await meter(wasm), "again").hash).toBe(hashOf(wasm));
    expect((await testKernel()).hash).toBe(hashOf(wasm));
    expect(() => loadKernel(wasm, "candidate")).toThrow("candidate is not metered");
    expect(() => loadKernel(Uint8Array.of(1, 2, 3), "candidate")).toThrow("not a valid WebAssembly module");
  });

  test("leaves out nothing that repeats: a charge for every loop, bulk operation and function that the host calls", async () => {
    const { default: library } = await import("binaryen");
    const text = (wasm: Uint8Array): string => {
      const module = library.readBinaryWithFeatures(wasm, library.Features.All);
      try {
        return module.emitText();
      } finally {
        module.dispose();
      }
    };
    const [plain, metered] = [text(await kernelBytes("kernel.wasm")), text(await kernelBytes("kernel.metered.wasm"))];
    const bulks = count(plain, /\(memory\.(fill|copy)/g);
    expect(bulks).toBeGreaterThan(5);
    const called = count(plain, /\(export .*\(func/g);
    const repeating = count(plain, /\(loop/g) + called + bulks;
    expect(repeating).toBeGreaterThan(50);
    // And one that gets more. The other functions pay at their entry, or where they are called.
    const charges = count(metered, /\(global\.set/g) - 1;
    expect(charges).toBeGreaterThanOrEqual(repeating);
    expect(charges).toBeLessThanOrEqual(repeating - called + count(plain, /^ \(func/gm));
  });
});

describe("the layout", () => {
  test("is read from the metered binary and the plain one alike, whole", async () => {
    const kernel = await testKernel();
    expect(layoutOf(readModule(await kernelBytes("kernel.wasm"))).constants).toEqual(kernel.layout.constants);
    expect(new Map(layoutEntries(kernel.layout))).toEqual(new Map(kernel.layout.constants));
    expect(() => kernel.layout.value("NO_SUCH")).toThrow("does not export NO_SUCH");
  });

  test("has nothing lie on anything else", async () => {
    const { layout } = await testKernel();
    const marks = [
      "STATE_BASE SPELL_BASE SPELL_INDEX_BASE TEMPLATE_BASE CLASS_BASE ENTITY_ID ENTITY_LOCKED PLAYER_FLAGS CREATURE_STATE",
      "COOLDOWN_SPELL KNOWN_ID THREAT_VALUE AURA_BASE MAP_BASE FREE_BASE COMMAND_BASE EVENT_BASE FRAME_BASE",
      "GRID_START SCRATCH_END",
    ].flatMap((line) => line.split(" "));
    const values = marks.map((name) => layout.value(name));
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    expect(new Set(values).size).toBe(values.length);
    expect(layout.value("SCRATCH_END")).toBeLessThanOrEqual(layout.value("MEMORY_PAGES") * 65_536);
    for (const name of layout.names().filter((known) => /^(ENTITY|PLAYER|CREATURE)_/.test(known))) {
      expect([name, layout.value(name) % 4]).toEqual([name, 0]);
    }
  });
});

test("a build is known by its compilers too: another version of one makes another module", async () => {
  const { dependencies } = (await Bun.file(join(import.meta.dir, "../../../package.json")).json()) as {
    dependencies: Record<string, string>;
  };
  const versions = await compilerVersions();
  expect(versions).toEqual([
    `assemblyscript ${dependencies["assemblyscript"]}`,
    expect.stringMatching(/^binaryen \d+/),
  ]);
  const texts = new Map([["index.ts", ""]]);
  expect(await hashSources(texts)).toBe(await hashSources(texts, versions));
  expect(await hashSources(texts, ["assemblyscript 0.0.1", versions[1] ?? ""])).not.toBe(await hashSources(texts));
});

test("a memory that does not fit is told what it needs", async () => {
  const kernel = await testKernel();
  const small = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  expect(() => instantiate(kernel, small)).toThrow("make the memory with createMemory()");
});

test("a trap in a command names the command, its session and its entity", async () => {
  const zone = await openZone();
  zone.join(1).run();
  zone.move(1, 0).command(OP_TRAP, { session: 9, a: 5, seq: 3 });
  expect(() => zone.run()).toThrow(WebAssembly.RuntimeError);
  expect([zone.note("PHASE"), zone.note("COMMAND"), zone.note("SESSION"), zone.note("ENTITY")]).toEqual([
    PHASE_COMMANDS,
    1,
    9,
    5,
  ]);
});

test("a kernel is built when it is missing or older than its sources, and not otherwise", async () => {
  const sources = await readSources();
  const map = sourceNamed(sources, "memory.ts");
  for (const [path, text] of sources) {
    if (/^memory\b/.test(path) || path === "abi.ts") await Bun.write(join(folder, path), text);
  }
  const build = async (): Promise<[string, number]> => {
    const path = await ensureKernel(folder);
    return [loadKernel(await Bun.file(path).bytes(), "test").hash, statSync(path).mtimeMs];
  };
  await Bun.write(join(folder, "index.ts"), indexOf(map));
  await Bun.write(join(folder, "room/pace.ts"), "export const PACE: u32 = 1;");
  const first = await build();
  expect(existsSync(join(folder, "build/kernel.wasm"))).toBe(true);
  for (const other of ["toolchain/tool.ts", "candidates/slow/index.ts"])
    await Bun.write(join(folder, other), "no kernel");
  expect(await build()).toEqual(first);
  await Bun.write(join(folder, "room/pace.ts"), "export const PACE: u32 = 2;");
  const second = await build();
  expect(second[0]).not.toBe(first[0]);
  rmSync(join(folder, "build/kernel.metered.wasm"));
  expect((await build())[0]).toBe(second[0]);
});
