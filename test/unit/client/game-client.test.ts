// The game client against a server that can be made to lie, to fall silent, and to hang up.

import { describe, expect, test } from "bun:test";
import { ClientStats } from "../../../tools/client/client-stats.ts";
import { GameClient } from "../../../tools/client/game-client.ts";
import { until } from "../../helpers/command.ts";
import { startScriptedServer } from "../../helpers/scripted-server.ts";
import type { ScriptedServer } from "../../helpers/scripted-server.ts";
import { newSelf } from "../../../tools/client/world-frames.ts";

async function join(server: ScriptedServer, { looksLater = false } = {}): Promise<GameClient> {
  const client = new GameClient({
    looksLater,
    host: "127.0.0.1",
    port: server.port,
    name: "Ann",
    random: () => 0,
    stats: new ClientStats(),
  });
  await client.connect();
  return client;
}
const wolf = {
  id: 1_000_001,
  kind: "creature",
  template: 0,
  level: 1,
  x: 1,
  y: 2,
  z: 0,
  health: 50,
  max_health: 50,
  target: 0,
  flags: [],
};
const self = { ...newSelf(), health: 10, max_health: 10 };
const quiet = { enter: [], change: [], leave: [] };

describe("counts as a protocol error", () => {
  test.each([
    [
      "a change of somebody it never saw",
      { type: "state", tick: 2, ...quiet, change: [{ id: 5, x: 1 }] },
      "change of unknown 5",
    ],
    ["a state of the same tick again", { type: "state", tick: 1, ...quiet }, "tick 1 after tick 1"],
    ["a kind of message it does not know", { type: "weather" }, "unknown message"],
    [
      "being told that it speaks badly",
      { type: "error", code: "malformed", message: "seq must rise" },
      "seq must rise",
    ],
  ])("%s", async (_name, lie, words) => {
    await using server = startScriptedServer();
    const client = await join(server);
    server.say(lie);
    await until(() => client.stats.protocolErrors > 0, "the lie is noticed");
    expect(client.stats.protocolErrors).toBe(1);
    expect(client.stats.protocolErrorExamples[0]).toContain(words);
    await client.leave();
  });

  test("what is no JSON", async () => {
    await using server = startScriptedServer();
    const client = await join(server);
    server.sayBytes("{no\n");
    await until(() => client.stats.protocolErrors === 1, "the nonsense is noticed");
    await client.leave();
  });
});

test("the truth is no error", async () => {
  await using server = startScriptedServer();
  const client = await join(server);
  server.say({ type: "state", tick: 2, ...quiet, enter: [wolf] });
  server.say({ type: "state", tick: 3, ...quiet, change: [{ id: wolf.id, health: 20 }] });
  server.say({ type: "state", tick: 4, ...quiet, leave: [wolf.id] });
  await until(() => client.world.tick === 4, "all is read");
  expect(client.stats).toMatchObject({ protocolErrors: 0, states: 4 });
  expect(client.world.entities.size).toBe(0);
  await client.leave();
});

test("who looks later knows no more than they looked at, and is told in the meantime what was acknowledged", async () => {
  await using server = startScriptedServer();
  const client = await join(server, { looksLater: true });
  client.stopAttack();
  server.say({ type: "state", tick: 2, ...quiet, enter: [wolf] });
  server.say({ type: "state", tick: 3, ack: 1, ...quiet, change: [{ id: wolf.id, health: 20 }] });
  server.say({ type: "state", tick: 4, ...quiet, leave: [wolf.id] });
  await until(() => client.toldTick === 4, "all is told");
  expect([client.world.tick, client.world.entities.size, client.ackedSeq]).toEqual([1, 0, 1]);
  client.look(3);
  expect([client.world.tick, client.world.entities.get(wolf.id)?.health]).toEqual([3, 20]);
  client.hold(true);
  client.look();
  expect(client.world.tick).toBe(3);
  client.hold(false);
  client.look();
  expect([client.world.tick, client.world.entities.size, client.stats.protocolErrors]).toEqual([4, 0, 0]);
  await client.leave();
});

test("a first state that it looks at after its link broke does not let it play: it waits for the next welcome", async () => {
  const server = startScriptedServer();
  const client = await join(server, { looksLater: true });
  server.say({ type: "zone", zone_id: 2, tick: 9, reason: "portal" });
  server.say({ type: "state", tick: 10, reset: true, ...quiet });
  await until(() => client.toldTick === 10, "all is told");
  await server[Symbol.asyncDispose]();
  await until(() => client.stats.drops === 1, "the link is gone");
  client.look();
  expect([client.world.tick, client.isPlaying, client.stopAttack()]).toEqual([10, false, false]);
  await client.leave();
});

