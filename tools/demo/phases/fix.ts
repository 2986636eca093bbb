// Phase 4: runs the runbook's command unchanged, and watches the recovery.

import { isBelow, ratio } from "../../analysis/measured.ts";
import type { Phase } from "../phase.ts";
import type { Demo } from "../context.ts";
import { measurePlay } from "../play.ts";
import { ms, seconds } from "../words.ts";
import { selfCommand } from "../../ui/self.ts";
import { BUDGET_MS } from "./baseline.ts";

/** This many ticks in a row within their budget, in every zone: one second. */
const GOOD_TICKS = 20;
const RECOVER_MS_MAX = 15_000;
const WATCH_MS = 5_000;
const ALL_CLEAR_MS_MAX = 20_000;
/** The round trip has recovered when it is at most this many times as long as before. */
const BACK_WITHIN = 2;

export const fix: Phase = {
  title: "Fix",
  question: "does the runbook's command mend it?",
  async run(demo) {
    const { narrator, lookout, signal, found } = demo;
    const [players] = demo.swarms;
    const { before, diagnosis } = found;
    if (players === undefined || before === undefined) throw new Error("there was nothing to mend");
    const command = diagnosis?.best.runbook.command ?? "wowsim inject-fault deactivate-all";
    const fixedAtMs = Date.now();
    const { code, said } = await narrator.during(command, () => run(command, demo));
    demo.fact("command", `${command} (exit code ${code}${code === 0 ? "" : `: ${said}`})`);
    const recovered = await narrator.during("waiting for ticks within their budget", () =>
      lookout.until(() => recoveredAtMs(demo, fixedAtMs), RECOVER_MS_MAX, signal),
    );
    found.recoveredMs = recovered === null ? null : recovered.seen - fixedAtMs;
    demo.claim(
      recovered !== null,
      recovered === null
        ? `every zone ticked within ${BUDGET_MS} ms again before ${seconds(RECOVER_MS_MAX)} were over`
        : `within budget again ${seconds(recovered.seen - fixedAtMs)} after the command: ${GOOD_TICKS} ticks in a row in every zone`,
    );
    const after = await narrator.during("the players play on", () =>
      measurePlay(lookout, players.stats, WATCH_MS, signal),
    );
    demo.fact(
      "ticks",
      `p50 ${ms(after.tickMs.p50)}, p99 ${ms(after.tickMs.p99)}; ${after.overruns} of ${after.ticks} over ${BUDGET_MS} ms`,
    );
    const isBack = isBelow(ratio(after.roundTripMs.p50, before.roundTripMs.p50), BACK_WITHIN);
    demo.claim(
      isBack,
      `players' round trip is back: p50 ${ms(after.roundTripMs.p50)}, before ${ms(before.roundTripMs.p50)}`,
    );
    const clear = await narrator.during("waiting for the diagnosis to find nothing", () =>
      lookout.until(() => (lookout.diagnoses().length === 0 ? true : null), ALL_CLEAR_MS_MAX, signal),
    );
    demo.claim(clear !== null, `the diagnosis finds nothing any more${rest(demo)}`);
  },
};

/** Runs a wowsim command against the demo's server. */
async function run(command: string, { server, signal }: Demo): Promise<{ code: number; said: string }> {
  const args = command.split(" ").slice(1);
  const child = Bun.spawn(selfCommand(...args, "--control-port", String(server.ports.control)), {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    signal,
  });
  const said = await new Response(child.stderr).text();
  const code = await child.exited;
  signal.throwIfAborted();
  return { code, said: said.trim() };
}

/** When the last zone recovered, by the first of its good ticks; null while a zone has not recovered. */
function recoveredAtMs({ lookout }: Demo, fixedAtMs: number): number | null {
  let lastMs = fixedAtMs;
  for (const { ticks } of lookout.timeline.zones.values()) {
    const newest = ticks.newest(GOOD_TICKS);
    const [first] = newest;
    if (first === undefined || newest.length < GOOD_TICKS || first.atMs < fixedAtMs) return null;
    if (newest.some(({ overrun }) => overrun)) return null;
    lastMs = Math.max(lastMs, first.atMs);
  }
  return lastMs;
}

const rest = ({ lookout }: Demo): string =>
  lookout
    .diagnoses()
    .map(({ cause }) => `, still ${cause}`)
    .join("");
