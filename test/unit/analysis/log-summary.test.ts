import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TelemetryLine } from "../../../server/protocol/telemetry-line.ts";
import { DurationSums } from "../../../tools/analysis/duration-sums.ts";
import { IncidentLog } from "../../../tools/analysis/incident-log.ts";
import { lastTimeOf, readLines } from "../../../tools/analysis/line-stream.ts";
import { LogSummary } from "../../../tools/analysis/log-summary.ts";
import { Tally } from "../../../tools/analysis/tally.ts";
import { Timeline } from "../../../tools/analysis/timeline.ts";
import { wowsim } from "../../helpers/command.ts";
import { TempFolder } from "../../helpers/serve-process.ts";
import { Story } from "../../helpers/telemetry-story.ts";

let folder: TempFolder;
let files = 0;

beforeAll(() => {
  folder = new TempFolder();
});
afterAll(() => folder[Symbol.dispose]());

const text = (lines: readonly TelemetryLine[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

/** A file with these contents, in the test's folder. */
function fileOf(contents: string): string {
  const file = join(folder.path, `telemetry-${++files}.jsonl`);
  writeFileSync(file, contents);
  return file;
}

function story(): Story {
  const told = new Story().seconds(10);
  for (const [attacker_id, actual_damage] of [
    [1, 30],
    [1_000_001, 50],
    [1, 10],
  ]) {
    const data = { zone_id: 1, attacker_id, target_id: 9, actual_damage, damage_type: "PHYSICAL" };
    told.say("event", "combat", "Damage dealt", data);
  }
  told.say("event", "spellcast", "Cast started", { session_id: 1, spell_id: 200, cast_time_ticks: 30 });
  told.say("event", "spellcast", "Cast interrupted", { session_id: 1, spell_id: 200, reason: "movement" });
  told.say("health", "telemetry", "Lines sampled out", { source: "main", kinds: { "combat/Damage dealt": 7 } });
  told.say("event", "game_server", "Client disconnected", { session_id: 1, reason: "link_lost" });
  told.say("event", "fault", "Fault activated", { fault_id: "latency-spike" });
  return told;
}

describe("a summary", () => {
  test("adds up what tick lines say exactly, and what event lines say as far as they tell", () => {
    const summary = new LogSummary();
    for (const line of story().lines) summary.take(line);
    const report = summary.report();
    expect(report).toMatchObject({
      starts: 1,
      version: "0.1.0",
      tickRateHz: 20,
      casts: { started: 40, completed: 40, interrupted: 0, gcdBlocked: 0 },
      castSuccess: 1,
      gcdBlockRate: 0,
      combat: { damage: 1_200, attacks: 400, kills: 0 },
      dealers: [
        { key: "creature 1000001", amount: 50, count: 1 },
        { key: "player 1", amount: 40, count: 2 },
      ],
      spells: [{ key: "spell 200", count: 1 }],
      interruptReasons: [{ key: "movement", count: 1 }],
      sampledOut: [{ key: "combat · Damage dealt", amount: 7 }],
      connections: { disconnects: [{ key: "link_lost", count: 1 }] },
      faultLines: 1,
    });
    expect(report.loop).toMatchObject({ ticks: 200, overruns: 0 });
    expect(report.zones!.map(({ id, ticks, playersMax }) => [id, ticks, playersMax])).toEqual([
      [1, 200, 4],
      [2, 200, 4],
    ]);
    expect(report.combat!.damagePerS).toBeCloseTo(120, 0);
  });

  test("reads lines of the earlier simulator, which say less", () => {
    const summary = new LogSummary();
    const data = {
      zone_id: 1,
      zone_name: "Elwynn Forest",
      tick: 1,
      events_processed: 3,
      entities_moved: 2,
      duration_ms: 0.8,
      casts_started: 4,
      casts_completed: 2,
      casts_interrupted: 2,
      gcd_blocked: 1,
      attacks_processed: 2,
      total_damage_dealt: 90,
      kills: 1,
    };
    const timestamp = "2026-01-01T00:00:00.050Z";
    summary.take({ v: 1, timestamp, type: "metric", component: "zone", message: "Zone tick completed", data });
    const report = summary.report();
    expect(report).toMatchObject({ castSuccess: 0.5, gcdBlockRate: 0.2, combat: { damage: 90, kills: 1 } });
    expect(report.zones).toMatchObject([{ name: "Elwynn Forest", ticks: 1, msMax: 0.8, playersMax: 0 }]);
  });

  test("of nothing is nothing", () => {
    expect(new LogSummary().report()).toMatchObject({ lines: 0, zones: [], dealers: [], fromMs: null });
  });

  test("keeps so many keys, and counts the rest together", () => {
    const tally = new Tally(2);
    for (const key of ["a", "b", "c", "d", "c", "a"]) tally.add(key, 2);
    expect(tally.top(9)).toEqual([
      { key: "others", count: 3, amount: 6 },
      { key: "a", count: 2, amount: 4 },
      { key: "b", count: 1, amount: 2 },
    ]);
  });
});

describe("reading a file", () => {
  test("counts what is broken, empty and before; the last line needs no newline", async () => {
    const { lines } = new Story().seconds(2);
    const contents = `${text(lines)}\n{"v":1,"timest\nnonsense\r\n[]\n{"v":1}\n${text(lines.slice(-1)).trim()}`;
    const file = fileOf(contents);
    let count = 0;
    const read = await readLines(file, { onLine: () => count++ });
    expect(read).toEqual({
      lines: lines.length + 1,
      broken: 4,
      empty: 1,
      before: 0,
      bytes: Buffer.byteLength(contents),
    });
    expect(count).toBe(lines.length + 1);
    const sinceMs = Date.parse(lines[0]!.timestamp) + 1_000;
    const later = lines.filter(({ timestamp }) => Date.parse(timestamp) >= sinceMs).length;
    expect(await readLines(file, { onLine: () => {}, sinceMs })).toMatchObject({ lines: later + 1, broken: 4 });
    expect(await lastTimeOf(file)).toBe(Date.parse(lines.at(-1)!.timestamp));
  });

  test("a text without end is one broken line, and what follows it is read", async () => {
    const [line] = new Story().seconds(1).lines;
    const file = fileOf(`${"x".repeat(3 << 20)}\n${text([line!])}`);
    expect(await readLines(file, { onLine: () => {} })).toMatchObject({ lines: 1, broken: 1 });
  });

  test("one that is not there says so", async () => {
    const error = await readLines("/nowhere/telemetry.jsonl", { onLine: () => {} }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "file_unreadable", message: expect.stringContaining("/nowhere") });
  });
});

describe("filters", () => {
  const lines = [
    ...story().lines,
    ...[201, 99_999].map((spell_id): TelemetryLine => {
      const data = { session_id: 1, spell_id };
      return {
        v: 1,
        timestamp: "2026-01-01T12:00:10.000Z",
        type: "event",
        component: "spellcast",
        message: "Cast started",
        data,
      };
    }),
  ];

  test("add up, with --since and --format json too", async () => {
    const file = fileOf(text(lines));
    const flags = ["--type", "metric", "--component", "zone", "--message", "TICK", "--since", "2s", "--format", "json"];
    const { code, stdout } = await wowsim("parse-logs", file, ...flags);
    const report = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(report.by_kind.map(({ key }: { key: string }) => key)).toEqual(["zone · Zone tick completed"]);
    expect(report).toMatchObject({ lines: 80, zones: [{ ticks: 40 }, { ticks: 40 }] });
    expect(report.lines_filtered_out).toBeGreaterThan(0);
    expect(report.newest).toHaveLength(10);
    expect(report.newest[9]).toMatchObject({ component: "zone", data: { zone_id: 2, entities_moved: 12 } });
  });

  test("show the newest lines that pass, and look for anomalies in all lines", async () => {
    const { code, stdout } = await wowsim("parse-logs", fileOf(text(lines)), "--component", "combat", "--anomalies");
    expect(code).toBe(0);
    expect(stdout).toMatch(/The newest of them:\n.*event {3}combat · Damage dealt {2}zone_id=1 {2}attacker_id=1/);
    expect(stdout).toContain("No anomalies.");
  });

  test("leave no figure of lines that did not pass: it is missing, and not 0", async () => {
    const file = fileOf(text(lines));
    const flags = ["--component", "combat", "--game-mechanics"];
    const [shown, json, ticks] = await Promise.all([
      wowsim("parse-logs", file, ...flags),
      wowsim("parse-logs", file, ...flags, "--format", "json"),
      wowsim("parse-logs", file, "--message", "zone tick completed", "--format", "json"),
    ]);
    expect(shown.stdout).not.toMatch(/^(game loop|connections|ended|errors|casts|attacks|spells cast|ZONE) /m);
    expect(shown.stdout).toMatch(/Top damage dealers, by 3 event lines:/);
    const missing = { loop: null, zones: null, casts: null, combat: null, spells: null, starts: null, errors: null };
    expect(JSON.parse(json.stdout)).toMatchObject({ ...missing, lines_lost: null, dealers: [{}, {}] });
    expect(JSON.parse(ticks.stdout)).toMatchObject({
      casts: { started: 40 },
      combat: { attacks: 400 },
      zones: [{ ticks: 200, exceptions: null }, { ticks: 200 }],
      dealers: null,
      connections: { accepted: null, disconnects: null },
    });
  });

  test("that nothing passes are nothing to look at", async () => {
    const { code, stdout, stderr } = await wowsim("parse-logs", fileOf(text(lines)), "--component", "zones");
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toMatch(/None of \d+ lines passes the filter \(component zones\)/);
  });

  test("spells have names; one that this version does not know keeps its number", async () => {
    const { stdout } = await wowsim("parse-logs", fileOf(text(lines)), "--game-mechanics");
    expect(stdout).toMatch(/spells cast +Fireball \(200\) 1, [A-Z][a-z ]+ \(201\) 1, spell 99999 1/i);
  });
});

test("a history is what was wrong from one end of a file to the other, each once", () => {
  const told = new Story().seconds(20);
  const beganMs = told.atMs;
  told.seconds(6, { ticksPerS: 5, tick: () => ({ duration_ms: 200 }) });
  told.seconds(20).seconds(4, { census: () => ({ duplicates: 1 }) });
  const [timeline, log] = [new Timeline(), new IncidentLog()];
  for (const line of told.lines) {
    timeline.take(line);
    log.advance(timeline);
  }
  expect(log.incidents.map(({ diagnosis: { cause } }) => cause)).toEqual(["latency-spike", "split-brain"]);
  const [spike] = log.incidents;
  expect(spike!.diagnosis.sinceMs).toBe(beganMs);
  expect(spike!.toMs - spike!.fromMs).toBeGreaterThan(3_000);
  expect(spike!.toMs - beganMs).toBeLessThan(10_000);
});

describe("the commands, on a file", () => {
  test("parse-logs prints summary, mechanics and anomalies; diagnose and health exit with what they found", async () => {
    const broken = new Story().seconds(20).seconds(4, { ticksPerS: 5, tick: () => ({ duration_ms: 200 }) });
    const file = fileOf(`${text(broken.lines)}half a li`);
    const [parsed, json, diagnosis, history, health] = await Promise.all([
      wowsim("parse-logs", file, "--anomalies", "--game-mechanics"),
      wowsim("parse-logs", file, "--since", "5s", "--format", "json"),
      wowsim("diagnose", "--file", file),
      wowsim("diagnose", "--file", file, "--history", "--format", "json"),
      wowsim("health", "--file", file),
    ]);
    expect(parsed).toMatchObject({ code: 0, stderr: "" });
    for (const part of ["1 broken lines were skipped", "cast success", "anomalies:", "tick time p50 200 ms"]) {
      expect(parsed.stdout).toContain(part);
    }
    const report = JSON.parse(json.stdout);
    expect(report.read.before).toBeGreaterThan(1_000);
    expect(report).toMatchObject({ loop: { ms_p50: expect.any(Number) }, starts: 0 });
    expect(diagnosis.code).toBe(1);
    expect(diagnosis.stdout).toContain("$ wowsim inject-fault deactivate latency-spike");
    expect(history.code).toBe(1);
    expect(JSON.parse(history.stdout)).toMatchObject({
      count: 1,
      incidents: [{ diagnosis: { cause: "latency-spike" } }],
    });
    expect(health).toMatchObject({ code: 1, stderr: "" });
    expect(health.stdout).toStartWith("degraded  ");
  });

  test("a file that is healthy to its end exits 0", async () => {
    const file = fileOf(text(new Story().seconds(20).lines));
    const [health, diagnosis] = await Promise.all([
      wowsim("health", "--file", file),
      wowsim("diagnose", "--file", file),
    ]);
    expect([health.code, diagnosis.code]).toEqual([0, 0]);
    expect(diagnosis.stdout).toStartWith("Nothing wrong was found.\n");
  });

  test("one that is no telemetry, or not there, says so on stderr", async () => {
    const [wrong, missing] = await Promise.all([
      wowsim("parse-logs", "package.json"),
      wowsim("parse-logs", "nowhere.jsonl"),
    ]);
    expect(wrong).toMatchObject({ code: 4, stdout: "" });
    expect(wrong.stderr).toContain("lines in package.json is telemetry; give the file");
    expect(missing).toMatchObject({ code: 4, stdout: "" });
    expect(missing.stderr).toContain("nowhere.jsonl can not be read");
  });

  test.each([
    [["health", "--watch", "--file", "x"], "cannot be used with option"],
    [["diagnose", "--history"], "--file"],
    [["parse-logs"], "missing required argument"],
    [["parse-logs", "x", "--since", "yesterday"], "2026-01-01T12:00:00Z"],
    [["diagnose", "--watch-for", "soon"], "500ms, 5s"],
    [["diagnose", "--watch", "--history"], "cannot be used with option"],
    [["parse-logs", "x", "--type", "warning"], "Allowed choices are metric, event, health, error"],
  ])("wrong usage exits 64 and says what is right: %p", async (args, says) => {
    const { code, stdout, stderr } = await wowsim(...args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(says);
  });
});

test("no percentile of tick times is above the longest", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.001, max: 900, noNaN: true }), { minLength: 1, maxLength: 20 }),
      (times) => {
        const sums = new DurationSums();
        for (const ms of times) sums.add(ms, false);
        const { msP50, msP99, msMax } = sums.report();
        expect(msMax).toBe(Math.max(...times));
        expect(msP99!).toBeLessThanOrEqual(msMax!);
        expect(msP50!).toBeLessThanOrEqual(msP99!);
      },
    ),
  );
});
