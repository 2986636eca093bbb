// wowsim validate as a person or a CI runs it: exit codes, formats, a recording without a data directory, Ctrl-C.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { writePlayedJournal } from "../../server/testing/played-journal.ts";
import { tempFolder } from "../../server/testing/temp-folder.ts";
import { startOnTerminal, wowsim } from "../helpers/command.ts";

const folder = tempFolder("wowsim-validate-e2e-");
const data = join(folder.path, "data");
const recording = join(folder.path, "zone-1.wowrec");

beforeAll(async () => {
  await writePlayedJournal(data, { zones: 2, players: 16, ticks: 700, seed: 9 });
});
afterAll(() => folder.remove());

test("a pass is 0, a fail 1, and the first line says what decided", async () => {
  const pass = await wowsim("validate", "refactoring", "--data-dir", data, "--no-time");
  expect([pass.code, pass.stderr]).toEqual([0, ""]);
  expect(pass.stdout).toStartWith("pass: everything equal in 1,400 ticks\n");
  expect(pass.stdout).toMatch(
    /^ok +identical +states, events, frames and draws equal, byte by byte, after 1,400 of 1,400/m,
  );
  const fail = await wowsim("validate", "unsent-field", "--data-dir", data, "--zone", "1");
  expect(fail.code).toBe(1);
  expect(fail.stdout).toMatch(/^fail: broken\.change_not_shown: 0 → [\d,]+ times in \d+ ticks/);
  expect(fail.stdout).toMatch(
    /^NO +shown\.change\.target +[\d,]+ → 0 \(disappears\), not expected \(n [\d,]+, \d+ ticks; first in zone 1/m,
  );
});

test("a recording alone will do, as JSON and as Markdown", async () => {
  const made = await wowsim("store", "export", "--zone", "1", "--data-dir", data, "--out", recording);
  expect([made.code, made.stderr]).toEqual([0, ""]);
  const json = await wowsim("validate", "fireball-buff", "--file", recording, "--no-time", "--format", "json");
  expect([json.code, json.stderr]).toEqual([0, ""]);
  const result = JSON.parse(json.stdout) as { verdict: string; terms: { what: string }[]; zones: { zone: number }[] };
  expect(result).toMatchObject({ verdict: "pass", class: "changed", zones: [{ zone: 1 }], interrupted: false });
  expect(result.terms[0]).toMatchObject({ what: "damage.spell.fireball", first: { zone: 1 } });
  const report = join(folder.path, "report.html");
  const markdown = await wowsim("validate", "slower", "--file", recording, "--format", "markdown", "--report", report);
  expect(await Bun.file(report).text()).toContain("<h1>Fail</h1>");
  expect(markdown.code).toBe(1);
  expect(markdown.stdout).toStartWith("### ❌ wowsim validate: fail: fuel: ");
  expect(markdown.stdout).toMatch(/^\| NO \| fuel \| .*limit ×1\.03.* \|$/m);
});

test("too little is 5, nothing is 4, wrong usage is 64", async () => {
  const little = await wowsim("validate", "hotfix", "--data-dir", data, "--last", "5s", "--no-time");
  expect(little.code).toBe(5);
  expect(little.stdout).toStartWith("inconclusive: recording: ");
  const nothing = await wowsim("validate", "hotfix", "--data-dir", folder.path, "--format", "json");
  expect([nothing.code, nothing.stdout]).toEqual([4, ""]);
  expect(JSON.parse(nothing.stderr)).toMatchObject({ error: { code: "no_journal" } });
  const both = await wowsim("validate", "hotfix", "--data-dir", data, "--file", recording);
  expect([both.code, both.stdout]).toEqual([64, ""]);
  const unknown = await wowsim("validate", "fireball-bufff", "--data-dir", data);
  expect([unknown.code, unknown.stderr]).toEqual([4, expect.stringContaining("fireball-buff")]);
});

test("Ctrl-C ends it with what is known so far, and erases the progress", async () => {
  await using terminal = startOnTerminal(["validate", "endless-channel", "--data-dir", data]);
  await terminal.draws(/validate █*░* zone/);
  terminal.type("\x03");
  expect(await terminal.child.exited).toBe(130);
  expect(terminal.drawn).toContain("Interrupted: the rest was not run.");
});
