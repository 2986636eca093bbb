// Whatever players, faults and operators do while a bad module is on trial: after the undo the zone is what it would be without the module,
// tick for tick from then on, its ledger of gold and items holds, and clients know what the zone knows.

import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  COMMAND_BYTES,
  OP_ARRIVE,
  OP_CARRY,
  OP_DEPART,
  OP_PLACE,
  OP_TRAP,
  TRANSFER_WORDS,
} from "../../assembly/abi.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadWorld } from "../../server/protocol/content/load.ts";
import { badKernel, UndoPlay } from "../helpers/undo.ts";
import { ledgerHolds, run, ticks } from "../helpers/undo-story.ts";
import { readCommands } from "../helpers/zone-commands.ts";
import { entrance } from "../helpers/zone-streams.ts";
import { wideKernel } from "../helpers/zone.ts";

const [crossroads] = (await loadWorld("server/protocol/content/worlds/crossroads.toml")).zones;
const zone = { ...crossroads!, spawns: (await loadWorld()).zones[0]!.spawns };
const BADS = [
  "twice the damage",
  "health 999,999",
  "no-experience",
  "invulnerable",
  "gold-dupe",
  "trap-on-cancel",
  "deadly",
];
const kernels = new Map<string, Kernel>([["wide", await wideKernel()]]);
for (const name of BADS) kernels.set(name, await badKernel(name));

/** How often each of these came up. */
const reached = { departures: 0, arrivals: 0, poison: 0, changed: 0, untold: 0, leavers: 0, stays: 0, removed: 0 };

function count(batches: readonly Uint8Array[]): void {
  const ops = batches.flatMap((batch) => (batch.length === 0 ? [] : readCommands(batch).map(({ op }) => op)));
  reached.departures += ops.filter((op) => op === OP_DEPART).length;
  reached.arrivals += ops.filter((op) => op === OP_ARRIVE).length;
  reached.poison += ops.filter((op) => op === OP_TRAP).length;
  expect(ops.filter((op) => op === OP_CARRY).length % (TRANSFER_WORDS / 4)).toBe(0);
  expect(COMMAND_BYTES).toBe(32);
}

test("a zone that was undone is one that never had the module", async () => {
  const kernel = fc.constantFrom(...kernels.keys());
  const slices = fc.nat(6);
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(fc.boolean(), kernel, kernel, ticks(2, 20), ticks(30, 120), ticks(0, 10), ticks(1, 8), slices),
      async ([isDeadly, bad, other, before, during, back, after, between]) => {
        const play = await UndoPlay.start({ zone, ...(isDeadly ? { kernel: kernels.get("deadly")! } : {}) });
        play.give(...entrance);
        play.tick();
        // In the middle of things: whoever came in stands beside Hogger and a wolf, and is noticed.
        for (const [index, foe] of [1_000_001, 1_100_009].entries())
          play.give(
            ...[1, 2, 3].map((a) => ({ op: OP_PLACE, a: a + index * 3, ...play.zone.entities.positionOf(foe)! })),
          );
        for (const each of before) run(play, each, nothing);
        play.swap(kernels.get(bad)!);
        for (const each of during) run(play, each, () => void (isOnTrial(play) && play.swap(kernels.get(other)!)));
        if (play.bench.state === "DOWN") return;
        if (isOnTrial(play)) play.rollBack();
        for (const each of back) run(play, each, nothing);
        if (play.bench.runner.undo.look().open === null) return;
        // A player with 999,999 health who is dead breaks a rule, so that the zone has begun by itself.
        const report = play.bench.runner.undo.isRunning ? play.finish(between) : play.undo(false, between);
        reached.changed += report.players_changed;
        reached.untold += report.untold_count;
        reached.leavers += report.leavers_changed;
        reached.stays += report.leavers.filter(({ stays }) => stays).length;
        reached.removed += play.bench.emitter.messages("Told ticks rewritten").length;
        expect(play.hash).toBe((await play.untouched()).hash.toString(16));
        ledgerHolds(play);
        for (const each of after) run(play, { ...each, extra: "nothing" }, nothing);
        expect(play.hash).toBe((await play.untouched()).hash.toString(16));
        expect(play.clientsDiffer()).toEqual([]);
        ledgerHolds(play);
        count(play.batches);
      },
    ),
    { numRuns: 40, seed: 10 },
  );
  for (const [what, often] of Object.entries(reached)) expect(`${what}: ${often > 0}`).toBe(`${what}: true`);
}, 120_000);

const nothing = (): void => undefined;
const isOnTrial = ({ bench }: UndoPlay): boolean => bench.runner.inspect()["canary"] === true;
