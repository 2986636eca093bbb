// "Nothing is wrong" and "there was nothing to look at" are two answers with two exit codes, in every reader.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assessHealth } from "../../../tools/analysis/health.ts";
import { readTimeline } from "../../../tools/analysis/read-timeline.ts";
import { read } from "../../../tools/scenario/conditions.ts";
import type { View } from "../../../tools/scenario/conditions.ts";
import { wowsim } from "../../helpers/command.ts";
import { TempFolder } from "../../helpers/serve-process.ts";
import { Story } from "../../helpers/telemetry-story.ts";

let folder: TempFolder;

beforeAll(() => {
  folder = new TempFolder();
});
afterAll(() => folder[Symbol.dispose]());

const textOf = (story: Story): string => story.lines.map((line) => `${JSON.stringify(line)}\n`).join("");

function fileOf(name: string, contents: string | Uint8Array): string {
  const file = join(folder.path, name);
  writeFileSync(file, contents);
  return file;
}

const FILES: Record<string, { contents: string | Uint8Array; says: string }> = {
  "empty.jsonl": { contents: "", says: "is empty" },
  "README.md": { contents: "# wowsim\n\nA flight simulator.\n", says: "None of the 2 lines in" },
  "random.bin": { contents: new Uint8Array(5_000).map((_, at) => (at * 7_919 + 13) % 251), says: "is telemetry" },
  "telemetry.jsonl.gz": { contents: Bun.gzipSync(textOf(new Story().seconds(3))), says: "zcat" },
  "telemetry.jsonl.zst": { contents: Bun.zstdCompressSync(textOf(new Story().seconds(3))), says: "zstdcat" },
  "no-ticks.jsonl": { contents: textOf(new Story().seconds(5, { zones: [] })), says: "no tick of a zone among the" },
  "other-json.jsonl": { contents: '{"level":30,"msg":"ready"}\n'.repeat(9), says: "None of the 9 lines" },
  "nulls.jsonl": {
    contents: textOf(new Story().seconds(5, { tick: () => ({ duration_ms: null, tick: "7" }) })),
    says: "no tick of a zone",
  },
  "less-than-no-time.jsonl": {
    contents: textOf(new Story().seconds(5, { tick: () => ({ duration_ms: -5 }) })),
    says: "no tick of a zone",
  },
  "ages.jsonl": {
    contents: textOf(new Story().seconds(5, { tick: () => ({ duration_ms: 1e308 }) })),
    says: "no tick of a zone",
  },
};

describe.each(Object.entries(FILES))("%s", (name, { contents, says }) => {
  test.each(["its end", "all of it"])("is nothing to look at: %s", async (how: string) => {
    const file = fileOf(name, contents);
    const options = how === "its end" ? {} : { onLine: () => {} };
    const error = await readTimeline(file, options).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "no_telemetry", message: expect.stringContaining(says) });
  });
});

test("a zone's state alone, and a single tick, say nothing of how it ticks", async () => {
  const states = new Story();
  states.say("event", "zone", "Zone state changed", { zone_id: 1, from_state: "STARTING", to_state: "ACTIVE" });
  await expect(readTimeline(fileOf("state.jsonl", textOf(states)))).rejects.toMatchObject({ code: "no_telemetry" });
  const [tick] = new Story().seconds(3).lines.filter(({ message }) => message === "Zone tick completed");
  const file = fileOf("tick.jsonl", `${JSON.stringify(tick)}\n`.repeat(30));
  await expect(readTimeline(file)).rejects.toMatchObject({
    message: expect.stringContaining("less than a second of ticks"),
  });
});

test.each([6, 12, 30])("%p lines of ticks are less than a second, and say nothing of a rate", async (count) => {
  const lines = new Story()
    .seconds(3)
    .lines.filter(({ message }) => message === "Zone tick completed")
    .slice(0, count);
  const file = fileOf(`${count}.jsonl`, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await expect(readTimeline(file)).rejects.toMatchObject({
    message: expect.stringContaining("less than a second of ticks"),
  });
});

test("a file whose server has just begun anew has a history, and no end to look at", async () => {
  const story = new Story().seconds(5);
  story.say("event", "server", "Server starting", { tick_rate_hz: 20 });
  const file = fileOf("anew.jsonl", textOf(story));
  await expect(readTimeline(file)).rejects.toMatchObject({ message: expect.stringContaining("--history") });
  expect((await readTimeline(file, { onLine: () => {} })).ticksSeen).toBe(200);
});

test("a file of a zone that is DOWN and never ticked is something to look at", async () => {
  const story = new Story({ zones: 0 });
  story.say("event", "zone", "Zone restart failed", { zone_id: 1, tick: 9, error: "kernel trap" });
  const timeline = await readTimeline(fileOf("down.jsonl", textOf(story)));
  expect(assessHealth(timeline).status).toBe("critical");
});

test.each(["health --file", "diagnose --file", "diagnose --history --file", "parse-logs"])(
  "wowsim %s exits with 4, and says so in JSON where that is asked for",
  async (command) => {
    const { code, stdout, stderr } = await wowsim(...command.split(" "), "README.md", "--format", "json");
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "no_telemetry" } });
  },
);

test("parse-logs sums a file without ticks up, and exits with 4", async () => {
  const { says, contents } = FILES["no-ticks.jsonl"]!;
  const { code, stdout, stderr } = await wowsim("parse-logs", fileOf("no-ticks.jsonl", contents));
  expect(code).toBe(4);
  expect(stdout).toContain("no ticks");
  expect(stderr).toContain(says);
});

test("a scenario measures neither health nor the absence of a diagnosis where no zone ticked", () => {
  const { timeline } = new Story().seconds(6, { zones: [] });
  const mark = { atMs: timeline.fromMs!, felt: { drops: 0, resumed: 0, restarted: 0, protocolErrors: 0 } };
  const view: View = { timeline, silentMs: 0, step: mark, markOf: () => null, feltSince: () => null };
  for (const condition of [
    { diagnosis: "none" as const },
    { health: "healthy" as const },
    { health: "critical" as const },
  ])
    expect(read(condition, view)).toMatchObject({ holds: null, text: expect.stringContaining("no zone has ticked") });
});
