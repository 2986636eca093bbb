import { expect, test } from "bun:test";
import { ENTITY_DEAD, ENTITY_IN_COMBAT, ENTITY_PLAYER } from "../../../assembly/abi.ts";
import { addressesOf } from "../../../server/zone/addresses.ts";
import { readZoneView, VIEW_ENTITIES_MAX, VIEW_FIGHTS_MAX } from "../../../server/zone/zone-view.ts";
import { creature, spell } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;

const look = (zone: KernelZone, turn = 0) =>
  readZoneView({ memory: zone.memory, at: addressesOf(zone.kernel.layout), tick: zone.tick }, turn);

test("a view tells which state it is of, who is where, in what state, and whom creatures hate, most hated first", async () => {
  const zone = await openZone({ spells: [spell({ id: 1, amount: [40, 40] }), spell({ id: 2, amount: [90, 90] })] });
  zone.join(1, { x: 3 }).join(2, { x: 4 }).spawn(WOLF, { x: 5, y: 2 }).run();
  zone.cast(1, 1, WOLF).cast(2, 2, WOLF).run();
  const { tick, hash, players, creatures, entities, fights } = look(zone);
  expect({ tick, hash, players, creatures }).toEqual({ tick: 2, hash: zone.hash, players: 2, creatures: 1 });
  expect(entities.map(({ id, x, y }) => [id, x, y])).toEqual(
    [1, 2, WOLF].map((id) => [id, ...zone.position(id).slice(0, 2)]) as never,
  );
  expect(entities[0]).toMatchObject({
    level: 10,
    health: zone.get(1, "HEALTH"),
    healthMax: 500,
    flags: ENTITY_PLAYER | ENTITY_IN_COMBAT,
  });
  const threat = [...zone.threat(WOLF)]
    .map(([player, amount]) => ({ player, amount }))
    .toSorted((a, b) => b.amount - a.amount);
  expect(threat.length).toBe(2);
  expect(fights).toEqual([
    { creature: expect.objectContaining({ id: WOLF, health: zone.get(WOLF, "HEALTH") }), threat },
  ]);
});

test("a creature that waits for its respawn is not there; its corpse is", async () => {
  const frail = creature({ name: "Rat", health: 1, corpseS: 1, respawnS: [60, 60] });
  const zone = await openZone({ creatures: [frail] });
  zone.join(1).spawn(WOLF, { kind: "Rat", x: 2 }).run();
  for (let tries = 0; tries < 200 && !zone.hasFlag(WOLF, ENTITY_DEAD); tries++) zone.cast(1, 1, WOLF).run();
  expect(look(zone)).toMatchObject({ creatures: 1, fights: [] });
  zone.run(25);
  expect(look(zone)).toMatchObject({ creatures: 0, players: 1 });
});

test("a crowd is thinned out to the same entities each time, and counted whole", async () => {
  const zone = await openZone();
  for (let index = 0; index < 1_000; index++) zone.spawn(WOLF + index, { x: index });
  zone.run();
  const { creatures, entities } = look(zone);
  expect(creatures).toBe(1_000);
  expect(entities.length).toBeGreaterThan(VIEW_ENTITIES_MAX / 2);
  expect(entities.length).toBeLessThanOrEqual(VIEW_ENTITIES_MAX);
  zone.run();
  expect(look(zone).entities.map(({ id }) => id)).toEqual(entities.map(({ id }) => id));
});

test("all of a crowd are shown in turns", async () => {
  const zone = await openZone();
  for (let index = 0; index < 1_000; index++) zone.spawn(WOLF + index, { x: index });
  zone.run();
  const shown = [0, 1, 2].flatMap((turn) => look(zone, turn).entities.map(({ id }) => id));
  expect(shown.length).toBe(1_000);
  expect(new Set(shown).size).toBe(1_000);
  expect(look(zone, 3)).toEqual(look(zone, 0));
});

test("of many fights those with the most threat are told", async () => {
  const fights = VIEW_FIGHTS_MAX + 3;
  const zone = await openZone({
    spells: Array.from({ length: fights }, (_, at) => spell({ id: at + 1, amount: [at + 1, at + 1] })),
  });
  for (let at = 0; at < fights; at++) zone.join(at + 1, { x: at * 3 }).spawn(WOLF + at, { x: at * 3 });
  zone.run();
  for (let at = 0; at < fights; at++) zone.cast(at + 1, at + 1, WOLF + at);
  zone.run();
  const seen = look(zone).fights;
  expect(seen).toHaveLength(VIEW_FIGHTS_MAX);
  const amounts = seen.map(({ threat }) => threat.reduce((sum, { amount }) => sum + amount, 0));
  expect(amounts).toEqual(amounts.toSorted((a, b) => b - a));
});
