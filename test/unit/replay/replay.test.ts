import { afterEach, describe, expect, test } from "bun:test";
import { OP_ATTACK, OP_CAST, OP_MOVE, OP_TRAP } from "../../../assembly/abi.ts";
import type { EntityChange, EpochBegin, ReplayObserver, ReplayOptions } from "../../../server/protocol/replay.ts";
import { replayIncident } from "../../../server/replay/incident.ts";
import { replay } from "../../../server/replay/replay.ts";
import { candidateFile, UNNAMED } from "../../helpers/candidates.ts";
import { newJournal } from "../../helpers/journal.ts";
import type { TestJournal } from "../../helpers/journal.ts";
import { commandBytes } from "../../helpers/zone-commands.ts";
import { walk } from "../../helpers/zone.ts";

const open: TestJournal[] = [];
afterEach(() => {
  for (const journal of open.splice(0)) journal[Symbol.dispose]();
});

async function journalOf(): Promise<TestJournal> {
  const journal = await newJournal();
  open.push(journal);
  return journal;
}

/** The creature that the two players attack, and how. */
const FOE = 1_000_001;
const FOE_AT = { x: 18, y: 10 };
function fight(tick: number): Uint8Array {
  const seq = tick * 2;
  if (tick % 5 === 0) return commandBytes([{ op: OP_ATTACK, session: 1, seq, a: FOE }]);
  return commandBytes([
    { op: OP_MOVE, session: 1, seq, x: FOE_AT.x + 1, y: FOE_AT.y },
    { op: OP_CAST, session: 2, seq, a: FOE, b: 100 },
  ]);
}

const run = (journal: TestJournal, options: Partial<ReplayOptions> = {}, observer: ReplayObserver = {}) => {
  journal.close();
  return replay({ dataDir: journal.folder, ...options }, observer);
};

describe("a replay", () => {
  test("gives the recorded states of all zones and epochs, and says why an epoch begins", async () => {
    const journal = await journalOf();
    journal.play(1, 120, walk);
    journal.play(2, 60, walk);
    journal.event({ kind: "deploy", json: '{"reason":"hotfix"}' });
    journal.newEpoch(1);
    journal.play(1, 30, walk);
    const begins: EpochBegin[] = [];
    const { zones, problems } = await run(journal, {}, { onEpoch: (begin) => begins.push(begin) });
    expect(problems).toEqual([]);
    expect(
      zones.map(({ zone, ticks, verified, lost, fromTick, toTick, epochs }) => [
        zone,
        ticks,
        verified,
        lost,
        fromTick,
        toTick,
        epochs,
      ]),
    ).toEqual([
      [1, 152, 152, 0, 1, 152, 2],
      [2, 62, 62, 0, 1, 62, 1],
    ]);
    expect(begins.map(({ zone, epoch, tick, reasons }) => [zone, epoch, tick, reasons])).toEqual([
      [1, 1, 0, []],
      [1, 2, 122, ["deploy: hotfix"]],
      [2, 1, 0, []],
    ]);
  });

  test("runs ticks that a newer epoch has rewritten too", async () => {
    const journal = await journalOf();
    const zone = journal.zone(1);
    journal.play(1, 28, walk);
    const state = zone.bytes.slice(zone.at.stateBase, zone.at.stateEnd);
    journal.play(1, 10, walk);
    zone.adopt(state, 30);
    journal.newEpoch(1);
    journal.play(1, 5, (tick) => walk(tick + 7));
    const [result] = (await run(journal)).zones;
    expect(result).toMatchObject({ ticks: 45, verified: 45, epochs: 2, problems: [] });
  });

  test("begins at the newest snapshot before the wanted ticks, and reports only these", async () => {
    const journal = await journalOf();
    journal.play(1, 198, walk);
    const ticks = new Set<number>();
    const options = { zone: 1, from: 120, to: 130, events: true, watch: 1 };
    const { zones } = await run(journal, options, {
      onEvents: (_, tick) => ticks.add(tick),
      onChange: ({ tick }) => ticks.add(tick),
    });
    expect(zones[0]).toMatchObject({ fromTick: 101, toTick: 130, ticks: 30, verified: 30 });
    expect(Math.min(...ticks)).toBeGreaterThanOrEqual(120);
  });

  test("tells each change of a watched entity and who did it", async () => {
    const journal = await journalOf();
    journal.play(1, 900, fight);
    const changes: EntityChange[] = [];
    await run(journal, { watch: 1 }, { onChange: (change) => changes.push(change) });
    expect(changes[0]!.tick).toBe(2);
    expect(changes[0]!.values).toContainEqual({ name: "health", was: null, is: 320 });
    const hurt = changes.find(({ events }) =>
      events.some(({ event, target_id: target }) => event === "damage" && target === 1),
    );
    expect(hurt?.values.map(({ name }) => name)).toContain("health");
    const health = changes.flatMap(({ values }) => values.filter(({ name }) => name === "health"));
    for (const [index, { was }] of health.entries()) if (index > 0) expect(was).toBe(health[index - 1]!.is);
  });

  test("stops at the first tick at which a condition holds", async () => {
    const journal = await journalOf();
    journal.play(1, 900, fight);
    const [first] = (await run(journal, { until: "player(1).health < 320" })).zones;
    const [second] = (await run(journal, { until: `tick == ${first!.stoppedAt! - 1} and player(1).health == 320` }))
      .zones;
    expect(second!.stoppedAt).toBe(first!.stoppedAt! - 1);
    expect(first).toMatchObject({ ticks: first!.stoppedAt!, problems: [] });
    const [never] = (await run(journal, { until: "player(77).here" })).zones;
    expect(never).toMatchObject({ ticks: 902, stoppedAt: null });
  });

  test("can be interrupted", async () => {
    const journal = await journalOf();
    journal.play(1, 50, walk);
    const stop = new AbortController();
    stop.abort();
    expect(await run(journal, { signal: stop.signal })).toMatchObject({ interrupted: true });
  });
});

