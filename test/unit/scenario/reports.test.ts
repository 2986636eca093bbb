// A batch as JUnit XML and as a page, whatever the scenarios say: both are well-formed, and count what happened.

import { expect, test } from "bun:test";
import type { Batch, Ran } from "../../../tools/scenario/batch.ts";
import { runBatch } from "../../../tools/scenario/batch.ts";
import type { ActRecord, Outcome } from "../../../tools/scenario/play.ts";
import { htmlReport } from "../../../tools/scenario/report-html.ts";
import { junitReport } from "../../../tools/scenario/report-junit.ts";

const NASTY = `<script>alert("1")</script> & ]]> \x1b[2J\u202e`;

const act = (outcome: Outcome, text: string): ActRecord => ({
  phase: "steps",
  name: NASTY,
  kind: "assert",
  source: null,
  outcome,
  text,
  output: null,
  startedAtMs: 0,
  durationMs: 1_500,
});

const records = [act("done", "fine"), act("untrue", NASTY), act("failed", "x"), act("not_run", "")];
const played = { verdict: "deviated" as const, reason: NASTY, startedAtMs: 0, endedAtMs: 3_000, records };
const one: Ran = { file: "a.toml", title: NASTY, verdict: "deviated", reason: NASTY, played, journal: {} };
const never: Ran = {
  file: "b.toml",
  title: "b.toml",
  verdict: "failed",
  reason: "no such file",
  played: null,
  journal: {},
};
const batch: Batch = { verdict: "failed", ran: [one, never], error: null };

/** What an XML parser that stops at the first error makes of it: HTMLRewriter would mend it. */
function expectWellFormed(xml: string): void {
  const open: string[] = [];
  for (const [, slash, name = "", closed] of xml.matchAll(/<(\/?)([a-z]+)(?:\s+[\w-]+="[^"<>]*")*\s*(\/?)>/g)) {
    if (slash === "/") expect(open.pop()).toBe(name);
    else if (closed === "") open.push(name);
  }
  expect(open).toEqual([]);
  expect(xml.replaceAll(/<[^<>]*>/g, "")).not.toMatch(/[<>]/);
}

test("JUnit counts failures, errors and what was not run", () => {
  const xml = junitReport(batch);
  expectWellFormed(xml.replace(/^<\?xml.*\n/, ""));
  expect(xml).toContain(
    '<testsuites name="wowsim scenarios" tests="5" failures="1" errors="2" skipped="1" time="6.000">',
  );
  expect(xml).toContain('<error message="no such file"/>');
  expect(xml).not.toMatch(/<script|\x1b|\u202e/); // eslint-disable-line no-control-regex
});

test("the page shows every act, and takes no text for markup", () => {
  const page = htmlReport(batch, `wowsim scenario run ${NASTY}`);
  expect(page.match(/<tr><td class/g)?.length).toBe(4);
  expect(page).toContain("failed</span>, 0 of 2");
  expect(page).not.toMatch(/<script|\x1b|\u202e|https?:/); // eslint-disable-line no-control-regex
});

test("one that can not begin keeps no other from being run, and an interruption all that are left", async () => {
  const stop = new AbortController();
  const options = { where: null, jobs: 2, signal: stop.signal, audienceOf: () => ({ report() {} }) };
  const { verdict, ran, error } = await runBatch(["/no/such.toml", "/nor/this.toml"], options);
  expect({ verdict, files: ran.map(({ file }) => file) }).toEqual({
    verdict: "failed",
    files: ["/no/such.toml", "/nor/this.toml"],
  });
  expect(error).toMatchObject({ code: "no_such_file" });
  stop.abort();
  const aborted = await runBatch(["latency-spike"], options);
  expect(aborted).toMatchObject({ verdict: "aborted", ran: [{ played: null, verdict: "aborted" }], error: null });
});
