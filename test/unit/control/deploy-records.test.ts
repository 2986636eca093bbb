// The records of deploys over several lives of a server, with files that are half, foreign, or on a full disk.

import { expect, test } from "bun:test";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DeployFreeze } from "../../../server/main/control/deploy-freeze.ts";
import { DeployRecords } from "../../../server/main/control/deploy-records.ts";
import type { NewDeploy } from "../../../server/main/control/deploy-records.ts";
import { RECORD_LIMITS } from "../../../server/protocol/deploy-record.ts";
import { CONTROL_LIMITS } from "../../../server/protocol/limits.ts";
import { isPrintable } from "../../../server/protocol/printable.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { NEW_YEAR_MS, tempFolder } from "../../helpers/telemetry.ts";
import { until } from "../../helpers/control-live.ts";

const [BASE, A] = ["7e6a3cdb083f8056", "aaaaaaaaaaaaaaaa"];

const wish: NewDeploy = {
  hash: A,
  label: "fix.wasm",
  source: "fix.wasm",
  by: "anna@desk",
  force: "",
  expect: "",
  policy: { limits: { fuel_ratio_max: 1.03 } },
  dry_run: false,
};
const told = { stage: "check", ok: true, text: "static checks hold", took_ms: 12, data: { bytes: 3 } };

interface Life {
  records: DeployRecords;
  emitter: MemoryEmitter;
}

const newYear = (): number => NEW_YEAR_MS;

/** A server that begins over the folder. `running`: what its zones run. */
async function life(folder: string, running: readonly string[] = [BASE, BASE]): Promise<Life> {
  const emitter = new MemoryEmitter();
  let ms = 0;
  const now = (): number => (ms += 2_000);
  return { records: await DeployRecords.open({ folder, emitter, clock: newYear, now, running }), emitter };
}

test("a record is the same for whoever asks while it is under way, when it has ended, and in the next life", async () => {
  using folder = tempFolder();
  const { records } = await life(folder.path);
  const deploy = records.begin(wish);
  expect(deploy).toBe(1);
  records.stage(deploy, told);
  const at = "2026-01-01T00:00:00.000Z";
  const record = { deploy, ...wish, started_at: at, stages: [{ ...told, at }], lost_stages: 0 };
  expect(await records.show(1)).toEqual({ ...record, ended_at: null, outcome: null, reason: "" });
  records.end(deploy, "promoted", "all checks hold");
  const ended = { ...record, ended_at: at, outcome: "promoted" as const, reason: "all checks hold" };
  expect(await records.show(1)).toEqual(ended);
  await records.close();
  const next = await life(folder.path);
  expect(await next.records.show(1)).toEqual(ended);
  expect(next.records.summaries()).toMatchObject([{ deploy: 1, outcome: "promoted", by: "anna@desk" }]);
  expect(next.records.begin(wish)).toBe(2);
  await next.records.close();
});

test("a deploy in flight when the server was killed is rolled back at the next start, and stays so", async () => {
  using folder = tempFolder();
  const { records } = await life(folder.path);
  const deploy = records.begin(wish);
  records.stage(deploy, told);
  await records.close();
  const { records: next, emitter } = await life(folder.path);
  const end = { outcome: "rolled_back", reason: "the server ended" };
  expect(next.summary(deploy)).toMatchObject(end);
  expect(emitter.messages("Deploy ended")).toMatchObject([{ data: { deploy, ...end } }]);
  expect((await next.show(deploy)).stages).toHaveLength(1);
  await next.close();
  const { records: third, emitter: quiet } = await life(folder.path);
  expect(third.summary(deploy)).toMatchObject(end);
  expect(quiet.lines).toEqual([]);
  await third.close();
});

test("killed when zones had kept the module: the record says what they run", async () => {
  for (const [running, outcome, reason] of [
    [[A, A], "promoted", "the server ended, and every zone had kept it"],
    [[A, BASE], "rolled_back", "the server ended, and 1 zones had kept it already"],
  ] as const) {
    using folder = tempFolder();
    const { records } = await life(folder.path);
    records.begin(wish);
    await records.close();
    const { records: next } = await life(folder.path, running);
    expect(next.summary(1)).toMatchObject({ outcome, reason });
    await next.close();
  }
});