describe("damage is told with what it cost", () => {
  test("a damaged tick: on from the next snapshot", async () => {
    const journal = await journalOf();
    journal.play(1, 198, walk);
    journal.damage("UPDATE record SET body = zeroblob(32), packed = 0 WHERE tick = 70");
    const [zone] = (await run(journal)).zones;
    expect(zone).toMatchObject({ ticks: 169, verified: 169, lost: 31, firstDifference: null });
    expect(zone!.problems).toEqual([
      "Tick 70 of zone 1 is damaged.",
      "31 ticks of zone 1, epoch 1, could not be run: 70 to 100.",
    ]);
  });

  test("a damaged snapshot costs nothing while an older one is there", async () => {
    const journal = await journalOf();
    journal.play(1, 198, walk);
    journal.damage("UPDATE snapshot SET body = zeroblob(9) WHERE tick = 100");
    const [zone] = (await run(journal, { from: 120 })).zones;
    expect(zone).toMatchObject({ fromTick: 51, ticks: 150, verified: 150, lost: 0 });
    expect(zone!.problems).toEqual(["The snapshot of zone 1 at tick 100 is damaged."]);
  });

  test("missing ticks", async () => {
    const journal = await journalOf();
    journal.play(1, 98, walk);
    journal.damage("DELETE FROM record WHERE tick BETWEEN 80 AND 89");
    const [zone] = (await run(journal)).zones;
    expect(zone).toMatchObject({ ticks: 79, lost: 21 });
    expect(zone!.problems[0]).toBe("Ticks 80 to 89 of zone 1 are missing.");
  });

  test("another module than the one that ran: the first tick that is not equal", async () => {
    const journal = await journalOf();
    journal.play(1, 300, fight);
    const { loadOther } = await import("../../../server/replay/modules.ts");
    const { meter } = await import("../../../assembly/toolchain/meter.ts");
    const wasm = await meter(await Bun.file(await candidateFile(journal.folder, "armour-sign")).bytes());
    expect((await loadOther(await candidateFile(journal.folder, "armour-sign"))).hash).not.toBe(journal.module);
    // Another binary under the same hash: only the states tell.
    journal.writer.begin();
    journal.writer.database.run("DELETE FROM module");
    journal.writer.module({ hash: journal.module, label: "other", wasm });
    journal.writer.commit();
    const [zone] = (await run(journal, { to: 50 })).zones;
    const [whole] = (await run(journal)).zones;
    expect(whole!.firstDifference).not.toBeNull();
    expect(whole!.problems.join(" ")).toContain("gives another state");
    expect(zone!.ticks).toBeGreaterThan(0);
  });

  test("a module that is gone", async () => {
    const journal = await journalOf();
    journal.play(1, 20, walk);
    journal.damage("DELETE FROM module");
    const [zone] = (await run(journal)).zones;
    expect(zone).toMatchObject({ ticks: 0, lost: 22 });
    expect(zone!.problems[0]).toContain(`Module ${journal.module} is missing or damaged in the journal`);
  });
});

describe("nothing to run is refused", () => {
  test("and the message says what there is", async () => {
    const journal = await journalOf();
    journal.play(1, 20, walk);
    expect(run(journal, { zone: 9 })).rejects.toThrow("The journal has no zone 9; it has 1.");
    expect(run(journal, { from: 500 })).rejects.toThrow(
      "no tick from 500 that can be run. It has of zone 1 ticks 1 to 22",
    );
    expect(run(journal, { from: 9, to: 3 })).rejects.toThrow("--from 9 is after --to 3");
    expect(replay({ dataDir: `${journal.folder}/none` }, {})).rejects.toThrow("There is no journal in");
  });
});

