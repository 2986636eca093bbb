// Whether a canary can say anything at all, known when its policy is read.

import { describe, expect, test } from "bun:test";
import { DEFAULT_POLICY } from "../../../server/protocol/deploy-policy.ts";
import type { DeployPolicy } from "../../../server/protocol/deploy-policy.ts";
import { deploySource } from "../../../tools/deploy/deploy-source.ts";
import { assertCanTell, canaryCount, DRILL_POLICY } from "../../../tools/deploy/plan.ts";
import { tempFolder } from "../../helpers/telemetry.ts";

const canary = (more: Partial<DeployPolicy["canary"]>): DeployPolicy => ({
  ...DEFAULT_POLICY,
  canary: { ...DEFAULT_POLICY.canary, ...more },
});

function problem(policy: DeployPolicy, zones = 1, durationMs?: number): string {
  try {
    assertCanTell({ policy, durationMs }, zones);
    return "";
  } catch (error) {
    return String(error);
  }
}

describe("a canary that is too short for the tests of time", () => {
  test("is refused with the number of ticks that it needs", () => {
    expect(problem(canary({ ticks: 399 }))).toContain(
      "A canary of 399 ticks is too short: with an error_rate of 0.01 the tests of time need 400 ticks. " +
        "Give canary.ticks = 400 or more (--canary-duration 20s)",
    );
    expect(problem(canary({ ticks: 400 }))).toBe("");
    expect(problem(canary({ ticks: 339, errorRate: 0.05 }))).toContain("need 340 ticks");
    expect(problem(canary({ ticks: 600, errorRate: 0.000_001 }))).toContain("is too short");
  });

  test("by the flag as well, which comes before the policy", () => {
    expect(problem(DEFAULT_POLICY, 1, 19_900)).toContain("A canary of 398 ticks");
    expect(problem(canary({ ticks: 20 }), 1, 20_000)).toBe("");
  });

  test("counts the ticks of all its zones", () => {
    expect(problem(canary({ ticks: 199 }), 2)).toContain("need 200 ticks of each of 2 zones");
    expect(problem(canary({ ticks: 200 }), 2)).toBe("");
    expect([canaryCount(canary({ share: 0.3 }), 4), canaryCount(canary({ zones: [1, 2, 3] }), 4)]).toEqual([2, 3]);
    expect(canaryCount(DEFAULT_POLICY, 4)).toBe(1);
  });

  test("is refused before the module is built and before a server is asked, but not for a dry run", async () => {
    using folder = tempFolder();
    await Bun.write(folder.file("p.toml"), "[canary]\nticks = 100\n");
    const server = { host: "127.0.0.1", controlPort: 1, telemetryPort: 1, token: undefined };
    const options = { ...server, canaryZone: undefined, policy: folder.file("p.toml"), allowIdle: true };
    const speech = { report: () => {} };
    const run = (isDry: boolean): Promise<unknown> =>
      deploySource(folder.file("gone.wasm"), { ...options, isDry }, new AbortController().signal, speech).catch(
        (error: { code?: string }) => error.code,
      );
    expect([await run(false), await run(true)]).toEqual(["policy_invalid", "no_such_file"]);
  });

  test("is neither the default nor a drill's", () => {
    expect([problem(DEFAULT_POLICY), problem(DRILL_POLICY), problem(DRILL_POLICY, 1, 18_000)]).toEqual(["", "", ""]);
  });
});
