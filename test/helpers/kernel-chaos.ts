// Random command streams for property tests: eight players and eight creatures who come, fight, die and come back.
//
//   for (const commands of [opening(), ...ticks]) { give(zone, commands); zone.run(); }   // ticks drawn from stream()

import fc from "fast-check";
import * as abi from "../../assembly/abi.ts";
import type { Spell } from "../../server/protocol/content/content.ts";
import { aura, creature, playerClass, spell, testContent } from "./kernel-content.ts";
import type { CommandFields } from "../../server/protocol/game/command.ts";
import type { KernelZone } from "./kernel-zone.ts";

const FIRST_CREATURE = 1_000_001;
const PLAYERS = 8;
const CREATURES = 8;

/** A spell off the global cooldown that leaves an aura. */
function left(id: number, effect: Spell["effect"], parts: Parameters<typeof aura>[0]): Spell {
  return spell({ id, effect, gcdS: 0, amount: [3, 8], aura: aura(parts) });
}

/** Small numbers, so that in a few hundred ticks everything happens: deaths, respawns, revivals, full tables. */
export const CHAOS_CONTENT = testContent({
  spells: [
    spell({ id: 1, amount: [20, 60], gcdS: 0.5, rangeYd: 30 }),
    spell({ id: 2, castS: 0.5, amount: [50, 90], cost: 50, gcdS: 0.5 }),
    spell({ id: 3, effect: "heal", amount: [30, 50], gcdS: 0.5, castS: 0.3, rangeYd: 40 }),
    spell({ id: 4, effect: "interrupt", school: "physical", gcdS: 0, lockoutS: 2, cooldownS: 1 }),
    spell({ id: 5, school: "physical", amount: [10, 20], gcdS: 0 }),
    left(6, "harm", { kind: "damage", durationS: 2, periodS: 0.5, amount: [5, 9], stacks: 3 }),
    left(7, "help", { kind: "heal", durationS: 2, periodS: 0.5, amount: [5, 9] }),
    left(8, "help", { kind: "absorb", durationS: 4, amount: [30, 50] }),
    left(9, "damage", { kind: "stun", durationS: 1 }),
    { ...left(10, "harm", { kind: "silence", durationS: 1 }), areaYd: 8 },
    { ...left(11, "damage", { kind: "root", durationS: 1 }), areaYd: 9, rangeYd: 0 },
    { ...left(12, "damage", { kind: "slow", durationS: 1, amount: [40, 60] }), channelS: 1, channelPeriodS: 0.25 },
    spell({ id: 13, effect: "taunt", gcdS: 0 }),
    spell({ id: 14, effect: "power", gcdS: 0, amount: [10, 40] }),
    spell({ id: 15, effect: "stance", gcdS: 0, rangeYd: 0, threat: 1.3 }),
  ],
  creatures: [
    creature({
      name: "Boar",
      aggroRadiusYd: 0,
      health: 150,
      damage: [20, 40],
      respawnS: [1, 3],
      corpseS: 1,
      roamRadiusYd: 9,
    }),
    creature({ name: "Mage", aggroRadiusYd: 0, health: 300, respawnS: [1, 2], corpseS: 0, spellId: 9, flees: true }),
    creature({ name: "Witch", aggroRadiusYd: 0, health: 200, respawnS: [1, 2], spellId: 10, resistance: 30 }),
    // Not in the opening, but in a hard start (kernel-hard-start.ts).
    creature({ name: "Weaver", health: 200, respawnS: [1, 2], spellId: 11 }),
    creature({ name: "Viper", health: 60, respawnS: [1, 2], spellId: 6 }),
  ],
  classes: [
    playerClass({ name: "Warrior", health: 150, power: 100, powerType: "rage", block: 5, healthGain: 9 }),
    playerClass({
      name: "Rogue",
      health: 120,
      power: 100,
      powerType: "energy",
      offHand: { damage: [4, 6], swingS: 0.7 },
    }),
  ],
});

export interface ChaosCommand {
  op: number;
  parts: CommandFields;
}

