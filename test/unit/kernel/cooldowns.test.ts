// Cooldowns: none that runs is ever forgotten, however many do.

import { describe, expect, test } from "bun:test";
import { REFUSED_ON_COOLDOWN } from "../../../assembly/abi.ts";
import { playerClass, spell, testContent } from "../../helpers/kernel-content.ts";
import { openZone, testKernel } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const kernel = await testKernel();
const ROOM = kernel.layout.value("COOLDOWNS_MAX");
const FREE = spell({ id: 10, gcdS: 0 });
/** As many as a player has room for; and two more, which a zone has only because a class got round the check. */
const COOLING = Array.from({ length: ROOM + 2 }, (_, index) =>
  spell({ id: 100 + index, effect: "power", gcdS: 0, cooldownS: 60 + index, amount: [0, 0], common: index < ROOM }),
);

/** A player with all places taken. The last two spells are let into the book behind the check's back. */
async function full(): Promise<KernelZone> {
  const zone = await openZone({ spells: [FREE, ...COOLING] });
  const flags = kernel.layout.value("SPELL_FLAGS");
  COOLING.forEach((_, index) => {
    const row = kernel.layout.value("SPELL_BASE") + (index + 1) * kernel.layout.value("SPELL_STRIDE");
    zone.view.setUint32(row + flags, 1, true);
  });
  zone.join(1).run();
  for (const { id } of COOLING.slice(0, ROOM)) {
    zone.cast(1, id).run();
    expect(zone.event("cast_completed").a).toBe(id);
  }
  return zone;
}

describe("as many cooldowns as there is room for", () => {
  test("are all kept until they end", async () => {
    const zone = await full();
    for (const { id } of COOLING.slice(0, ROOM)) {
      zone.cast(1, id).run();
      expect([id, zone.refused(REFUSED_ON_COOLDOWN)]).toEqual([id, 1]);
    }
  });

  test("refuse a spell that would need one more, and none of them is forgotten for it", async () => {
    const zone = await full();
    zone.cast(1, COOLING[ROOM]!.id).run();
    expect(zone.event("refused")).toMatchObject({ info: REFUSED_ON_COOLDOWN, c: COOLING[ROOM]!.id });
    for (const { id } of COOLING.slice(0, ROOM)) {
      zone.cast(1, id).run();
      expect([id, zone.refused(REFUSED_ON_COOLDOWN)]).toEqual([id, 1]);
    }
    zone.cast(1, FREE.id).run();
    expect(zone.has("cast_completed")).toBe(true);
  });

  test("make room as soon as one ends", async () => {
    const zone = await full();
    zone
      .run(60 * 20 - ROOM)
      .cast(1, COOLING[ROOM]!.id)
      .run();
    expect(zone.event("cast_completed").a).toBe(COOLING[ROOM]!.id);
    zone.cast(1, COOLING[ROOM]!.id).run();
    expect(zone.refused(REFUSED_ON_COOLDOWN)).toBe(1);
  });
});

describe("content", () => {
  test("with a class that knows more spells with a cooldown than are kept is refused, with the class and the numbers", () => {
    const spells = COOLING.map((each) => ({ ...each, common: false }));
    const wide = playerClass({ name: "Sage", spells: spells.map(({ id }) => id) });
    const content = testContent({ spells, classes: [wide] });
    expect(openZone({ content })).rejects.toThrow(
      `Class "Sage" knows ${ROOM + 2} spells with a cooldown; this kernel keeps ${ROOM} (COOLDOWNS_MAX).`,
    );
  });

  test("may have as many as are kept", async () => {
    const spells = COOLING.slice(0, ROOM).map((each) => ({ ...each, common: false }));
    const wide = playerClass({ name: "Sage", spells: spells.map(({ id }) => id) });
    await openZone({ content: testContent({ spells, classes: [wide] }) });
  });
});
