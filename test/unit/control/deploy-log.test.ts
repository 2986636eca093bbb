// What a server remembers of its deploys when it begins again.

import { expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { DeployLog, ENTRIES_MAX, lostText } from "../../../server/main/control/deploy-log.ts";
import { earlierRefusal } from "../../../server/protocol/earlier-refusal.ts";
import type { DeployEvent } from "../../../server/main/control/deploy.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { tempFolder } from "../../helpers/telemetry.ts";

const [BASE, A, B] = ["7e6a3cdb083f8056", "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"];

interface Run {
  log: DeployLog;
  emitter: MemoryEmitter;
}

/** One life of a server over the same file. */
async function life(file: string, act: (run: Run) => void = () => {}, hash = BASE): Promise<Run> {
  const emitter = new MemoryEmitter();
  const kernel = { hash, label: "wowsim" };
  const log = await DeployLog.open({ file, kernel, emitter, clock: () => 1_767_225_600_000, now: () => 0 });
  act({ log, emitter });
  await log.close();
  return { log, emitter };
}

const event = (what: DeployEvent["what"], zoneId: number, from: string, to: string): DeployEvent => ({
  what,
  zoneId,
  from,
  to,
  label: "hotfix.wasm",
  reason: "test",
  by: "anna@desk",
});

/** A promotion of A in both zones, after a canary in the second. */
function promoteA({ log }: Run): void {
  log.note(event("swapped", 2, BASE, A));
  log.note(event("swapped", 1, BASE, A));
  for (const zone of [1, 2]) log.note(event("promoted", zone, BASE, A));
}

test("a promoted module that is gone after a restart is said to be, once", async () => {
  using folder = tempFolder();
  const file = folder.file("deploys.jsonl");
  expect((await life(file, promoteA)).log.lost).toEqual([]);
  const { log, emitter } = await life(file);
  const promoted_at = "2026-01-01T00:00:00.000Z";
  expect(log.lost).toEqual([{ hash: A, label: "hotfix.wasm", promoted_at, by: "anna@desk", zones: [1, 2] }]);
  expect(lostText(log.lost[0]!)).toContain(
    `hotfix.wasm (${A}), promoted at ${promoted_at} by anna@desk in zones 1, 2, is gone`,
  );
  expect(emitter.messages("Promoted module lost")[0]?.data).toMatchObject({ hash: A, runs_hash: BASE, zones: [1, 2] });
  const next = await life(file);
  expect(next.log.lost).toEqual([]);
  const all = next.log.entries().map(({ event: what }) => what);
  expect(all.join()).toBe("server_started,swapped,swapped,promoted,promoted,server_started,server_started");
});

test("what was taken back, tried only, or is what the server starts with now, is not missed", async () => {
  for (const act of [
    (run: Run) => {
      promoteA(run);
      for (const zone of [1, 2]) run.log.note(event("rolled_back", zone, A, BASE));
    },
    ({ log }: Run) => log.note(event("swapped", 2, BASE, A)),
    ({ log }: Run) => log.note(event("refused", 2, BASE, A)),
  ]) {
    using folder = tempFolder();
    await life(folder.file("deploys.jsonl"), act);
    expect((await life(folder.file("deploys.jsonl"))).log.lost).toEqual([]);
  }
  using folder = tempFolder();
  await life(folder.file("deploys.jsonl"), promoteA);
  expect((await life(folder.file("deploys.jsonl"), undefined, A)).log.lost).toEqual([]);
  // A canary that went back later does not take the promotion before it along.
  await life(folder.file("deploys.jsonl"), (run) => {
    promoteA(run);
    run.log.note(event("swapped", 2, A, B));
    run.log.note(event("rolled_back", 2, B, A));
  });
  expect((await life(folder.file("deploys.jsonl"))).log.lost).toMatchObject([{ hash: A, zones: [1, 2] }]);
});

test("a damaged file is read as far as it can be, and written on", async () => {
  using folder = tempFolder();
  const file = folder.file("deploys.jsonl");
  await life(file, promoteA);
  const whole = readFileSync(file);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.nat(whole.length), async (junk, at) => {
      writeFileSync(file, Buffer.concat([whole.subarray(0, at), junk, whole.subarray(at)]));
      const { log } = await life(file, promoteA);
      expect(log.entries().length).toBeGreaterThanOrEqual(5 + 3);
      expect((await life(file)).log.lost).toMatchObject([{ hash: A }]);
    }),
    { numRuns: 25 },
  );
  // Half a line, as of a server that was killed.
  writeFileSync(file, whole);
  appendFileSync(file, '{"v":1,"timestamp":"20');
  const { log } = await life(file);
  expect({ damaged: log.damaged, lost: log.lost.length }).toEqual({ damaged: 1, lost: 1 });
});

