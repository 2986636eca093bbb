// The control port: what it answers, and to whom.

import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { ControlServer } from "../../../server/main/control/server.ts";
import { WowsimError } from "../../../server/protocol/errors.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { RawConnection, startControl } from "../../helpers/control-server.ts";
import { exchange } from "../../helpers/control-requests.ts";

describe("answers", () => {
  test("are those of the protocol, for every command", async () => {
    await using control = startControl();
    const answers = await exchange(
      control.port,
      {
        command: "activate",
        fault_id: "latency-spike",
        params: { delay_ms: 200 },
        target_zone_id: 0,
        duration_ticks: 0,
      },
      { command: "status", fault_id: "latency-spike" },
      { command: "deactivate", fault_id: "latency-spike" },
      { command: "deactivate", fault_id: "latency-spike" },
      { command: "deactivate_all" },
      { command: "list" },
      { command: "halt" },
      { command: "activate", fault_id: "zone-trap" },
      { command: "resume" },
      { command: "activate", fault_id: "zone-trap", lease_ms: 2_000, duration_ticks: 200 },
      { command: "renew", fault_id: "zone-trap", activations: 1 },
      { command: "renew", fault_id: "zone-trap", activations: 2 },
      { command: "activate", fault_id: "zone-trap", lease_ms: 1 },
    );
    const [activated, status, deactivated, again, all, list, halted, blocked, resumed, ...leases] = answers;
    const [leased, renewed, late, tooShort] = leases;
    const lease = { fault_id: "zone-trap", activations: 1, ticks_left: 200, lease_ms_left: expect.any(Number) };
    expect(leased).toEqual({ success: true, command: "activate", replaced: false, targets: [1, 2], ...lease });
    expect(renewed).toEqual({ success: true, command: "renew", ...lease });
    expect(late).toMatchObject({ success: false, code: "lease_ended" });
    expect(tooShort).toMatchObject({ success: false, error: expect.stringContaining("lease_ms: Too small") });
    expect(activated).toEqual({
      success: true,
      command: "activate",
      fault_id: "latency-spike",
      activations: 1,
      replaced: false,
      targets: [1, 2],
      ticks_left: 12_000,
    });
    expect(status).toMatchObject({ success: true, command: "status", fault_id: "latency-spike" });
    expect(status?.["status"]).toMatchObject({ id: "latency-spike", active: true, config: { delay_ms: 200 } });
    expect(deactivated).toEqual({ success: true, command: "deactivate", fault_id: "latency-spike", was_active: true });
    expect(again).toEqual({ success: true, command: "deactivate", fault_id: "latency-spike", was_active: false });
    expect(all).toEqual({ success: true, command: "deactivate_all", removed: [] });
    expect(list).toMatchObject({ success: true, command: "list", halted: false });
    expect(list?.["faults"]).toBeArrayOfSize(12);
    expect(halted).toEqual({ success: true, command: "halt", removed: [], halted: true });
    expect(blocked).toMatchObject({ success: false, error: expect.stringContaining('{"command":"resume"}') });
    expect(resumed).toEqual({ success: true, command: "resume", halted: false });
  });

  test("begin with success and command, as older scripts match them", async () => {
    await using control = startControl();
    await using connection = await RawConnection.open(control.port);
    connection.send('{"command":"activate","fault_id":"session-crash"}\r\n');
    await connection.answersUntil(1);
    expect(connection.text).toStartWith('{"success":true,"command":"activate","fault_id":"session-crash"');
  });

  test("repeat the id of the request, also when they say no", async () => {
    await using control = startControl();
    const answers = await exchange(
      control.port,
      { command: "list", id: 7 },
      { command: "nonsense", id: "a-b" },
      { command: "list", id: { deep: 1 } },
      { command: "list", id: "x".repeat(257) },
    );
    expect(answers.map(({ success, id }) => [success, id])).toEqual([
      [true, 7],
      [false, "a-b"],
      [false, undefined],
      [false, undefined],
    ]);
  });

  test("keep the order of the requests, however long each takes", async () => {
    await using control = startControl();
    control.server.register("nap", z.object({ ms: z.number() }), async ({ ms }) => {
      await Bun.sleep(ms);
      return { ms };
    });
    const requests = [20, 0, 10, 0, 5, 0].map((ms, id) => ({ command: ms === 0 ? "list" : "nap", ms, id }));
    const answers = await exchange(control.port, ...requests);
    expect(answers.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("of one connection do not wait for another's", async () => {
    await using control = startControl();
    const { promise, resolve } = Promise.withResolvers<void>();
    control.server.register("wait", z.object({}), async () => {
      await promise;
      return {};
    });
    await using slow = await RawConnection.open(control.port);
    slow.send('{"command":"wait"}\n{"command":"list"}\n');
    expect(await exchange(control.port, { command: "list" })).toMatchObject([{ success: true }]);
    expect(slow.text).toBe("");
    resolve();
    expect((await slow.answersUntil(2)).map(({ command }) => command)).toEqual(["wait", "list"]);
  });

  test("name the fields that were not understood", async () => {
    await using control = startControl();
    const [answer] = await exchange(control.port, {
      command: "activate",
      fault_id: "zone-trap",
      duration: 5,
      token: "x",
    });
    expect(answer).toMatchObject({ success: true, ignored: ["duration"] });
  });

  test("come to a peer that has ended its side, and whose last line has no newline", async () => {
    await using control = startControl();
    await using connection = await RawConnection.open(control.port);
    connection.send('{"command":"halt"}\n{"command":"resume"}');
    connection.finish();
    await connection.until(() => connection.hasEnded || connection.isClosed);
    expect(connection.answers.map(({ command }) => command)).toEqual(["halt", "resume"]);
  });
});

describe("a request that is wrong", () => {
  test.each([
    ["not JSON", "{", "not JSON"],
    ["no object", "[1]", "JSON object"],
    ["null", "null", "JSON object"],
    ["no command", "{}", "Known commands: auth, activate, renew, deactivate"],
    ["a command of another type", '{"command":["list"]}', "Known commands"],
    ["an unknown command", '{"command":"lits"}', 'There is no command "lits". Did you mean "list"?'],
    ["a prototype's name", '{"command":"constructor"}', "There is no command"],
    ["a missing field", '{"command":"activate"}', "activate: fault_id: Invalid input"],
    ["a field of another type", '{"command":"activate","fault_id":1}', "It takes fault_id, params, target_zone_id"],
    [
      "too long a life",
      '{"command":"activate","fault_id":"zone-trap","duration_ticks":12001}',
      "duration_ticks: Too big",
    ],
    ["a bad probability", '{"command":"activate","fault_id":"zone-trap","probability":2}', "probability"],
    ["parameters that are no object", '{"command":"activate","fault_id":"zone-trap","params":[1]}', '"params" must be'],
    [
      "an inherited parameter",
      '{"command":"activate","fault_id":"zone-trap","params":{"__proto__":{"every_ticks":0}}}',
      "",
    ],
  ])("%s is told what to mend", async (_name, line, words) => {
    await using control = startControl();
    const [answer, next] = await exchange(control.port, line, { command: "list" });
    expect(answer).toMatchObject(
      words === ""
        ? {}
        : { success: false, error: expect.stringContaining(words), code: expect.stringMatching(/^[a-z_]+$/) },
    );
    expect(next).toMatchObject({ success: true });
  });

  test("whose handler breaks is answered, and telemetry has the error", async () => {
    await using control = startControl();
    control.server.register("break", z.object({}), () => {
      throw new TypeError("x is not a function");
    });
    const [answer] = await exchange(control.port, { command: "break" });
    expect(answer).toMatchObject({
      success: false,
      code: "internal",
      error: expect.stringContaining("x is not a function"),
    });
    expect(control.bench.emitter.messages("Control command failed")).toMatchObject([
      { type: "error", component: "control" },
    ]);
  });
});

test("a port in use is named, with the flag that chooses another", async () => {
  await using control = startControl();
  const second = new ControlServer({ emitter: new MemoryEmitter() });
  const listen = () => second.listen("127.0.0.1", control.port);
  expect(listen).toThrow(WowsimError);
  expect(listen).toThrow(`Control port ${control.port} is in use; choose another with --control-port`);
});

test("stop answers what has come in, closes all, and frees the port", async () => {
  const control = startControl();
  await using connection = await RawConnection.open(control.port);
  control.server.register("nap", z.object({}), async () => {
    await Bun.sleep(20);
    return {};
  });
  connection.send('{"command":"nap"}\n');
  while (control.server.counters.requests === 0) await Bun.sleep(1);
  await control.server.stop();
  await connection.until(() => connection.hasEnded || connection.isClosed);
  expect(connection.answers).toMatchObject([{ success: true, command: "nap" }]);
  expect(control.server.connections).toBe(0);
  Bun.listen({ hostname: "127.0.0.1", port: control.port, socket: { data() {} } }).stop(true);
});

test("a name is registered once", () => {
  const server = new ControlServer({ emitter: new MemoryEmitter() });
  server.register("x", z.object({}), () => ({}));
  expect(() => server.register("x", z.object({}), () => ({}))).toThrow("registered already");
});
