import { describe, expect, test } from "bun:test";
import { EVENT_NAMES } from "../../../server/protocol/game/wire-names.ts";
import type { ModuleComparison, ReplayNames, ZoneReplay } from "../../../server/protocol/replay.ts";
import { comparisonLines } from "../../../tools/replay/comparison-lines.ts";
import { eventWords } from "../../../tools/replay/event-words.ts";
import { changeLines, incidentLines, resultLines } from "../../../tools/replay/lines.ts";

const names: ReplayNames = {
  entity: (id) => (id === 12 ? "Ann 12" : id === 0 ? "nobody" : `Wolf ${id}`),
  spell: (id) => (id === 116 ? "Frostbolt" : `spell ${id}`),
  item: (id) => (id === 0 ? "gold" : `item ${id}`),
};

describe("events in words", () => {
  test("every kind has a sentence of its own", () => {
    for (const event of Object.values(EVENT_NAMES))
      expect(eventWords({ event, tick: 1 }, names)).not.toBe(event.replaceAll("_", " "));
    expect(eventWords({ event: "of_next_year", tick: 1 }, names)).toBe("of next year");
  });

  test.each([
    [
      {
        event: "damage",
        attacker_id: 7,
        target_id: 12,
        actual_damage: 31,
        mitigation: 9,
        target_health: 138,
        spell_id: 0,
      },
      "Wolf 7 hits Ann 12 for 31 (9 mitigated), 138 health left",
    ],
    [
      {
        event: "damage",
        attacker_id: 12,
        target_id: 7,
        actual_damage: 31,
        mitigation: 0,
        target_health: 0,
        spell_id: 116,
        outcome: "critical",
        absorbed: 4,
        periodic: true,
      },
      "Ann 12 hurts Wolf 7 with Frostbolt for 31 (critical) (4 absorbed), 0 health left",
    ],
    [
      { event: "loot", entity_id: 12, creature_id: 7, item: 0, count: 5, held: 25, taken: true },
      "Ann 12 takes 5 gold from Wolf 7, and has 25",
    ],
    [
      { event: "trade", outcome: "done", maker_id: 12, partner_id: 7, gives: [{ item: 0, count: 30 }], wants: [] },
      "the trade of Ann 12 (gives 30 gold) with Wolf 7 (gives nothing): done",
    ],
    [{ event: "killed", killer_id: 12, target_id: 7 }, "Ann 12 kills Wolf 7"],
    [
      { event: "refused", entity_id: 12, action: "cast", reason: "out_of_range" },
      "Ann 12 is refused cast: out of range",
    ],
    [
      { event: "experience", entity_id: 12, gained: 5, experience: 90, next_level: 400 },
      "Ann 12 gains 5 experience, 90 of 400",
    ],
  ])("%o", (event, words) => {
    expect(eventWords({ tick: 1, ...event }, names)).toBe(words);
  });
});

function change(values: [string, string | number | null, string | number | null][]): string {
  const changed = values.map(([name, was, is]) => ({ name, was, is }));
  return changeLines({ zone: 1, tick: 9, entity: 12, events: [], values: changed }, names).join("\n");
}

test("changes of an entity", () => {
  expect(change([["auras", "", "spell 116 x2 until tick 50 by 7"]])).toBe(
    "zone 1 tick 9: Ann 12 auras none → Frostbolt x2 until tick 50 by Wolf 7",
  );
  expect(change([["health", 9, null]])).toBe("zone 1 tick 9: Ann 12 is not in the zone any more");
  expect(change([["health", null, 9]])).toBe("zone 1 tick 9: Ann 12 enters: health 9");
});

const zone: ZoneReplay = {
  zone: 1,
  epochs: 1,
  fromTick: 5,
  toTick: 9,
  ticks: 5,
  verified: 4,
  lost: 3,
  seconds: 0.001,
  stoppedAt: 9,
  firstDifference: { epoch: 1, tick: 9, recorded: "00", replayed: "ff" },
  problems: Array.from({ length: 12 }, (_, index) => `Problem ${index}.`),
  comparison: null,
};

test("a result", () => {
  const lines = resultLines({ zones: [zone], seconds: 1.5, problems: ["Of the whole."], interrupted: true });
  expect(lines[2]).toMatch(/1 +1 +5 +5 +9 +4 +3 +5,000 +differ at tick 9/);
  expect(lines).toContain("4 of 5 ticks gave the recorded state, in 1.50 s. Interrupted.");
  expect(lines).toContain("  Of the whole.");
  expect(lines).toContain("  and 3 more");
  expect(lines.at(-1)).toBe("The condition holds in zone 1 at tick 9.");
});

test("a comparison", () => {
  const equal: ModuleComparison = {
    module: "ab",
    label: "a.wasm",
    ticks: 5,
    differing: 0,
    traps: 0,
    first: null,
    columns: [],
    fuelRatio: 1.25,
    eventTicks: 0,
    frameTicks: 0,
    departureTicks: 0,
    added: ["PLAYER_RESTED"],
    dropped: [],
  };
  expect(comparisonLines(1, equal, names).join("\n")).toBe(
    "\nModule ab (a.wasm) in zone 1: no difference in 5 ticks. Its fuel is 1.2500× that of the recorded module.\nIt has more columns, which are not compared: PLAYER_RESTED.",
  );
  const trap = { message: "kernel trap: x", phase: "commands", op: 96, session: 0, entity: 0, spell: 0 };
  const column = { column: "ENTITY_HEALTH", values: 3, entity: 12, was: 5, is: 4 };
  const first = { tick: 7, columns: [column], event: null, frames: true, departures: false, trap };
  const differs = {
    ...equal,
    differing: 2,
    traps: 1,
    first,
    columns: [{ column: "ENTITY_HEALTH", ticks: 2, firstTick: 7 }],
  };
  const text = comparisonLines(1, differs, names).join("\n");
  expect(text).toContain("2 of 5 ticks differ, first tick 7, 1 of them trap.");
  expect(text).toContain("  it traps: kernel trap: x; phase commands, op 96");
  expect(text).toContain("  ENTITY_HEALTH of Ann 12: 5 → 4, and 2 more values");
});

test("an incident", () => {
  const incident = {
    incident: 5,
    zone: 1,
    tick: 9,
    ticks: 3,
    recorded: null,
    replayed: null,
    same: false,
    problems: [],
  };
  expect(incidentLines(incident)).toEqual([
    "Incident 5: zone 1, tick 9, after 3 ticks from the snapshot before it.",
    "  recorded  the journal does not say where",
    "  replayed  no trap",
    "The batch does not trap in the same place.",
  ]);
});
