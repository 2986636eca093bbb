// A zone's journal is followed while it grows: through swaps, recoveries, gaps, damage, and whatever else happens to a journal.

import { expect, setDefaultTimeout, test } from "bun:test";
import { openJournal } from "../../../server/replay/open-journal.ts";
import { GrowingJournal } from "../../../server/testing/growing-journal.ts";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseExpectations } from "../../../server/protocol/expectations.ts";
import { FEWER_CREATURES, ZONE, closesFollowed, follow, module, reportOf } from "../../helpers/followed-zone.ts";

setDefaultTimeout(60_000);
const BUFF = parseExpectations("expect", '[[expect]]\nwhat = "damage.spell.fireball"\nchange = "+10..15 %"');
closesFollowed();

test("it begins at the newest state and goes on tick by tick", async () => {
  const { shadow, journal, look, problems } = await follow("refactoring");
  journal.play(250);
  look();
  expect(shadow.numbers).toMatchObject({
    from_tick: 201,
    to_tick: 250,
    compared: 50,
    equal: 50,
    skipped: 0,
    behind: 0,
  });
  journal.play(1);
  look();
  look();
  journal.play(180);
  look();
  expect(shadow.numbers).toMatchObject({ to_tick: 431, compared: 231, equal: 231, skipped: 0, mismatched: 0 });
  expect(problems).toEqual([]);
});

test("a journal that has nothing of the zone yet is looked at again", async () => {
  const { shadow, journal, look } = await follow("refactoring");
  journal.run("DELETE FROM snapshot");
  look();
  expect(shadow.numbers).toMatchObject({ from_tick: 0, compared: 0 });
  journal.play(200);
  journal.play(5);
  look();
  expect(shadow.numbers).toMatchObject({ from_tick: 201, compared: 5 });
});

test("it ends after its ticks, and looks at nothing more", async () => {
  const { shadow, journal, look } = await follow("refactoring", { ticks: 30 });
  journal.play(50);
  look();
  expect([shadow.isFinished, shadow.numbers]).toMatchObject([true, { to_tick: 30, compared: 30, behind: 0 }]);
  journal.play(50);
  look();
  expect(shadow.numbers).toMatchObject({ to_tick: 30, compared: 30, behind: 0 });
});

test("a zone that goes back to an older state is followed from there; what it had run was compared too", async () => {
  const { shadow, journal, look, problems } = await follow("refactoring");
  journal.play(230);
  look();
  journal.play(20);
  journal.goBack(ZONE, 40);
  journal.play(60);
  look();
  // The ticks 201 to 250, and 201 to 260 once more.
  expect(shadow.numbers).toMatchObject({ to_tick: 260, compared: 110, equal: 110, skipped: 0, mismatched: 0 });
  expect(problems).toEqual([]);
});

test("a swap in the followed zone: each module is compared for itself, and the shadow's own ticks are not", async () => {
  const { shadow, journal, look } = await follow("double-damage");
  journal.play(50);
  look();
  journal.swap(ZONE, await module("refactoring"));
  journal.play(50);
  journal.swap(ZONE, await module("double-damage"));
  journal.play(40);
  look();
  const { kernel } = await module(null);
  const other = (await module("refactoring")).kernel;
  expect(shadow.numbers).toMatchObject({ compared: 100, own: 40, mismatched: 0, to_tick: 140 });
  expect(shadow.findings().map(({ incumbent, comparison }) => [incumbent.module, comparison.ticks])).toEqual([
    [kernel.hash, 50],
    [other.hash, 50],
  ]);
});

test("of a trial all ticks are compared from its first on, also when the shadow began before it, and none after it", async () => {
  for (const isEarly of [true, false]) {
    const { shadow, journal, look } = await follow(null, { role: "incumbent", ticks: 300 });
    journal.play(240);
    if (isEarly) look();
    journal.swap(ZONE, await module("double-damage"));
    journal.play(120);
    look();
    expect(shadow.numbers).toMatchObject({ from_tick: 241, to_tick: 360, compared: 120, skipped: 0 });
    journal.swap(ZONE, await module(null));
    journal.play(30);
    look();
    expect(shadow.numbers).toMatchObject({ compared: 120, mismatched: 0, to_tick: 390 });
    expect(shadow.isFinished).toBe(false);
  }
});

