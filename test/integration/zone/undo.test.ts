// An undo gives a zone the state that it would have had without the module, and says what that changes for whom.

import { describe, expect, test } from "bun:test";
import {
  JOIN_WATCHES,
  LEAVE_RECORDS,
  OP_ATTACK,
  OP_CANCEL_CAST,
  OP_CAST,
  OP_JOIN,
  OP_LEAVE,
  OP_MOVE,
  OP_PLACE,
  OP_TRAP,
} from "../../../assembly/abi.ts";
import { loadWorld } from "../../../server/protocol/content/load.ts";
import { undoLines } from "../../../server/protocol/undo.ts";
import type { UndoReport } from "../../../server/protocol/undo.ts";
import { badKernel, UndoPlay } from "../../helpers/undo.ts";
import type { RunnerBenchOptions } from "../../helpers/zone-runner.ts";
import { wideKernel } from "../../helpers/zone.ts";

const PLAYERS = [1, 2, 3, 4];
const join = (session: number) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, e: (session % 3) | (14 << 8) });

const world = await loadWorld();
/** The wolves of the first zone. */
const FOES = world.zones[0]!.spawns.filter(({ entityId }) => entityId > 1_100_000).map(({ entityId }) => entityId);
/** Ticks that everybody fights one of them. */
const FIGHT_TICKS = 140;

/** Four players. */
async function gathered(options: RunnerBenchOptions = {}): Promise<UndoPlay> {
  const play = await UndoPlay.start(options);
  play.give(...PLAYERS.map(join));
  play.tick();
  play.tick(20);
  return play;
}

const placed = ({ x, y }: { x: number; y: number }) => PLAYERS.map((a) => ({ op: OP_PLACE, a, x, y }));

/** Ticks in which everybody attacks and casts, one foe after the other, wherever it is. */
function fight(play: UndoPlay, ticks: number): void {
  for (let tick = 0; tick < ticks; tick++) {
    const seq = play.zone.tick;
    const session = 1 + (seq % 4);
    const a = FOES[Math.floor(seq / FIGHT_TICKS) % FOES.length]!;
    const at = play.zone.entities.positionOf(a) ?? { x: 0, y: 0 };
    if (seq % FIGHT_TICKS === 0) play.give(...placed(at));
    if (seq % 19 === 0) play.give({ op: OP_MOVE, session, seq, x: at.x + 1, y: at.y });
    else if (seq % 3 === 0) play.give({ op: OP_CAST, session, seq, a, b: 100 + (seq % 4) });
    else play.give({ op: OP_ATTACK, session, seq, a });
    play.tick();
  }
}

async function expectUntouched(play: UndoPlay): Promise<void> {
  expect(play.hash).toBe((await play.untouched()).hash.toString(16));
  expect(play.clientsDiffer()).toEqual([]);
}

const valuesOf = ({ players }: UndoReport, what: string): [number, number][] =>
  players.flatMap(({ values }) => values.filter((value) => value.what === what).map(({ was, is }) => [was, is]));

