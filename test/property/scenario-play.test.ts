// Whatever acts a program is made of: its verdict is what a simple model says, everything that has to be put back is, and
// nothing that was not measured ever passes.

import { test } from "bun:test";
import fc from "fast-check";
import { play } from "../../tools/scenario/play.ts";
import type { Act, Verdict } from "../../tools/scenario/play.ts";

type Fate = "true" | "untrue" | "unmeasured" | "broken" | "interrupts";

const VERDICTS: Record<Fate, Verdict> = {
  true: "completed",
  untrue: "deviated",
  unmeasured: "failed",
  broken: "failed",
  interrupts: "aborted",
};

const fate = fc.constantFrom<Fate>("true", "true", "true", "true", "untrue", "unmeasured", "broken", "interrupts");
const undoing = fc.constantFrom<Fate>("true", "true", "untrue", "unmeasured", "broken");

test("verdict, rollback and order are those of the model", async () => {
  const program = fc.record({
    steady: fc.array(fate, { maxLength: 3 }),
    steps: fc.array(fate, { maxLength: 6 }),
    rollback: fc.array(undoing, { maxLength: 4 }),
    putAway: fc.array(undoing, { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(program, async ({ steady, steps, rollback, putAway }) => {
      const stop = new AbortController();
      const run: string[] = [];
      const acts = (list: string, fates: readonly Fate[]): Act[] =>
        fates.map((each, index) => ({
          name: `${list} ${index}`,
          kind: "test",
          run: async ({ signal }) => {
            run.push(`${list} ${index}`);
            if (each === "broken") throw new Error("broken");
            if (each === "interrupts") stop.abort(new Error("interrupted"));
            signal.throwIfAborted();
            return { holds: each === "unmeasured" ? null : each === "true", text: each };
          },
        }));
      const { verdict, records } = await play(
        {
          opening: [],
          steady: acts("steady", steady),
          steps: acts("steps", steps),
          rollback: acts("rollback", rollback),
          putAway: acts("end", putAway),
        },
        { signal: stop.signal, report: () => {} },
      );
      const sequence = [...steady, ...steps, ...steady];
      const bad = sequence.findIndex((each) => each !== "true");
      const decided = bad < 0 ? "completed" : VERDICTS[sequence[bad] ?? "true"];
      const isLeft = [...rollback, ...putAway].some((each) => each !== "true");
      const wanted = isLeft && (decided === "completed" || decided === "deviated") ? "failed" : decided;
      if (verdict !== wanted) throw new Error(`${verdict}, and the model says ${wanted}`);
      const undone = run.filter((name) => name.startsWith("rollback") || name.startsWith("end"));
      if (undone.length !== rollback.length + putAway.length) throw new Error(`put back: ${undone.join(", ")}`);
      const wasRun = run.length - undone.length;
      if (wasRun !== (bad < 0 ? sequence.length : bad + 1)) throw new Error(`${wasRun} of ${sequence.length} were run`);
      if (records.length !== sequence.length + rollback.length + putAway.length) throw new Error("a record is missing");
      if (verdict === "completed" && records.some(({ outcome }) => outcome !== "done")) throw new Error("not all done");
    }),
    { numRuns: 500 },
  );
});
