// The tools' end of the control port, against the real server and against peers that are none.

import { expect, test } from "bun:test";
import { z } from "zod";
import { ControlClient } from "../../../tools/client/control-client.ts";
import { until } from "../../helpers/command.ts";
import { startControl } from "../../helpers/control-server.ts";

const host = "127.0.0.1";

test("requests sent at once are answered each with its own answer", async () => {
  await using control = startControl();
  control.server.register("nap", z.object({ ms: z.number() }), async ({ ms }) => {
    await Bun.sleep(ms);
    return { ms };
  });
  await using client = await ControlClient.connect({ host, port: control.port });
  const answers = await Promise.all([20, 5, 1].map((ms) => client.request({ command: "nap", ms })));
  expect(answers.map(({ ms }) => ms)).toEqual([20, 5, 1]);
});

test("a refusal is an answer of request, and an error of ask", async () => {
  await using control = startControl();
  await using client = await ControlClient.connect({ host, port: control.port });
  expect(await client.request({ command: "nonsense" })).toMatchObject({ success: false, code: "unknown_command" });
  await expect(client.ask({ command: "nonsense" })).rejects.toMatchObject({ code: "unknown_command" });
});

test("a request of megabytes arrives whole", async () => {
  await using control = startControl();
  control.server.register("size", z.object({ data: z.string() }), ({ data }) => ({ length: data.length }));
  await using client = await ControlClient.connect({ host, port: control.port });
  expect(await client.ask({ command: "size", data: "A".repeat(3_000_000) })).toMatchObject({ length: 3_000_000 });
});

test("nobody there is told with what to do", async () => {
  const control = startControl();
  await control.server.stop();
  const connecting = ControlClient.connect({ host, port: control.port });
  await expect(connecting).rejects.toMatchObject({
    code: "control_unreachable",
    message: expect.stringContaining("--server"),
  });
});

test("no answer in time ends the connection, and what still waited is told", async () => {
  await using control = startControl();
  control.server.register("hang", z.object({}), () => new Promise(() => undefined));
  await using client = await ControlClient.connect({ host, port: control.port, timeoutMs: 50 });
  const first = client.request({ command: "hang" });
  const second = client.request({ command: "list" }, 60_000);
  const outcomes = await Promise.allSettled([first, second]);
  expect(outcomes).toMatchObject([{ reason: { code: "control_timeout" } }, { reason: { code: "control_timeout" } }]);
  await expect(client.request({ command: "list" })).rejects.toMatchObject({ code: "control_timeout" });
});

test("a server that goes away rejects what waits", async () => {
  const control = startControl();
  control.server.register("hang", z.object({}), () => new Promise(() => undefined));
  await using client = await ControlClient.connect({ host, port: control.port });
  const waiting = client.request({ command: "hang" });
  await Promise.all([control.server.stop(), expect(waiting).rejects.toMatchObject({ code: "control_closed" })]);
});

test("another service on the port is recognised as one", async () => {
  using web = Bun.serve({ port: 0, hostname: host, fetch: () => new Response("hello") });
  await using client = await ControlClient.connect({ host, port: web.port ?? 0 });
  await expect(client.request({ command: "list" })).rejects.toMatchObject({ code: "control_strange" });
});

test("shows its token, and says when it is wrong", async () => {
  await using control = startControl({ token: "secret" });
  await using client = await ControlClient.connect({ host, port: control.port, token: "secret" });
  expect(await client.request({ command: "list" })).toMatchObject({ success: true });
  const { connections } = control.server;
  await expect(ControlClient.connect({ host, port: control.port, token: "wrong" })).rejects.toMatchObject({
    code: "wrong_token",
  });
  // Nobody holds the refused connection, so nothing but the client itself can close it.
  await until(() => control.server.connections === connections, "the refused connection is closed");
});

test("why the server shut the door reaches the next request", async () => {
  await using control = startControl({ limits: { connectionsMax: 1 } });
  await using first = await ControlClient.connect({ host, port: control.port });
  await first.request({ command: "list" });
  await using second = await ControlClient.connect({ host, port: control.port });
  await second.request({ command: "list" });
  const answer = await first.request({ command: "list" }).catch((error: unknown) => error);
  expect(answer).toMatchObject({ code: "too_many_connections" });
});
