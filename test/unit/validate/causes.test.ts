import { describe, expect, test } from "bun:test";
import { explain, familyOf } from "../../../server/validate/causes.ts";

/** Which of these terms differ by themselves, which go in a circle, and which differ by chance. */
function why(...terms: string[]): { own: string[]; open: string[]; byChance: string[] } {
  const { own, open, byChance } = explain(new Set(terms.map(familyOf)));
  const of = (families: ReadonlySet<number>): string[] => terms.filter((term) => families.has(familyOf(term)));
  return { own: of(own), open: of(open), byChance: of(byChance) };
}

describe("within one tick", () => {
  test("what a spell's damage brings about is no difference of its own", () => {
    const consequences = [
      "damage.to.creatures",
      "damage.mitigated.creatures",
      "events.damage",
      "health.lost.creatures",
      "threat.points",
      "power.gained.players",
      "shown.change.health",
      "shown.bytes",
      "counters.damage",
      "state.entity_health",
    ];
    expect(why("damage.spell.fireball", ...consequences).own).toEqual(["damage.spell.fireball"]);
  });

  test("with a death among it, the death may be the cause as well", () => {
    const { own, open } = why("damage.spell.fireball", "deaths.creatures", "experience.told", "items.gained.gold");
    expect([own, open]).toEqual([[], ["damage.spell.fireball", "deaths.creatures"]]);
  });

  test("health that no event tells of is never explained by damage", () => {
    const { own } = why("damage.spell.fireball", "health.untold.gained.players", "health.lost.players");
    expect(own).toEqual(["damage.spell.fireball", "health.untold.gained.players"]);
  });

  test("a broken invariant is never explained", () => {
    expect(why("damage.swing", "deaths.players", "broken.threat_of_nobody").own).toContain("broken.threat_of_nobody");
  });

  test("another number of draws explains what rolls decide, directly or over others", () => {
    const { own, byChance } = why("draws", "damage.swing", "health.lost.players", "shown.bytes");
    expect(own).toEqual(["draws"]);
    expect(byChance).toEqual(["damage.swing", "health.lost.players", "shown.bytes"]);
  });

  test("who dies draws other numbers, and other numbers decide who dies: each may be the cause", () => {
    const { own, open, byChance } = why("damage.swing", "deaths.creatures", "draws", "loot.taken", "shown.bytes");
    expect([own, byChance]).toEqual([[], []]);
    expect(open).toEqual(["damage.swing", "deaths.creatures", "draws"]);
  });

  test("what clients are shown differs by itself when nothing else does", () => {
    expect(why("shown.change.target", "shown.bytes").own).toEqual(["shown.change.target"]);
    expect(why("shown.bytes").own).toEqual(["shown.bytes"]);
  });

  test("a column differs by itself when no term does", () => {
    expect(why("state.creature_timer", "state.entity_swing_next").own).toHaveLength(2);
    expect(why("state.creature_timer", "moved.creatures").own).toEqual(["moved.creatures"]);
  });
});

test("every set of terms has a cause", () => {
  const terms = ["draws", "avoided.miss", "threat.points", "moved.creatures", "targets.creatures", "casts.started.web"];
  for (let mask = 1; mask < 1 << terms.length; mask++) {
    const some = terms.filter((_, index) => ((mask >> index) & 1) === 1);
    const { own, open } = why(...some);
    expect(own.length + open.length).toBeGreaterThan(0);
  }
});
