// A module that could make two runs differ, or keep state where no snapshot finds it, is refused, with what to do about it.
// Each refusal is met by a real module: compiled by the real compiler or written in text form and assembled.

import { beforeAll, describe, expect, test } from "bun:test";
import { compile, ensureKernel, readSources, sourceNamed } from "../../../assembly/toolchain/build.ts";
import { checkModule } from "../../../assembly/toolchain/checks.ts";
import { meter } from "../../../assembly/toolchain/meter.ts";

/** Exactly what a kernel must have, the memory map and the ABI; each test adds an offence. */
let plain: [path: string, text: string][];
/** An entry that does nothing else. */
let plainIndex: string;
let memoryFile: string;

beforeAll(async () => {
  const sources = await readSources();
  plain = [...sources].filter(([path]) => isOfMap(path) || path === "abi.ts");
  memoryFile = sourceNamed(sources, "memory.ts");
  plainIndex = `export * from "./${memoryFile.slice(0, -3)}";${FUNCTIONS}`;
});

const isOfMap = (path: string): boolean => /^memory\b/.test(path);

function sourcesWith(extra: string, index = plainIndex): Map<string, string> {
  return new Map([...plain, ["index.ts", `${index}\n${extra}`]]);
}

const FUNCTIONS = `
export function init(seed: u32, zoneId: u32, rate: u32): void { store<u32>(65536, seed + zoneId + rate); }
export function tick(now: u32): void { store<u32>(65540, now); }
export function hash(): void {}`;

const MEMORY = '(memory (import "env" "memory") 1 1)';

function manyExports(count: number): string {
  return Array.from({ length: count }, (_, index) => `(global (export "N${index}") i32 (i32.const 1))`).join(" ");
}

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

  test.each([
    ["memory.init", '(data $d "abc")', "(memory.init $d (i32.const 0) (i32.const 0) (local.get $n))"],
    ["data.drop", '(data $d "abc")', "(data.drop $d)"],
    ["table.fill", "(table $t 9 funcref)", "(table.fill $t (i32.const 0) (ref.null func) (local.get $n))"],
    ["table.copy", "(table $t 9 funcref)", "(table.copy $t $t (i32.const 0) (i32.const 0) (local.get $n))"],
    ["table.grow", "(table $t 9 funcref)", "(drop (table.grow $t (ref.null func) (local.get $n)))"],
    [
      "table.init",
      "(table $t 9 funcref) (func $f) (elem $e func $f)",
      "(table.init $t $e (i32.const 0) (i32.const 0) (local.get $n))",
    ],
    ["call_ref", "(type $f (func)) (func $g) (elem declare func $g)", "(call_ref $f (ref.func $g))"],
    ["throw", "(tag $e)", "(throw $e)"],
    ["try_table", "(tag $e)", "(block $h (try_table (catch $e $h) (nop)))"],
    ["array.new", "(type $a (array (mut i32)))", "(drop (array.new_default $a (local.get $n)))"],
    ["a tail call", "(func $f (param i32) (return_call $f (local.get 0)))", "(call $f (local.get $n))"],
  ])("%s, which moves, calls or jumps past the metering", async (_, extra, body) => {
    const module = await assembled(
      `(module (memory (import "env" "memory") 1 1) ${extra} (func (export "tick") (param $n i32) ${body}))`,
    );
    expect((await checkModule(module)).join("\n")).toMatch(/instruction/);
    expect(meter(module)).rejects.toThrow(/instruction a kernel may not use|not valid/);
  });

  test.each([
    ["a shared memory", '(memory (import "env" "memory") 1 1 shared)', /shared/],
    ["addresses of 64 bits", '(memory (import "env" "memory") i64 1 1)', /64 bits|not a valid/],
    [
      "two memories",
      '(memory (import "env" "memory") 1 1) (memory (import "env" "memory") 1 1)',
      /several|not a valid/,
    ],
    [
      "a table that every fresh instance would set up",
      MEMORY + " (table 5000000 funcref)",
      /5000000 elements of tables/,
    ],
    [
      "a tick that takes something else",
      `${MEMORY} (func (export "tick") (param i64))`,
      /tick\(\) takes and gives i64->/,
    ],
    ["an init without a seed", `${MEMORY} (func (export "init"))`, /init\(\) takes and gives ->; .* i32,i32,i32->/],
    [
      "a hash that is a number",
      `${MEMORY} (global (export "hash") i32 (i32.const 1))`,
      /does not export the function hash/,
    ],
    [
      "the name of a global that reads as two",
      `${MEMORY} (global (export "A=1\\nB") i32 (i32.const 1))`,
      /no layout constant/,
    ],
    ["a layout constant that is no i32", `${MEMORY} (global (export "A") f64 (f64.const nan))`, /no layout constant/],
    ["more exports than anybody needs", `${MEMORY} ${manyExports(2_100)}`, /2100 exports/],
  ])("%s", async (_, text, problem) => {
    expect((await checkModule(await assembled(`(module ${text})`))).join("\n")).toMatch(problem);
  });

  test("a module that says of itself what it was made from", async () => {
    const metered = await Bun.file(await ensureKernel()).bytes();
    expect((await checkModule(metered)).join("\n")).toContain("It is metered already");
    const { default: library } = await import("binaryen");
    const module = library.readBinary(await compile(sourcesWith("")));
    module.addCustomSection("wowsim.source", new TextEncoder().encode("0123456789abcdef"));
    const lies = module.emitBinary();
    module.dispose();
    expect(await checkModule(lies)).toEqual([expect.stringContaining("or says so") as string]);
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
    const sources = sourcesWith("");
    const map = sources.get(memoryFile)!.replace(/MEMORY_PAGES: u32 = \d+;/, "MEMORY_PAGES: u32 = 300;");
    const wasm = await compile(sources.set(memoryFile, `// MEMORY_PAGES: u32 = 299;\n${map}`));
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
