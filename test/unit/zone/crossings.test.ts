// The worker's half of a hand-over where something is full, or falls: told once, in the end, and never before it is true.

import { expect, test } from "bun:test";
import {
  JOIN_WATCHES,
  LEAVE_RECORDS,
  OP_JOIN,
  OP_LEAVE,
  OP_MOVE,
  OP_TRAP,
  TRANSFER_WORDS,
} from "../../../assembly/abi.ts";
import { loadWorld } from "../../../server/protocol/content/load.ts";
import type { Point } from "../../../server/shared/record.ts";
import type { Crossing } from "../../../server/shared/transfer.ts";
import { arrivalRecords } from "../../../server/shared/transfer.ts";
import { DEPARTED, ENTERED, IS_THERE, REFUSED } from "../../../server/shared/ring-records.ts";
import { RunnerBench } from "../../helpers/zone-runner.ts";
import { plantedKernel } from "../../helpers/zone.ts";

const { zones } = await loadWorld("server/protocol/content/worlds/crossroads.toml");
const zone = zones[0]!;
const bad = await plantedKernel();
/** Two strides from the portal, which lies at 20, 0. */
const beside = (session: number) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, x: 14, e: 10 << 8 });
const inside = (session: number) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, x: 19, e: 10 << 8 });

interface Told {
  kind: number;
  session: number;
  /** Of an ENTERED. */
  outcome?: number;
  /** Of a DEPARTED that leads to no zone: where the player stood. */
  stood?: Point;
}

/** Who departed and arrived, of all that is in the output ring. */
function told(bench: RunnerBench): Told[] {
  const found: Told[] = [];
  const { view } = bench.output;
  bench.output.drain((offset, length) => {
    const kind = view.getUint32(offset, true);
    if (kind === DEPARTED.kind) {
      const { session, to, at } = DEPARTED.read(view, offset, length, DEPARTED.empty());
      found.push({ kind, session, ...(to === 0 ? { stood: { ...at } } : {}) });
    }
    if (kind !== ENTERED.kind) return;
    const { session, outcome } = ENTERED.read(view, offset, length, ENTERED.empty());
    found.push({ kind, session, outcome });
  });
  return found;
}

let tickets = 0;
function arrival(session: number): Uint32Array {
  const words = new Uint32Array(TRANSFER_WORDS);
  words[1] = 10;
  return new Uint32Array(arrivalRecords({ session, words }, { x: 2, y: 2, z: 0 }, 0, ++tickets).buffer);
}

test("who steps into a portal leaves with the next tick, to its exit; who stands beside it stays", async () => {
  const bench = await RunnerBench.start({ zone });
  bench.give(beside(1), inside(2));
  bench.tick();
  expect(told(bench)).toEqual([]);
  bench.tick();
  const { view } = bench.output;
  let crossing: Crossing | null = null;
  bench.output.drain((offset, length) => {
    if (view.getUint32(offset, true) === DEPARTED.kind)
      crossing = DEPARTED.read(view, offset, length, DEPARTED.empty());
  });
  expect(crossing).toMatchObject({ from: 1, to: 2, session: 2, at: { x: 0, y: 8, z: 0 } });
  expect(bench.runner.inspect()["entities"]).not.toContain(2);
  bench.give({ op: OP_MOVE, session: 1, seq: 1, x: 25 });
  bench.tick(8);
  expect(told(bench)).toMatchObject([{ kind: DEPARTED.kind, session: 1 }]);
});

test("a full output ring delays what is told, and loses none of it", async () => {
  const bench = await RunnerBench.start({ zone, outputBytes: 1_024 });
  bench.give(inside(1), inside(2), inside(3));
  bench.tick(3);
  const first = told(bench);
  expect(first.length).toBeLessThan(3);
  const rest: Told[] = [];
  for (let tick = 0; tick < 3; tick++) {
    bench.tick();
    rest.push(...told(bench));
  }
  expect([...first, ...rest].map(({ session }) => session)).toEqual([1, 2, 3]);
});

