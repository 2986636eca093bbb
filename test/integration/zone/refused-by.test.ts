// Whose commands were refused is in the line of the tick.

import { expect, test } from "bun:test";
import { JOIN_WATCHES, OP_ATTACK, OP_JOIN } from "../../../assembly/abi.ts";
import { RunnerBench } from "../../helpers/zone-runner.ts";

/** Nobody is there to be attacked. */
const attack = (session: number, seq: number) => ({ op: OP_ATTACK, session, seq, a: 999_999 });

test("a tick tells the players whose commands were refused, those with the most first", async () => {
  const bench = await RunnerBench.start();
  bench.give(...[1, 2].map((session) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES })));
  bench.tick(2);
  bench.give(attack(1, 1), attack(2, 1), attack(2, 2), attack(2, 3));
  bench.tick(2);
  const told = bench.emitter.messages("Zone tick completed").map(({ data }) => [data["refused"], data["refused_by"]]);
  const found = told.filter(([refused]) => refused !== 0);
  expect(found).toEqual([
    [
      4,
      [
        [2, 3],
        [1, 1],
      ],
    ],
  ]);
  expect(told.filter(([refused]) => refused === 0).every(([, by]) => by === undefined)).toBe(true);
});
