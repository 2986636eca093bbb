// The parts that players play: what each does in the situations it is there for.

import { describe, expect, test } from "bun:test";
import { loadContent } from "../../../server/protocol/content/load.ts";
import type { Action } from "../../../tools/client/behaviour.ts";
import { preyOf } from "../../../tools/client/behaviour.ts";
import { playCaster } from "../../../tools/client/behaviours/caster.ts";
import { playHealer } from "../../../tools/client/behaviours/healer.ts";
import { playTank } from "../../../tools/client/behaviours/tank.ts";
import { playTrader } from "../../../tools/client/behaviours/trader.ts";
import { playWanderer } from "../../../tools/client/behaviours/wander.ts";
import { BEHAVIOURS, roleOf } from "../../../tools/client/roles.ts";
import { SpellBook } from "../../../tools/client/spell-book.ts";
import { fireball, heal, mate, self, taunt, view, wolf } from "../../helpers/view.ts";

/** Where a walk leads, seen from (0, 0): the distance along x. */
function walkTo(action: Action): { x: number; y: number } {
  if (action.do !== "walk") throw new Error(`it did ${action.do}`);
  return action;
}

const hurt = (id: number, x: number, health: number) => mate(id, x, { health });

test("players spread over what there is to fight", () => {
  const crowd = [mate(2, 5, { target: 7 }), mate(3, 5, { target: 7 })];
  expect(preyOf(view({}, wolf(7, 10), wolf(8, 20), ...crowd))?.id).toBe(8);
  expect(preyOf(view({}, wolf(7, 10), wolf(8, 20)))?.id).toBe(7);
});

describe("a tank", () => {
  test("taunts what strikes at a friend", () => {
    const seen = view({ spells: [taunt] }, wolf(7, 4, { target: 2 }), mate(2, 6));
    expect(playTank(seen)).toEqual({ do: "cast", spell: taunt.id, target: 7 });
  });

  test("runs to it first, past what is nearer and its own", () => {
    const seen = view({ spells: [taunt], prey: 8 }, wolf(7, 20, { target: 2 }), wolf(8, 3, { target: 1 }), mate(2, 22));
    expect(walkTo(playTank(seen)).x).toBe(20);
  });

  test("goes on with its own when nobody needs it", () => {
    const seen = view({ spells: [taunt], prey: 8 }, wolf(7, 20, { target: 1 }), wolf(8, 3, { target: 1 }));
    expect(playTank(seen)).toEqual({ do: "attack", target: 8 });
  });

  test("does not taunt what fights it already", () => {
    expect(playTank(view({ spells: [taunt] }, wolf(7, 3, { target: 1 }), mate(2, 6)))).toMatchObject({ do: "attack" });
  });
});

describe("a healer", () => {
  test("heals who has the least of their health", () => {
    const seen = view({ spells: [heal] }, hurt(2, 5, 60), hurt(3, 10, 30), hurt(4, 5, 90));
    expect(playHealer(seen)).toEqual({ do: "cast", spell: heal.id, target: 3 });
  });

  test("heals itself when it is the worst off", () => {
    const seen = view({ spells: [heal], self: { ...self, health: 20 } }, hurt(2, 5, 60));
    expect(playHealer(seen)).toEqual({ do: "cast", spell: heal.id, target: 1 });
  });

  test("goes to who is out of reach", () => {
    expect(walkTo(playHealer(view({ spells: [heal] }, hurt(2, 60, 30)))).x).toBe(60);
  });

  test("heals nobody who is well, and does harm only with power to spare", () => {
    const all = [heal, fireball];
    const well = mate(2, 5);
    expect(playHealer(view({ spells: all }, well, wolf(7, 20)))).toMatchObject({ do: "cast", spell: fireball.id });
    const tired = { ...self, power: 50 };
    expect(playHealer(view({ spells: all, self: tired }, well, wolf(7, 20))).do).toBe("walk");
  });

  test("keeps away from creatures", () => {
    expect(walkTo(playHealer(view({ spells: [heal] }, mate(2, 5), wolf(7, 4)))).x).toBeLessThan(0);
  });

  test("does not raise the dead", () => {
    expect(playHealer(view({ spells: [heal] }, mate(2, 5, { health: 0 }))).do).toBe("walk");
  });
});

