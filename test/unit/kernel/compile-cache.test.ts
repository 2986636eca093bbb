// Compiled modules that are kept: given back as they were, bounded, and never worth more than compiling anew.

import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CompileCache } from "../../../assembly/toolchain/compile-cache.ts";
import { TempFolder } from "../../helpers/serve-process.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("a module is given back as it was kept, and none that was not", async () => {
  using folder = new TempFolder();
  const cache = new CompileCache(join(folder.path, "not/there/yet"));
  expect(await cache.get("a")).toBeNull();
  await cache.put("a", bytes("one"));
  expect(Buffer.from((await cache.get("a")) ?? [])).toEqual(Buffer.from("one"));
  expect(await cache.get("b")).toBeNull();
});

test("the least lately used ones go, and many at once leave no half files", async () => {
  using folder = new TempFolder();
  const cache = new CompileCache(folder.path, 32);
  for (let at = 0; at < 40; at++) {
    await cache.put(`m${at}`, bytes(String(at)));
    await cache.get("m0");
  }
  await Promise.all(Array.from({ length: 20 }, () => cache.put("same", bytes("same"))));
  expect(await cache.get("m0")).not.toBeNull();
  expect(await cache.get("same")).not.toBeNull();
  const names = readdirSync(folder.path);
  expect(names.length).toBeLessThanOrEqual(32);
  expect(names.filter((name) => !name.endsWith(".wasm"))).toEqual([]);
});

test("a folder that can not be used is no cache, and no error", async () => {
  using folder = new TempFolder();
  const file = join(folder.path, "file");
  writeFileSync(file, "");
  const blocked = new CompileCache(join(file, "below"));
  await blocked.put("a", bytes("one"));
  expect(await blocked.get("a")).toBeNull();
  const locked = join(folder.path, "locked");
  mkdirSync(locked);
  chmodSync(locked, 0o500);
  await new CompileCache(locked).put("a", bytes("one"));
});
