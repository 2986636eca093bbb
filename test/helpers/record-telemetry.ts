// Records what a real server says while something is wrong with it, for tests that look at real lines without a server
// (test/golden/recorded/): seven seconds before it begins and what follows, without the sampled lines of play.
//
//   bun test/helpers/record-telemetry.ts slow-leak-fast
//   bun test/helpers/record-telemetry.ts              # all of them, one after the other, some minutes
//
// Machines differ, so a recording is kept until lines change; readRecording gives its lines.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { parseLine } from "../../tools/analysis/telemetry-text.ts";
import { LiveServer } from "./control-live.ts";

const FOLDER = join(import.meta.dir, "../golden/recorded");
const CALM_MS = 12_000;
const BEFORE_MS = 7_000;
const STOPPED_MS = 2_500;
const LOOPS = 4;
const LEFT_OUT = new Set(["spellcast", "combat", "movement", "fault", "session"]);

interface Trouble {
  ms: number;
  begin(live: LiveServer): Promise<void>;
}

const fault =
  (faultId: string, params: Record<string, unknown>, zone = 0) =>
  async (live: LiveServer) => {
    const request = { command: "activate", fault_id: faultId, params, target_zone_id: zone, duration_ticks: 400 };
    await live.ask(request);
  };

const TROUBLES: Record<string, Trouble> = {
  "cascading-zone-failure": { ms: 9_000, begin: fault("cascading-zone-failure", {}) },
  "zone-trap-every-third": { ms: 14_000, begin: fault("zone-trap", { every_ticks: 3 }, 1) },
  "slow-leak-fast": { ms: 13_000, begin: fault("slow-leak", { increment_ms: 15, increment_every: 20 }, 1) },
  "process-standstill": {
    ms: 8_000,
    async begin({ child: { pid } }) {
      process.kill(pid, "SIGSTOP");
      await Bun.sleep(STOPPED_MS);
      process.kill(pid, "SIGCONT");
    },
  },
  "cpu-starved": {
    ms: 12_000,
    async begin() {
      for (let n = 0; n < LOOPS; n++) Bun.spawn(["timeout", "12", "sh", "-c", "while :; do :; done"]);
    },
  },
};

/** The lines of a recording, oldest first. */
export function readRecording(name: string): TelemetryLine[] {
  const packed = readFileSync(join(FOLDER, `${name}.jsonl.gz`));
  const lines = new TextDecoder().decode(Bun.gunzipSync(packed)).trimEnd().split("\n");
  return lines.map(parseLine).filter((line) => line !== null);
}

async function record(name: string, { ms, begin }: Trouble): Promise<void> {
  await using live = await LiveServer.start({ players: 6 });
  await Bun.sleep(CALM_MS);
  const fromMs = Date.now() - BEFORE_MS;
  await begin(live);
  await Bun.sleep(ms);
  const lines = await live.lines(({ component }) => !LEFT_OUT.has(component), fromMs);
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  writeFileSync(join(FOLDER, `${name}.jsonl.gz`), Bun.gzipSync(text, { level: 9 }));
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  for (const [name, trouble] of Object.entries(TROUBLES)) {
    if (wanted.length === 0 || wanted.includes(name)) await record(name, trouble);
  }
  process.exit();
}
