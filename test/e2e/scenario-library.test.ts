// Every scenario that comes with wowsim, run in one go as it is typed: all of them hold, and nothing is left of their servers.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { FAULTS } from "../../server/protocol/faults/catalogue.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { LIBRARY } from "../../tools/scenario/library.ts";
import { wowsim } from "../helpers/command.ts";
import { tempFolder } from "../helpers/telemetry.ts";

interface Journal {
  file: string;
  verdict: string;
  reason: string;
  server: { started: boolean; ports: Record<string, number> };
  steps: { outcome: string }[];
}

describe("every scenario that comes with wowsim, run in one go,", () => {
  const folder = tempFolder();
  afterAll(() => folder[Symbol.dispose]());
  const [junit, report] = [folder.file("junit.xml"), folder.file("report.html")];
  let code: number;
  let scenarios: Journal[] = [];
  let texts: { junit: string; report: string };

  beforeAll(async () => {
    const flags = ["--jobs", "2", "--junit", junit, "--report", report, "--format", "json"];
    const run = await wowsim("scenario", "run", "--all", ...flags);
    code = run.code;
    ({ scenarios } = JSON.parse(run.stdout) as { scenarios: Journal[] });
    texts = { junit: await Bun.file(junit).text(), report: await Bun.file(report).text() };
  }, 400_000);

  test.each([...LIBRARY.keys()])("%s is completed", async (name) => {
    const found = scenarios.find(({ file }) => file === `${name}.toml`);
    expect({ name, verdict: found?.verdict, reason: found?.reason }).toMatchObject({ verdict: "completed" });
    expect(new Set(found?.steps.map(({ outcome }) => outcome))).toEqual(new Set(["done"]));
    expect(found?.server.started).toBe(true);
    expect(await reachable(found?.server.ports["control"] ?? 0)).toBe(false);
  });

  test("there is one for every fault", () => {
    const broken = [...LIBRARY.values()].flatMap((text) => [...text.matchAll(/activate = \{ fault = "([\w-]+)"/g)]);
    expect(new Set(broken.map(([, fault]) => fault))).toEqual(new Set(FAULTS.map(({ id }) => id)));
  });

  test("the exit code, the JUnit file and the page say the same", () => {
    expect(code).toBe(0);
    const acts = scenarios.reduce((sum, { steps }) => sum + steps.length, 0);
    expect(texts.junit).toContain(
      `<testsuites name="wowsim scenarios" tests="${acts}" failures="0" errors="0" skipped="0"`,
    );
    expect(texts.junit.match(/<testcase /g)?.length).toBe(acts);
    expect(texts.report.match(/<b class="completed">/g)?.length).toBe(LIBRARY.size);
  });
});

async function reachable(port: number): Promise<boolean> {
  try {
    const control = await ControlClient.connect({ host: "127.0.0.1", port });
    control.close();
    return true;
  } catch {
    // Nobody is there: that is the answer.
    return false;
  }
}
