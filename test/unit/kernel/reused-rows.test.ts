// A row that somebody had before is, for the next, as one that nobody ever had: bit for bit in the whole state, and in what the
// newcomer is told.

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { CHAOS_CONTENT, give, opening } from "../../helpers/kernel-chaos.ts";
import { spell } from "../../helpers/kernel-content.ts";
import { KernelZone, openZone, testKernel } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;

/** Newcomers to the rows of the opening, under other ids. */
function newcomers(): ReturnType<typeof opening> {
  return opening().map(({ op, parts }) => ({
    op,
    parts:
      op === abi.OP_JOIN
        ? { ...parts, seq: 1, session: parts.session! + 500 }
        : { ...parts, seq: 1, a: parts.a! + 500 },
  }));
}

/** Ticks in which everybody of the opening casts, is cast at, moves, swings and dies. */
function live(zone: KernelZone, ticks: number): void {
  for (let tick = 0; tick < ticks; tick++) {
    for (let player = 1; player <= 8; player++) {
      const turn = tick * 8 + player * 3;
      const spellId = turn % (CHAOS_CONTENT.spells.length + 1);
      if (turn % 7 === 0) zone.move(player, (turn % 40) - 20, turn % 15);
      else if (turn % 5 === 0) zone.attack(player, WOLF + (turn % 8));
      else zone.cast(player, spellId, turn % 3 === 0 ? 1 + (turn % 8) : WOLF + (turn % 8));
    }
    zone.run();
  }
}

function leaveAll(zone: KernelZone): void {
  for (const { op, parts } of opening()) {
    if (op === abi.OP_JOIN) zone.leave(parts.session!);
    else zone.command(abi.OP_DESPAWN, { a: parts.a! });
  }
}

/** The state's cells that differ, by the name of the last thing of the layout that begins at or before them. */
function differences(one: KernelZone, other: KernelZone): string[] {
  const { layout } = one.kernel;
  const marks = layout
    .names()
    .map((name): [string, number] => [name, layout.value(name)])
    .filter(([, at]) => at >= layout.value("ENTITY_ID") && at < layout.value("STATE_END"))
    .toSorted(([, left], [, right]) => left - right);
  const found = new Set<string>();
  for (let at = layout.value("ENTITY_ID"); at < layout.value("STATE_END"); at += 4) {
    if (one.view.getUint32(at, true) === other.view.getUint32(at, true)) continue;
    found.add(marks.findLast(([, from]) => from <= at)?.[0] ?? `address ${at}`);
  }
  return [...found];
}

describe("rows given away again", () => {
  test.each([30, 137, 400])("are as fresh ones over the whole state, after %p ticks of play", async (ticks) => {
    const kernel = await testKernel();
    const [used, fresh] = [1, 1].map((seed) => new KernelZone(kernel, { content: CHAOS_CONTENT, seed }));
    give(used!, opening());
    used!.run();
    live(used!, ticks);
    leaveAll(used!);
    fresh!.run(ticks + 1);
    for (const zone of [used!, fresh!]) {
      zone.rig([0, 9_999]);
      give(zone, newcomers());
      zone.run();
    }
    expect(used!.rows()).toEqual(fresh!.rows());
    expect(differences(used!, fresh!)).toEqual([]);
    used!.rig([0, 9_999]).run(60);
    fresh!.rig([0, 9_999]).run(60);
    expect(used!.hash).toBe(fresh!.hash);
    expect([...used!.frames.values()]).toEqual([...fresh!.frames.values()]);
  });
});

test("a newcomer is told nothing of what the one before did and was refused in the same tick", async () => {
  const zone = await openZone({ spells: [spell({ id: 1 }), spell({ id: 2, gcdS: 0 })] });
  zone.spawn(WOLF).join(1, { x: 2 }).join(9, { x: 3 }).run();
  const row = zone.row(1);
  zone.cast(1, 999).attack(1, 77).move(1, 1).leave(1).join(2, { x: 2 }).run();
  expect(zone.row(2)).toBe(row);
  expect(zone.events.filter(({ kind, source }) => kind === "refused" && source === 1).length).toBeGreaterThan(0);
  const told = zone.frames.get(2)?.events ?? [];
  expect(told.filter(({ words }) => words[0] !== 2 && words[1] !== 2)).toEqual([]);
  expect(zone.frames.get(2)?.ack).toBe(zone.get(2, "PLAYER_ACK"));
});