test("turned around, what the trial does more is more, and what it does less is less", async () => {
  const [there, here] = [await follow("double-damage"), await follow(null, { role: "incumbent" })];
  there.journal.play(700);
  here.journal.swap(ZONE, await module("double-damage"));
  for (let part = 0; part < 7; part++)
    for (const { journal, look } of [there, here]) {
      journal.play(100);
      look();
    }
  for (const { shadow } of [there, here]) {
    const [found] = shadow.findings();
    const to = found!.comparison.terms.find(({ what }) => what === "damage.to.creatures")!;
    expect(to.ticks).toBeGreaterThan(0);
    expect(to.candidate).toBeGreaterThan(to.incumbent);
  }
  expect(here.shadow.findings()[0]?.incumbent.module).toBe((await module(null)).kernel.hash);
});

test("a column that the trial adds is an added one, and fuel that it saves is saved", async () => {
  const { shadow, journal, look } = await follow(null, { role: "incumbent" });
  journal.swap(ZONE, await module("added-column"));
  journal.play(60);
  look();
  const added = shadow.findings()[0]!.comparison;
  expect({ added: added.added.length > 0, dropped: added.dropped }).toEqual({ added: true, dropped: [] });
  const slower = await follow("slower");
  slower.journal.play(60);
  slower.look();
  const turned = await follow("slower", { role: "incumbent" });
  turned.journal.play(60);
  turned.look();
  const [one, other] = [slower, turned].map(({ shadow: each }) => each.findings()[0]!.comparison.fuel);
  expect([one!.incumbent, one!.candidate]).toEqual([other!.candidate, other!.incumbent]);
  expect(one!.candidate).toBeGreaterThan(one!.incumbent);
});

test("a trap of the module before, alone, is not the trial's fault", async () => {
  const { shadow, journal, look } = await follow("trap-on-cancel", { role: "incumbent", cancels: 0.1 });
  journal.play(190);
  look();
  journal.play(200);
  look();
  const found = shadow.findings();
  expect(found[0]!.comparison.traps).toEqual({ count: 0, first: null });
  expect(found[0]!.comparison.skipped).toBeGreaterThan(0);
  expect(shadow.numbers.compared + shadow.numbers.skipped).toBe(390);
  const report = reportOf(shadow, "incumbent");
  expect(report.verdict).toBe("pass");
  expect(report.checks.find(({ name }) => name === "the module before traps")?.holds).toBe(true);

  const candidate = await follow("trap-on-cancel", { cancels: 0.1 });
  candidate.journal.play(390);
  candidate.look();
  expect(candidate.shadow.findings()[0]!.comparison.traps.count).toBeGreaterThan(0);
});

test("ticks that the journal does not have are counted, and it goes on from the next state", async () => {
  const { shadow, journal, look, problems } = await follow("refactoring");
  journal.play(30);
  look();
  journal.play(20, { isLost: true });
  journal.play(60);
  look();
  expect(shadow.numbers).toMatchObject({ to_tick: 30, compared: 30 });
  journal.play(95);
  look();
  expect(shadow.numbers).toMatchObject({ compared: 35, skipped: 170, to_tick: 205, mismatched: 0 });
  expect(problems.join(" ")).toContain("Ticks 31 to 50 of zone 1 are missing.");
  expect(problems.join(" ")).toContain("170 ticks of zone 1 could not be run, from 31 on.");
});

test("after a gap at the end of an epoch the next epoch is followed from its beginning", async () => {
  const { shadow, journal, look } = await follow("refactoring");
  journal.play(30);
  look();
  journal.play(10, { isLost: true });
  journal.play(10);
  journal.swap(ZONE, await module("faster-sight"));
  journal.play(210);
  look();
  expect(shadow.numbers).toMatchObject({ compared: 30 + 210, skipped: 20, to_tick: 260 });
});

test("a tick that does not give the recorded state is told, and nothing of it is the candidate's", async () => {
  const { shadow, journal, look, problems } = await follow("refactoring");
  journal.play(30);
  look();
  journal.play(1);
  const tick = journal.tickOf(ZONE) + 1;
  journal.corrupt(ZONE);
  journal.play(9);
  look();
  expect(shadow.numbers).toMatchObject({ compared: 31, equal: 31, mismatched: 1, to_tick: 31 });
  expect(problems[0]).toContain(`Tick ${tick} of zone 1 gives another state`);
  journal.snapshot(ZONE);
  journal.play(10);
  look();
  expect(shadow.numbers).toMatchObject({ compared: 41, equal: 41, mismatched: 1, to_tick: 50 });
});

