// docs/RUNBOOK.md has a section for each cause, with the title and the command that wowsim diagnose prints.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FAULTS } from "../../../server/protocol/faults/catalogue.ts";
import { RULES } from "../../../tools/analysis/diagnosis.ts";
import { UNKNOWN, UNKNOWN_RUNBOOK, UNKNOWN_TITLE } from "../../../tools/analysis/rules/unknown.ts";
import { ROOT } from "../../helpers/command.ts";

const SECTIONS = new Map(
  readFileSync(join(ROOT, "docs/RUNBOOK.md"), "utf8")
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split("\n")[0] ?? "", section]),
);

const ALL = [...RULES, { cause: UNKNOWN, title: UNKNOWN_TITLE, runbook: UNKNOWN_RUNBOOK }];

test.each(ALL.map(({ cause, title, runbook }) => [cause, title, runbook.command]))("%s", (cause, title, command) => {
  const section = SECTIONS.get(cause) ?? "";
  expect(section).toContain(`**${title}.**`);
  expect(section).toContain(`\`\`\`sh\n${command}\n\`\`\``);
  for (const part of ["- Symptoms: ", "- Evidence: ", "- Check: ", "- Fix: ", "- Confidence: "])
    expect(section).toContain(part);
});

test("every fault there is has a rule", () => {
  const causes = new Set(RULES.map(({ cause }) => cause));
  expect(FAULTS.map(({ id }) => id).filter((id) => !causes.has(id))).toEqual([]);
});
