// docs/VALIDATION.md names all that a person may write: fields of a policy with their defaults, measures of free runs.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { defaultOf, POLICY_FIELDS } from "../../../server/protocol/deploy-policy.ts";
import { FREE_RUNS } from "../../../server/protocol/expectations.ts";
import { MEASURES } from "../../../server/validate/free-measures.ts";
import { ROOT } from "../../helpers/command.ts";

const page = await Bun.file(join(ROOT, "docs/VALIDATION.md")).text();

test("every field of a policy, its default and its meaning", () => {
  const rows = [...page.matchAll(/^\| `(\w+\.\w+)` \| (.*) \| (.*) \|$/gm)].filter(
    ([, field]) => (field ?? "") in POLICY_FIELDS,
  );
  const said = rows.map(([, field, value, meaning]) => [field, value, meaning]);
  expect(said).toEqual(Object.entries(POLICY_FIELDS).map(([field, meaning]) => [field, defaultOf(field), meaning]));
});

test("every measure of free runs, but fuel, which has a limit", () => {
  const said = [...page.matchAll(/`free\.(\w+)`/g)].map(([, name]) => name);
  const measured = MEASURES.filter(({ kind }) => kind !== "cost").map(({ name }) => name);
  expect(new Set(said.filter((name) => name !== "NAME"))).toEqual(new Set<string | undefined>(measured));
  expect(FREE_RUNS).toBe("free.");
});
