// The check that every client makes of every message: whatever does not follow from what it was told before is a problem.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { WorldModel } from "../../../tools/client/world-model.ts";
import type { KnownEntity, StateMessage } from "../../../tools/client/world-model.ts";

const entity = (id: number): KnownEntity => ({
  id,
  kind: "creature",
  template: 0,
  level: 1,
  x: 0,
  y: 0,
  z: 0,
  health: 10,
  max_health: 10,
  target: 0,
  flags: [],
});
const state = (tick: number, more: Partial<StateMessage> = {}): StateMessage => ({
  type: "state",
  tick,
  enter: [],
  change: [],
  leave: [],
  ...more,
});
const modelOf = (...ids: number[]): WorldModel => {
  const model = new WorldModel();
  model.apply(state(5, { reset: true, enter: ids.map(entity) }));
  return model;
};

describe("tells what does not follow", () => {
  test.each([
    ["a change of somebody unknown", { change: [{ id: 9, x: 1 }] }, "change of unknown 9"],
    ["a leave of somebody unknown", { leave: [9] }, "leave of unknown 9"],
    ["an enter of somebody known", { enter: [entity(7)] }, "enter of known 7"],
    ["a leave told twice", { leave: [7, 7] }, "leave of unknown 7"],
    ["a change after the leave", { leave: [7], change: [{ id: 7, x: 1 }] }, "change of unknown 7"],
  ])("%s", (_name, wrong, problem) => {
    expect(modelOf(7).apply(state(6, wrong))).toEqual([problem]);
  });

  test("a tick that does not rise", () => {
    expect(modelOf(7).apply(state(5))).toEqual(["tick 5 after tick 5"]);
  });
});

test("a reset begins anew, whatever was known", () => {
  const model = modelOf(7, 8);
  expect(model.apply(state(3, { reset: true, enter: [entity(8), entity(9)] }))).toEqual([]);
  expect([...model.entities.keys()]).toEqual([8, 9]);
});

test("a change changes what it names and nothing else", () => {
  const model = modelOf(7);
  model.apply(state(6, { change: [{ id: 7, health: 3 }] }));
  expect(model.entities.get(7)).toEqual({ ...entity(7), health: 3 });
});

/** What a truthful server would send to lead from one set of ids to the next. */
const delta = (from: Set<number>, to: Set<number>): Partial<StateMessage> => ({
  enter: [...to.difference(from)].map(entity),
  change: [...to.intersection(from)].map((id) => ({ id, health: id })),
  leave: [...from.difference(to)],
});

const idSets = fc.array(
  fc.uniqueArray(fc.integer({ min: 1, max: 12 })).map((ids) => new Set(ids)),
  { minLength: 2, maxLength: 20 },
);

test("whatever a truthful server sends is no problem, and the model is what the server meant", () => {
  fc.assert(
    fc.property(idSets, (steps) => {
      const model = modelOf();
      let from = new Set<number>();
      for (const [index, to] of steps.entries()) {
        expect(model.apply(state(6 + index, delta(from, to)))).toEqual([]);
        expect(new Set(model.entities.keys())).toEqual(to);
        from = to;
      }
    }),
  );
});

test("a message that was lost or told twice is a problem, unless nothing came or went in it", () => {
  fc.assert(
    fc.property(idSets, fc.boolean(), fc.nat(), (steps, isLost, pick) => {
      const sets = [new Set<number>(), ...steps];
      const at = 1 + (pick % (sets.length - 1));
      const came = (sets[at] as Set<number>).symmetricDifference(sets[at - 1] as Set<number>);
      const problems: string[] = [];
      const model = modelOf();
      for (let step = 1; step < sets.length; step++) {
        const message = delta(sets[step - 1] as Set<number>, sets[step] as Set<number>);
        if (step === at && isLost) continue;
        problems.push(...model.apply(state(10 * step, message)));
        if (step === at) problems.push(...model.apply(state(10 * step + 1, message)));
      }
      const isHarmless = came.size === 0;
      // One that was lost shows when those it spoke of are spoken of again: at the latest at the end of the steps.
      const shows = isLost
        ? sets.slice(at + 1).some((set, later) => showsLoss(came, sets[at + later] as Set<number>, set))
        : true;
      expect(problems.length > 0).toBe(!isHarmless && shows);
    }),
  );
});

/** Whether the step between two sets speaks of one of those that the client was not told about. */
function showsLoss(untold: Set<number>, from: Set<number>, to: Set<number>): boolean {
  return [...untold].some((id) => from.has(id) || to.has(id));
}