test("who can not reach its gateway resumes at another", async () => {
  await using first = startScriptedServer();
  await using second = startScriptedServer();
  const client = new GameClient({
    host: "127.0.0.1",
    port: first.port,
    otherPorts: [second.port],
    name: "Ann",
    random: () => 0,
    stats: new ClientStats(),
  });
  await client.connect();
  // Its link is cut: the same gateway is there, and it goes back to it.
  first.hangUp();
  await until(() => client.stats.resumed === 1, "it is back");
  expect([client.port, second.received("hello")]).toEqual([first.port, []]);
  await first[Symbol.asyncDispose]();
  await until(() => client.stats.resumed === 2, "it is at the other one");
  expect(client.port).toBe(second.port);
  expect(second.received("hello").map(({ resume }) => resume)).toEqual(["token"]);
  await client.leave();
});

describe("what became of each action", () => {
  test("acknowledged by the state that says so, refused as busy, or said again after a link broke", async () => {
    await using server = startScriptedServer();
    const client = await join(server);
    for (let i = 0; i < 5; i++) client.stopAttack();
    await until(() => server.received("combat").length === 5, "five actions");
    server.say({ type: "error", code: "busy", message: "The zone takes no more just now.", seq: 3 });
    server.say({ type: "state", tick: 2, ack: 2, ...quiet });
    await until(() => client.stats.acks === 2, "two are acknowledged");
    expect(client.ackedSeq).toBe(2);
    // The server had taken the fourth before the link broke, and never saw the fifth.
    server.nextWelcome({ seq: 4 });
    server.hangUp();
    await until(() => client.isPlaying && client.stats.resumed === 1, "it is back");
    await until(() => server.received("combat").length === 6, "the fifth is said again");
    expect(server.received("combat").map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 5]);
    server.say({ type: "state", tick: 9, ack: 5, ...quiet });
    await until(() => client.pendingActions === 0, "all is settled");
    expect(client.stats).toMatchObject({ actions: 5, acks: 4, busy: 1, lost: 0, drops: 1, protocolErrors: 0 });
    client.stopAttack();
    expect(client.lastSeq).toBe(6);
    await client.leave();
  });

  test("lost, when it came after the player had left their zone", async () => {
    await using server = startScriptedServer();
    const client = await join(server);
    for (let i = 0; i < 5; i++) client.stopAttack();
    await until(() => server.received("combat").length === 5, "five actions");
    server.say({ type: "zone", zone_id: 2, tick: 9, reason: "portal", lost_from: 3, lost_to: 4 });
    server.say({ type: "state", tick: 10, reset: true, ack: 4, ...quiet });
    await until(() => client.ackedSeq === 4, "it is told what it sees there");
    expect(client.stats).toMatchObject({ actions: 5, acks: 2, lost: 2, zoneChanges: 1, protocolErrors: 0 });
    expect(client.pendingActions).toBe(1);
    await client.leave();
  });

  test("all is lost with a session that is gone", async () => {
    await using server = startScriptedServer();
    const client = await join(server);
    client.stopAttack();
    await until(() => server.received("combat").length === 1, "the action");
    server.forgetSessions();
    server.hangUp();
    await until(() => client.isPlaying && client.stats.restarted === 1, "it is back as somebody new");
    expect(client.stats).toMatchObject({ actions: 1, acks: 0, lost: 1, resumed: 0 });
    expect(client.lastSeq).toBe(0);
    await client.leave();
  });
});

test("deaths and revivals are told by its own health", async () => {
  await using server = startScriptedServer();
  const client = await join(server);
  for (const [at, health] of [10, 0, 0, 5, 7, 0].entries())
    server.say({ type: "state", tick: 2 + at, self: { ...self, health }, ...quiet });
  await until(() => client.world.tick === 7, "all is read");
  expect(client.stats).toMatchObject({ deaths: 2, revivals: 1 });
  await client.leave();
});

test.each(["zone_full", "zone_overloaded", "no_zone"])(
  "a client that is refused with %s asks again, on the same link, until it is let in",
  async (code) => {
    await using server = startScriptedServer({ refusals: 2, code });
    const client = await join(server);
    expect(client.isPlaying).toBe(true);
    expect(server.received("hello")).toHaveLength(3);
    expect(client.stats.errors.get(code)).toBe(2);
    expect(client.stats.drops).toBe(0);
    await client.leave();
  },
);

test("leaving ends waiting to be let in", async () => {
  await using server = startScriptedServer({ isSilent: true });
  const client = new GameClient({
    host: "127.0.0.1",
    port: server.port,
    name: "Ann",
    random: () => 0,
    stats: new ClientStats(),
  });
  const connecting = client.connect();
  await until(() => server.received("hello").length === 1, "hello");
  await Promise.all([client.leave(), expect(connecting).rejects.toMatchObject({ code: "left" })]);
});