const playerId = fc.integer({ min: 1, max: PLAYERS });
const creatureId = fc.integer({ min: FIRST_CREATURE, max: FIRST_CREATURE + CREATURES - 1 });
const anyId = fc.oneof(
  { weight: 2, arbitrary: playerId },
  { weight: 4, arbitrary: creatureId },
  fc.constantFrom(0, 77),
);
const coordinate = fc.integer({ min: -60, max: 60 });
const point = fc.record({ x: coordinate, y: fc.integer({ min: -30, max: 30 }) });
const spellId = fc.integer({ min: 0, max: CHAOS_CONTENT.spells.length + 1 });

const playerCommand: fc.Arbitrary<ChaosCommand> = fc
  .tuple(
    playerId,
    fc.oneof(
      {
        weight: 2,
        arbitrary: fc.record({
          op: fc.constant(abi.OP_JOIN),
          parts: point.chain((at) =>
            fc.record({
              x: fc.constant(at.x),
              y: fc.constant(at.y),
              flags: fc.integer({ min: 0, max: 3 }),
              e: fc.integer({ min: 0, max: 2 }).map((index) => index | (10 << 8)),
            }),
          ),
        }),
      },
      { weight: 4, arbitrary: fc.record({ op: fc.constant(abi.OP_MOVE), parts: point }) },
      {
        weight: 6,
        arbitrary: fc.record({
          op: fc.constant(abi.OP_CAST),
          parts: fc.record({ a: anyId, b: spellId, c: fc.integer({ min: 0, max: 20 }) }),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          op: fc.constant(abi.OP_ATTACK),
          parts: fc.record({ a: anyId, b: fc.constantFrom(0, 5) }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom(
            abi.OP_LEAVE,
            abi.OP_CANCEL_CAST,
            abi.OP_STOP_ATTACK,
            abi.OP_RELEASE,
            abi.OP_RECLAIM,
            abi.OP_WATCH,
            abi.OP_UNWATCH,
          )
          .chain((op) =>
            fc.record({ op: fc.constant(op), parts: fc.record({ flags: fc.integer({ min: 0, max: 1 }) }) }),
          ),
      },
    ),
  )
  .map(([session, { op, parts }]) => ({ op, parts: { ...parts, session } }));

const hostCommand: fc.Arbitrary<ChaosCommand> = fc
  .tuple(
    creatureId,
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          op: fc.constant(abi.OP_SPAWN),
          parts: point.chain((at) =>
            fc.record({
              x: fc.constant(at.x),
              y: fc.constant(at.y),
              e: fc.integer({ min: 0, max: 3 }),
              flags: fc.constantFrom(0, 0, 0, 1),
            }),
          ),
        }),
      },
      { weight: 1, arbitrary: fc.record({ op: fc.constantFrom(abi.OP_PLACE, abi.OP_NUDGE), parts: point }) },
      { weight: 1, arbitrary: fc.constant({ op: abi.OP_DESPAWN, parts: {} }) },
    ),
  )
  .map(([a, { op, parts }]) => ({ op, parts: { ...parts, a } }));

/** Commands tick by tick: players that come, fight, die, and creatures that do. */
export function stream(ticksMax = 120): fc.Arbitrary<ChaosCommand[][]> {
  const tick = fc.array(fc.oneof({ weight: 5, arbitrary: playerCommand }, { weight: 1, arbitrary: hostCommand }), {
    maxLength: 6,
  });
  return fc.array(tick, { minLength: 20, maxLength: ticksMax, size: "max" });
}

/** Everybody in, so that a short stream begins in the middle of things. */
export function opening(): ChaosCommand[] {
  const players = Array.from({ length: PLAYERS }, (_, index): ChaosCommand => {
    const flags = abi.JOIN_WATCHES | (index % 2 === 0 ? abi.JOIN_GUEST : 0);
    return { op: abi.OP_JOIN, parts: { session: index + 1, flags, x: index * 5, y: 0, e: (index % 3) | (10 << 8) } };
  });
  const creatures = Array.from({ length: CREATURES }, (_, index): ChaosCommand => {
    return { op: abi.OP_SPAWN, parts: { a: FIRST_CREATURE + index, x: index * 7 - 10, y: 8, e: index % 4 } };
  });
  return [...creatures, ...players];
}

export function give(zone: KernelZone, commands: readonly ChaosCommand[]): void {
  for (const { op, parts } of commands) zone.command(op, parts);
}
