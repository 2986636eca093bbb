// A deploy against a server made up for it: which stages it goes through, and that it ends rolled back whatever happens at whichever stage.
// Each test has a server of its own and mostly waits for it, so they run at the same time.

import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { buildKernel } from "../../../assembly/toolchain/build.ts";
import { hashOf } from "../../../assembly/toolchain/meter.ts";
import { WowsimError } from "../../../server/protocol/errors.ts";
import { runCanary } from "../../../tools/deploy/canary.ts";
import type { CanaryOptions, CanaryResult } from "../../../tools/deploy/canary.ts";
import { BEFORE, FakeDeployServer, SHORT_POLICY } from "../../helpers/fake-deploy-server.ts";

setDefaultTimeout(120_000);

let wasm: Uint8Array;
let hash: string;
beforeAll(async () => {
  ({ wasm } = await buildKernel());
  hash = hashOf(wasm);
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

function isBack(server: FakeDeployServer): void {
  expect(server.runs).toEqual(server.runs.map(() => BEFORE));
  expect([...server.zones.values()].some(({ isTrial }) => isTrial)).toBe(false);
}

test.concurrent(
  "a good module goes through every stage, in the record as for people, and runs in every zone",
  async () => {
    await using server = new FakeDeployServer();
    const result = await deploy(server);
    expect(result).toMatchObject({
      outcome: "promoted",
      hash,
      deploy: 7,
      zoneId: 1,
      zoneIds: [1],
      undone: false,
      sessionsLost: 0,
    });
    expect(server.told).toEqual(
      ["check", "upload", "shadow", "baseline", "swap", "watch", "verdict", "promote", "verify", "watch_on"].map(
        (stage) => `${stage} true`,
      ),
    );
    expect([server.outcome, server.runs]).toEqual(["promoted", [hash, hash]]);
    expect(commands(server, "shadow_module", "shadow_abort", "deploy_swap")).toEqual([
      ["shadow_module", [], "candidate"],
      ["deploy_swap", 1],
      ["shadow_module", [1], "incumbent"],
      ["shadow_abort"],
      ["shadow_module", [1, 2], "incumbent"],
      ["shadow_abort"],
    ]);
    const watch = server.asked.find(({ command, stage }) => command === "deploy_stage" && stage === "watch");
    expect(watch?.["data"]).toMatchObject({
      series: [
        { title: "kernel time, zone 1", unit: "ms", lines: [{ name: "candidate p50", of: "candidate" }, {}] },
        { unit: "µs", lines: [{ of: "candidate" }, { name: "shadow p50", of: "incumbent" }, {}, {}] },
      ],
    });
  },
);

test.concurrent(
  "waves: more and more zones on trial, each watched with its shadow, before the last one promotes",
  async () => {
    await using server = new FakeDeployServer({ zones: 4 });
    const policy = { ...SHORT_POLICY, promote: { waves: [0.25, 0.5, 0.75, 1], watchTicks: 20 } };
    expect(await deploy(server, { policy })).toMatchObject({ outcome: "promoted", zoneIds: [1] });
    expect(commands(server, "shadow_module", "deploy_swap", "deploy_promote").slice(1)).toEqual([
      ["deploy_swap", 1],
      ["shadow_module", [1], "incumbent"],
      ["deploy_swap", 2],
      ["shadow_module", [1, 2], "incumbent"],
      ["deploy_swap", 3],
      ["shadow_module", [1, 2, 3], "incumbent"],
      ["deploy_promote"],
      ["shadow_module", [1, 2, 3, 4], "incumbent"],
    ]);
    expect(server.runs).toEqual([hash, hash, hash, hash]);
  },
);

test.concurrent("a module that some zones run already is tried in another one, and then runs in all", async () => {
  await using server = new FakeDeployServer({ zones: 3 });
  server.zone(1).hash = hash;
  expect(await deploy(server)).toMatchObject({ outcome: "promoted", zoneIds: [2] });
  expect(server.runs).toEqual([hash, hash, hash]);
  expect(await deploy(server)).toMatchObject({ outcome: "refused", reason: expect.stringContaining("runs") as string });
});

describe("a module that the shadow finds wrong", () => {
  test.concurrent("before any player meets it is refused, and by force goes on to the canary", async () => {
    await using server = new FakeDeployServer();
    server.shadow = { verdict: "fail", reason: "fail: damage.swing +100 % not expected" };
    expect(await deploy(server)).toMatchObject({
      outcome: "refused",
      reason: "behaviour: fail: damage.swing +100 % not expected",
    });
    expect([server.told.at(-1), server.outcome, commands(server, "deploy_swap")]).toEqual([
      "shadow false",
      "refused",
      [],
    ]);
    expect(await deploy(server, { force: "a drill" })).toMatchObject({ outcome: "rolled_back" });
    isBack(server);
  });

  test.concurrent("in the canary is rolled back at once and undone without being asked", async () => {
    await using server = new FakeDeployServer();
    void server.afterTrialTicks(
      1,
      25,
      () => (server.shadow = { verdict: "fail", reason: "fail: health of 3 players" }),
    );
    const result = await deploy(server);
    expect(result).toMatchObject({ outcome: "rolled_back", reason: "behaviour: fail: health of 3 players" });
    expect([server.undone, server.outcome]).toEqual([[1], "rolled_back"]);
    expect(server.told.slice(-5)).toEqual([
      "watch false",
      "verdict false",
      "rollback true",
      "undo false",
      "verify true",
    ]);
    isBack(server);
  });

  test.concurrent("of which the shadow has not seen enough yet is not undone for that", async () => {
    await using server = new FakeDeployServer();
    void server.afterTrialTicks(1, 25, () => {
      server.shadow = { verdict: "inconclusive", checks: [{ name: "recording", holds: null, shown: "few ticks" }] };
      server.say("zone", "Zone tick exception", { zone_id: 1, tick: 1_100, error: "unreachable" });
    });
    expect(await deploy(server)).toMatchObject({ outcome: "rolled_back", undone: false });
    expect(server.undone).toEqual([]);
  });

  test.concurrent("for what it costs is rolled back and not undone", async () => {
    await using server = new FakeDeployServer();
    void server.afterTrialTicks(1, 5, () => (server.shadow = { fuel: 2 }));
    expect((await deploy(server)).reason).toContain("fuel: ×2.000");
    expect(server.undone).toEqual([]);
    isBack(server);
  });

  test.concurrent("in a wave takes every zone back that has it", async () => {
    await using server = new FakeDeployServer({ zones: 3 });
    void server.afterTrialTicks(2, 1, () => (server.shadow = { verdict: "fail" }));
    const policy = { ...SHORT_POLICY, promote: { waves: [0.6, 1], watchTicks: 60 } };
    expect(await deploy(server, { policy })).toMatchObject({ outcome: "rolled_back", zoneIds: [1] });
    expect(server.undone).toEqual([1, 2]);
    isBack(server);
  });

  test.concurrent("only after the promotion is taken back everywhere", async () => {
    await using server = new FakeDeployServer({ zones: 3 });
    server.onTold("promote", () => (server.shadow = { verdict: "fail", reason: "fail: threat" }));
    expect(await deploy(server)).toMatchObject({ outcome: "rolled_back", reason: "late: behaviour: fail: threat" });
    expect([server.told.includes("watch_on false"), server.outcome]).toEqual([true, "rolled_back"]);
    isBack(server);
  });
});

describe("what was not seen is not promoted", () => {
  test.concurrent("a shadow before the swap that was ended early", async () => {
    await using server = new FakeDeployServer();
    server.shadow = { beforeSwap: 120 };
    const { outcome, reason } = await deploy(server);
    expect([outcome, reason]).toEqual([
      "refused",
      expect.stringMatching(/^ticks: only 120 went by in zones 1 and 2, at least 180\. Let players/),
    ]);
    expect(commands(server, "deploy_swap")).toEqual([]);
  });

  test.concurrent("too few ticks compared", async () => {
    await using server = new FakeDeployServer();
    server.onTold("swap", () => (server.shadow = { compared: 10, isDone: true }));
    const result = await deploy(server);
    expect(result).toMatchObject({ outcome: "rolled_back", verdict: { conclusion: "inconclusive" } });
    expect(result.reason).toContain("shadow: 10 of");
    isBack(server);
  });

  test.concurrent("a server without shadows: refused; by force it is tried, and still not promoted", async () => {
    await using server = new FakeDeployServer();
    server.failures.set("shadow_module", new WowsimError("unknown_command", "There is no command."));
    expect((await deploy(server)).reason).toContain("inconclusive: this server has no shadow");
    expect(await deploy(server, { force: "a drill" })).toMatchObject({
      outcome: "rolled_back",
      reason: expect.stringContaining("(this server has none)") as string,
    });
    isBack(server);
  });

  test.concurrent("a server without records is told nothing", async () => {
    await using server = new FakeDeployServer();
    server.failures.set("deploy_begin", new WowsimError("unknown_command", "There is no command."));
    expect(await deploy(server)).toMatchObject({ outcome: "promoted", deploy: null });
    expect(commands(server, "deploy_stage", "deploy_end", "deploy_alive")).toEqual([]);
  });
});

test.concurrent.each(["deploy_busy", "deploy_frozen", "incident_open"])(
  "%s ends it before the upload",
  async (code) => {
    await using server = new FakeDeployServer();
    server.failures.set("deploy_begin", new WowsimError(code, "Not now."));
    expect(await deploy(server).catch((error: WowsimError) => error.code)).toBe(code);
    expect(commands(server, "deploy_load", "deploy_swap")).toEqual([]);
  },
);

test.concurrent("a module that was refused before is refused again, with the way to try it", async () => {
  await using server = new FakeDeployServer();
  server.failures.set("deploy_begin", new WowsimError("module_refused_before", "It was rolled back here."));
  expect(await deploy(server)).toMatchObject({ outcome: "refused", reason: "It was rolled back here." });
});

describe.each(["swap", "watch", "wave", "verify"] as const)("at stage %s", (stage) => {
  const policy = { ...SHORT_POLICY, promote: { waves: [0.5, 1], watchTicks: 60 } };

  test.concurrent("Ctrl-C rolls back", async () => {
    await using server = new FakeDeployServer({ zones: 4 });
    server.onTold(stage, () => server.stop.abort(new Error("stop")));
    const { outcome, reason } = await deploy(server, { policy });
    expect([outcome, reason]).toEqual(["interrupted", expect.stringMatching(/^interrupted in stage [a-z_]+$/)]);
    expect([server.outcome, server.reason]).toEqual([outcome, reason]);
    isBack(server);
  });

  test.concurrent("an operator's abort rolls back", async () => {
    await using server = new FakeDeployServer({ zones: 4 });
    const reason = "Deploy 7 is over: aborted (wrong module).";
    server.onTold(stage, () => server.ends("aborted", reason));
    expect(await deploy(server, { policy })).toMatchObject({ outcome: "aborted", reason });
    expect(commands(server, "deploy_rollback")).toEqual([]);
    isBack(server);
  });
});

describe.each(["watch", "verify"] as const)("from stage %s on", (stage) => {
  const policy = { ...SHORT_POLICY, promote: { waves: [0.5, 1], watchTicks: 60 } };

  test.concurrent("a feed that falls silent rolls back, by the server's word", async () => {
    await using server = new FakeDeployServer({ zones: 4 });
    server.onTold(stage, () => (server.isFeedSilent = true));
    const result = await deploy(server, { policy });
    expect(result).toMatchObject({ outcome: "rolled_back", reason: expect.stringContaining("silent") as string });
    expect(server.stages.at(-1)?.text).toContain("by the server's word");
    isBack(server);
  });

  test.concurrent("a server that is gone is an error that says what becomes of the zones", async () => {
    await using server = new FakeDeployServer({ zones: 4 });
    const gone = new WowsimError("control_closed", "The server closed the connection.");
    server.onTold(stage, () => {
      server.isFeedSilent = true;
      for (const command of [
        "deploy_status",
        "deploy_rollback",
        "shadow_status",
        "deploy_stage",
        "deploy_end",
        "shadow_abort",
        "shadow_module",
      ])
        server.failures.set(command, gone);
    });
    const error: unknown = await deploy(server, { policy }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "control_closed",
      message: expect.stringContaining("was not confirmed") as string,
    });
  });
});

test.concurrent("the server hears of each stage when it begins", async () => {
  await using server = new FakeDeployServer();
  await deploy(server);
  const begun = server.asked.flatMap(({ command, stage }) =>
    command === "deploy_alive" && stage !== undefined ? [stage] : [],
  );
  expect(begun).toEqual(["upload", "shadow", "baseline", "swap", "watch", "promote", "verify", "watch_on"]);
});

test.concurrent("one that is interrupted before the swap says so in the record, and in which stage", async () => {
  await using server = new FakeDeployServer();
  server.onTold("shadow", () => server.stop.abort());
  const error: unknown = await deploy(server).catch((thrown: unknown) => thrown);
  expect(error).toBe(server.stop.signal.reason);
  expect([server.outcome, server.reason]).toEqual([
    "interrupted",
    "interrupted in stage baseline, before anything was swapped",
  ]);
});

describe("a roll-back that somebody else asks for", () => {
  const policy = { ...SHORT_POLICY, canary: { ...SHORT_POLICY.canary, ticks: 1_000 } };

  test.concurrent("ends the deploy, says whose it is and why, and is no verdict on the module", async () => {
    await using server = new FakeDeployServer();
    void server.afterTrialTicks(1, 40, () => server.takeBack(1, "bob@desk", "asked for"));
    const { outcome, reason, verdict, undone } = await deploy(server, { policy });
    expect({ outcome, reason, verdict, undone }).toEqual({
      outcome: "rolled_back",
      reason: "bob@desk rolled zone 1 back (asked for); the module was not judged",
      verdict: null,
      undone: false,
    });
    expect([server.outcome, server.reason]).toEqual([outcome, reason]);
    isBack(server);
  });

  test.concurrent("because the lease ended is none of a trap either", async () => {
    await using server = new FakeDeployServer();
    void server.afterTrialTicks(1, 40, () => server.takeBack(1, undefined, "lease ended without promotion"));
    expect(await deploy(server, { policy })).toMatchObject({
      outcome: "rolled_back",
      reason: "the server rolled zone 1 back (lease ended without promotion); the module was not judged",
      verdict: null,
    });
    isBack(server);
  });

  test.concurrent("as part of an abort is the abort", async () => {
    await using server = new FakeDeployServer();
    const reason = "Deploy 7 is over: aborted: wrong module (bob@desk).";
    void server.afterTrialTicks(1, 40, () => {
      server.takeBack(1, "bob@desk", "aborted: wrong module");
      server.ends("aborted", reason);
    });
    expect(await deploy(server, { policy })).toMatchObject({ outcome: "aborted", reason });
    isBack(server);
  });

  test.concurrent("after the promotion takes it from every zone", async () => {
    await using server = new FakeDeployServer();
    const late = { ...SHORT_POLICY, promote: { waves: [1], watchTicks: 1_000 } };
    server.onTold("verify", () => {
      if (server.runs.every((runs) => runs === hash)) server.takeBack(2, "", "wrong");
    });
    const { outcome, reason } = await deploy(server, { policy: late });
    expect([outcome, reason]).toEqual([
      "rolled_back",
      "somebody who gave no name rolled zone 2 back (wrong); the module was not judged",
    ]);
    isBack(server);
  });
});

test.concurrent("a guard acts at once: a zone that is silent, a trap, lost sessions", async () => {
  const act: Record<string, (server: FakeDeployServer) => void> = {
    silence: (server) => (server.zone(1).isSilent = true),
    incidents: (server) => server.say("zone", "Zone tick exception", { zone_id: 1, tick: 1_100, error: "unreachable" }),
    sessions_lost: (server) => {
      for (let at = 0; at < 5; at++)
        server.say("game_server", "Client disconnected", { session_id: `s${at}`, zone_id: 1, reason: "link_lost" });
    },
  };
  const policy = { ...SHORT_POLICY, canary: { ...SHORT_POLICY.canary, ticks: 1_000 } };
  const found = Object.entries(act).map(async ([id, happens]) => {
    await using server = new FakeDeployServer();
    void server.afterTrialTicks(1, 30, () => happens(server));
    const { outcome, verdict } = await deploy(server, { policy });
    if (id !== "silence") isBack(server);
    return [id, outcome, verdict?.checks[0]?.id];
  });
  expect(await Promise.all(found.slice(1))).toEqual([
    ["incidents", "rolled_back", "incidents"],
    ["sessions_lost", "rolled_back", "sessions_lost"],
  ]);
  // A zone that never speaks again can not confirm that it is back.
  expect(await found[0]?.catch((error: WowsimError) => error.code)).toBe("verify_failed");
});

test.concurrent(
  "an abort that takes the module out of the zone before the tool has seen it there is no refusal of the zone",
  async () => {
    await using server = new FakeDeployServer();
    const reason = "Deploy 7 is over: aborted.";
    server.onTold("baseline", () => server.ends("aborted", reason));
    expect(await deploy(server)).toMatchObject({ outcome: "aborted", reason });
    isBack(server);
  },
);