describe("an undo", () => {
  test.each(["twice the damage", "health 999,999", "no-experience", "invulnerable", "extra-draw"])(
    "of %s leaves the state of a zone that never had it, and clients that know it",
    async (name) => {
      const play = await gathered();
      play.swap(await badKernel(name));
      fight(play, 150);
      play.rollBack();
      fight(play, 10);
      play.undo(false, 5);
      await expectUntouched(play);
      fight(play, 20);
      await expectUntouched(play);
    },
  );

  test("says what changes for whom, the lasting things first", async () => {
    const play = await gathered();
    play.swap(await badKernel("no-experience"));
    fight(play, 400);
    play.rollBack();
    const report = play.undo();
    const gains = valuesOf(report, "gained experience");
    expect(gains.length).toBeGreaterThan(0);
    expect(gains.every(([was, is]) => was === 0 && is > 0)).toBe(true);
    expect(undoLines({ ...report, players: [{ ...report.players[0]!, name: "Bot 12" }] })[0]).toMatch(
      /^Bot 12: experience \+0 → \+\d+/,
    );
    expect(report).toMatchObject({ dry_run: false, clients: 4, from_tick: 21, reason: "for the test" });
    expect(report.tick - report.from_tick).toBe(400);
  });

  test("lists what was told and never was", async () => {
    const play = await gathered();
    play.swap(await badKernel("twice the damage"));
    fight(play, 300);
    play.rollBack();
    const { untold, untold_count, players_changed } = play.undo();
    expect(players_changed).toBeGreaterThan(0);
    expect(untold.length).toBe(untold_count);
    expect(untold.some(({ what, target }) => what === "kill" && target !== "")).toBe(true);
    await expectUntouched(play);
  });

  test("as a dry run says the same and changes nothing, with the module still in place", async () => {
    const [play, twin] = [await gathered(), await gathered()];
    for (const each of [play, twin]) {
      each.swap(await badKernel("invulnerable"));
      fight(each, 100);
    }
    const dry = play.undo(true);
    twin.tick();
    expect(play.hash).toBe(twin.hash);
    expect(play.zone.kernel.label).toBe("invulnerable");
    play.rollBack();
    const real = play.undo();
    expect(dry).toMatchObject({ dry_run: true, pause_ms: 0, clients: 0 });
    expect(dry.players_changed).toBeGreaterThan(0);
    expect(Math.abs(real.players_changed - dry.players_changed)).toBeLessThan(2);
    await expectUntouched(play);
  });

  test("of a module that lays the state out differently brings the old layout back", async () => {
    const play = await gathered();
    play.swap(await wideKernel());
    fight(play, 60);
    play.rollBack();
    play.undo();
    await expectUntouched(play);
  });

  test("of a module that ran before, and is tried over the one after it, is of this trial; it keeps the rules of the game", async () => {
    const play = await gathered();
    const { runner } = play.bench;
    const good = await badKernel("refactoring");
    const bad = await badKernel("health beyond the maximum, late");
    for (const each of [bad, good]) {
      play.swap(each);
      runner.promote();
      play.tick();
    }
    play.swap(bad);
    expect(runner.undo.look().open).toMatchObject({ module: bad.hash, through: good.hash, fromTick: play.zone.tick });
    // The module breaks the rule in tick 300.
    play.bench.tick(301 - play.zone.tick);
    expect(play.bench.told("rolled_back")).toMatchObject([{ fromHash: bad.hash, toHash: good.hash }]);
  });

  test("of a promoted module comes after its return", async () => {
    const play = await gathered();
    const { runner } = play.bench;
    const before = play.zone.kernel;
    play.swap(await badKernel("invulnerable"));
    fight(play, 40);
    runner.promote();
    fight(play, 40);
    expect(() => runner.undo.start({ isDry: false, reason: "" })).toThrow("still runs");
    runner.swap(before, true);
    runner.promote();
    fight(play, 3);
    play.undo();
    await expectUntouched(play);
  });

  test("takes a command along that the module could not handle, and leaves out what no module can", async () => {
    const play = await gathered();
    play.swap(await badKernel("trap-on-cancel"));
    fight(play, 20);
    play.give(
      { op: OP_CANCEL_CAST, session: 1, seq: 1_000 },
      { op: OP_TRAP },
      { op: OP_CANCEL_CAST, session: 2, seq: 1_000 },
    );
    fight(play, 20);
    expect(play.bench.emitter.messages("Command quarantined").length).toBeGreaterThan(1);
    if (play.bench.runner.inspect()["canary"] === true) play.rollBack();
    play.undo();
    await expectUntouched(play);
  });

  test("is told in the tick after it, and is in the journal as an incident before a snapshot", async () => {
    const kept: string[] = [];
    const note = (what: string) => () => kept.push(what);
    const writer = {
      append: note("tick"),
      snapshot: note("snapshot"),
      incident: (_zone: number, _tick: number, { what }: { what?: string }) => kept.push(`incident ${what}`),
      send: () => undefined,
      isSafe: () => true,
      isIdle: true,
      isCrowded: false,
    };
    const play = await gathered({ writer });
    play.swap(await badKernel("invulnerable"));
    fight(play, 10);
    play.rollBack();
    play.tick(3);
    const { runner } = play.bench;
    runner.undo.start({ isDry: false, reason: "" });
    kept.length = 0;
    while (runner.undo.isRunning) runner.undoSome(0);
    expect(play.bench.told("undone")).toEqual([]);
    play.tick(2);
    expect(play.bench.told("undone")).toHaveLength(1);
    expect(kept).toEqual(["incident undo", "snapshot", "tick", "tick"]);
  });
});

describe("by itself", () => {
  test("a zone undoes a module whose state breaks a rule of the game; nobody saw that tick", async () => {
    const play = await gathered();
    play.swap(await badKernel("health beyond the maximum, late"));
    while (!play.bench.runner.undo.isRunning) fight(play, 1);
    expect(play.zone.tick).toBe(300);
    expect(play.zone.kernel.label).toBe("test");
    expect(play.bench.emitter.messages("Module rolled back")[0]?.data["reason"]).toContain("broken rule: player");
    const report = play.finish();
    expect(report.reason).toContain("broken rule: player");
    expect(report.players_changed + report.creatures_changed).toBeGreaterThan(0);
    await expectUntouched(play);
  });

  test("a module that traps is rolled back, and clients know what the zone then knows", async () => {
    const play = await gathered();
    play.swap(await badKernel("traps late"));
    while (play.zone.tick < 302) fight(play, 1);
    expect(play.zone.kernel.label).toBe("test");
    expect(play.bench.runner.undo.isRunning).toBe(false);
    expect(play.clientsDiffer()).toEqual([]);
    play.undo();
    await expectUntouched(play);
  });

  test("a rule that was broken before the swap is not the module's fault", async () => {
    const play = await gathered();
    const health = play.zone.kernel.layout.value("ENTITY_HEALTH");
    play.zone.view.setUint32(health, 500_000, true);
    play.swap(await badKernel("refactoring"));
    play.tick(10);
    expect(play.bench.runner.inspect()).toMatchObject({ canary: true, recoveries: 0 });
  });
});