describe("a caster", () => {
  test("casts from within its range, and comes no nearer", () => {
    expect(playCaster(view({ spells: [fireball] }, wolf(7, 25)))).toMatchObject({ do: "cast", target: 7 });
    expect(playCaster(view({ spells: [fireball] }, wolf(7, 50)))).toEqual({ do: "walk", x: 50, y: 0, stopAt: 28 });
  });

  test("steps back from what is after it, but stands to cast now and then", () => {
    const after = wolf(7, 4, { target: 1 });
    expect(walkTo(playCaster(view({ spells: [fireball], turn: 1 }, after))).x).toBe(-4);
    expect(playCaster(view({ spells: [fireball], turn: 3 }, after)).do).toBe("cast");
  });

  test("waits at a distance while nothing is ready", () => {
    const { x, y } = walkTo(playCaster(view({ spells: [], rangeYd: 35 }, wolf(7, 20))));
    expect(Math.hypot(x - 20, y)).toBeCloseTo(20);
  });
});

describe("a wanderer", () => {
  test("passes creatures by that do not mind it", () => {
    expect(walkTo(playWanderer(view({ spells: [fireball] }, wolf(7, 10)))).x).not.toBe(10);
  });

  test("fights what comes at it", () => {
    const seen = view({ spells: [fireball] }, wolf(7, 10), wolf(8, 20, { target: 1 }));
    expect(playWanderer(seen)).toMatchObject({ do: "cast", target: 8 });
  });

  test("goes out, and then back to the spawn point", () => {
    const { x, y } = walkTo(playWanderer(view()));
    expect(Math.hypot(x, y)).toBeCloseTo(10);
    expect(playWanderer(view({ position: { x: 60, y: 0, z: 0 }, turn: 20 }))).toMatchObject({ do: "walk", x: 0, y: 0 });
  });

  test("makes for a portal once it has looked about, each for its own", () => {
    const portals = [
      { to: 2, x: 130, y: 0, radius_yd: 6 },
      { to: 3, x: -130, y: 8, radius_yd: 6 },
    ];
    expect(playWanderer(view({ portals, inZoneMs: 9_000 }))).toEqual(playWanderer(view()));
    const ways = [1, 2].map((entityId) => playWanderer(view({ portals, inZoneMs: 11_000, entityId })));
    expect(ways).toEqual([
      { do: "walk", x: -130, y: 8, stopAt: 0 },
      { do: "walk", x: 130, y: 0, stopAt: 0 },
    ]);
    const hunted = view({ portals, inZoneMs: 11_000, spells: [fireball] }, wolf(8, 20, { target: 1 }));
    expect(playWanderer(hunted)).toMatchObject({ do: "cast", target: 8 });
  });

  test("players who come together take different ways, and each another one next time", () => {
    const ways = [1, 2, 3, 4, 5, 6, 7, 8].map((entityId) => walkTo(playWanderer(view({ entityId }))));
    expect(new Set(ways.map(({ x, y }) => `${x.toFixed(2)} ${y.toFixed(2)}`)).size).toBe(8);
    expect(playWanderer(view({ turn: 0 }))).not.toEqual(playWanderer(view({ turn: 40 })));
  });
});

