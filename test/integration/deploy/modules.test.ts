import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { ModuleStore } from "../../../server/main/control/deploy-modules.ts";
import { MODULE_LIMITS } from "../../../server/protocol/limits.ts";
import type { KnownModule } from "../../../server/main/control/deploy-modules.ts";
import { buildKernel } from "../../../assembly/toolchain/build.ts";
import { createMemory, instantiate } from "../../../assembly/toolchain/instance.ts";
import { workers } from "../../../server/main/workers.ts";
import { testKernel } from "../../helpers/zone.ts";

// Each check is a worker that loads Binaryen; on a busy machine that takes its time.
setDefaultTimeout(60_000);

let wasm: Uint8Array;
beforeAll(async () => {
  ({ wasm } = await buildKernel());
});

/** The same code under another content hash: with one more custom section, as a rebuilt module might have. */
function renamed(bytes: Uint8Array, name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  return Uint8Array.from([...bytes, 0, text.length + 1, text.length, ...text]);
}

async function checked(module: KnownModule): Promise<KnownModule> {
  while (module.state === "checking") await Bun.sleep(5);
  return module;
}

test("a kernel is checked and metered in the background, and may then run", async () => {
  const store = new ModuleStore(workers.check, { isNeeded: () => false });
  const added = store.add(wasm, "hotfix.wasm");
  expect(added.state).toBe("checking");
  expect(() => store.ready(added.hash)).toThrow("still being checked");
  await checked(added);
  expect(added).toMatchObject({ state: "ready", problems: [], label: "hotfix.wasm" });
  expect(store.ready(added.hash)).toMatchObject({ hash: added.hash, label: "hotfix.wasm" });
  // It comes compiled from the thread that checked it, which is gone by now, and has the layout of the kernel that runs.
  const { module, layout } = store.ready(added.hash);
  expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toContain("fuel");
  expect(layout.constants).toEqual((await testKernel()).layout.constants);
  instantiate(store.ready(added.hash), createMemory(store.ready(added.hash))).init(1, 1, 20);
  store.stop();
});

test("what is no kernel is refused with what is wrong with it", async () => {
  const store = new ModuleStore(workers.check, { isNeeded: () => false });
  const text = await checked(store.add(new TextEncoder().encode("not a module"), "a.txt"));
  expect(text.state).toBe("refused");
  expect(text.problems.join()).toContain("not a valid WebAssembly module");
  const empty = await checked(store.add(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), "empty.wasm"));
  expect(empty.problems.join(" ")).toContain("does not export the function tick()");
  expect(() => store.ready(empty.hash)).toThrow("was refused");
  store.stop();
});

test("an upload too big, or of nothing, is refused at once", () => {
  const store = new ModuleStore(workers.check, { isNeeded: () => false });
  expect(() => store.add(new Uint8Array(0), "")).toThrow("has 0 bytes");
  expect(() => store.add(new Uint8Array(MODULE_LIMITS.moduleBytesMax + 1), "")).toThrow("bytes");
  expect(() => store.ready("0123456789abcdef")).toThrow("deploy_load");
});

test("the oldest module that no zone needs makes room; when all are needed, the next is refused", async () => {
  const needed = new Set<string>();
  const store = new ModuleStore(
    workers.check,
    { isNeeded: (hash) => needed.has(hash) },
    { ...MODULE_LIMITS, modulesMax: 2 },
  );
  const [a, b, c] = [renamed(wasm, "a"), renamed(wasm, "b"), renamed(wasm, "c")];
  const first = await checked(store.add(a, "a"));
  needed.add(first.hash);
  const second = await checked(store.add(b, "b"));
  expect(new Set([first.hash, second.hash]).size).toBe(2);
  const third = await checked(store.add(c, "c"));
  expect(store.list().map(({ label }) => label)).toEqual(["a", "c"]);
  needed.add(third.hash);
  expect(() => store.add(b, "b")).toThrow("in use");
  store.stop();
});

test("only so many modules are checked at a time", async () => {
  const store = new ModuleStore(workers.check, { isNeeded: () => false }, { ...MODULE_LIMITS, checksRunningMax: 1 });
  const first = store.add(renamed(wasm, "a"), "a");
  expect(() => store.add(renamed(wasm, "b"), "b")).toThrow("being checked");
  expect(store.add(renamed(wasm, "a"), "again")).toBe(first);
  await checked(first);
  store.stop();
});