test("half a line of a killed server costs that line; a file that is damaged from its start costs its deploy", async () => {
  using folder = tempFolder();
  const { records } = await life(folder.path);
  for (let count = 0; count < 4; count++) {
    const deploy = records.begin(wish);
    records.stage(deploy, told);
    records.stage(deploy, { ...told, stage: "upload" });
    records.end(deploy, "validated", "pass");
  }
  await records.close();
  const path = (deploy: number): string => folder.file(`${deploy}.jsonl`);
  // Killed in the middle of the last line.
  truncateSync(path(1), readFileSync(path(1)).length - 20);
  writeFileSync(path(2), readFileSync(path(2), "utf8").replace('"stage":"check"', '"stage":'));
  writeFileSync(path(3), "\0".repeat(4_096));
  mkdirSync(path(7));
  for (const name of ["frozen.json", "4.jsonl.bak", "0.jsonl", "05.jsonl", "-1.jsonl"])
    writeFileSync(folder.file(name), "x");
  appendFileSync(path(4), "\xff\xfe not a line\n");
  const { records: next, emitter } = await life(folder.path);
  expect(next.damaged).toBe(2);
  expect(emitter.messages("Deploy records damaged")).toMatchObject([{ data: { deploys: [3, 7] } }]);
  expect(next.summaries().map(({ deploy, outcome }) => [deploy, outcome])).toEqual([
    [1, "rolled_back"],
    [2, "validated"],
    [4, "validated"],
  ]);
  // What goes on in a file with half a line begins a line of its own.
  await next.close();
  const { records: third } = await life(folder.path);
  expect(await third.show(1)).toMatchObject({ outcome: "rolled_back", lost_stages: 1 });
  expect(await third.show(2)).toMatchObject({ outcome: "validated", lost_stages: 1, stages: [{ stage: "upload" }] });
  expect(await third.show(4)).toMatchObject({ outcome: "validated", lost_stages: 1 });
  await expect(third.show(3)).rejects.toThrow("There is no record of a deploy 3");
  // Numbers are not used twice, also not those of what can not be read.
  expect(third.begin(wish)).toBe(8);
  await third.close();
});

test("wherever a file was cut off, the next start reads what is whole, and ends it", async () => {
  using folder = tempFolder();
  const { records } = await life(folder.path);
  const deploy = records.begin({ ...wish, label: "Ünal 漢字.wasm" });
  records.stage(deploy, told);
  records.end(deploy, "promoted", "all checks hold");
  await records.close();
  const whole = readFileSync(folder.file("1.jsonl"));
  const heads = whole.indexOf(10) + 1;
  for (let length = 0; length < whole.length; length += 7) {
    using cut = tempFolder();
    writeFileSync(cut.file("1.jsonl"), whole.subarray(0, length));
    const { records: next } = await life(cut.path);
    const isKnown = length >= heads - 1;
    expect([length, next.damaged]).toEqual([length, isKnown ? 0 : 1]);
    expect([length, next.summary(1)?.outcome]).toEqual([length, isKnown ? "rolled_back" : undefined]);
    expect(next.begin(wish)).toBe(2);
    await next.close();
    const again = await life(cut.path);
    expect([length, again.records.summary(1)?.outcome]).toEqual([length, isKnown ? "rolled_back" : undefined]);
    await again.records.close();
  }
});

test("the newest 200 are kept", async () => {
  using folder = tempFolder();
  const { records } = await life(folder.path);
  for (let count = 1; count <= 203; count++) records.end(records.begin(wish), "validated", "pass");
  const names = (): string[] => readdirSync(folder.path);
  await until("the oldest files are gone", () => names().length === 200 && !names().includes("3.jsonl"));
  expect(records.summaries()).toHaveLength(200);
  expect(records.summaries()[0]?.deploy).toBe(4);
  expect((await records.show(4)).outcome).toBe("validated");
  await records.close();
});

test("hostile and huge stages stay printable and within bounds", async () => {
  using folder = tempFolder();
  const { records } = await life(folder.path);
  const deploy = records.begin({ ...wish, label: "<script>alert(1)</script>" });
  const data = JSON.parse('{"__proto__":{"a":1},"constructor":"x","\\u001b[2J":"\\u202e"}') as Record<string, unknown>;
  records.stage(deploy, { ...told, stage: "x".repeat(5_000), text: "\x1b[2J".repeat(5_000), data });
  const big = { ...told, text: "y".repeat(2_000), data: { blob: "z".repeat(250_000) } };
  for (let count = 0; count < 700; count++) records.stage(deploy, big);
  records.stage(deploy, { ...told, data: { blob: "z".repeat(3_000_000) } });
  let deep: unknown = 1;
  for (let depth = 0; depth < 2_000; depth++) deep = [deep];
  records.stage(deploy, { ...told, data: { deep } });
  records.end(deploy, "refused", "n".repeat(100_000));
  const record = await records.show(deploy);
  const [first] = record.stages;
  expect(first!.stage.length).toBe(RECORD_LIMITS.stageNameLengthMax);
  expect(first!.text.length).toBe(RECORD_LIMITS.textLengthMax);
  expect(isPrintable(JSON.stringify(record))).toBe(true);
  expect({}).not.toHaveProperty("a");
  expect(record.stages.length).toBe(RECORD_LIMITS.stagesMax);
  expect(record.stages.some((stage) => stage.data["omitted_bytes"] === 250_011)).toBe(true);
  expect(record.lost_stages).toBe(203);
  expect(record.reason.length).toBe(RECORD_LIMITS.textLengthMax);
  expect(Buffer.byteLength(JSON.stringify(record))).toBeLessThan(CONTROL_LIMITS.answerBytesMax);
  await records.close();
  const { records: next } = await life(folder.path);
  const kept = await next.show(deploy);
  expect(kept.stages.length).toBe(record.stages.length);
  expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThan(CONTROL_LIMITS.answerBytesMax);
  await next.close();
});