describe("another module", () => {
  test("that does the same never differs", async () => {
    const journal = await journalOf();
    journal.play(1, 300, fight);
    const [same] = (await run(journal, { module: await candidateFile(journal.folder, null) })).zones;
    expect(same!.comparison).toMatchObject({ ticks: 302, differing: 0, first: null, columns: [], fuelRatio: 1 });
    const [hotfix] = (await run(journal, { module: await candidateFile(journal.folder, "hotfix") })).zones;
    expect(hotfix!.comparison).toMatchObject({ ticks: 302, differing: 0 });
  });

  test("that differs is found, with the first tick, columns and event", async () => {
    const journal = await journalOf();
    journal.play(1, 900, fight);
    const [zone] = (await run(journal, { module: await candidateFile(journal.folder, "armour-sign") })).zones;
    const { comparison } = zone!;
    expect(zone).toMatchObject({ verified: 902, problems: [] });
    expect(comparison!.differing).toBeGreaterThan(0);
    expect(comparison!.differing).toBeLessThan(200);
    expect(comparison!.columns.map(({ column }) => column)).toContain("ENTITY_HEALTH");
    expect(comparison!.first!.event).toMatchObject({ was: { event: "damage" }, is: { event: "damage" } });
    const [column] = comparison!.first!.columns.filter(({ column: name }) => name === "ENTITY_HEALTH");
    expect(column!.was).not.toBe(column!.is);
  });

  test("that writes where no column is", async () => {
    const journal = await journalOf();
    journal.play(1, 20, walk);
    const [zone] = (await run(journal, { module: await candidateFile(journal.folder, UNNAMED) })).zones;
    expect(zone!.comparison).toMatchObject({ differing: 22 });
    expect(zone!.comparison!.columns[0]!.column).toContain("no column, address");
  });

  test("with another layout is compared by the names of the columns", async () => {
    const journal = await journalOf();
    journal.play(1, 300, fight);
    const [zone] = (await run(journal, { module: await candidateFile(journal.folder, "new-column") })).zones;
    expect(zone!.comparison).toMatchObject({ ticks: 302, traps: 0 });
    expect(zone!.comparison!.added.length).toBeGreaterThan(0);
    expect(zone!.comparison!.columns.map(({ column }) => column)).not.toContain("ENTITY_X");
  });

  test("that traps is told with its note, and the replay goes on", async () => {
    const journal = await journalOf();
    journal.play(1, 1_100, fight);
    const [zone] = (await run(journal, { module: await candidateFile(journal.folder, "crash") })).zones;
    const { comparison } = zone!;
    expect(comparison).toMatchObject({ ticks: 1_102 });
    expect(comparison!.traps).toBeGreaterThan(0);
    expect(comparison!.first!.trap).toMatchObject({
      message: expect.stringContaining("trap"),
      phase: expect.any(String) as string,
    });
  });
});

describe("an incident", () => {
  test("traps again in the same place", async () => {
    const journal = await journalOf();
    const zone = journal.zone(1);
    journal.play(1, 60, walk);
    const poison = { op: OP_TRAP, session: 1, seq: 99_999 };
    const body = commandBytes([poison]);
    const json = JSON.stringify({ what: "trap", error: "kernel trap", phase: "commands", op: OP_TRAP, session_id: 1 });
    const id = journal.event({ kind: "incident", zone: 1, tick: zone.tick + 1, json, body });
    journal.play(1, 30, walk);
    journal.close();
    const incident = await replayIncident({ dataDir: journal.folder }, id, {});
    expect(incident).toMatchObject({ incident: id, tick: 63, same: true, ticks: 12, problems: [] });
    expect(incident.replayed).toMatchObject({ phase: "commands", op: OP_TRAP });
  });

  test("that is not there, or that does not trap", async () => {
    const journal = await journalOf();
    const zone = journal.zone(1);
    journal.play(1, 20, walk);
    const what = { kind: "incident", zone: 1, tick: zone.tick + 1, json: '{"what":"worker hangs"}' } as const;
    const id = journal.event({ ...what, body: walk(99) });
    const toldOnly = journal.event({ kind: "incident", json: '{"message":"Zone worker lost"}' });
    journal.close();
    for (const none of [1, toldOnly])
      expect(replayIncident({ dataDir: journal.folder }, none, {})).rejects.toThrow(
        `The journal has no incident ${none} with a batch. The newest are ${id} (zone 1, tick 23).`,
      );
    const incident = await replayIncident({ dataDir: journal.folder }, id, {});
    expect(incident).toMatchObject({ replayed: null, same: false });
  });
});
