// What an operator asks of a deploy: which zones run the canary, for how long, under which name. Slips are told before anything begins.

import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { buildKernel } from "../../../assembly/toolchain/build.ts";
import { WowsimError } from "../../../server/protocol/errors.ts";
import { runCanary } from "../../../tools/deploy/canary.ts";
import type { CanaryOptions, CanaryResult } from "../../../tools/deploy/canary.ts";
import { FakeDeployServer, SHORT_POLICY } from "../../helpers/fake-deploy-server.ts";

setDefaultTimeout(120_000);

let wasm: Uint8Array;
beforeAll(async () => {
  ({ wasm } = await buildKernel());
});

const deploy = (server: FakeDeployServer, more: Partial<CanaryOptions> = {}): Promise<CanaryResult> =>
  runCanary({ wasm, label: "fix.wasm", policy: SHORT_POLICY, ...more }, server.tools());

const commands = (server: FakeDeployServer, ...names: string[]): unknown[][] =>
  server.asked
    .filter(({ command }) => names.includes(String(command)))
    .map(({ command, zone_id, zone_ids, role }) => [
      command,
      ...[zone_id, zone_ids, role].filter((each) => each !== undefined),
    ]);

const zonesOf = async (canary: Partial<typeof SHORT_POLICY.canary>, zoneId?: number): Promise<readonly number[]> => {
  await using server = new FakeDeployServer({ zones: 3 });
  server.shadow = { mismatched: 1 };
  const policy = { ...SHORT_POLICY, canary: { ...SHORT_POLICY.canary, ...canary } };
  return (await deploy(server, { policy, zoneId, force: "a drill" })).zoneIds;
};

describe("the canary zones", () => {
  test.concurrent("are those of the policy, or a share of all; a flag comes first", async () => {
    expect(
      await Promise.all([zonesOf({ zones: [3, 2] }), zonesOf({ share: 0.5 }), zonesOf({ zones: [1] }, 2)]),
    ).toEqual([[3, 2], [1, 2], [2]]);
  });

  test.concurrent("that do not exist are refused before anything is swapped", async () => {
    await using server = new FakeDeployServer();
    expect(await deploy(server, { zoneId: 9 }).catch(({ code }: WowsimError) => code)).toBe("no_such_zone");
    const { canary, shadow } = SHORT_POLICY;
    for (const [wrong, policy] of [
      [
        "[canary] zones of the policy has 7, 9,",
        { ...SHORT_POLICY, canary: { ...canary, share: null, zones: [1, 7, 9] } },
      ],
      ["[shadow] zones of the policy has 8,", { ...SHORT_POLICY, shadow: { ...shadow, zones: [8] } }],
    ] as const) {
      const error = await deploy(server, { policy, validate: { lastMs: 60_000 } }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "no_such_zone", message: expect.stringContaining(wrong) as string });
    }
    expect(commands(server, "deploy_begin", "validate_module", "deploy_swap")).toEqual([]);
  });
});

test.concurrent(
  "a name that is longer than a server takes is cut at its beginning, and expectations are refused",
  async () => {
    await using server = new FakeDeployServer();
    const name = `${"x".repeat(600)}/\u{1f600}fix.wasm`;
    await deploy(server, { label: name, source: name });
    for (const command of ["deploy_begin", "deploy_load"]) {
      const label = String(server.asked.find((each) => each["command"] === command)?.["label"]);
      expect(label).toHaveLength(100);
      expect(label).toMatch(/^…x+\/\u{1f600}fix\.wasm$/u);
    }
    expect(server.asked.find(({ command }) => command === "deploy_begin")?.["source"]).toHaveLength(500);
    const long = "#".repeat(70_000);
    expect(await deploy(server, { expect: long }).catch(({ code }: WowsimError) => code)).toBe("expectations_invalid");
  },
);

test.concurrent("longer than a server keeps a module on trial is refused at once", async () => {
  await using server = new FakeDeployServer();
  const policy = { ...SHORT_POLICY, canary: { ...SHORT_POLICY.canary, ticks: 80_000 } };
  expect(await deploy(server, { policy }).catch((error: WowsimError) => error.code)).toBe("policy_invalid");
  expect(server.asked).toEqual([]);
});
