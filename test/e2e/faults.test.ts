// Every fault in a real server with real players: that it breaks something one can see from outside, and that its removal
// mends it.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { ControlClient } from "../../tools/client/control-client.ts";
import { isMessage, LiveServer, until } from "../helpers/control-live.ts";

setDefaultTimeout(120_000);

const PLAYERS = 6;
let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start({ players: PLAYERS });
}, 120_000);
afterAll(() => live[Symbol.asyncDispose]());

const durations = (ticks: Record<string, number>[]): number[] => ticks.map((tick) => tick["duration_ms"] ?? Number.NaN);

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Everybody is in the world, on a live socket, as before. */
const everybodyPlays = (): Promise<void> => until("everybody plays", () => live.swarm.playing === PLAYERS);

/** The zone's ticks are short again: far below what any fault here adds, far above what a healthy tick takes. */
const tickShortly = (zoneId: number): Promise<void> =>
  until(`zone ${zoneId} ticks as before`, async () => median(durations(await live.zoneTicks(zoneId, 8))) < 20);

test("latency-spike: ticks of its zone take so much longer, the other's do not; afterwards none does", async () => {
  await live.ask({ command: "activate", fault_id: "latency-spike", params: { delay_ms: 120 }, target_zone_id: 1 });
  await until("it strikes", async () => (await live.status("latency-spike")).affected > 0);
  const slow = await live.zoneTicks(1, 6);
  expect(Math.min(...durations(slow.slice(1)))).toBeGreaterThan(119);
  await tickShortly(2);
  await live.remove("latency-spike");
  await tickShortly(1);
});

test("session-crash: one player's socket closes; that player comes back to its session", async () => {
  await everybodyPlays();
  const { drops, resumed } = live.swarm.stats;
  await live.ask({ command: "activate", fault_id: "session-crash" });
  await until("one has dropped and come back", () => live.swarm.stats.resumed === resumed + 1);
  expect(live.swarm.stats.drops).toBe(drops + 1);
  expect(await live.status("session-crash")).toMatchObject({ active: true, affected: 1, eligible: 1 });
  await live.remove("session-crash");
  await everybodyPlays();
  expect(live.swarm.stats.drops).toBe(drops + 1);
});

test("event-queue-flood: its zone handles so many more commands a tick; afterwards only players' again", async () => {
  await live.ask({ command: "activate", fault_id: "event-queue-flood", params: { multiplier: 50 }, target_zone_id: 2 });
  await until("it strikes", async () => (await live.status("event-queue-flood")).affected > 0);
  const flooded = (await live.zoneTicks(2, 5)).at(-1) ?? {};
  expect(flooded["events_processed"]).toBeGreaterThanOrEqual((flooded["entities"] ?? 0) * 50);
  expect(flooded["entities_moved"]).toBeGreaterThan(0);
  await live.remove("event-queue-flood");
  const after = (await live.zoneTicks(2, 5)).at(-1) ?? {};
  expect(after["events_processed"]).toBeLessThan(after["entities"] ?? 0);
});

test("memory-pressure: the process holds so much more, and gives it back", async () => {
  const before = await live.rssMb();
  await live.ask({ command: "activate", fault_id: "memory-pressure", params: { megabytes: 300 } });
  await until("all of it is held", async () => (await live.status("memory-pressure")).affected === 300);
  expect((await live.rssMb()) - before).toBeGreaterThan(250);
  await live.remove("memory-pressure");
  await until("it is given back", async () => (await live.rssMb()) - before < 100);
});

test("cascading-zone-failure: the source goes down, its players are moved with no socket closed; later they are back", async () => {
  await everybodyPlays();
  const { drops } = live.swarm.stats;
  const inZone = (zone: number): number => live.swarm.clients.filter(({ zoneId }) => zoneId === zone).length;
  const before = inZone(1);
  expect(before).toBeGreaterThan(0);
  const since = live.now();
  await live.ask({ command: "activate", fault_id: "cascading-zone-failure", params: { flood_multiplier: 5 } });
  await live.sees((line) => isMessage("Zone state changed", 1)(line) && line.data["to_state"] === "DOWN", since);
  await until("its players are in zone 2", () => inZone(1) === 0 && inZone(2) === PLAYERS);
  await everybodyPlays();
  const target = (await live.zoneTicks(2, 5)).at(-1) ?? {};
  expect(target["events_processed"]).toBeGreaterThanOrEqual((target["entities"] ?? 0) * 5);
  await live.ask({ command: "deactivate", fault_id: "cascading-zone-failure" });
  await until("zone 1 ticks again, and its players are back", () => inZone(1) === before);
  await until("it has left", async () => !(await live.status("cascading-zone-failure")).leaving);
  await everybodyPlays();
  expect(live.swarm.stats.drops).toBe(drops);
}, 120_000);

