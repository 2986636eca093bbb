// What a zone says of who is in it: every JOIN is answered, a tick that takes the zone DOWN leaves nobody behind, and a full
// batch delays who comes and goes, but loses nobody.

import { expect, test } from "bun:test";
import { JOIN_WATCHES, OP_JOIN, OP_LEAVE, OP_MOVE, OP_TRAP, REFUSED_BAD_COMMAND } from "../../../assembly/abi.ts";
import { CENSUS, ENTERED, IS_THERE, readCensus, REFUSED } from "../../../server/shared/ring-records.ts";
import { BACK_OFF_MS_MIN, PROBATION_TICKS } from "../../../server/zone/restart.ts";
import { RunnerBench } from "../../helpers/zone-runner.ts";

const join = (session: number, ticket: number, classIndex = 0) => ({
  op: OP_JOIN,
  session,
  a: ticket,
  flags: JOIN_WATCHES,
  e: classIndex | (10 << 8),
});
const leave = (session: number, ticket: number) => ({ op: OP_LEAVE, session, a: ticket });
/** More than the ladder takes out of one tick. */
const deadly = Array.from({ length: 25 }, () => ({ op: OP_TRAP }));

/** What the zone has said since of its players. */
function said(bench: RunnerBench): {
  entered: unknown[];
  censuses: { tick: number; ticket: number; ids: Set<number> }[];
} {
  const entered: unknown[] = [];
  const censuses: { tick: number; ticket: number; ids: Set<number> }[] = [];
  const { view } = bench.output;
  bench.output.drain((offset, length) => {
    const kind = view.getUint32(offset, true);
    if (kind === ENTERED.kind) entered.push(ENTERED.read(view, offset, length, ENTERED.empty()));
    if (kind === CENSUS.kind) {
      const { tick, ticket, ids } = readCensus(view, offset, length);
      censuses.push({ tick, ticket, ids: new Set([...ids].filter((id) => id < 1_000_000)) });
    }
  });
  return { entered, censuses };
}

test("a JOIN is answered when its tick has ended: there, or refused and why", async () => {
  const bench = await RunnerBench.start();
  bench.give(join(1, 40), join(2, 41, 200));
  expect(said(bench).entered).toEqual([]);
  bench.tick();
  expect(said(bench).entered).toEqual([
    { zoneId: 1, session: 1, ticket: 40, outcome: IS_THERE, reason: 0 },
    { zoneId: 1, session: 2, ticket: 41, outcome: REFUSED, reason: REFUSED_BAD_COMMAND },
  ]);
});

test("who leaves in the very tick that takes the zone DOWN is gone when it is back", async () => {
  const bench = await RunnerBench.start();
  bench.give(join(1, 1), join(2, 2));
  bench.tick(3);
  bench.give(leave(1, 3), ...deadly);
  bench.tick();
  expect(bench.state).toBe("DOWN");
  bench.pass(BACK_OFF_MS_MIN + PROBATION_TICKS * 50);
  expect(bench.state).toBe("ACTIVE");
  const players = (bench.runner.inspect()["entities"] as number[]).filter((id) => id < 1_000_000);
  expect(players).toEqual([]); // 2 as well: everybody was moved out of it
  said(bench);
  bench.runner.writeCensus();
  bench.tick();
  expect(said(bench).censuses).toMatchObject([{ ticket: 3, ids: new Set() }]); // the LEAVE is not on its way any more
});

test("a command for a zone that is DOWN is dealt with, by nothing", async () => {
  const bench = await RunnerBench.start();
  bench.tick();
  bench.give(...deadly);
  bench.tick();
  bench.give(join(7, 9));
  bench.pass(BACK_OFF_MS_MIN + PROBATION_TICKS * 50);
  bench.tick();
  said(bench);
  bench.runner.writeCensus();
  bench.tick();
  expect(said(bench)).toMatchObject({ entered: [], censuses: [{ ticket: 9, ids: new Set() }] });
});

test("who comes and goes waits for room in a batch, in order; only players' own commands are dropped", async () => {
  const bench = await RunnerBench.start();
  bench.give(join(1, 1));
  bench.tick();
  const { commandsMax } = bench.runner.zone.at;
  for (let given = 0; given < commandsMax; given++) bench.give({ op: OP_MOVE, session: 9 });
  bench.give(leave(1, 2), join(2, 3), join(3, 4), leave(3, 5));
  bench.tick();
  said(bench);
  expect(bench.runner.inspect()["entities"]).toContain(1);
  bench.tick();
  expect(said(bench).entered).toMatchObject([
    { session: 2, outcome: IS_THERE },
    { session: 3, outcome: REFUSED },
  ]);
  expect(bench.runner.inspect()["entities"]).not.toContain(1);
  expect(bench.runner.inspect()["entities"]).not.toContain(3);
});

test("a census names its tick and the newest ticket of it, and waits for what is still to be told", async () => {
  const bench = await RunnerBench.start({ outputBytes: 1_024 });
  bench.give(...Array.from({ length: 40 }, (_, index) => join(index + 1, index + 1)));
  bench.tick();
  bench.runner.writeCensus(); // the ring has no room for 40 answers
  const first = said(bench);
  expect(first.entered.length).toBeLessThan(40);
  expect(first.censuses).toEqual([]);
  const answered = [...first.entered];
  while (answered.length < 40) {
    bench.tick();
    const next = said(bench);
    answered.push(...next.entered);
    if (next.censuses.length === 0) continue;
    expect(answered.length).toBe(40);
    expect(next.censuses[0]?.ticket).toBe(40);
    expect(next.censuses[0]?.ids.size).toBe(40);
  }
});