test("an arrival that finds the batch full comes in the next tick, whole", async () => {
  const bench = await RunnerBench.start({ zone });
  bench.tick();
  const filling = bench.runner.zone.at.commandsMax - 10;
  for (let given = 0; given < filling; given++) bench.give({ op: OP_MOVE, session: 9 });
  bench.runner.acceptArrival(arrival(5));
  bench.tick();
  expect(bench.runner.inspect()["entities"]).not.toContain(5);
  expect(told(bench)).toEqual([]);
  bench.tick();
  expect(bench.runner.inspect()["entities"]).toContain(5);
  expect(told(bench)).toEqual([{ kind: ENTERED.kind, session: 5, outcome: IS_THERE }]);
});

test("one who can not be let in is told of; one whose tick never came to an end is not", async () => {
  const bench = await RunnerBench.start({ zone, kernel: bad, plant: { does: "traps", fromTick: 4 } });
  bench.runner.acceptArrival(arrival(0));
  bench.tick();
  expect(told(bench)).toEqual([{ kind: ENTERED.kind, session: 0, outcome: REFUSED }]);
  bench.give(inside(1));
  bench.tick();
  bench.give({ op: OP_TRAP });
  bench.tick();
  expect(told(bench)).toMatchObject([{ kind: DEPARTED.kind, session: 1 }]);
  bench.give(inside(2));
  bench.runner.acceptArrival(arrival(6));
  bench.tick();
  expect(bench.state).toBe("DOWN");
  expect(told(bench)).toEqual([]);
});

test("a zone that lost ticks begins without those who have left it since", async () => {
  const bench = await RunnerBench.start({
    zone,
    kernel: bad,
    plant: { does: "traps", fromTick: 30 },
  });
  bench.tick();
  bench.give(beside(1), inside(2));
  bench.tick();
  bench.runner.zone.snapshot(); // they are both there in it
  bench.tick(30);
  expect(bench.state).toBe("DOWN");
  bench.pass(20_000);
  expect(bench.emitter.messages("Zone ticks lost").map(({ data }) => data["beginning"])).toContain("earlier");
  expect(bench.runner.inspect()["entities"]).not.toContain(2);
});

const leave = (session: number) => ({ op: OP_LEAVE, flags: LEAVE_RECORDS, session, a: ++tickets });

test("who leaves with their state departs to no zone, from where they stood; who is not there does not", async () => {
  const bench = await RunnerBench.start({ zone });
  bench.give(beside(1), beside(2));
  bench.tick();
  bench.give(leave(1), leave(9), { op: OP_LEAVE, session: 2, a: ++tickets });
  bench.tick();
  expect(told(bench)).toEqual([{ kind: DEPARTED.kind, session: 1, stood: { x: 14, y: 0, z: 0 } }]);
  expect(bench.runner.inspect()["entities"]).not.toContain(1);
  bench.runner.acceptArrival(arrival(4));
  bench.give(leave(4));
  bench.tick();
  expect(told(bench)).toMatchObject([
    { kind: DEPARTED.kind, session: 4, stood: { x: 2, y: 2, z: 0 } },
    { kind: ENTERED.kind, session: 4, outcome: REFUSED },
  ]);
});

test("a leave in a tick that traps is told once; one in the tick that takes the zone down is not", async () => {
  const bench = await RunnerBench.start({ zone, kernel: bad, plant: { does: "traps", fromTick: 4 } });
  bench.give(beside(1), beside(2));
  bench.tick();
  bench.give(leave(1), { op: OP_TRAP });
  bench.tick();
  expect(told(bench)).toMatchObject([{ kind: DEPARTED.kind, session: 1 }]);
  bench.tick();
  bench.give(leave(2));
  bench.tick();
  expect(bench.state).toBe("DOWN");
  expect(told(bench)).toEqual([]);
});

test("when very many leave at once, the last of them wait for the next ticks", async () => {
  const bench = await RunnerBench.start({ zone });
  const many = Array.from({ length: 300 }, (_, index) => index + 1);
  bench.give(...many.map(beside));
  bench.tick();
  bench.give(...many.map(leave));
  bench.tick();
  const first = told(bench).length;
  expect(first).toBeLessThan(256);
  bench.tick();
  expect(first + told(bench).length).toBe(300);
});
