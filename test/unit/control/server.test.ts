// The control port over real sockets: what is asked is answered, in order, whatever it is.

import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { ControlServer } from "../../../server/main/control/server.ts";
import { WowsimError } from "../../../server/protocol/errors.ts";
import { isLoopback } from "../../../server/shared/address.ts";
import { WrongTokens } from "../../../server/shared/wrong-tokens.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { RawConnection, startControl } from "../../helpers/control-server.ts";
import { eventually } from "../../helpers/telemetry.ts";

/** Sends lines, waits for as many answers. */
async function exchange(port: number, ...lines: (string | object)[]): Promise<Record<string, unknown>[]> {
  await using connection = await RawConnection.open(port);
  for (const line of lines) connection.send(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
  return await connection.answersUntil(lines.length);
}

/** A request of exactly so many bytes. */
function lineOf(bytes: number): string {
  const empty = '{"command":"size","data":""}\n';
  return empty.replace('""', `"${"A".repeat(bytes - empty.length)}"`);
}

function listenOffLoopback(token: string | undefined): number {
  return new ControlServer({ emitter: new MemoryEmitter(), token }).listen("0.0.0.0", 0);
}

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
    expect(list?.["faults"]).toBeArrayOfSize(10);
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

describe("limits", () => {
  test("nesting of any depth is refused or read, and never ends the server", async () => {
    await using control = startControl();
    const deep = 400_000;
    const lines = [
      "[".repeat(deep) + "]".repeat(deep),
      "[".repeat(deep),
      `{"command":"activate","fault_id":"latency-spike","params":${'{"a":'.repeat(deep)}1${"}".repeat(deep)}}`,
      `{"command":"list","id":${"[".repeat(deep)}${"]".repeat(deep)}}`,
    ];
    for (const line of lines) {
      const [answer, next] = await exchange(control.port, line, { command: "list" });
      expect(answer).toMatchObject({ success: false });
      expect(next).toMatchObject({ success: true });
    }
  });

  test("a request of 4 MiB is taken; one byte more is refused with the limit, and the connection closed", async () => {
    await using control = startControl();
    control.server.register("size", z.object({ data: z.string() }), ({ data }) => ({ length: data.length }));
    await using connection = await RawConnection.open(control.port);
    connection.send(lineOf(4 * 2 ** 20));
    expect(await connection.answersUntil(1)).toMatchObject([{ success: true }]);
    connection.send(lineOf(4 * 2 ** 20 + 1));
    await connection.until(() => connection.hasEnded || connection.isClosed);
    expect(connection.answers[1]).toMatchObject({ success: false, code: "line_too_long" });
  });

  test("a line without end is cut off at the limit", async () => {
    await using control = startControl({ limits: { lineBytesMax: 1_000 } });
    await using connection = await RawConnection.open(control.port);
    for (let sent = 0; sent < 3; sent++) connection.send("x".repeat(500));
    await connection.until(() => connection.hasEnded || connection.isClosed);
    expect(connection.answers).toMatchObject([{ success: false, code: "line_too_long" }]);
    expect(control.server.counters).toMatchObject({ requests: 1, malformed: 1, failed: 1 });
  });

  test("a run of lines that are no requests ends the connection, single ones do not", async () => {
    await using control = startControl({ limits: { malformedRunMax: 3 } });
    await using connection = await RawConnection.open(control.port);
    connection.send('a\nb\n{"command":"list"}\na\nb\nc\nd\n');
    await connection.until(() => connection.hasEnded || connection.isClosed);
    expect(connection.answers.map(({ success }) => success)).toEqual([false, false, true, false, false, false]);
    expect(control.server.counters).toMatchObject({ requests: 6, malformed: 5, failed: 5 });
  });

  test("a browser that was made to send commands is shown the door at its first line", async () => {
    await using control = startControl();
    await using connection = await RawConnection.open(control.port);
    connection.send('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n{"command":"halt"}\n');
    await connection.until(() => connection.hasEnded || connection.isClosed);
    expect(connection.answers).toHaveLength(1);
    expect(control.bench.registry.halted).toBe(false);
  });

  test("one connection too many makes the one go that did nothing, and tells it why", async () => {
    await using control = startControl({ limits: { connectionsMax: 3 } });
    await using idle = await RawConnection.open(control.port);
    await using tool = await RawConnection.open(control.port);
    tool.send('{"command":"list"}\n');
    await tool.answersUntil(1);
    await using third = await RawConnection.open(control.port);
    third.send('{"command":"list"}\n');
    await third.answersUntil(1);
    await using fourth = await RawConnection.open(control.port);
    await idle.until(() => idle.hasEnded || idle.isClosed);
    expect(idle.answers).toMatchObject([{ success: false, code: "too_many_connections" }]);
    for (const connection of [tool, third, fourth]) connection.send('{"command":"list"}\n');
    expect(await tool.answersUntil(2)).toMatchObject([{ success: true }, { success: true }]);
    expect(await fourth.answersUntil(1)).toMatchObject([{ success: true }]);
    expect(control.server.counters.refused.get("connections")).toBe(1);
  });

  test("connections that only hold their places do not keep halt out", async () => {
    await using control = startControl();
    const idle = await Promise.all(Array.from({ length: 200 }, () => RawConnection.open(control.port)));
    expect(await exchange(control.port, { command: "halt" })).toMatchObject([{ success: true, halted: true }]);
    for (const connection of idle) await connection[Symbol.asyncDispose]();
  });

  test("a peer that does not read is not read from, and gets everything when it does", async () => {
    await using control = startControl();
    let handled = 0;
    control.server.register("big", z.object({}), () => ({ number: ++handled, data: "x".repeat(100_000) }));
    await using slow = await RawConnection.open(control.port);
    slow.pause();
    const requests = 400;
    for (let sent = 0; sent < requests; sent++) slow.send('{"command":"big"}\n');
    // Answered until what is unread fills the peer's and our buffers, then no further.
    let before = -1;
    while (handled > before) {
      before = handled;
      for (let turn = 0; turn < 20; turn++) await exchange(control.port, { command: "list" });
    }
    expect(handled).toBeLessThan(requests);
    slow.resume();
    await slow.answersUntil(requests);
    expect(slow.answers.map(({ number }) => number)).toEqual(Array.from({ length: requests }, (_, at) => at + 1));
  });

  test("an answer too long is replaced by one that says so", async () => {
    await using control = startControl({ limits: { answerBytesMax: 1_000 } });
    control.server.register("big", z.object({}), () => ({ data: "x".repeat(1_001) }));
    expect(await exchange(control.port, { command: "big" })).toMatchObject([
      { success: false, code: "answer_too_long" },
    ]);
  });
});

describe("the token", () => {
  test("is wanted off loopback before anything listens", () => {
    for (const token of [undefined, ""]) expect(() => listenOffLoopback(token)).toThrow(/Give it a --token/);
  });

  test.each([
    ["127.0.0.1", true],
    ["127.1.2.3", true],
    ["localhost", true],
    ["::1", true],
    ["0.0.0.0", false],
    ["::", false],
    ["192.168.1.2", false],
    ["127.0.0.1.example.org", false],
  ])("%s is loopback: %p", (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });

  test("is shown once, or in each request", async () => {
    await using control = startControl({ token: "secret" });
    expect(
      await exchange(
        control.port,
        { command: "list" },
        { command: "list", token: "secret" },
        { command: "list" },
        { command: "auth", token: "wrong" },
        { command: "auth", token: "secret", id: 1 },
        { command: "list" },
      ),
    ).toMatchObject([
      { success: false, code: "token_required" },
      { success: true },
      { success: false, code: "token_required" },
      { success: false, code: "wrong_token" },
      { success: true, command: "auth", id: 1 },
      { success: true },
    ]);
  });

  test("that is wrong too often ends the connection", async () => {
    await using control = startControl({ token: "secret" });
    await using connection = await RawConnection.open(control.port);
    for (let tries = 0; tries < 20; tries++) connection.send(`{"command":"auth","token":"${tries}"}\n`);
    await connection.until(() => connection.hasEnded || connection.isClosed);
    expect(connection.answers).toHaveLength(5);
    expect(control.server.counters.wrongTokens).toBe(5);
    expect(control.bench.emitter.messages("Wrong token")).toHaveLength(5);
  });

  test("has a place kept for it: strangers never get the last ones, and make room for each other", async () => {
    await using control = startControl({ token: "secret" });
    await using operator = await RawConnection.open(control.port);
    operator.send('{"command":"auth","token":"secret"}\n');
    await operator.answersUntil(1);
    const strangers = await Promise.all(Array.from({ length: 200 }, () => RawConnection.open(control.port)));
    expect(await exchange(control.port, { command: "auth", token: "secret" }, { command: "halt" })).toMatchObject([
      { success: true },
      { success: true, halted: true },
    ]);
    operator.send('{"command":"list"}\n');
    expect(await operator.answersUntil(2)).toMatchObject([{ success: true }, { success: true }]);
    await strangers[0]?.until(() => strangers[0]?.isClosed === true || strangers[0]?.hasEnded === true);
    for (const connection of strangers) await connection[Symbol.asyncDispose]();
  });

  test("has to come within seconds", async () => {
    await using control = startControl({ token: "secret", limits: { authenticateMsMax: 20 } });
    await using shown = await RawConnection.open(control.port);
    shown.send('{"command":"list","token":"secret"}\n');
    await shown.answersUntil(1);
    await using stranger = await RawConnection.open(control.port);
    stranger.send('{"command":"list"}\n');
    await stranger.until(() => stranger.hasEnded || stranger.isClosed);
    expect(stranger.answers).toMatchObject([{ code: "token_required" }, { code: "authenticate_timeout" }]);
    expect(control.server.counters.refused.get("authenticate")).toBe(1);
    shown.send('{"command":"list","token":"secret"}\n');
    expect(await shown.answersUntil(2)).toMatchObject([{ success: true }, { success: true }]);
  });

  test("lets its operator in at once while the wrong ones of the same address wait for their answers", async () => {
    const clock = { now: 0 };
    const wrongTokens = new WrongTokens(() => clock.now);
    await using control = startControl({ token: "secret", wrongTokens });
    // All answers of this address wait for a second from here on: the clock does not go on.
    for (let tries = 0; tries < 100; tries++) wrongTokens.wrong("127.0.0.1");
    await using guesser = await RawConnection.open(control.port);
    guesser.send('{"command":"auth","token":"guess"}\n'.repeat(3));
    await eventually(() => control.server.counters.wrongTokens === 1);
    expect(await exchange(control.port, { command: "auth", token: "secret" }, { command: "halt" })).toMatchObject([
      { success: true },
      { success: true, halted: true },
    ]);
    expect(guesser.answers).toEqual([]);
    expect(control.server.counters.wrongTokens).toBe(1);
  });

  test("is waited for on a connection that is still silent, while those that showed a wrong one make room", async () => {
    await using control = startControl({ token: "secret" });
    await using operator = await RawConnection.open(control.port);
    await eventually(() => control.server.connections === 1);
    const guessers: RawConnection[] = [];
    for (let tries = 1; tries <= 40; tries++) {
      const guesser = await RawConnection.open(control.port);
      guessers.push(guesser);
      guesser.send('{"command":"auth","token":"guess"}\n');
      await eventually(() => control.server.counters.wrongTokens === tries);
    }
    operator.send('{"command":"auth","token":"secret"}\n');
    expect(await operator.answersUntil(1)).toMatchObject([{ success: true }]);
    for (const guesser of guessers) await guesser[Symbol.asyncDispose]();
  });

  test("has to be shown before long requests are read", async () => {
    await using control = startControl({ token: "secret" });
    await using connection = await RawConnection.open(control.port);
    connection.send(`{"command":"list","token":"${"x".repeat(70_000)}"}\n`);
    await connection.until(() => connection.hasEnded || connection.isClosed);
    expect(connection.answers).toMatchObject([{ code: "line_too_long" }]);
  });

  test("is not asked for on loopback when none is set, and auth is no error then", async () => {
    await using control = startControl();
    expect(await exchange(control.port, { command: "auth" }, { command: "list" })).toMatchObject([
      { success: true, command: "auth" },
      { success: true },
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
