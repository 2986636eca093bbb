import { expect, test } from "bun:test";
import { ZoneModules } from "../../../server/main/zones/zone-modules.ts";
import type { ZoneModule } from "../../../server/shared/zone-start.ts";

const named = (hash: string): ZoneModule => ({
  module: {} as WebAssembly.Module,
  hash,
  label: `label of ${hash}`,
  layout: [],
});

test("a zone stands on what was promoted last, never on what is on trial", () => {
  const modules = new ZoneModules(named("boot"), [1, 2]);
  const now = (): (string | undefined)[] => [modules.standing(1).hash, modules.canary(1)?.hash];
  modules.offered(1, named("a"));
  expect(now()).toEqual(["boot", undefined]);
  modules.runs(1, "a", true);
  expect(now()).toEqual(["boot", "a"]);
  modules.offered(1, named("b"));
  modules.runs(1, "b", true);
  modules.runs(1, "b", false);
  expect(now()).toEqual(["b", undefined]);
  modules.offered(1, named("a"));
  modules.runs(1, "a", true);
  modules.rolledBack(1);
  expect(now()).toEqual(["b", undefined]);
  modules.runs(1, "nobody offered it", false);
  expect(now()).toEqual(["b", undefined]);
  expect(modules.standing(2).hash).toBe("boot");
  expect([modules.label("a"), modules.label("c")]).toEqual(["label of a", "c"]);
});

test("what stood before is kept, the server's own kernel always, and given up when the zone says it is back on one", () => {
  const modules = new ZoneModules(named("boot"), [1]);
  for (const hash of ["a", "b", "c", "d"]) {
    modules.offered(1, named(hash));
    modules.runs(1, hash, true);
    modules.runs(1, hash, false);
  }
  expect(modules.earlier(1).map(({ hash }) => hash)).toEqual(["c", "b", "boot"]);
  // The zone could not begin with "d".
  modules.rolledBack(1);
  modules.runs(1, "c", false);
  expect([modules.standing(1).hash, ...modules.earlier(1).map(({ hash }) => hash)]).toEqual(["c", "d", "boot"]);
});
