// What a deploy is given becomes a module: a file, a folder with sources, a candidate's name. The same source gives the same hash.

import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ASSEMBLY, buildKernel } from "../../../assembly/toolchain/build.ts";
import { buildModule, buildSource, writeModule } from "../../../assembly/toolchain/source.ts";
import { MODULE_LIMITS } from "../../../server/protocol/limits.ts";

const EXPECT = '[[expect]]\nwhat = "damage.spell.fireball"\nchange = "+10..15 %"\n';
const MITIGATION = "combat/mitigation.ts";

const root = mkdtempSync(join(tmpdir(), "wowsim-source-"));
afterAll(() => rmSync(root, { recursive: true }));

let made = 0;
/** A folder with these files. */
function folder(files: Readonly<Record<string, string>>): string {
  const path = join(root, `${++made}`);
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

/** A file of the kernel with another text in it. */
const edited = (file: string, before: string, after: string): string =>
  readFileSync(join(ASSEMBLY, file), "utf8").replace(before, after);

describe("a source is", () => {
  test("a candidate's name", async () => {
    const built = await buildSource("hotfix");
    expect(built).toMatchObject({ label: "hotfix", expectations: null });
    expect(built.hash).not.toBe((await buildKernel()).hash);
    expect((await buildModule("hotfix")).hash).toBe(built.hash);
    expect((await buildModule(null)).hash).toBe((await buildKernel()).hash);
  });

  test("the changed files of a kernel, in a folder: the same text gives the same hash as elsewhere", async () => {
    const path = folder({ [MITIGATION]: edited(MITIGATION, "(<f32>1 - armor", "(<f32>1 + armor"), "readme.md": "" });
    const built = await buildSource(path);
    expect(built).toMatchObject({ hash: (await buildSource("armour-sign")).hash, expectations: null });
    expect(built.label).toBe(path.slice(root.length + 1));
    writeFileSync(join(path, "expect.toml"), EXPECT);
    expect((await buildSource(path)).expectations).toBe(join(path, "expect.toml"));
  });

  test("a whole kernel in a folder, which needs nothing of this tree", async () => {
    const path = join(root, "whole");
    cpSync(ASSEMBLY, path, { recursive: true, filter: (from) => !/\/(build|candidates|toolchain)$/.test(from) });
    expect((await buildSource("whole", root)).hash).toBe((await buildKernel()).hash);
    rmSync(join(path, MITIGATION));
    // What it lacks is then this tree's.
    expect((await buildSource(path)).hash).toBe((await buildKernel()).hash);
  });

  test("a file, with its expectations beside it", async () => {
    const file = join(root, "new folder", "fix.wasm");
    const built = await buildModule(null);
    expect(await writeModule(built, file)).toBe(null);
    expect(await buildSource(file)).toEqual({ ...built, label: "fix.wasm", expectations: null });
    const expectations = join(folder({ "expect.toml": EXPECT }), "expect.toml");
    const beside = join(dirname(file), "fix.expect.toml");
    expect(await writeModule({ ...built, expectations }, file)).toBe(beside);
    expect(readFileSync(beside, "utf8")).toBe(EXPECT);
    expect((await buildSource(file)).expectations).toBe(beside);
  });
});

/** The error with which a source is refused. */
async function refusalOf(source: string): Promise<{ code: string; message: string }> {
  try {
    await buildSource(source);
  } catch (error) {
    const { code: found, message } = error as { code: string; message: string };
    return { code: found, message };
  }
  throw new Error(`${source} was built.`);
}

const has = (text: string) => expect.stringContaining(text) as string;

describe("what is no source is refused with what to do", () => {
  test("a name that is not there", async () => {
    expect(await refusalOf("hotfx")).toEqual({ code: "no_such_file", message: has('Did you mean "hotfix"?') });
    expect(await refusalOf("/nowhere.wasm")).toEqual({
      code: "no_such_file",
      message: has("wowsim build-kernel --out"),
    });
  });

  test("a file that is no module, and one that is too big", async () => {
    const path = folder({
      "a.wasm": "export",
      "empty.wasm": "",
      "big.wasm": "x".repeat(MODULE_LIMITS.moduleBytesMax + 1),
    });
    for (const name of ["a.wasm", "empty.wasm"])
      expect(await refusalOf(join(path, name))).toEqual({
        code: "module_refused",
        message: has("is no WebAssembly module"),
      });
    expect(await refusalOf(join(path, "big.wasm"))).toEqual({
      code: "module_refused",
      message: has("bytes, and a kernel"),
    });
  });

  test("a folder without sources, and one with far too much", async () => {
    expect(await refusalOf(folder({ "a.txt": "" }))).toEqual({
      code: "kernel_source",
      message: has("has no .ts files"),
    });
    const files = Object.fromEntries(Array.from({ length: 2_001 }, (_, index) => [`${index}.ts`, ""]));
    expect(await refusalOf(folder(files))).toEqual({ code: "kernel_source", message: has("more than 2000 files") });
  });

  test("a file in the wrong place of the folder, which would change nothing", async () => {
    const path = folder({ "mitigation.ts": "export const NOTHING: u32 = 1;" });
    const { code: found, message } = await refusalOf(path);
    expect([found, message]).toEqual(["kernel_source", has("mitigation.ts replaces no file of assembly/")]);
    expect(message).toEndWith("Is it combat/mitigation.ts?");
  });

  test("a mistake in a source, with its file and line", async () => {
    const path = folder({ [MITIGATION]: edited(MITIGATION, "return min<f32>(reduction", "return min<f32>(reducton") });
    const { code: found, message } = await refusalOf(path);
    expect([found, message]).toEqual(["kernel_compile", has("Cannot find name 'reducton'")]);
    expect(message).toMatch(/combat\/mitigation\.ts:?\(?\d+/);
  });

  test("a kernel that may not run", async () => {
    const index = edited(
      "index.ts",
      "export function hash()",
      "let calls: u32 = 0;\nexport function more(): u32 {\n  return ++calls;\n}\n\nexport function hash()",
    );
    expect(await refusalOf(folder({ "index.ts": index }))).toEqual({
      code: "kernel_check",
      message: has("a mutable global"),
    });
  });
});