test("damaged rows: a tick is a gap, and of two states the older one is taken", async () => {
  const { shadow, journal, look, problems } = await follow("refactoring");
  journal.play(210);
  journal.run("UPDATE snapshot SET hash = 'aaaaaaaaaaaaaaaa' WHERE tick = 200");
  look();
  expect(shadow.numbers).toMatchObject({ from_tick: 1, compared: 210 });
  expect(problems).toContain("The snapshot of zone 1 at tick 200 is damaged.");
  journal.play(10);
  journal.run("UPDATE record SET at = at + 1 WHERE tick = 215");
  look();
  expect(shadow.numbers).toMatchObject({ compared: 214, to_tick: 214, behind: 6 });
  expect(problems).toContain("Tick 215 of zone 1 is damaged.");
});

test("what retention has taken away is skipped", async () => {
  const { shadow, journal, look } = await follow("refactoring");
  journal.play(30);
  look();
  journal.play(600);
  journal.run("DELETE FROM record WHERE tick < 500");
  look();
  expect(shadow.numbers).toMatchObject({ compared: 30 + 30, skipped: 570, to_tick: 630 });
});

test("one that is far behind goes on from the newest state", async () => {
  const { shadow, journal, look } = await follow("refactoring");
  journal.play(10);
  look();
  journal.play(1_000);
  look();
  expect(shadow.numbers).toMatchObject({ compared: 20, skipped: 990, to_tick: 1_010, behind: 0 });
});

test("after a rest what came meanwhile is left out, with a newer state and without one", async () => {
  for (const [ticks, compared] of [
    [50, 20],
    [250, 80],
  ] as const) {
    const { shadow, journal, folder, look } = await follow("double-damage");
    journal.play(10);
    look();
    journal.play(ticks);
    {
      using open = openJournal({ dataDir: folder }, false);
      shadow.looks(open);
      expect(shadow.numbers.behind).toBe(ticks);
      shadow.resumes(open);
    }
    journal.play(10);
    look();
    expect(shadow.numbers).toMatchObject({ compared, mismatched: 0, to_tick: 20 + ticks });
    expect(shadow.rested).toBe(shadow.numbers.skipped);
    expect(compared + shadow.rested).toBe(20 + ticks);
  }
});

test("with a stride every second block is compared, and the next comparison begins from the recorded state", async () => {
  const { shadow, journal, look } = await follow("refactoring");
  journal.play(400);
  look(2);
  journal.play(400);
  look(2);
  const { compared, equal, skipped } = shadow.numbers;
  expect([compared, equal, skipped]).toEqual([200, 200, 200]);
});

test("a journal that was replaced under it is told, and followed", async () => {
  const { shadow, journal, folder, problems, look } = await follow("refactoring");
  journal.play(120);
  look();
  journal.close();
  for (const file of ["world.sqlite", "world.sqlite-wal", "world.sqlite-shm", "world.witness"])
    rmSync(join(folder, file), { force: true });
  const other = await GrowingJournal.begin(folder, { zones: 1, players: 4, seed: 10 });
  other.play(30);
  look();
  other.close();
  expect(shadow.numbers).toMatchObject({ compared: 150, equal: 150, mismatched: 0, to_tick: 30 });
  expect(problems).toEqual(["The journal of zone 1 was replaced, and goes on at tick 30 of epoch 1."]);
});

test("what is expected need not have happened yet, and what is not expected fails", async () => {
  const { shadow, journal, look } = await follow("fireball-buff");
  journal.play(1);
  look();
  expect(reportOf(shadow, "candidate", { expectations: BUFF })).toMatchObject({
    verdict: "inconclusive",
    reason: expect.stringMatching(/^inconclusive: recording: 1 ticks/) as string,
  });
  for (let part = 0; part < 20; part++) {
    journal.play(100);
    look();
  }
  expect(reportOf(shadow, "candidate", { expectations: BUFF }).verdict).toBe("pass");
  expect(reportOf(shadow, "candidate").verdict).toBe("fail");
});

test("a zone that stands still, or a journal that is not written, is no pass", async () => {
  const { shadow, journal, look } = await follow("refactoring");
  journal.play(190);
  look();
  journal.play(200);
  look();
  expect(reportOf(shadow, "candidate").verdict).toBe("pass");
  expect(shadow.silentMs).toBeLessThan(5_000);
  expect(reportOf(shadow, "candidate", { silentMs: 4_000 }).reason).toBe(
    "inconclusive: new ticks: no tick of zone 1 for 4.0 s (at most 3)",
  );
});

test("a module that can not take the states over is told, and its ticks are left out", async () => {
  const { shadow, journal, look, problems } = await follow(FEWER_CREATURES);
  journal.play(30);
  look();
  expect(shadow.numbers).toMatchObject({ compared: 0, skipped: 30, to_tick: 30, mismatched: 0 });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/^Zone 1 can not be compared: .*CREATURES_MAX/);
  expect(reportOf(shadow, "candidate").verdict).toBe("inconclusive");
});