describe("a trader", () => {
  const GIFT = { maker: 5, offer: 41, gives: [{ item: 0, count: 3 }], wants: [], endTick: 900 };
  const DEAR = { ...GIFT, maker: 6, wants: [{ item: 3, count: 2 }] };
  const rich = new Map([[0, 30]]);

  test("accepts what it can fulfil, and declines the rest; an offer that is over is none", () => {
    const accepts = { do: "accept", maker: 5, offer: 41 };
    expect(playTrader(view({ offers: [GIFT] }))).toEqual(accepts as Action);
    expect(playTrader(view({ offers: [DEAR], inventory: rich }))).toMatchObject({ do: "decline", maker: 6 });
    expect(playTrader(view({ offers: [DEAR], inventory: new Map([[3, 2]]) }))).toMatchObject({
      do: "accept",
      maker: 6,
    });
    expect(playTrader(view({ offers: [GIFT], random: () => 0.9 }))).toMatchObject({ do: "decline" });
    expect(playTrader(view({ offers: [{ ...GIFT, endTick: 100 }] })).do).not.toBe("accept");
  });

  test("goes to a player, and offers some of what it holds", () => {
    expect(playTrader(view({ inventory: rich }, mate(7, 40)))).toMatchObject({ do: "walk", x: 40 });
    const offer = playTrader(view({ inventory: rich }, mate(7, 5)));
    expect(offer).toEqual({ do: "offer", target: 7, give: [{ item: 0, count: 1 }], want: [] });
    const priced = playTrader(view({ inventory: new Map([[3, 9]]), random: () => 0.6 }, mate(7, 5)));
    expect(priced).toEqual({ do: "offer", target: 7, give: [{ item: 3, count: 2 }], want: [{ item: 0, count: 2 }] });
  });

  test("earns, when it has nothing, or nobody is there", () => {
    const alone = view({ inventory: rich, spells: [fireball] }, wolf(8, 10));
    expect(playTrader(alone)).toMatchObject({ do: "cast", target: 8 });
    expect(playTrader(view({ spells: [fireball] }, wolf(8, 10), mate(7, 5)))).toMatchObject({ do: "cast", target: 8 });
  });
});

describe("roles", () => {
  const content = loadContent();
  const spellsOf = (className = "") => {
    const ids = content.classes.find(({ name }) => name === className)?.spells ?? [];
    return content.spells.filter(({ id }) => ids.includes(id));
  };

  test("are classes that can do what the part asks for", () => {
    expect(spellsOf(roleOf("tank", 0, content).playerClass).some(({ effect }) => effect === "taunt")).toBe(true);
    expect(spellsOf(roleOf("healer", 0, content).playerClass).some(({ effect }) => effect === "heal")).toBe(true);
    const far = spellsOf(roleOf("caster", 0, content).playerClass).filter(({ rangeYd }) => rangeYd >= 20);
    expect(far.length).toBeGreaterThan(0);
  });

  test("mixed has somebody of each part but the traders", () => {
    const parts = Array.from({ length: 12 }, (_, index) => roleOf("mixed", index, content).behave);
    expect(new Set(parts).size).toBe(BEHAVIOURS.length - 2);
  });
});

describe("the spell book", () => {
  const book = new SpellBook(loadContent());

  test("leaves out what a class has no power for", () => {
    const spells = [{ ...fireball }, { id: 110, name: "Heroic Strike", effect: "damage", range_yd: 5 }];
    expect(book.castable("Warrior", spells).map(({ id }) => id)).toEqual([110]);
    expect(book.castable("Mage", spells).map(({ id }) => id)).toEqual([200]);
  });

  test("knows nothing of a spell that goes by another name, and keeps it", () => {
    const strange = { ...fireball, name: "Waterball" };
    expect(book.factsOf(strange)).toEqual({ castMs: 0, cooldownMs: 0, cost: 0, areaYd: 0 });
    expect(book.castable("Warrior", [strange])).toEqual([strange]);
  });

  test("a spell that strikes around the caster reaches as far as that", () => {
    const nova = { id: 131, name: "Frost Nova", effect: "damage", range_yd: 0 };
    expect(book.castable("Mage", [nova])).toEqual([{ ...nova, range_yd: 10 }]);
  });
});
