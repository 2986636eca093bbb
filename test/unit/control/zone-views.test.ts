import { expect, test } from "bun:test";
import { ENTITY_DEAD, ENTITY_PLAYER } from "../../../assembly/abi.ts";
import { ZoneViews } from "../../../server/main/control/zone-views.ts";
import type { ZonePicture } from "../../../server/shared/zone-picture.ts";

const wolf = { id: 1_000_001, kind: 1, level: 8, x: 3.5, y: -2, health: 90, healthMax: 180, flags: 0, target: 7 };
const player = {
  id: 7,
  kind: 0,
  level: 10,
  x: 3,
  y: -1,
  health: 0,
  healthMax: 320,
  flags: ENTITY_PLAYER | ENTITY_DEAD,
};
const view: ZonePicture = {
  tick: 42,
  hash: "9c61f20e8a07d3b5",
  players: 1,
  creatures: 1,
  entities: [{ ...player, target: 0 }, wolf],
  fights: [{ creature: wolf, threat: [{ player: 7, amount: 12.5 }] }],
};

/** Views of zone 1, which answers as told; how often it was asked. */
function viewsOf(answer: () => Promise<ZonePicture | null>) {
  const asked: number[] = [];
  const clock = { ms: 1_000 };
  const views = new ZoneViews({
    zones: {
      zones: new Map([[1, {}]]),
      request: (zoneId) => {
        asked.push(zoneId);
        return answer();
      },
    },
    players: { nameOf: (id) => (id === 7 ? "Ann" : null) },
    creatures: [{ name: "Hogger" }, { name: "Wolf" }],
    now: () => clock.ms,
  });
  return { views, asked, clock };
}

test("a zone's view is told with names and states", async () => {
  const { views } = viewsOf(async () => view);
  const answer = await views.inspect(1);
  expect(answer).toMatchObject({ zone_id: 1, tick: 42, hash: view.hash, age_ms: 0, players: 1, creatures: 1 });
  const told = { id: 7, name: "Ann", is: "player", level: 10, x: 3, y: -1, health: 0, health_max: 320, target: 0 };
  expect(answer["entities"]).toContainEqual({ ...told, states: ["dead"] });
  expect(answer["fights"]).toEqual([
    {
      creature: expect.objectContaining({ id: 1_000_001, name: "Wolf", is: "creature", health: 90 }),
      threat: [{ player: 7, name: "Ann", amount: 12.5 }],
    },
  ]);
});

test("however many ask, a zone is looked into five times a second", async () => {
  const { views, asked, clock } = viewsOf(async () => view);
  await Promise.all([views.inspect(1), views.inspect(1), views.inspect(1)]);
  expect(asked).toHaveLength(1);
  clock.ms += 199;
  expect(await views.inspect(1)).toMatchObject({ age_ms: 199 });
  expect(asked).toHaveLength(1);
  clock.ms += 1;
  expect(await views.inspect(1)).toMatchObject({ age_ms: 0 });
  expect(asked).toHaveLength(2);
});

test("a zone that does not answer is shown as it was seen last, and is not asked twice", async () => {
  const answers = [Promise.resolve(view), new Promise<ZonePicture>(() => {})];
  const { views, asked, clock } = viewsOf(() => answers.shift()!);
  await views.inspect(1);
  clock.ms += 5_000;
  expect(await views.inspect(1)).toMatchObject({ tick: 42, age_ms: 5_000 });
  expect(await views.inspect(1)).toMatchObject({ tick: 42, age_ms: 5_000 });
  expect(asked).toHaveLength(2);
});

test("a zone that is down or gone can not be looked into, and the answer says so", async () => {
  const down = viewsOf(async () => null);
  await expect(down.views.inspect(1)).rejects.toMatchObject({ code: "zone_busy" });
  const gone = viewsOf(() => Promise.reject(new Error("its worker is gone")));
  await expect(gone.views.inspect(1)).rejects.toMatchObject({ code: "zone_busy" });
  await expect(gone.views.inspect(9)).rejects.toMatchObject({
    code: "no_such_zone",
    message: expect.stringContaining("choose from 1"),
  });
});
