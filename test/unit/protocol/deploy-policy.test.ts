// The policy of deploys: defaults, what a file changes, and what is wrong with one.

import { describe, expect, test } from "bun:test";
import {
  DEFAULT_POLICY,
  defaultOf,
  parsePolicy,
  POLICY_FIELDS,
  readPolicy,
} from "../../../server/protocol/deploy-policy.ts";
import { WowsimError } from "../../../server/protocol/errors.ts";

function problem(text: string): string {
  try {
    parsePolicy("policy.toml", text);
  } catch (error) {
    if (error instanceof WowsimError && error.code === "policy_invalid") return error.message;
    throw error;
  }
  return "";
}

describe("a policy", () => {
  test("that says nothing is the default", () => {
    expect(parsePolicy("policy.toml", "")).toEqual(DEFAULT_POLICY);
    expect(parsePolicy("policy.toml", "[canary]\n")).toEqual(DEFAULT_POLICY);
    expect(DEFAULT_POLICY.limits).toEqual({ fuelRatioMax: 1.03, timeRatioMax: 1.03 });
    expect(DEFAULT_POLICY.validate).toMatchObject({ freeRuns: 12, zMax: 4.5 });
  });

  test("changes what it names", () => {
    const text = `
[limits]
fuel_ratio_max = 1.2
[shadow]
zones = [1, 3]
[canary]
share = 0.1
error_rate = 0.001
[promote]
waves = [0.1, 0.5, 1]
`;
    const policy = parsePolicy("policy.toml", text);
    expect(policy.limits).toEqual({ fuelRatioMax: 1.2, timeRatioMax: DEFAULT_POLICY.limits.timeRatioMax });
    expect(policy.shadow).toMatchObject({ zones: [1, 3], ticks: DEFAULT_POLICY.shadow.ticks });
    expect(policy.canary).toMatchObject({ share: 0.1, zones: null, errorRate: 0.001 });
    expect(policy.promote.waves).toEqual([0.1, 0.5, 1]);
  });

  test.each([
    ["[limits\n", "line 1"],
    [
      "[limit]\n",
      'there is no field "limit" here; there are limits, validate, shadow, canary, promote. Did you mean "limits"?',
    ],
    [
      "[limits]\nfuel_ratio = 2\n",
      '[limits]: there is no field "fuel_ratio" here; there are fuel_ratio_max, time_ratio_max.',
    ],
    ["[limits]\nfuel_ratio_max = 0.5\n", "[limits]: fuel_ratio_max: has to be a number from 1 to 100"],
    ["[limits]\nfuel_ratio_max = nan\n", "[limits]: fuel_ratio_max: has to be a number from 1 to 100"],
    ['[limits]\ntime_ratio_max = "1.1"\n', "[limits]: time_ratio_max: has to be a number from 1 to 100"],
    ["[shadow]\nticks = 199\n", "[shadow]: ticks: has to be 0 (no shadow) or at least 200"],
    ["[shadow]\nticks = 1.5\n", "[shadow]: ticks: has to be a whole number"],
    ["[shadow]\nzones = []\n", "[shadow]: zones: has to name a zone"],
    ["[shadow]\nzones = [1, 1]\n", "[shadow]: zones: names a zone twice"],
    ["[shadow]\nzones = 1\n", "[shadow]: zones: has to be a list of zone numbers"],
    ["[canary]\nzones = [1]\nshare = 0.5\n", "[canary]: has zones and share: give one of them"],
    ["[canary]\nshare = 0\n", "[canary]: share: has to be more than 0"],
    ["[canary]\nerror_rate = 0\n", "[canary]: error_rate: has to be a number"],
    ["[promote]\nwaves = [0.5, 0.25, 1]\n", "[promote]: waves: has to rise from wave to wave and to end with 1"],
    ["[promote]\nwaves = [0.5]\n", "[promote]: waves: has to rise from wave to wave and to end with 1"],
    ["[promote]\nwaves = []\n", "[promote]: waves: has to have a wave"],
    ["limits = 3\n", "[limits]"],
  ])("that is wrong is named: %j", (text, why) => {
    expect(problem(text)).toContain(why);
    expect(problem(text)).toStartWith("policy.toml: ");
  });

  test("that is not there says how to give one", () => {
    expect(readPolicy("/nowhere/policy.toml")).rejects.toThrow("give a TOML file with --policy");
  });

  test("has a meaning and a default for each field, and no other", () => {
    const fields = Object.keys(POLICY_FIELDS);
    for (const field of fields) {
      const [section, key] = field.split(".");
      // A default that is written into a file is read as the default again.
      const value = defaultOf(field);
      if (value !== "-") expect(parsePolicy("p", `[${section}]\n${key} = ${value}\n`)).toEqual(DEFAULT_POLICY);
    }
    expect(fields).toHaveLength(Object.values(DEFAULT_POLICY).flatMap((section) => Object.keys(section)).length);
    expect(defaultOf("promote.waves")).toBe("[1]");
    expect(defaultOf("canary.zones")).toBe("-");
  });
});
