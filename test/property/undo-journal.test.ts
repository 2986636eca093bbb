// Whatever players, faults and operators do while a bad module is on trial: an undo from the journal gives what one from memory gives, the zone
// that never had the module.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { OP_PLACE } from "../../assembly/abi.ts";
import { loadWorld } from "../../server/protocol/content/load.ts";
import { badModule } from "../helpers/undo.ts";
import { KeptPlay } from "../helpers/undo-journal.ts";
import { ledgerHolds, run, ticks } from "../helpers/undo-story.ts";
import { entrance } from "../helpers/zone-streams.ts";

const [crossroads] = (await loadWorld("server/protocol/content/worlds/crossroads.toml")).zones;
const zone = { ...crossroads!, spawns: (await loadWorld()).zones[0]!.spawns };
const BADS = ["twice the damage", "health 999,999", "no-experience", "gold-dupe", "trap-on-cancel", "deadly"];
const bads = new Map(await Promise.all(BADS.map(async (name) => [name, await badModule(name)] as const)));
/** More ticks than the memory keeps. */
const TICKS = { least: 30, most: 100 };

const reached = { undone: 0, changed: 0, leavers: 0, removed: 0 };

test("a zone that was undone from its journal is one that never had the module", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(
        fc.constantFrom(...BADS),
        fc.constantFrom(...BADS),
        ticks(2, 20),
        ticks(TICKS.least, TICKS.most),
        ticks(0, 10),
        ticks(1, 8),
        fc.nat(6),
      ),
      async ([bad, other, before, during, back, after, between]) => {
        using kept = await KeptPlay.start({ zone });
        const { play } = kept;
        const tick = (): void => kept.tick();
        const swap = (name: string): void => kept.swap(bads.get(name)!.kernel, bads.get(name)!.wasm);
        const isOnTrial = (): boolean => play.bench.runner.inspect()["canary"] === true;
        play.give(...entrance);
        tick();
        for (const [index, foe] of [1_000_001, 1_100_009].entries())
          play.give(
            ...[1, 2, 3].map((a) => ({ op: OP_PLACE, a: a + index * 3, ...play.zone.entities.positionOf(foe)! })),
          );
        for (const each of before) run(play, each, nothing, tick);
        swap(bad);
        for (const each of during) run(play, each, () => void (isOnTrial() && other !== bad && swap(other)), tick);
        if (play.bench.state === "DOWN") return;
        if (isOnTrial()) play.rollBack();
        tick();
        for (const each of back) run(play, each, nothing, tick);
        const { undo } = play.bench.runner;
        // It has the history in memory when the module was rolled back at once, or has begun by itself.
        if (undo.isUnderWay || !undo.look().isInJournal) return;
        const report = await kept.undo({ between });
        reached.undone++;
        reached.changed += report.players_changed;
        reached.leavers += report.leavers_changed;
        reached.removed += play.bench.emitter.messages("Told ticks rewritten").length;
        expect(play.hash).toBe((await play.untouched()).hash.toString(16));
        ledgerHolds(play);
        for (const each of after) run(play, { ...each, extra: "nothing" }, nothing, tick);
        expect(play.hash).toBe((await play.untouched()).hash.toString(16));
        expect(play.clientsDiffer()).toEqual([]);
        ledgerHolds(play);
      },
    ),
    { numRuns: 20, seed: 11 },
  );
  for (const [what, often] of Object.entries(reached)) expect(`${what}: ${often > 0}`).toBe(`${what}: true`);
}, 120_000);

const nothing = (): void => undefined;
