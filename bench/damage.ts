// bun bench/damage.ts: damages journals at random, reads each as a start does, and compares all that is read with what was
// written.
//
//   damage                   journals  unharmed  told, nothing lost  told, some lost  refused  wrong
//   flipped bit                    24         3                   9               12        0      0
//   cut                            ...
//
// Each journal is that of a killed process, or of one that stopped in order. No row may differ from what was written, and
// every loss must be told, with the true number of ticks (server/testing/journal-verdict.ts).

import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { seededRandom, seedOf } from "../server/protocol/seeded-random.ts";
import { printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { ALL_DAMAGE, DAMAGE_KINDS, damageJournal } from "../server/testing/journal-damage.ts";
import type { Damage } from "../server/testing/journal-damage.ts";
import { writeJournal } from "../server/testing/journal-truth.ts";
import type { JournalTruth } from "../server/testing/journal-truth.ts";
import { judge } from "../server/testing/journal-verdict.ts";
import type { Outcome, Verdict } from "../server/testing/journal-verdict.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { progressBar } from "../tools/ui/progress.ts";
import { tableLines } from "../tools/ui/table.ts";
import { integer, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";

const FLAGS = {
  journals: integer("damaged journals", 1, 1_000_000, 200),
  commits: integer("commits in each, of three zones", 20, 100_000, 250),
  seed: seedFlag("journals and damage"),
};
/** Journals that are written; each is damaged many times. */
const WRITTEN = 4;
const OUTCOMES: readonly Outcome[] = ["unharmed", "told, nothing lost", "told, some lost", "refused", "wrong"];

await runBench("damage", FLAGS, bench);

interface Written {
  truth: JournalTruth;
  folder: string;
  earlier: string;
}

interface Judged extends Verdict {
  damage: Damage;
  how: string;
}

/** Two journals of killed processes, and two that were closed; the copy of an earlier time is from the middle. */
function write(root: string, index: number, { commits, seed }: FlagsOf<typeof FLAGS>): Written {
  const live = join(root, `live-${index}`);
  const [folder, earlier] = [join(root, `world-${index}`), join(root, `earlier-${index}`)];
  mkdirSync(live);
  const middle = Math.floor(commits / 2);
  const onCommit = (_writer: unknown, commit: number): void => {
    if (commit === middle) cpSync(live, earlier, { recursive: true });
  };
  const truth = writeJournal(live, { seed: seedOf(seed, index), commits: commits + index * 7, onCommit });
  if (index % 2 === 1) truth.close();
  cpSync(live, folder, { recursive: true });
  return { truth, folder, earlier };
}

async function bench(flags: FlagsOf<typeof FLAGS>): Promise<Check[]> {
  const root = tempFolder("wowsim-damage-");
  const bar = progressBar("damaging");
  const written = Array.from({ length: WRITTEN }, (_, index) => write(root.path, index, flags));
  const judged: Judged[] = [];
  for (let index = 0; index < flags.journals; index++) {
    bar.update(index / flags.journals, `${index} of ${flags.journals} journals`);
    judged.push(damageOne(root.path, written, index, flags.seed));
  }
  bar.done();
  root.remove();
  return report(judged, flags);
}

function damageOne(root: string, written: readonly Written[], index: number, seed: number): Judged {
  const random = seededRandom(seedOf(seed, "damage", index));
  const damage = ALL_DAMAGE[index % ALL_DAMAGE.length] ?? { kind: "missing", file: "world.sqlite" };
  const round = Math.floor(index / ALL_DAMAGE.length);
  const [one, other] = [written[round % WRITTEN], written[(round + 1) % WRITTEN]];
  if (one === undefined || other === undefined) throw new Error("No journal was written.");
  const folder = join(root, "damaged");
  rmSync(folder, { recursive: true, force: true });
  cpSync(one.folder, folder, { recursive: true });
  const how = damageJournal(folder, damage, { random, other: other.folder, earlier: one.earlier });
  return { damage, how, ...judge(folder, one.truth) };
}

function report(judged: readonly Judged[], { format }: FlagsOf<typeof FLAGS>): Check[] {
  const count = (outcome: Outcome, kind?: string): number =>
    judged.filter((each) => each.outcome === outcome && (kind === undefined || each.damage.kind === kind)).length;
  const rows = DAMAGE_KINDS.map((kind) => ({
    damage: kind,
    journals: judged.filter(({ damage }) => damage.kind === kind).length,
    outcomes: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, count(outcome, kind)])),
  }));
  const wrong = judged.filter((each) => each.wrong.length > 0);
  const lostTicks = judged.reduce((sum, each) => sum + each.lostTicks, 0);
  const checks: Check[] = [
    {
      what: "Nothing wrong is read, and every loss is told to the tick",
      holds: wrong.length === 0,
      shown: `${judged.length - wrong.length} of ${judged.length} damaged journals; ${lostTicks} ticks are told as lost`,
    },
  ];
  if (format === "json") {
    outJson({ rows, wrong: wrong.map(({ how, wrong: sentences, told }) => ({ how, wrong: sentences, told })), checks });
    return checks;
  }
  const cells = rows.map(({ damage, journals, outcomes }) => [
    damage,
    journals,
    ...OUTCOMES.map((name) => outcomes[name] ?? 0),
  ]);
  for (const line of tableLines(["damage", "journals", ...OUTCOMES], cells)) out(line);
  for (const { how, wrong: sentences } of wrong) out(`\n${how}\n  ${sentences.slice(0, 5).join("\n  ")}`);
  out();
  printChecks(checks);
  return checks;
}
