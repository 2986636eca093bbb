// Whose players are where when a server goes on from its journal: sessions, crossings and characters at every point of their way.

import { expect, test } from "bun:test";
import {
  STACK_COUNT_MAX,
  TRANSFER_ACK,
  TRANSFER_LEVEL,
  TRANSFER_WALKED,
  TRANSFER_WORDS,
} from "../../../assembly/abi.ts";
import { findPeople } from "../../../server/main/journal/journal-sessions.ts";
import type { FoundPeople } from "../../../server/main/journal/journal-sessions.ts";
import type { KeptSession } from "../../../server/shared/session-store.ts";
import type { RevivedReport } from "../../../server/shared/zone-messages.ts";

type Fact = [kind: string, key: string | number, value: unknown];

const KEPT: KeptSession = {
  name: "Ann",
  class: 1,
  zone: 1,
  home: 1,
  address: "127.0.0.1",
  acted: true,
  token: "aa",
  former: "",
  character: "",
};

const session = (id: number, more: Partial<KeptSession> = {}): Fact => ["session", id, { ...KEPT, ...more }];

function crossing(id: number, from: number, to: number, ack = 40): Fact {
  const words = Array.from({ length: TRANSFER_WORDS }, () => 0);
  words[TRANSFER_ACK] = ack;
  words[TRANSFER_LEVEL] = 11;
  words[TRANSFER_WALKED - STACK_COUNT_MAX] = 250;
  return ["crossing", id, { from, to, session: id, at: { x: 5, y: 6, z: 0 }, tick: 700, words }];
}

function character(name: string, sessionId: number, saves = 1): Fact {
  return ["character", name, { name, secret_hash: "#", class: 2, record: null, saves, session: sessionId }];
}

/** What is found: facts, and who is in zones, as [zone, session, newest handled command]. */
function people(facts: Fact[], there: [number, number, number][] = []): FoundPeople {
  const revived = [1, 2, 3].map((zoneId): RevivedReport => {
    const players = there.filter(([zone]) => zone === zoneId).map(([, id, ack]) => ({ session: id, ack }));
    return { zoneId, tick: 800, fromTick: 600, lostTicks: 0, problem: null, ticket: 9, players };
  });
  const found = { meta: {}, zones: [], modules: [], rowsMissing: 0, problems: [] };
  const all = facts.map(([kind, key, value]) => ({ kind, key: String(key), json: JSON.stringify(value) }));
  return findPeople({ ...found, facts: all }, revived);
}

test("a player in a zone goes on there, with the newest command that the zone has handled", () => {
  const { sessions, lastSession } = people([session(12)], [[1, 12, 812]]);
  expect(sessions).toMatchObject([{ id: 12, zoneId: 1, ack: 812, crossing: null }]);
  expect(lastSession).toBe(12);
});

test("a player between two zones goes on with what it brought along, and with what its first zone has handled", () => {
  const [found] = people([session(12), crossing(12, 1, 2, 77)]).sessions;
  expect(found).toMatchObject({ id: 12, zoneId: 0, ack: 77, crossing: { from: 1, to: 2, at: { x: 5, y: 6, z: 0 } } });
});

test("a player who has arrived is not on the way any more", () => {
  const { sessions, oldCrossings } = people([session(12), crossing(12, 1, 2)], [[2, 12, 90]]);
  expect(sessions).toMatchObject([{ id: 12, zoneId: 2, ack: 90, crossing: null }]);
  expect(oldCrossings).toMatchObject([{ session: 12, from: 1 }]);
});

test("a player whose entry no zone has completed begins anew at home", () => {
  expect(people([session(12, { home: 3 })]).sessions).toMatchObject([
    { zoneId: 0, ack: 0, crossing: null, kept: { home: 3 } },
  ]);
});

test("of two zones that have the same player, the one is right that the session knows", () => {
  expect(
    people(
      [session(12, { zone: 2 })],
      [
        [1, 12, 5],
        [2, 12, 9],
      ],
    ).sessions,
  ).toMatchObject([{ zoneId: 2, ack: 9 }]);
});

test("what is left of a crossing of a session that has ended brings nobody back, and its number is not used again", () => {
  const { sessions, oldCrossings, lastSession } = people([crossing(12, 1, 2)]);
  expect([sessions, lastSession]).toEqual([[], 12]);
  expect(oldCrossings).toMatchObject([{ session: 12, from: 1 }]);
});

test("a character who was logging out is asked for again by the zone that has it", () => {
  const { sessions, characters, settled } = people([character("ann", 12)], [[2, 12, 40]]);
  expect(sessions).toMatchObject([{ id: 12, zoneId: 2, kept: { character: "ann", token: "" } }]);
  expect([characters.length, settled.length]).toEqual([1, 0]);
});

test("a character who had left its zone, and was not stored yet, is stored as it left", () => {
  const { sessions, settled, oldCrossings } = people([character("ann", 12, 3), crossing(12, 2, 0)]);
  expect(sessions).toEqual([]);
  expect(settled).toMatchObject([{ key: "ann", saves: 4, record: { zoneId: 2, at: { x: 5, y: 6, z: 0 } } }]);
  expect(settled[0]?.record?.words[TRANSFER_LEVEL]).toBe(11);
  expect(oldCrossings).toMatchObject([{ session: 12, from: 2 }]);
});

test("a character who went through a portal while it was logging out goes on to the next zone", () => {
  const { sessions } = people([character("ann", 12), crossing(12, 1, 2, 8)]);
  expect(sessions).toMatchObject([{ id: 12, ack: 8, crossing: { to: 2 }, kept: { home: 2, character: "ann" } }]);
});

test("a character whose session left nothing behind is what it was when it last left a zone", () => {
  const { sessions, settled, lastSession } = people([character("ann", 12)]);
  expect([sessions, lastSession]).toEqual([[], 12]);
  expect(settled).toMatchObject([{ key: "ann", saves: 1, record: null }]);
});

test("a character who left the world at the stop of its server resumes where it stood", () => {
  const { sessions } = people([session(12, { character: "ann" }), character("ann", 0), crossing(12, 1, 0, 33)]);
  expect(sessions).toMatchObject([{ id: 12, ack: 33, crossing: { from: 1, to: 1, at: { x: 5, y: 6, z: 0 } } }]);
});

test("a character who was called home from its refuge comes home", () => {
  const { sessions } = people([
    session(12, { character: "ann", zone: 2, home: 1 }),
    character("ann", 12),
    crossing(12, 2, 0),
  ]);
  expect(sessions).toMatchObject([{ id: 12, crossing: { from: 2, to: 1, at: { x: 0, y: 0, z: 0 } } }]);
});

test("facts that are no such values are left out", () => {
  const { sessions, characters } = people([
    ["session", 1, { name: 7 }],
    ["character", "bob", []],
    ["crossing", 12, { from: "1" }],
    session(12),
  ]);
  expect(sessions.map(({ id }) => id)).toEqual([12]);
  expect(characters).toEqual([]);
});