test("on a full disk deploys go on, are told to be not kept once, and are written when there is room", async () => {
  using folder = tempFolder();
  const path = folder.file("1.jsonl");
  const { records, emitter } = await life(folder.path);
  symlinkSync("/dev/full", path);
  const deploy = records.begin(wish);
  records.stage(deploy, told);
  await until("it is told", () => emitter.messages("Deploy record not kept").length > 0);
  expect(emitter.messages("Deploy record not kept")[0]?.data["error"]).toContain("ENOSPC");
  records.end(deploy, "validated", "pass");
  expect(await records.show(deploy)).toMatchObject({ outcome: "validated", stages: [{ stage: "check" }] });
  rmSync(path);
  await until("it is written", () => emitter.messages("Deploy record kept again").length > 0);
  expect(emitter.messages("Deploy record not kept")).toHaveLength(1);
  await records.close();
  const { records: next } = await life(folder.path);
  expect(await next.show(deploy)).toMatchObject({ outcome: "validated", stages: [{ stage: "check" }] });
  await next.close();
});

test("a folder that can not be made is told, and deploys go on without", async () => {
  using folder = tempFolder();
  const path = folder.file("deploys");
  writeFileSync(path, "a file is in the way");
  const { records, emitter } = await life(path);
  const deploy = records.begin(wish);
  records.end(deploy, "validated", "pass");
  expect((await records.show(deploy)).outcome).toBe("validated");
  const unread =
    /^The records of earlier deploys can not be read \(.+\), so deploys are counted from 1 again, and numbers may/;
  expect(records.problem).toMatch(unread);
  expect(emitter.messages("Deploy record not kept")[0]?.data["error"]).toMatch(unread);
  await records.close();
});

test("a freeze outlives the server, a thaw too; what can not be read is frozen", async () => {
  using folder = tempFolder();
  const file = join(folder.path, "deploys", "frozen.json");
  const emitter = new MemoryEmitter();
  const open = (): Promise<DeployFreeze> => DeployFreeze.open({ file, emitter, clock: newYear });
  const frozen = { reason: "raid night", by: "anna@desk", since: "2026-01-01T00:00:00.000Z" };
  const first = await open();
  expect(first.frozen).toBeNull();
  expect(await first.set(frozen)).toBe(true);
  const second = await open();
  expect(second.frozen).toEqual(frozen);
  // Whoever asks last is right, also when all ask at once.
  const asked = [second.set(null), second.set({ ...frozen, reason: "again" }), second.set(null)];
  expect(await Promise.all(asked)).toEqual([true, true, true]);
  expect((await open()).frozen).toBeNull();
  for (const text of ["", "{", "null", '{"reason":1}', "\0".repeat(99)]) {
    writeFileSync(file, text);
    expect((await open()).frozen).toMatchObject({ by: "the server", reason: expect.stringContaining("damaged") });
  }
  expect(await (await open()).set(null)).toBe(true);
  expect((await open()).frozen).toBeNull();
  expect(emitter.lines).toEqual([]);
});

test("a freeze that the disk does not take holds, is told, and is written when there is room", async () => {
  using folder = tempFolder();
  const file = join(folder.path, "deploys", "frozen.json");
  writeFileSync(folder.file("deploys"), "a file is in the way");
  const emitter = new MemoryEmitter();
  const freeze = await DeployFreeze.open({ file, emitter, clock: newYear });
  const frozen = { reason: "raid night", by: "anna@desk", since: "2026-01-01T00:00:00.000Z" };
  // ENOTDIR: nobody can have frozen there, but nobody knows.
  expect(freeze.frozen).not.toBeNull();
  expect(await freeze.set(frozen)).toBe(false);
  expect(freeze.frozen).toEqual(frozen);
  expect(emitter.messages("Deploy freeze not kept")).toHaveLength(1);
  rmSync(folder.file("deploys"));
  await until("it is written", () => readdirSync(folder.path).includes("deploys"));
  await until("it is read", async () => {
    const next = await DeployFreeze.open({ file, emitter, clock: newYear });
    return next.frozen?.reason === "raid night";
  });
  freeze.stop();
});
