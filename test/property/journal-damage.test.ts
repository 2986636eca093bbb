import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom, seedOf } from "../../server/protocol/seeded-random.ts";
import { ALL_DAMAGE, damageJournal } from "../../server/testing/journal-damage.ts";
import { writeJournal } from "../../server/testing/journal-truth.ts";
import type { JournalTruth } from "../../server/testing/journal-truth.ts";
import { judge } from "../../server/testing/journal-verdict.ts";

const root = mkdtempSync(join(tmpdir(), "wowsim-damage-"));
afterAll(() => rmSync(root, { recursive: true }));
const COMMITS = 120;

/** A journal, and a copy from the middle of its making; closed in order, or left as a killed process leaves it. */
function write(
  name: string,
  seed: number,
  isClosed: boolean,
): { folder: string; earlier: string; truth: JournalTruth } {
  const [live, folder, earlier] = ["live", "killed", "earlier"].map((part) => join(root, `${name}-${part}`)) as [
    string,
    string,
    string,
  ];
  mkdirSync(live);
  const onCommit = (_writer: unknown, commit: number): void => {
    if (commit === COMMITS / 2) cpSync(live, earlier, { recursive: true });
  };
  const truth = writeJournal(live, { seed, commits: COMMITS, onCommit });
  if (isClosed) truth.close();
  cpSync(live, folder, { recursive: true });
  return { folder, earlier, truth };
}

const journals = [write("one", 1, false), write("two", 2, true)] as const;

test.each(journals)("a journal that nobody damages is all there, and nothing is told of it", ({ folder, truth }) => {
  expect(judge(folder, truth)).toEqual({ outcome: "unharmed", lostTicks: 0, wrong: [], told: [] });
});

describe.each(ALL_DAMAGE)("$kind, $file", (damage) => {
  test("nothing wrong is read, and what is lost is told to the tick", () => {
    const seed = seedOf(damage.kind, damage.file);
    const [journal, other] = seed % 2 === 0 ? journals : [journals[1], journals[0]];
    const folder = join(root, "damaged");
    rmSync(folder, { recursive: true, force: true });
    cpSync(journal.folder, folder, { recursive: true });
    const sources = { random: seededRandom(seed), other: other.folder, earlier: journal.earlier };
    const how = damageJournal(folder, damage, sources);
    expect({ how, wrong: judge(folder, journal.truth).wrong }).toEqual({ how, wrong: [] });
  });
});