test("it is bounded, in memory and on the disk", async () => {
  using folder = tempFolder();
  const file = folder.file("deploys.jsonl");
  writeFileSync(file, `${"x".repeat(1 << 19)}\n`.repeat(4));
  const { log } = await life(file, (run) => {
    for (let note = 0; note < ENTRIES_MAX + 50; note++) run.log.note(event("swapped", 1, BASE, A));
  });
  expect(log.entries()).toHaveLength(ENTRIES_MAX);
  expect(log.entries(3)).toHaveLength(3);
  expect(readFileSync(file).length).toBeLessThan(1 << 20);
});

test("one that can not be kept costs a line of telemetry, and nothing else", async () => {
  using folder = tempFolder();
  const file = folder.file("deploys.jsonl");
  mkdirSync(file);
  const { log, emitter } = await life(file, promoteA);
  expect(log.entries()).toHaveLength(5);
  expect(emitter.messages("Deploy history not kept").length).toBeGreaterThan(0);
  expect(emitter.messages("Deploy history not kept").length).toBeLessThan(4);
});

test("a validation is read back with its numbers, also by a server that begins later", async () => {
  using folder = tempFolder();
  const file = folder.file("deploys.jsonl");
  const validation = {
    verdict: "fail" as const,
    ticks: 2_400,
    equal: 2_390,
    zones: 2,
    fuel_ratio: null,
    seconds: 4.1,
    lines: ["damage.swing: 6,638 → 6,688 (+0.75 %), not expected"],
    forced: "",
    expect: "",
  };
  const validated: DeployEvent = { ...event("validated", 0, BASE, A), validation };
  await life(file, ({ log }) => log.note(validated));
  const { log } = await life(file);
  expect(log.damaged).toBe(0);
  expect(log.lost).toEqual([]);
  expect(log.entries()[1]).toMatchObject({ event: "validated", zone_id: 0, to_hash: A, validation });
});

test("what failed is refused for as long as the history is kept, also by a later server", async () => {
  using folder = tempFolder();
  const file = folder.file("deploys.jsonl");
  const [C, D] = ["cccccccccccccccc", "dddddddddddddddd"];
  await life(file, (run) => {
    for (const hash of [A, B, C]) run.log.note({ ...event("rolled_back", 1, hash, BASE), reason: "kernel time ×3" });
    run.log.note({ ...event("rolled_back", 1, D, BASE), reason: "not judged: the feed is silent" });
    run.log.note(event("promoted", 1, BASE, C));
  });
  // More than one file has room for, and more than is kept in memory.
  const fill = (run: Run): void => {
    for (let note = 0; note < 900; note++) run.log.note({ ...event("swapped", 1, BASE, D), reason: "x".repeat(500) });
  };
  await life(file, fill);
  const { log } = await life(file, (run) => {
    fill(run);
    run.log.note({ ...event("rolled_back", 1, B, BASE), reason: "fuel ×2" });
  });
  expect(existsSync(folder.file("deploys.1.jsonl"))).toBe(true);
  const later = (await life(file)).log;
  for (const each of [log, later]) {
    expect(earlierRefusal(each.against(A), A, "")).toContain(
      "was rolled back here at 2026-01-01T00:00:00.000Z (kernel time ×3)",
    );
    expect(earlierRefusal(each.against(B), B, "")).toContain("(fuel ×2)");
    expect([C, D].map((hash) => earlierRefusal(each.against(hash), hash, ""))).toEqual([null, null]);
  }
});
