// An undo from the journal gives a zone the state that it would have had without the module, as one from memory does.

import { expect, setDefaultTimeout, test } from "bun:test";
import { JOIN_WATCHES, OP_ATTACK, OP_JOIN, OP_PLACE, OP_TRAP } from "../../../assembly/abi.ts";
import { loadWorld } from "../../../server/protocol/content/load.ts";
import { badModule } from "../../helpers/undo.ts";
import { KeptPlay } from "../../helpers/undo-journal.ts";

setDefaultTimeout(60_000);

const PLAYERS = [1, 2, 3, 4];
const world = await loadWorld();
const FOES = world.zones[0]!.spawns.filter(({ entityId }) => entityId > 1_100_000).map(({ entityId }) => entityId);

async function gathered(): Promise<KeptPlay> {
  const kept = await KeptPlay.start();
  kept.play.give(
    ...PLAYERS.map((session) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, e: (session % 3) | (14 << 8) })),
  );
  kept.tick(20);
  return kept;
}

/** Everybody fights a wolf. */
function fight(kept: KeptPlay, ticks: number): void {
  const { play } = kept;
  for (const session of PLAYERS) {
    const foe = FOES[session % FOES.length]!;
    const place = play.zone.entities.positionOf(foe);
    if (place === null) continue;
    play.give({ op: OP_PLACE, a: session, x: place.x, y: place.y });
    play.give({ op: OP_ATTACK, session, a: foe });
  }
  kept.tick(ticks);
}

async function expectUntouched({ play }: KeptPlay): Promise<void> {
  expect(play.hash).toBe((await play.untouched()).hash.toString(16));
  expect(play.clientsDiffer()).toEqual([]);
}

test("what the memory does not keep any more comes from the journal", async () => {
  using kept = await gathered();
  const { kernel, wasm } = await badModule("twice the damage");
  const swappedAt = kept.play.zone.tick;
  kept.swap(kernel, wasm);
  fight(kept, 150);
  kept.play.rollBack();
  kept.tick(3);
  const { undo } = kept.play.bench.runner;
  expect(undo.look()).toMatchObject({ open: null, isInJournal: true });
  expect((await kept.find()).look).toMatchObject({
    open: { module: kernel.hash, fromTick: swappedAt, through: kept.play.zone.kernel.hash, isInPlace: false },
  });
  const report = await kept.undo();
  expect(report).toMatchObject({ from_hash: kernel.hash, from_tick: swappedAt, clients: PLAYERS.length });
  expect(report.players_changed).toBeGreaterThan(0);
  await expectUntouched(kept);
  fight(kept, 40);
  await expectUntouched(kept);
  expect((await kept.find()).look.why).toContain("is undone already");
});

test("the report is that of an undo from memory", async () => {
  const { kernel, wasm } = await badModule("deadly");
  const reports = [];
  for (const undoBounds of [undefined, { ticksMax: 12_000, bytesMax: 1 << 24 }]) {
    using kept = await KeptPlay.start(undoBounds === undefined ? {} : { undoBounds });
    kept.play.give(
      ...PLAYERS.map((session) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, e: (session % 3) | (14 << 8) })),
    );
    kept.tick(20);
    kept.swap(kernel, wasm);
    fight(kept, 200);
    kept.play.rollBack();
    kept.tick(5);
    if (undoBounds === undefined) reports.push(await kept.undo({ between: 3 }));
    else {
      kept.tick(3);
      reports.push(kept.play.undo(false, 1));
    }
    await expectUntouched(kept);
  }
  const [one, other] = reports.map((report) => ({ ...report, ran_ms: 0, pause_ms: 0 }));
  expect(one!.untold_count).toBeGreaterThan(0);
  expect(one).toEqual(other!);
});

test("a command that made the module trap is in the history, and a fault's poison is not", async () => {
  using kept = await gathered();
  const { kernel, wasm } = await badModule("trap-on-cancel");
  kept.swap(kernel, wasm);
  fight(kept, 60);
  kept.play.give({ op: OP_TRAP, session: 2 });
  fight(kept, 60);
  kept.play.rollBack();
  kept.tick(2);
  await kept.undo();
  await expectUntouched(kept);
});

test("a dry run changes nothing", async () => {
  using kept = await gathered();
  const { kernel, wasm } = await badModule("health 999,999");
  kept.swap(kernel, wasm);
  kept.tick(60);
  const report = await kept.undo({ isDry: true });
  expect(report).toMatchObject({ dry_run: true, players_changed: PLAYERS.length });
  expect(kept.play.zone.kernel.hash).toBe(kernel.hash);
  expect(kept.play.bench.runner.undo.isUnderWay).toBe(false);
});

test("a swap that the journal does not reach back to is refused, with where it begins", async () => {
  using kept = await gathered();
  const { kernel, wasm } = await badModule("health 999,999");
  kept.swap(kernel, wasm);
  kept.tick(60);
  kept.world.begin();
  kept.world.database.run("DELETE FROM snapshot WHERE epoch = 1");
  kept.world.database.run("DELETE FROM record WHERE epoch = 1");
  kept.world.commit();
  expect((await kept.find()).look).toMatchObject({
    open: null,
    why: `module ${kernel.hash} was swapped in earlier, and its journal reaches back to tick 21`,
  });
});
