// Tickets of several gateways in one zone: each lane for itself.

import { expect, test } from "bun:test";
import { CENSUS, readCensus, writeCensus } from "../../../server/shared/ring-records.ts";
import { AnsweredTickets, laneOf, LANES, ticketOf, TICKETS_MAX } from "../../../server/shared/tickets.ts";

test("a ticket says its lane, at both ends", () => {
  for (const lane of [0, 1, LANES - 1])
    for (const count of [1, TICKETS_MAX]) expect(laneOf(ticketOf(lane, count))).toBe(lane);
  expect(ticketOf(0, 17)).toBe(17);
  expect(ticketOf(LANES - 1, TICKETS_MAX)).toBe(0xffff_ffff);
});

test("the newest answered ticket is kept for each lane", () => {
  const answered = new AnsweredTickets();
  answered.note(ticketOf(3, 17));
  answered.note(ticketOf(3, 9));
  answered.note(5);
  expect([answered.of(0), answered.of(1), answered.of(3)]).toEqual([5, 0, ticketOf(3, 17)]);
  expect([4, 5, 6].map((ticket) => answered.has(ticket))).toEqual([true, true, false]);
  // A high lane's ticket is a larger number than all of a low one's.
  expect([answered.has(ticketOf(3, 17)), answered.has(ticketOf(3, 18)), answered.has(ticketOf(2, 1))]).toEqual([
    true,
    false,
    false,
  ]);
});

test("what another one knows is added, or taken over", () => {
  const answered = new AnsweredTickets([5]);
  answered.noteAll(new AnsweredTickets([3, ticketOf(1, 2)]));
  expect([...answered.words.subarray(0, 3)]).toEqual([5, ticketOf(1, 2), 0]);
  answered.set([1]);
  expect([...answered.words.subarray(0, 2)]).toEqual([1, 0]);
});

test("a census has the tickets of all lanes; who has no lane reads that of lane 0", () => {
  const ids = Uint32Array.of(7, 1_000_001);
  const view = new DataView(new ArrayBuffer(CENSUS.bytes + ids.byteLength));
  const tickets = new AnsweredTickets([4, ticketOf(1, 2)]).words;
  writeCensus(view, 0, { zoneId: 2, tick: 30, tickets }, ids);
  expect(readCensus(view, 0, view.byteLength)).toEqual({ zoneId: 2, tick: 30, ticket: 4, tickets, ids: new Set(ids) });
});
