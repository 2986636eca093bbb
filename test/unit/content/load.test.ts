// Content is data: what the files say is checked, with every fault named by file, entry and field, and written into a zone's
// tables as the kernel's layout has them.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentOf, loadContent, loadWorld } from "../../../server/protocol/content/load.ts";
import { openZone } from "../../helpers/kernel-zone.ts";

const CONTENT = join(import.meta.dir, "../../../server/protocol/content");
const folder = mkdtempSync(join(tmpdir(), "wowsim-content-"));
afterAll(() => rmSync(folder, { recursive: true }));

const parse = async (name: string): Promise<Record<string, Record<string, unknown>[]>> =>
  Bun.TOML.parse(await Bun.file(join(CONTENT, name)).text()) as Record<string, Record<string, unknown>[]>;

/** The standard files, for a test to spoil. */
async function files() {
  const names = ["items.toml", "spells.toml", "creatures.toml", "classes.toml"];
  const [items, spells, creatures, classes] = await Promise.all(names.map(parse));
  return { items: items!, spells: spells!, creatures: creatures!, classes: classes! };
}

function portal(to: number, x: number, exit: number): string {
  return `[[zone.portal]]\nto = ${to}\nx = ${x}\ny = 0\nradius_yd = 5\nexit_x = ${exit}\nexit_y = 0\n`;
}

/** Two zones; the first has a portal at `x` to `to`, which comes out at `exit`; the second's is at 30, 0. */
function portals(to: number, x: number, exit: number): string {
  return `[[zone]]\nid = 1\nname = "A"\n${portal(to, x, exit)}[[zone]]\nid = 2\nname = "B"\n${portal(1, 30, 0)}`;
}

describe("the standard content", () => {
  const { spells, creatures, classes } = loadContent();

  test("has classes, spells and creatures enough of every sort", () => {
    const auras = new Set(spells.map(({ aura }) => aura?.kind));
    const effects = new Set(spells.map(({ effect }) => effect));
    expect(classes.length).toBeGreaterThanOrEqual(3);
    expect(spells.length).toBeGreaterThanOrEqual(12);
    expect(creatures.length).toBeGreaterThanOrEqual(12);
    expect(creatures.filter(({ elite }) => elite).length).toBeGreaterThanOrEqual(1);
    for (const kind of ["damage", "heal", "absorb", "slow", "stun", "silence", "root"] as const)
      expect([kind, auras.has(kind)]).toEqual([kind, true]);
    for (const effect of ["damage", "heal", "interrupt", "taunt"] as const)
      expect([effect, effects.has(effect)]).toEqual([effect, true]);
    expect(spells.some(({ areaYd }) => areaYd > 0)).toBe(true);
    expect(spells.some(({ channelS }) => channelS > 0)).toBe(true);
  });

  test("has what old clients know: 100 to 103 at once, 200 and 201 in 1.5 s, 300 in 2 s, for every class", () => {
    const cast = new Map(spells.filter(({ common }) => common).map(({ id, castS }) => [id, castS]));
    expect(cast).toEqual(
      new Map([
        [100, 0],
        [101, 0],
        [102, 0],
        [103, 0],
        [200, 1.5],
        [201, 1.5],
        [300, 2],
      ]),
    );
  });

  test("makes worlds: each has its named creatures, and every kind is in one of them", async () => {
    const kinds = new Set<string>();
    const names = await readdir(join(CONTENT, "worlds"));
    expect(names.length).toBeGreaterThanOrEqual(2);
    for (const name of names) {
      const world = await loadWorld(join(CONTENT, "worlds", name));
      expect(world.zones[0]?.spawns.some(({ entityId }) => entityId === 1_000_001)).toBe(true);
      for (const { spawns } of world.zones)
        for (const { template } of spawns) kinds.add(world.content.creatures[template]?.name ?? "");
    }
    const { zones, content } = await loadWorld();
    expect(zones.map(({ name }) => name).slice(0, 2)).toEqual(["Elwynn Forest", "Westfall"]);
    expect([...kinds].toSorted()).toEqual(content.creatures.map(({ name }) => name).toSorted());
  });

  test("lies in a zone's tables", async () => {
    const zone = await openZone({ content: loadContent() });
    zone.join(1, { class: "Priest", x: 3 }).spawn(1_000_001, { kind: "Hogger" }).run();
    expect([zone.get(1, "MAX_HEALTH"), zone.get(1_000_001, "MAX_HEALTH")]).toEqual([230, 1_600]);
    zone.set(1, "HEALTH", 50).cast(1, 140, 1).run();
    expect(zone.auras(1)).toEqual([{ spell: 140, stacks: 1, end: zone.tick + 300, caster: 1 }]);
  });
});

