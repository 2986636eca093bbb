// A player goes from one zone to another with everything that is theirs, as the kernels of both see it.

import { expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { arrivalRecords } from "../../../server/shared/transfer.ts";
import { readDepartures } from "../../../server/zone/departures.ts";
import type { Departure } from "../../../server/shared/transfer.ts";
import type { Zone } from "../../../server/zone/zone.ts";
import { commandBytes } from "../../helpers/zone-commands.ts";
import type { Command } from "../../helpers/zone-commands.ts";
import { newZone, playedZone, spawnBytes, testWorld, wideKernel } from "../../helpers/zone.ts";

const { zones, content } = await testWorld();
const exit = { x: 5, y: -6, z: 0 };
const nothing = commandBytes([]);

function depart(zone: Zone, session: number): Departure {
  zone.step(commandBytes([{ op: abi.OP_DEPART, a: session }]));
  const [departure] = readDepartures(zone);
  return departure!;
}

function rowOf(zone: Zone, session: number): number {
  for (let row = 0; row < zone.at.playersMax; row++) {
    if (zone.view.getUint32(zone.at.entityId + row * 4, true) === session) return row;
  }
  throw new Error(`There is no player ${session}.`);
}

/** The u32 of a player's row in a column. */
function read(zone: Zone, session: number, column: string, stride = 4): number {
  return zone.view.getUint32(zone.kernel.layout.value(column) + rowOf(zone, session) * stride, true);
}

/** Spell, caster and amount of the first aura of player 3. */
function auraOf(zone: Zone): number[] {
  const { layout } = zone.kernel;
  const row = layout.value("AURA_BASE") + rowOf(zone, 3) * 16 * layout.value("AURAS_MAX");
  return [0, 4, 12].map((offset) => zone.view.getUint32(row + offset, true));
}

/** Zone 2, at another tick than zone 1. */
async function otherZone(ticks: number): Promise<Zone> {
  const zone = await newZone({ zone: zones[1]!, seed: 2 });
  zone.step(spawnBytes(zone, zones[1]!));
  for (let tick = 1; tick < ticks; tick++) zone.step(nothing);
  return zone;
}

test("a player who departs is in no zone any more, and in the next with all they had", async () => {
  const zone = await playedZone(40);
  const spells = content.classes[0]?.spells ?? [];
  for (const spell of spells) {
    zone.step(commandBytes([{ op: abi.OP_CAST, session: 1, seq: 90, b: spell }]));
    for (let tick = 0; tick < 40; tick++) zone.step(nothing);
  }
  const columns = ["ENTITY_HEALTH", "ENTITY_POWER", "ENTITY_LEVEL", "ENTITY_KIND", "PLAYER_ACK", "PLAYER_EXPERIENCE"];
  columns.push("PLAYER_COOLDOWN_COUNT");
  const before = columns.map((column) => read(zone, 1, column));
  const cooldown = read(zone, 1, "COOLDOWN_END", 64) - zone.tick;
  const gcd = read(zone, 1, "ENTITY_GCD_END") - zone.tick;
  const departure = depart(zone, 1);
  expect(departure.session).toBe(1);
  expect(departure.words[abi.TRANSFER_ACK]).toBe(90);
  expect(zone.entities.positionOf(1)).toBeNull();
  zone.step(nothing);
  expect(readDepartures(zone)).toEqual([]);

  const other = await otherZone(500);
  other.step(arrivalRecords(departure, exit, abi.JOIN_WATCHES));
  expect(columns.map((column) => read(other, 1, column))).toEqual(before);
  expect(read(other, 1, "PLAYER_COOLDOWN_COUNT")).toBeGreaterThan(0);
  // Departed one tick after the look, arrived in that tick's place: one tick later for both clocks.
  expect(read(other, 1, "COOLDOWN_END", 64) - other.tick).toBe(cooldown - 1);
  expect(read(other, 1, "ENTITY_GCD_END") - other.tick).toBe(gcd - 1);
  const at = other.entities.positionOf(1);
  expect([at?.x, at?.y]).toEqual([exit.x, exit.y]);
  other.step(commandBytes([{ op: abi.OP_MOVE, session: 1, seq: 99, x: 8, y: -6 }]));
  expect(read(other, 1, "PLAYER_ACK")).toBe(99);
});

test("a player who leaves with their state is as one who departs, and the point where they stood is on record", async () => {
  const zone = await playedZone(40);
  const other = await playedZone(40);
  const stood = zone.entities.positionOf(1)!;
  zone.step(commandBytes([{ op: abi.OP_LEAVE, flags: abi.LEAVE_RECORDS, session: 1, a: 7 }]));
  const [left] = readDepartures(zone);
  expect(left).toMatchObject({ session: 1, stood: { x: stood.x, y: stood.y, z: 0 } });
  expect(left!.words).toEqual(depart(other, 1).words);
  expect(left!.words[abi.TRANSFER_LEVEL]).toBe(10);
  expect(zone.entities.positionOf(1)).toBeNull();
  zone.step(commandBytes([{ op: abi.OP_LEAVE, session: 2 }]));
  expect(readDepartures(zone)).toEqual([]);
});

test("a dead player leaves as one who released: alive, at the spawn point, with half the health", async () => {
  const zone = await playedZone(40);
  const row = rowOf(zone, 1);
  const flags = zone.kernel.layout.value("ENTITY_FLAGS") + row * 4;
  zone.view.setUint32(flags, zone.view.getUint32(flags, true) | abi.ENTITY_DEAD, true);
  zone.view.setUint32(zone.at.entityHealth + row * 4, 0, true);
  const health = read(zone, 1, "ENTITY_MAX_HEALTH");
  zone.step(commandBytes([{ op: abi.OP_LEAVE, flags: abi.LEAVE_RECORDS, session: 1 }]));
  const [left] = readDepartures(zone);
  expect(left).toMatchObject({ session: 1, stood: { x: 0, y: 0, z: 0 } });
  expect(left!.words[abi.TRANSFER_HEALTH]).toBe(Math.floor(health / 2));
});

test("auras of one's own go along, with what is left of them; those of others end without their caster", async () => {
  const zone = await playedZone(3);
  const priest = content.classes.findIndex(({ name }) => name === "Priest") | (10 << 8);
  const [shield, renew] = [141, 140];
  zone.step(commandBytes([3, 4].map((session) => ({ op: abi.OP_JOIN, session, x: 1, e: priest }))));
  zone.step(
    commandBytes([
      { op: abi.OP_CAST, session: 3, a: 3, b: shield },
      { op: abi.OP_CAST, session: 4, a: 3, b: renew },
    ]),
  );
  expect(read(zone, 3, "ENTITY_AURA_COUNT")).toBe(2);
  const before = auraOf(zone);
  const other = await otherZone(9);
  other.step(arrivalRecords(depart(zone, 3), exit, 0));
  expect(auraOf(other)).toEqual(before);
  other.step(nothing);
  expect(read(other, 3, "ENTITY_AURA_COUNT")).toBe(1);
});

test("a school that is locked stays locked on the other side", async () => {
  const zone = await playedZone(3);
  const mage = content.classes.findIndex(({ name }) => name === "Mage") | (10 << 8);
  zone.step(commandBytes([{ op: abi.OP_JOIN, session: 3, x: 1, e: mage }]));
  const { layout } = zone.kernel;
  const row = rowOf(zone, 3);
  const fire = 2;
  const until = zone.tick + 100;
  zone.view.setUint32(
    layout.value("ENTITY_LOCKED") + row * layout.value("ENTITY_LOCKED_STRIDE") + fire * 4,
    until,
    true,
  );
  zone.view.setUint32(layout.value("ENTITY_LOCKED_UNTIL") + row * 4, until, true);
  const other = await otherZone(9);
  other.step(arrivalRecords(depart(zone, 3), exit, 0));
  other.step(commandBytes([{ op: abi.OP_CAST, session: 3, seq: 5, b: 200 }]));
  const refused = layout.value("COUNTER_BASE") + (abi.COUNTER_REFUSED + abi.REFUSED_LOCKED_OUT) * 4;
  expect(other.view.getUint32(refused, true)).toBe(1);
});

test("to and fro, nothing wears off but time", async () => {
  const [here, there] = [await playedZone(60), await otherZone(30)];
  let departure = depart(here, 1);
  const first = departure.words.slice();
  for (let trip = 0; trip < 6; trip++) {
    const zone = trip % 2 === 0 ? there : here;
    zone.step(arrivalRecords(departure, exit, 0));
    departure = depart(zone, 1);
  }
  // Values are the same; distances of ticks, which have bit 31 turned, are six shorter.
  const differing = Array.from(departure.words.keys()).filter((index) => departure.words[index] !== first[index]);
  for (const index of differing) expect(first[index]! - departure.words[index]!).toBe(6);
});

test("two who cross at once do not get each other's things", async () => {
  const zone = await playedZone(30);
  const health = [1, 2].map((session) => [read(zone, session, "ENTITY_HEALTH"), read(zone, session, "PLAYER_ACK")]);
  zone.step(
    commandBytes([
      { op: abi.OP_DEPART, a: 2 },
      { op: abi.OP_DEPART, a: 1 },
    ]),
  );
  const departures = readDepartures(zone);
  expect(departures.map(({ session }) => session)).toEqual([2, 1]);
  const other = await otherZone(5);
  other.step(Buffer.concat(departures.map((departure) => arrivalRecords(departure, exit, 0))));
  expect([1, 2].map((session) => [read(other, session, "ENTITY_HEALTH"), read(other, session, "PLAYER_ACK")])).toEqual(
    health,
  );
});

test.each<[string, Command[]]>([
  ["a creature departs", [{ op: abi.OP_DEPART, a: 1_000_001 }]],
  ["one who is not there departs", [{ op: abi.OP_DEPART, a: 77 }]],
  ["one who is there already arrives without a state", [{ op: abi.OP_ARRIVE, session: 2 }]],
  ["nobody arrives", [{ op: abi.OP_ARRIVE, session: 0 }]],
  ["one arrives beyond the world", [{ op: abi.OP_ARRIVE, session: 9, x: Number.NaN }]],
  [
    "more is brought than anybody has",
    [
      { op: abi.OP_CARRY, session: 9, a: 98 },
      { op: abi.OP_CARRY, session: 9, a: 0xffff_ffff },
    ],
  ],
])("%s: refused", async (_what, commands) => {
  const zone = await playedZone(3);
  const before = Array.from(zone.entities.entityIds());
  zone.step(commandBytes(commands));
  expect(Array.from(zone.entities.entityIds())).toEqual(before);
  expect(readDepartures(zone)).toEqual([]);
});

test("what is brought in one tick is forgotten in the next", async () => {
  const [zone, other] = [await playedZone(20), await otherZone(20)];
  zone.step(commandBytes([{ op: abi.OP_JOIN, session: 3, e: 1 | (33 << 8) }]));
  const records = arrivalRecords(depart(zone, 3), exit, 0);
  other.step(records.subarray(0, -32));
  other.step(records.subarray(-32));
  expect(other.entities.positionOf(3)).toBeNull();
  other.step(records);
  expect(read(other, 3, "ENTITY_LEVEL")).toBe(33);
});

test("an arrival replaces a player of the same id, whom a replay has let in before", async () => {
  const [zone, other] = [await playedZone(20), await otherZone(20)];
  zone.step(commandBytes([{ op: abi.OP_JOIN, session: 3, e: 1 | (33 << 8) }]));
  const newer = depart(zone, 3);
  const older = { session: 3, words: newer.words.slice() };
  older.words[abi.TRANSFER_LEVEL] = 32;
  const players = other.view.getUint32(other.kernel.layout.value("HEADER_PLAYERS"), true);
  other.step(Buffer.concat([arrivalRecords(older, exit, 0), arrivalRecords(newer, exit, 0)]));
  expect(read(other, 3, "ENTITY_LEVEL")).toBe(33);
  expect(other.view.getUint32(other.kernel.layout.value("HEADER_PLAYERS"), true)).toBe(players + 1);
  other.step(arrivalRecords(older, exit, 0));
  expect(read(other, 3, "ENTITY_LEVEL")).toBe(32);
});

test("the last of eight auras arrives with its own amount, like the first", async () => {
  const zone = await playedZone(3);
  const { layout } = zone.kernel;
  const auras = (of: Zone, session: number): number =>
    layout.value("AURA_BASE") + rowOf(of, session) * 16 * layout.value("AURAS_MAX");
  for (let slot = 0; slot < 8; slot++) {
    const at = auras(zone, 1) + slot * 16;
    for (const [word, value] of [140 | (1 << 16), 1, zone.tick + 200, 11 + slot].entries()) {
      zone.view.setUint32(at + word * 4, value, true);
    }
  }
  zone.view.setUint32(layout.value("ENTITY_AURA_COUNT") + rowOf(zone, 1) * 4, 8, true);
  const other = await otherZone(9);
  other.step(arrivalRecords(depart(zone, 1), exit, 0));
  const amounts = Array.from({ length: 8 }, (_, slot) => other.view.getUint32(auras(other, 1) + slot * 16 + 12, true));
  expect(amounts).toEqual([11, 12, 13, 14, 15, 16, 17, 18]);
});

test("as many as may depart in one tick leave what another one brings alone", async () => {
  const zone = await playedZone(3);
  const ids = Array.from({ length: 64 }, (_, index) => 100 + index);
  zone.step(commandBytes(ids.map((session) => ({ op: abi.OP_JOIN, session, e: 3 | (10 << 8) }))));
  const arriving = depart(await playedZone(3), 2);
  const records = arrivalRecords(arriving, exit, 0);
  const departing = commandBytes(ids.map((a) => ({ op: abi.OP_DEPART, a })));
  const last = records.length - 32;
  zone.step(commandBytes([{ op: abi.OP_DEPART, a: 2 }]));
  zone.step(Buffer.concat([records.subarray(0, last), departing, records.subarray(last)]));
  expect(readDepartures(zone).map(({ session }) => session)).toEqual(ids);
  expect(read(zone, 2, "ENTITY_KIND")).toBe(arriving.words[0]!);
  expect(read(zone, 2, "ENTITY_LEVEL")).toBe(arriving.words[1]!);
});

test("what another zone's module made up does no harm here: nobody runs off the map, slowed or fast, or hates for ever", async () => {
  const departure = depart(await playedZone(3), 1);
  const other = await otherZone(9);
  for (const word of [0xffff_ffff, 0x7fc0_0000, 0x7f80_0000, 0x1234_5678]) {
    const words = departure.words.map((own, index) => (index < 2 ? own : word));
    other.step(arrivalRecords({ session: 1, words }, exit, abi.JOIN_WATCHES));
    for (let turn = 0; turn < 30; turn++) {
      other.step(commandBytes([{ op: abi.OP_MOVE, session: 1, x: 40 + turn, y: 9 }]));
      const at = other.entities.positionOf(1);
      expect(Math.hypot((at?.x ?? Number.NaN) - exit.x, (at?.y ?? Number.NaN) - exit.y)).toBeLessThan(20);
    }
    other.step(commandBytes([{ op: abi.OP_DEPART, a: 1 }]));
    if (other.entities.positionOf(1) !== null) throw new Error("They must have left.");
  }
});

const ticks = (seconds: number): number => Math.round(seconds * 20);

test("between zones that lay their state out differently go the same things", async () => {
  const [zone, twin] = [await playedZone(5), await playedZone(5)];
  zone.swap(await wideKernel());
  const [departure, same] = [depart(zone, 1), depart(twin, 1)];
  expect(departure).toEqual(same);
  const [there, ...others] = [await otherZone(9), await otherZone(9), await otherZone(9)];
  for (const each of others) each.swap(await wideKernel());
  for (const each of [there, ...others]) {
    each.step(arrivalRecords(departure, exit, abi.JOIN_WATCHES));
    expect(each.entities.positionOf(1)).toMatchObject({ x: exit.x, y: exit.y });
  }
  const columns = ["ENTITY_HEALTH", "ENTITY_POWER", "PLAYER_ACK", "ENTITY_GCD_END"];
  for (const other of others)
    expect(columns.map((column) => read(other, 1, column))).toEqual(columns.map((column) => read(there, 1, column)));
  // What only the module knows of them stays behind, and begins as that of a newcomer.
  expect(read(others[0]!, 1, "ENTITY_AGE")).toBe(1);
});

test("a level that play can not reach is the highest that it can", async () => {
  const departure = depart(await playedZone(3), 1);
  const other = await otherZone(9);
  const words = departure.words.map((own, index) => (index === 1 ? 0xffff_ffff : own));
  other.step(arrivalRecords({ session: 1, words }, exit, abi.JOIN_WATCHES));
  const level = other.kernel.layout.value("ENTITY_LEVEL") + rowOf(other, 1) * 4;
  expect(other.view.getUint32(level, true)).toBe(60);
});

test("whatever another zone's module made up, nothing is later, longer or stronger than this zone's content allows", async () => {
  const departure = depart(await playedZone(3), 1);
  const other = await otherZone(9);
  const { layout } = other.kernel;
  const { spells } = content;
  const longest = (of: (spell: (typeof spells)[number]) => number): number => ticks(Math.max(...spells.map(of)));
  const cooling = spells.find(({ cooldownS }) => cooldownS > 0)!;
  // Class and level, ten values, six ticks, eight schools, three pairs of diminishing returns; then the lists, each behind its length.
  const cooldowns = 2 + 10 + 6 + 8 + 6;
  const auras = cooldowns + 1 + 48;
  // As if all words were bits set, a year ahead, or what an honest list of spells might look like.
  for (const word of [0xffff_ffff, (630_000_000 ^ 0x8000_0000) >>> 0, 0xbfff_ffff]) {
    const words = departure.words.map((own, index) => (index < 2 ? own : word));
    for (let slot = 0; slot < 24; slot++) words[cooldowns + 1 + slot * 2] = cooling.id;
    for (let slot = 0; slot < 8; slot++) {
      words[auras + 1 + slot * 4] = 140 | (0xffff << 16);
      words[auras + 2 + slot * 4] = 1;
    }
    other.step(arrivalRecords({ session: 1, words }, exit, abi.JOIN_WATCHES));
    const row = rowOf(other, 1);
    const at = (column: string, index = row): number => other.view.getUint32(layout.value(column) + index * 4, true);
    const ahead = (column: string, index = row): number => at(column, index) - other.tick;
    expect(ahead("ENTITY_GCD_END")).toBeLessThanOrEqual(longest(({ gcdS }) => gcdS));
    expect(ahead("ENTITY_SPENT_TICK")).toBeLessThanOrEqual(0);
    expect(ahead("PLAYER_ALIVE_TICK")).toBeLessThanOrEqual(0);
    expect(ahead("ENTITY_SWING_NEXT")).toBeLessThanOrEqual(at("ENTITY_SWING_TICKS"));
    expect(ahead("PLAYER_OFF_NEXT")).toBeLessThanOrEqual(Math.max(at("PLAYER_OFF_TICKS"), 10));
    const lockout = longest(({ lockoutS }) => lockoutS);
    expect(ahead("ENTITY_LOCKED_UNTIL")).toBeLessThanOrEqual(lockout);
    for (let school = 0; school < 8; school++)
      expect(ahead("ENTITY_LOCKED", row * 8 + school)).toBeLessThanOrEqual(lockout);
    for (let category = 0; category < 3; category++) {
      const resets = at("PLAYER_DIMINISHED", row + category * other.at.playersMax) >>> 2;
      expect(resets - other.tick).toBeLessThanOrEqual(longest(({ aura }) => aura?.durationS ?? 0) + ticks(15));
    }
    expect(at("PLAYER_COOLDOWN_COUNT")).toBe(24);
    for (let slot = 0; slot < 24; slot++)
      expect(ahead("COOLDOWN_END", row * 24 + slot)).toBeLessThanOrEqual(ticks(cooling.cooldownS));
    expect(at("ENTITY_AURA_COUNT")).toBe(8);
    for (let slot = 0; slot < 8; slot++) {
      const aura = (row * 8 + slot) * 4;
      expect(at("AURA_BASE", aura) >>> 16).toBe(1);
      expect(ahead("AURA_BASE", aura + 2)).toBeLessThanOrEqual(ticks(15));
      expect(at("AURA_BASE", aura + 3)).toBeLessThanOrEqual(18);
    }
    expect(at("PLAYER_EXPERIENCE")).toBeLessThan(8 * 10 * 95);
    const held = Array.from({ length: 9 }, (_, place) => at("STACK_BASE", row * 9 + place));
    expect(held.filter((stack) => stack >>> 24 !== 0)).toEqual([]);
    expect(held[0]).toBeLessThanOrEqual(content.items[0]!.stack);
    other.step(commandBytes([{ op: abi.OP_DEPART, a: 1 }]));
  }
});
