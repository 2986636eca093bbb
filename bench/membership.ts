// Checks that every session is in exactly one zone, and that every player in a zone belongs to a session, under random failures.
//
//   bun bench/membership.ts                          200 seeds of 100,000 steps each
//   bun bench/membership.ts --seeds 5 --steps 20000
//
// It uses real zones, kernels, router and sessions, in one thread and with a simulated clock (lib/membership-*.ts). A step is a
// zone's tick, a turn of the main thread, or a random event. A failed seed is run again with fewer steps, and reported:
// `--first 17 --seeds 1` runs seed 17 alone.

import { out, outJson } from "../tools/ui/output.ts";
import { progressBar } from "../tools/ui/progress.ts";
import { tableLines } from "../tools/ui/table.ts";
import { printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { buildMembershipKernels } from "../server/testing/membership-kernels.ts";
import {
  CALM_MS_MAX,
  MembershipFault,
  MembershipRun,
  REACHED,
  shortest,
  WRONG_MS_MAX,
} from "../server/testing/membership-run.ts";
import { integer, number, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";

/** Fewer steps may miss what is rare. */
const TELLING_STEPS = 1_000_000;

const FLAGS = {
  seeds: integer("streams of events", 1, 100_000, 200),
  first: integer("the first seed", 0, 0xffff_ffff, 1),
  steps: integer("steps of each stream", 1, 10_000_000, 100_000),
  trouble: number("share of what kills ticks, modules and workers, 0 to 1", 0, 1, 0.25),
};

await runBench("membership", FLAGS, membership);

async function membership({ seeds, first, steps, trouble, format }: FlagsOf<typeof FLAGS>): Promise<Check[]> {
  const kernels = await buildMembershipKernels();
  const bar = progressBar("membership");
  const counts = new Map<string, number>();
  const failures: string[] = [];
  let [done, wrongMsMax, calmMsMax] = [0, 0, 0];
  const startedAt = performance.now();
  for (let seed = first; seed < first + seeds; seed++) {
    bar.update((seed - first) / seeds, `seed ${seed}, ${failures.length} failed`);
    const run = new MembershipRun(kernels, seed, trouble);
    try {
      run.steps(steps);
    } catch (error) {
      if (!(error instanceof MembershipFault)) throw error;
      failures.push(shortest(kernels, seed, trouble, error));
    }
    done += run.step;
    [wrongMsMax, calmMsMax] = [Math.max(wrongMsMax, run.wrongMsMax), Math.max(calmMsMax, run.calmMsMax)];
    for (const [what, times] of run.world.counts) counts.set(what, (counts.get(what) ?? 0) + times);
  }
  bar.done();
  const seconds = (performance.now() - startedAt) / 1_000;
  const missing = REACHED.filter((what) => (counts.get(what) ?? 0) === 0);
  const checks: Check[] = [
    {
      what: "Every session in one place, every player with a session",
      holds: failures.length === 0,
      shown:
        failures.length === 0
          ? `${seeds} seeds, ${done} steps in ${Math.round(seconds)} s`
          : failures.join("\n        "),
    },
    {
      what: `Nobody wrong for longer than ${WRONG_MS_MAX / 1_000} s, all right ${CALM_MS_MAX / 1_000} s after the last trouble`,
      holds: wrongMsMax <= WRONG_MS_MAX && calmMsMax <= CALM_MS_MAX,
      shown: `${wrongMsMax / 1_000} s and ${calmMsMax / 1_000} s at most`,
    },
  ];
  if (done >= TELLING_STEPS) {
    const shown = missing.length === 0 ? `all ${REACHED.length}` : `not ${missing.join(", ")}`;
    checks.push({ what: "Came to everything that is rare", holds: missing.length === 0, shown });
  }
  const reached = Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  if (format === "json")
    outJson({ seeds, first, steps: done, seconds, wrongMsMax, calmMsMax, reached, failures, checks });
  else {
    const rows = Object.entries(reached).map(([what, times]) => [what, times.toLocaleString("en")]);
    for (const line of tableLines(["what was reached", "times"], rows)) out(line);
    out();
    printChecks(checks);
  }
  return checks;
}
