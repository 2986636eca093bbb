// The report of a deploy: as Markdown, on a terminal, and as a page in a real browser, which draws its plots and fetches nothing.

import { describe, expect, test } from "bun:test";
import { DeployRecord } from "../../../server/protocol/deploy-record.ts";
import { htmlReport } from "../../../tools/deploy-report/html.ts";
import { markdownReport } from "../../../tools/deploy-report/markdown.ts";
import { recordLines } from "../../../tools/deploy-report/text.ts";
import { timeInWords, viewOf } from "../../../tools/deploy-report/view.ts";
import { writeReport } from "../../../tools/deploy-report/write.ts";
import { CHROMIUM, DRAWN_PLOTS, shownPage } from "../../helpers/chromium.ts";
import { hostile, rolledBack } from "../../helpers/deploy-record.ts";
import { tempFolder } from "../../helpers/telemetry.ts";

const bare: DeployRecord = {
  ...rolledBack(),
  outcome: null,
  ended_at: null,
  reason: "",
  force: "",
  expect: "",
  policy: {},
  stages: [],
};

test("the record of the examples is one that a server could keep", () => {
  expect(DeployRecord.parse(rolledBack())).toEqual(rolledBack());
});

test("says the verdict first, and what is against it before what is not", () => {
  const view = viewOf(rolledBack());
  expect(view).toMatchObject({ tone: "bad", verdict: "Rolled back" });
  expect(view.stages.map(({ name, gate, tookMs }) => [name, gate, tookMs])).toEqual([
    ["check", "ok", 12],
    ["upload", "ok", 640],
    ["validate", "no", 4_100],
    ["swap", "ok", 80],
    ["watch", "ok", 20_100],
    ["verdict", "no", 0],
    ["rollback", "ok", 120],
    ["verify", "ok", 900],
  ]);
  expect(
    view.behaviour.map(({ stage, rows }) => [
      stage,
      rows.map(({ words, change, expected }) => [words, change, expected]),
    ]),
  ).toEqual(
    ["verdict", "validate"].map((stage) => [
      stage,
      [
        ["damage of swings", "+0.75 %", "not expected"],
        ["Fireball damage", "+12.0 %", "expected"],
        ["health lost by creatures", "+10.4 %", ""],
      ],
    ]),
  );
  expect(view.checks[0]?.rows.map(({ name, gate, value, limit, n }) => [name, gate, value, limit, n])).toEqual([
    ["kernel time", "no", "3.02", "1.15", "30"],
    ["values", "none", "0.9967", "0.99", "600"],
    ["traps and recoveries", "ok", "0", "0", "600"],
  ]);
  expect(view.plots.map(({ title }) => title)).toEqual([
    "watch: kernel time, zone 2",
    "verdict: kernel time of a tick, by blocks of 20 compared ticks",
  ]);
});

test("one that is under way has no end, and one that has just begun nothing else", () => {
  expect(viewOf(bare)).toMatchObject({ tone: "open", verdict: "Under way", reason: "it has just begun", stages: [] });
  const { stages } = rolledBack();
  expect(viewOf({ ...bare, stages: stages.slice(0, 5) }).reason).toBe("in stage swap");
  expect(viewOf({ ...bare, stages: stages.slice(0, 5), stage: "watch" }).reason).toBe("in stage watch");
  for (const text of [htmlReport(viewOf(bare)), markdownReport(viewOf(bare)), recordLines(bare).join("\n")])
    expect(text).toContain("it has just begun");
  expect(htmlReport(viewOf(bare))).not.toContain("<script");
});

test("a headline says the outcome once, and then why", () => {
  const told = [
    ["interrupted", "interrupted in stage watch"],
    ["aborted", "aborted: wrong module"],
    ["abandoned", "abandoned"],
    ["rolled_back", "late: slow"],
  ] as const;
  const headlines = told.map(([outcome, reason]) => {
    const view = viewOf({ ...rolledBack(), outcome, reason });
    return `${view.verdict}: ${view.reason}`;
  });
  expect(headlines).toEqual([
    "Interrupted: in stage watch",
    "Aborted: wrong module",
    "Abandoned: abandoned",
    "Rolled back: late: slow",
  ]);
});

test("a judgement that force overrode shows as what it was", () => {
  const record = rolledBack();
  const validate = record.stages.find(({ stage, ok }) => stage === "validate" && ok === false)!;
  const verdicts = ["pass", "fail", "inconclusive"].map((verdict) => {
    const report = { ...(validate.data["report"] as object), verdict };
    return viewOf({ ...record, stages: [{ ...validate, ok: true, data: { report } }] }).stages[0]?.gate;
  });
  expect(verdicts).toEqual(["ok", "no", "none"]);
});

test("times are told as a person would", () => {
  expect([0, 80, 4_100, 125_000, Number.NaN, -1].map(timeInWords)).toEqual([
    "0 ms",
    "80 ms",
    "4.1 s",
    "2 min 5 s",
    "?",
    "?",
  ]);
});

