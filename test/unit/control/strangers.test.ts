// The control port's limits, and its token.

import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { isLoopback } from "../../../server/shared/address.ts";
import { WrongTokens } from "../../../server/shared/wrong-tokens.ts";
import { RawConnection, startControl } from "../../helpers/control-server.ts";
import { eventually } from "../../helpers/telemetry.ts";
import { exchange, lineOf, listenOffLoopback } from "../../helpers/control-requests.ts";

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