test("slow-leak: each tick takes longer than the one before; afterwards none does", async () => {
  const params = { increment_ms: 3, increment_every: 2 };
  await live.ask({ command: "activate", fault_id: "slow-leak", params, target_zone_id: 1 });
  const slowing = durations(await live.zoneTicks(1, 24));
  expect(median(slowing.slice(-4))).toBeGreaterThan(median(slowing.slice(0, 4)) + 20);
  await live.remove("slow-leak");
  await tickShortly(1);
});

test("split-brain: the audit finds the same entities in both zones, and players see them; afterwards there are none", async () => {
  const ids = [2_000_001, 2_000_002, 2_000_003];
  const since = live.now();
  await live.ask({ command: "activate", fault_id: "split-brain", params: { phantom_count: 3 } });
  await live.sees((line) => isMessage("Entity census")(line) && line.data["duplicates"] === 3, since);
  const [error] = await live.sees(isMessage("Entity in more than one zone"), since);
  expect(error).toMatchObject({ type: "error", component: "audit", data: { entity_ids: ids } });
  const seesOne = (): boolean => live.swarm.clients.some(({ world }) => ids.some((id) => world.entities.has(id)));
  await until("a player sees one", seesOne);
  await live.remove("split-brain");
  await live.sees((line) => isMessage("Entity census")(line) && line.data["duplicates"] === 0, live.now());
  await until("no player sees any", () => !seesOne());
});

test("thundering-herd: all drop at once, nobody gets in for the delay, all come back to their sessions", async () => {
  await everybodyPlays();
  const { drops, resumed, restarted } = live.swarm.stats;
  await live.ask({ command: "activate", fault_id: "thundering-herd", params: { reconnect_delay_ticks: 40 } });
  await until("all have dropped", () => live.swarm.playing === 0);
  expect(await live.status("thundering-herd")).toMatchObject({ affected: PLAYERS, eligible: PLAYERS });
  await until("all have come back", () => live.swarm.stats.resumed === resumed + PLAYERS);
  await everybodyPlays();
  expect(live.swarm.stats.drops).toBeGreaterThanOrEqual(drops + PLAYERS);
  expect(live.swarm.stats.restarted).toBe(restarted);
  await live.remove("thundering-herd");
});

describe.each([
  ["zone-trap", "kernel trap", 96],
  ["zone-runaway", "fuel exhausted", 97],
])("%s", (id, error, op) => {
  test("the kernel dies of a poison command, the zone recovers each time, and nobody drops", async () => {
    await everybodyPlays();
    const { drops } = live.swarm.stats;
    const since = live.now();
    await live.ask({ command: "activate", fault_id: id, params: { every_ticks: 15 }, target_zone_id: 2 });
    const exceptions = await live.sees(isMessage("Zone tick exception", 2), since, 2);
    expect(exceptions[0]?.data["error"]).toStartWith(error);
    expect(exceptions[0]?.data).toMatchObject({ op });
    await live.sees(isMessage("Zone recovered", 2), since, 2);
    await live.sees(isMessage("Command quarantined", 2), since, 2);
    await live.remove(id);
    const calm = live.now();
    await live.zoneTicks(2, 30, calm);
    expect(await live.lines(isMessage("Zone tick exception"), calm)).toEqual([]);
    await everybodyPlays();
    expect(live.swarm.stats.drops).toBe(drops);
  }, 120_000);
});

test("kill switch: with every fault active the control channel answers, halt ends all, and the zones are as before", async () => {
  const { faults } = await live.ask({ command: "list" });
  const ids = (faults as { id: string }[]).map(({ id }) => id);
  // By itself it needs a hundred ticks to strike, and ticks are slow with all the others.
  const soon = { "slow-leak": { increment_every: 2 } };
  for (const fault_id of ids) {
    await live.ask({ command: "activate", fault_id, params: soon[fault_id as keyof typeof soon] ?? {} });
  }
  await until("all of them strike", async () => {
    const { faults: active } = await live.ask({ command: "list" });
    return (active as { affected: number }[]).every(({ affected }) => affected > 0);
  });
  await using second = await ControlClient.connect({ host: "127.0.0.1", port: live.child.ports.control });
  const halted = await second.ask({ command: "halt" });
  expect(halted["removed"]).toEqual(ids);
  expect((await second.request({ command: "activate", fault_id: "zone-trap" })).code).toBe("halted");
  await until("every fault has left", async () => {
    const left = (await live.ask({ command: "list" }))["faults"] as { leaving: boolean }[];
    return left.every(({ leaving }) => !leaving);
  });
  await everybodyPlays();
  for (const zone of [1, 2]) await tickShortly(zone);
  await live.ask({ command: "resume" });
}, 120_000);