test("Markdown leads with the verdict, has a row for each stage, and tables that hold together", () => {
  const text = markdownReport(viewOf(rolledBack()));
  const lines = text.split("\n");
  expect(lines[0]).toBe("### Rolled back: deploy 7: hotfix.wasm (9f3c2ab45d6e7f80)");
  expect(lines[2]).toStartWith("**kernel time ×3.02 of its shadow");
  expect(text).toContain(
    "| validate | **NO** | 4.1 s | fail: damage of swings +0.75 % not expected<br>goes on by force: drill |",
  );
  expect(text).toContain(
    "| damage of swings | 6,638 | 6,688 | +0.75 % | 542 | 6 | **not expected** | zone 1, tick 62: Hogger 1000001 |",
  );
  expect(text).toContain("| kernel time | **NO** | ×3.02 in the median of 30 blocks of 20 ticks | 3.02 | 1.15 | 30 |");
});

test("hostile texts are text", () => {
  const text = markdownReport(viewOf(hostile()));
  const outside = text.replaceAll(/(`{3,})[\s\S]*?\n\1/g, "").replaceAll(/`[^`\n]*`/g, "");
  expect(outside.replaceAll(/<br>|<!-- -->|<\/?(details|summary)>/g, "")).not.toContain("<");
  expect(outside).not.toMatch(/(?<!\\)\[x/);
  // Every row of a table has as many cells as its head.
  for (const table of text.split("\n\n").filter((part) => part.startsWith("|"))) {
    const cells = table
      .trim()
      .split("\n")
      .map((row) => row.split(/(?<!\\)\|/).length);
    expect(new Set(cells).size).toBe(1);
  }
  // A terminal is guarded by what prints (tools/ui/output.ts).
  for (const report of [text, htmlReport(viewOf(hostile()))])
    expect(["\u001b[2J", "\u202e"].filter((control) => report.includes(control))).toEqual([]);
});

test("Markdown calls nobody, and links nothing that nobody meant as a link", () => {
  const said = "@anna/team: see #12, GH-7, https://evil.example www.evil.example :tada: $x^2$, bob@desk";
  const stages = [{ ...rolledBack().stages[0]!, stage: said, text: said }];
  const text = markdownReport(viewOf({ ...rolledBack(), label: said, reason: said, by: said, stages }));
  const outside = text.replaceAll(/(`{3,})[\s\S]*?\n\1/g, "").replaceAll(/`[^`\n]*`/g, "");
  expect(outside).toContain("@<!-- -->anna/team: see #<!-- -->12, GH-<!-- -->7, https:<!-- -->//evil.example");
  expect(outside).not.toMatch(/@\w|#\d|GH-\d|:\/\/|www\.|:tada:|(?<!\\)\$/i);
  // It reads as it was said.
  expect(outside.replaceAll("<!-- -->", "").replaceAll("\\", "")).toContain(`| ${said} |`);
});

test("a report is written as its name says, and a file that can not be written is told", async () => {
  using folder = tempFolder();
  await writeReport(folder.file("a.HTML"), viewOf(rolledBack()));
  await writeReport(folder.file("a.md"), viewOf(rolledBack()));
  expect(await Bun.file(folder.file("a.HTML")).text()).toStartWith("<!doctype html>");
  expect(await Bun.file(folder.file("a.md")).text()).toStartWith("### Rolled back");
  await expect(writeReport("/proc/none/a.md", viewOf(rolledBack()))).rejects.toThrow("choose another with --report");
});

/** Every value that the page was given, drawn: each plot has something in the colour of each of its lines. */
const PROBE = `
  ${DRAWN_PLOTS}
  document.title = [
    getComputedStyle(document.body).backgroundColor,
    document.querySelector("h1").textContent,
    "plots " + drawn.filter((lines) => lines === 4).length,
    "fetched " + performance.getEntriesByType("resource").length,
    "fits " + (document.documentElement.scrollWidth <= innerWidth),
  ].join("; ");
`;
/** The page's own policy lets no other script run, so a probe needs a page without it. */
const open = (html: string): string => html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "");

describe.skipIf(CHROMIUM === null)("in a browser", () => {
  test.each([
    ["light", "rgb(255, 255, 255)"],
    ["dark", "rgb(20, 23, 27)"],
  ] as const)("draws its plots, fetches nothing and fits, %s", async (scheme, ground) => {
    const page = await shownPage(CHROMIUM ?? "", open(htmlReport(viewOf(rolledBack()))), { scheme, probe: PROBE });
    expect(page).toEqual({ title: `${ground}; Rolled back; plots 2; fetched 0; fits true`, complaints: [] });
  });

  test("runs with its own policy, which blocks every other script", async () => {
    const html = htmlReport(viewOf(rolledBack()));
    const page = await shownPage(CHROMIUM ?? "", html, { scheme: "light", probe: `document.title = "ran"` });
    expect(page.title).toStartWith("Rolled back: deploy 7");
    // One complaint: the probe was not let in.
    expect(page.complaints).toHaveLength(1);
    expect(page.complaints[0]).toContain("Content Security Policy");
  });

  test("shows hostile texts as text", async () => {
    const probe = `document.title = [document.querySelectorAll("img, a, iframe, form").length, document.scripts.length, document.body.innerText.includes("onerror=alert(1)"), performance.getEntriesByType("resource").length].join(" ")`;
    const page = await shownPage(CHROMIUM ?? "", open(htmlReport(viewOf(hostile()))), { scheme: "dark", probe });
    // The numbers, the chart library, the drawing and the probe.
    expect(page).toEqual({ title: "0 4 true 0", complaints: [] });
  });
});