describe("a fault is named by file, entry and field", () => {
  type Files = Awaited<ReturnType<typeof files>>;
  test.each<[string, (all: Files) => void, string]>([
    [
      "a school there is not",
      ({ spells }) => (spells["spell"]![0]!["school"] = "water"),
      'spells.toml: spell "Fire Blast": school: ',
    ],
    [
      "a field there is not",
      ({ spells }) => (spells["spell"]![0]!["speed"] = 3),
      'spells.toml: spell "Fire Blast": Unrecognized key: "speed"',
    ],
    [
      "a range turned round",
      ({ creatures }) => (creatures["creature"]![0]!["damage"] = [9, 3]),
      'creatures.toml: creature "Hogger": damage: ',
    ],
    [
      "a number too large",
      ({ creatures }) => (creatures["creature"]![0]!["level"] = 99),
      'creatures.toml: creature "Hogger": level: ',
    ],
    [
      "an aura within a spell",
      ({ spells }) => (spells["spell"]![1]!["aura"] = { kind: "slow", duration_s: -1 }),
      'spells.toml: spell "Frost Shock": aura: duration_s: ',
    ],
    [
      "a slow of more than all",
      ({ spells }) => (spells["spell"]![1]!["aura"] = { kind: "slow", duration_s: 3, amount: [100, 100] }),
      'spells.toml: spell "Frost Shock": aura: amount: slows by 99',
    ],
    [
      "a harm without an aura",
      ({ spells }) => (spells["spell"]![0]!["effect"] = "harm"),
      'spells.toml: spell "Fire Blast": aura: a spell of effect "harm" needs one',
    ],
    [
      "a period that is needed",
      ({ spells }) => (spells["spell"]![0]!["aura"] = { kind: "damage", duration_s: 3, amount: [1, 1] }),
      'spells.toml: spell "Fire Blast": aura: period_s: needed',
    ],
    [
      "a healing curse",
      ({ spells }) => (spells["spell"]![0]!["aura"] = { kind: "absorb", duration_s: 3 }),
      'spells.toml: spell "Fire Blast": aura: kind: "absorb" does not go with',
    ],
    [
      "a global cooldown too short",
      ({ spells }) => (spells["spell"]![0]!["gcd_s"] = 0.5),
      'spells.toml: spell "Fire Blast": gcd_s: 0, or at least 1',
    ],
    [
      "a channel without a period",
      ({ spells }) => (spells["spell"]![0]!["channel_s"] = 3),
      'spells.toml: spell "Fire Blast": channel_period_s: ',
    ],
    [
      "damage without an amount",
      ({ spells }) => delete spells["spell"]![0]!["amount"],
      'spells.toml: spell "Fire Blast": amount: ',
    ],
    ["two of one id", ({ spells }) => (spells["spell"]![0]!["id"] = 101), "spells.toml: two spells have the same id"],
    [
      "a creature's unknown spell",
      ({ creatures }) => (creatures["creature"]![0]!["spell_id"] = 7),
      'creatures.toml: creature "Hogger": spell_id: no spell 7',
    ],
    [
      "a class's unknown spell",
      ({ classes }) => (classes["class"]![1]!["spells"] = [7]),
      'classes.toml: class "Mage": spells: no spell 7',
    ],
    [
      "a spell that a class can not pay",
      ({ classes }) => (classes["class"]![1]!["spells"] = [110]),
      'classes.toml: class "Mage": spells: spell 110 costs rage, the class has mana',
    ],
    ["no classes", ({ classes }) => (classes["class"] = []), "classes.toml: class: "],
  ])("%s", async (_, spoil, told) => {
    const all = await files();
    spoil(all);
    expect(() => contentOf(all)).toThrow(told);
  });

  test("all of them at once", async () => {
    const all = await files();
    all.classes["class"]![0]!["spells"] = [7];
    all.classes["class"]![1]!["spells"] = [8];
    expect(() => contentOf(all)).toThrow(/2 fault\(s\):\n.*no spell 7.*\n.*no spell 8/);
  });

  test.each([
    [
      "a kind there is not",
      '[[zone]]\nid = 1\nname = "A"\n[[zone.pack]]\nkind = "Dragon"\ncount = 1\nx = 0\ny = 0\nradius_yd = 1',
      'zone "A": kind: no creature "Dragon"',
    ],
    [
      "two zones of one id",
      '[[zone]]\nid = 1\nname = "A"\n[[zone]]\nid = 1\nname = "B"',
      'zone "B": id: another zone has the id 1',
    ],
    ["a zone without a name", "[[zone]]\nid = 1", "zone number 1: name: "],
    ["a portal to where no zone is", portals(9, 20, 0), 'zone "A": portal number 1: to: no other zone has the id 9'],
    ["a portal to its own zone", portals(1, 20, 0), 'zone "A": portal number 1: to: no other zone has the id 1'],
    ["a portal where players appear", portals(2, 3, 0), 'zone "A": portal number 1: x, y: players appear within it'],
    [
      "a portal that leads into one that leads back",
      portals(2, 20, 32),
      'zone "A": portal number 1: exit_x, exit_y: lies within a portal of zone 2',
    ],
    ["no zone", "", "zone: "],
  ])("in a world: %s", async (_, text, told) => {
    const path = join(folder, "world.toml");
    await Bun.write(path, `name = "W"\n${text}\n`);
    expect(loadWorld(path)).rejects.toThrow(told);
  });

  test("a world that is no TOML, or not there", async () => {
    const path = join(folder, "broken.toml");
    await Bun.write(path, "# mine\nname = \n");
    expect(loadWorld(path)).rejects.toThrow("broken.toml: line 2: Missing value after '='");
    expect(loadWorld(join(folder, "none.toml"))).rejects.toThrow("Give a TOML file with --world");
  });
});
