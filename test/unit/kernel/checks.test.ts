// A module that could make two runs differ, or keep state where no snapshot finds it, is refused, with what to do about it.
// Each refusal is met by a real module: compiled by the real compiler or written in text form and assembled.

import { beforeAll, describe, expect, test } from "bun:test";
import { buildKernel, compile, readSources, variantNames } from "../../../server/kernel/build.ts";
import { checkModule } from "../../../server/kernel/checks.ts";

/** Exactly what a kernel must have; each test adds an offence. */
let memoryMap: string;
let abi: string;

beforeAll(async () => {
  const sources = await readSources();
  memoryMap = sources.get("memory.ts")!;
  abi = sources.get("abi.ts")!;
});

function sourcesWith(extra: string, index = PLAIN): Map<string, string> {
  return new Map([
    ["memory.ts", memoryMap],
    ["abi.ts", abi],
    ["index.ts", `${index}\n${extra}`],
  ]);
}

const PLAIN = `export * from "./memory";
export function init(seed: u32, zoneId: u32, rate: u32): void { store<u32>(65536, seed + zoneId + rate); }
export function tick(now: u32): void { store<u32>(65540, now); }
export function hash(): void {}`;

async function problemsOf(extra: string, index?: string): Promise<string[]> {
  return checkModule(await compile(sourcesWith(extra, index)));
}

/** A module in text form, which needs no compiler of a language. */
async function assembled(text: string): Promise<Uint8Array> {
  const { default: library } = await import("binaryen");
  const module = library.parseText(text);
  try {
    module.setFeatures(library.Features.All);
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

test("a plain module of the right form passes", async () => {
  expect(await problemsOf("")).toEqual([]);
});

describe("refused is", () => {
  test.each([
    ["a mutable global", "let kept: u32 = 0; export function bump(): u32 { return ++kept; }", "mutable global"],
    ["Math's hidden scratch state", "export function s(x: f64): f64 { return Math.sin(x); }", "mutable global"],
    [
      "an import: a clock",
      '@external("env", "now") declare function now(): f64; export function f(): f64 { return now(); }',
      "env.now",
    ],
    ["a seed from outside", "export function r(): f64 { return Math.random(); }", "It imports env.seed"],
    ["memory.grow", "export function g(): i32 { return memory.grow(1); }", "memory.grow"],
  ])("%s", async (_, offence, problem) => {
    expect((await problemsOf(offence)).join("\n")).toContain(problem);
  });

  test("relaxed SIMD", async () => {
    const module = await assembled(`(module (memory (import "env" "memory") 1 1)
      (func (export "tick") (param v128 v128 v128) (result v128)
        (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2))))`);
    expect((await checkModule(module)).join("\n")).toContain("relaxed SIMD");
  });

  test("threads", async () => {
    const module = await assembled(`(module (memory (import "env" "memory") 1 1)
      (func (export "tick") (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))`);
    expect((await checkModule(module)).join("\n")).toMatch(/instruction/);
  });

  test("an indirect call, behind which a loop could hide", async () => {
    const module = await assembled(`(module (memory (import "env" "memory") 1 1) (table 1 funcref)
      (func (export "tick") (call_indirect (i32.const 0))))`);
    expect((await checkModule(module)).join("\n")).toContain("instruction a kernel may not use");
  });

  test("a memory that grows, a start function, static data in the state area, a memory of its own", async () => {
    const grows = await assembled(`(module (memory (import "env" "memory") 1 2) (func $s) (start $s)
      (data (i32.const 65530) "123456789"))`);
    const problems = (await checkModule(grows)).join("\n");
    expect(problems).toContain("can grow");
    expect(problems).toContain("start function");
    expect(problems).toContain("Its static data reaches to 65539");
    const own = await assembled("(module (memory 1 1))");
    expect((await checkModule(own)).join("\n")).toContain("a memory of its own");
  });

  test("a module without the functions and the layout that hosts rely on", async () => {
    const problems = (await problemsOf("", "export function tick(now: u32): void {}")).join("\n");
    expect(problems).toContain("init()");
    expect(problems).toContain("HEADER_TICK");
  });

  test("a layout that says another size than the memory has", async () => {
    const map = memoryMap.replace(/MEMORY_PAGES: u32 = \d+;/, "MEMORY_PAGES: u32 = 300;");
    const sources = sourcesWith("").set("memory.ts", `${map}\n// MEMORY_PAGES: u32 = 299;`);
    const wasm = await compile(sources.set("memory.ts", `// MEMORY_PAGES: u32 = 299;\n${map}`));
    expect((await checkModule(wasm)).join("\n")).toContain(
      "It imports 299 pages of memory but says MEMORY_PAGES is 300",
    );
  });

  test.each([
    ["nothing", []],
    ["no module at all", [1, 2, 3]],
    ["a cut-off module", [0, 97, 115, 109, 1, 0, 0, 0, 1]],
  ])("%s", async (_, bytes) => {
    expect((await checkModule(Uint8Array.from(bytes))).join("\n")).toContain("not a valid WebAssembly module");
  });
});

test("source that does not compile is told with the compiler's own words", () => {
  expect(compile(sourcesWith("export function f(): u32 { return missing; }"))).rejects.toThrow("missing");
});

test("a variant that is not there is refused by name", () => {
  expect(buildKernel({ variant: "no-such" })).rejects.toThrow("no variant no-such");
  expect(buildKernel({ variant: "../server" })).rejects.toThrow("no variant ../server");
});

test("every variant stands in for files that are there, and lays its memory out alike", async () => {
  const plain = (await readSources()).get("memory.ts");
  for (const name of await variantNames()) {
    const sources = await readSources(name);
    expect([name, sources.get("memory.ts")]).toEqual([name, plain]);
  }
});