function whyNot(play: UndoPlay): string {
  try {
    play.bench.runner.undo.start({ isDry: false, reason: "" });
    return "";
  } catch (error) {
    return String(error);
  }
}

describe("there is nothing to undo", () => {
  test("without a swap, after an undo, and after the zone went DOWN", async () => {
    const play = await gathered();
    expect(whyNot(play)).toContain("no module was swapped in");
    play.swap(await badKernel("invulnerable"));
    play.rollBack();
    play.tick();
    play.undo();
    expect(whyNot(play)).toContain("is undone already");
    play.swap(await badKernel("invulnerable"));
    play.give(...Array.from({ length: 40 }, () => ({ op: OP_TRAP })));
    play.tick();
    expect(play.bench.state).toBe("DOWN");
    expect(whyNot(play)).toContain("went DOWN since");
  });

  test("when more ticks or commands have passed than are kept", async () => {
    const bounds = { ticksMax: 30, bytesMax: 1_000_000 };
    const play = await gathered({ undoBounds: bounds });
    play.swap(await badKernel("invulnerable"));
    fight(play, 30);
    expect(play.bench.runner.undo.look().open).not.toBeNull();
    fight(play, 1);
    play.rollBack();
    expect(whyNot(play)).toContain("is 30 ticks ago, and more is not kept");
    const small = await gathered({ undoBounds: { ticksMax: 100, bytesMax: 320 } });
    small.swap(await badKernel("invulnerable"));
    fight(small, 11);
    small.rollBack();
    expect(whyNot(small)).toContain("more is not kept");
  });

  test("while the module before traps on the same input", async () => {
    const play = await gathered();
    play.swap(await badKernel("traps late"));
    play.bench.runner.promote();
    play.swap(await badKernel("refactoring"));
    fight(play, 310 - play.zone.tick);
    play.rollBack();
    play.bench.runner.undo.start({ isDry: false, reason: "" });
    while (play.bench.runner.undo.isRunning) play.bench.runner.undoSome(0);
    expect(play.bench.state).toBe("ACTIVE");
    // It goes DOWN with the module that it was given back, and says last that it was not undone.
    play.tick();
    expect(play.bench.told("undo_failed").map(({ error }) => error)).toEqual([
      expect.stringContaining("can not run tick 300"),
    ]);
  });
});

describe("who left since", async () => {
  const PORTAL = { x: 20, y: 0, z: 0 };
  const [crossroads] = (await loadWorld("server/protocol/content/worlds/crossroads.toml")).zones;
  const zone = { ...crossroads!, spawns: world.zones[0]!.spawns };

  test("has left: the list says with what, and what would have been theirs", async () => {
    const play = await gathered({ zone });
    play.swap(await badKernel("no-experience"));
    fight(play, 400);
    play.give({ op: OP_PLACE, a: 1, ...PORTAL });
    play.tick(3);
    play.give({ op: OP_LEAVE, session: 2, a: 9, flags: LEAVE_RECORDS });
    play.tick(2);
    expect([1, 2].map((id) => play.zone.entities.positionOf(id))).toEqual([null, null]);
    play.rollBack();
    play.tick();
    const report = play.undo();
    await expectUntouched(play);
    expect(report.leavers.map(({ entity_id, to_zone, stays }) => [entity_id, to_zone, stays])).toEqual([
      [1, 2, false],
      [2, 0, false],
    ]);
    for (const { values } of report.leavers) {
      const { was, is } = values.find(({ what }) => what === "experience")!;
      expect(is).toBeGreaterThan(was);
    }
    expect(undoLines(report).filter((line) => line.startsWith("not taken back: "))).toHaveLength(2);
  });

  test("and is there again without the module is removed with the next tick", async () => {
    // Without the module players die at once, and the dead can not go through a portal.
    const play = await UndoPlay.start({ zone, kernel: await badKernel("deadly") });
    play.give(...PLAYERS.map(join));
    play.tick();
    play.swap(await badKernel("invulnerable"));
    fight(play, 300);
    play.give(...placed(PORTAL));
    play.tick(3);
    const where = () => PLAYERS.map((id) => play.zone.entities.positionOf(id));
    expect(where()).toEqual([null, null, null, null]);
    play.rollBack();
    const report = play.undo();
    const stayed = report.leavers.filter(({ stays }) => stays).map(({ entity_id }) => entity_id);
    expect(stayed.length).toBeGreaterThan(0);
    expect(play.bench.emitter.messages("Told ticks rewritten").at(-1)?.data["still_here"]).toEqual(stayed);
    expect(where()).toEqual([null, null, null, null]);
    await expectUntouched(play);
  });
});
