// A creature on its way home can not be reached, and whoever tries is told so: by an "avoided, evade" for each spell, pulse of a
// channel, and swing.

import { beforeEach, describe, expect, test } from "bun:test";
import { AVOIDED_EVADE, ENTITY_EVADING, EVENT_AVOIDED } from "../../../assembly/abi.ts";
import { aura, spell } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
const free = { gcdS: 0, rangeYd: 80 };
const BOLT = spell({ ...free, id: 20, amount: [40, 40] });
const CURSE = spell({ ...free, id: 21, effect: "harm", aura: aura({ kind: "damage", periodS: 1, amount: [5, 5] }) });
const KICK = spell({ ...free, id: 22, effect: "interrupt", lockoutS: 4 });
const TAUNT = spell({ ...free, id: 23, effect: "taunt" });
const RAIN = spell({ ...free, id: 24, amount: [40, 40], areaYd: 8 });
const RAY = spell({ ...free, id: 25, amount: [4, 4], channelS: 1, channelPeriodS: 0.5 });
const LONG = spell({ ...free, id: 26, amount: [40, 40], castS: 1 });
const NOVA = spell({ ...free, id: 27, amount: [40, 40], areaYd: 8, rangeYd: 0 });

let zone: KernelZone;

/** Player 2 beside a wolf that is on its way home, 60 yd to go, since nobody is left whom it fought; player 3 looks on. */
beforeEach(async () => {
  zone = await openZone({ spells: [BOLT, CURSE, KICK, TAUNT, RAIN, RAY, LONG, NOVA] });
  zone.spawn(WOLF).join(1, { x: 2 }).join(2, { x: 62 }).join(3, { x: 55 }).run();
  zone.land(1, BOLT.id, WOLF);
  zone.place(WOLF, 60).leave(1).run();
  expect(zone.hasFlag(WOLF, ENTITY_EVADING)).toBe(true);
});

function evasions(): { spell: number; source: number }[] {
  return zone.events
    .filter(({ kind, info, target }) => kind === "avoided" && info === AVOIDED_EVADE && target === WOLF)
    .map(({ a, source }) => ({ spell: a, source }));
}

describe("a spell at a creature that evades", () => {
  test.each([BOLT, CURSE, KICK, TAUNT, RAIN])("completes and is told to have come to nothing: $id", ({ id }) => {
    const health = zone.get(WOLF, "HEALTH");
    zone.cast(2, id, WOLF).run();
    expect(zone.event("cast_completed").a).toBe(id);
    expect(evasions()).toEqual([{ spell: id, source: 2 }]);
    expect(zone.get(WOLF, "HEALTH")).toBe(health);
    expect(zone.threat(WOLF).size).toBe(0);
    expect(zone.auras(WOLF)).toEqual([]);
    for (const player of [2, 3]) {
      const told = zone.frames.get(player)?.events.filter(({ kind }) => kind === EVENT_AVOIDED) ?? [];
      expect([player, told.map(({ info }) => info)]).toEqual([player, [AVOIDED_EVADE]]);
    }
  });

  test("that took its time says so when it is done", () => {
    zone.cast(2, LONG.id, WOLF).run();
    expect(evasions()).toEqual([]);
    zone.runUntil("cast_completed");
    expect(evasions()).toEqual([{ spell: LONG.id, source: 2 }]);
  });

  test("of a channel says so each time", () => {
    zone.cast(2, RAY.id, WOLF).run();
    let pulses = 0;
    for (let tick = 0; tick < 25; tick++) pulses += zone.run().events.length > 0 ? evasions().length : 0;
    expect(pulses).toBe(2);
  });

  test("that strikes all around its caster passes it by", () => {
    zone.cast(2, NOVA.id).run();
    expect(zone.has("cast_completed")).toBe(true);
    expect(evasions()).toEqual([]);
  });
});

test("a swing at it is told the same, once a swing", () => {
  zone.place(2, 59).attack(2, WOLF).run();
  expect(evasions()).toEqual([{ spell: 0, source: 2 }]);
  zone.run();
  expect(evasions()).toEqual([]);
  expect(zone.threat(WOLF).size).toBe(0);
});
