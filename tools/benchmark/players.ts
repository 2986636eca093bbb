// The players of one step: wowsim spawn-clients as a child process, so that their CPU time is separate from the server's.

import { z } from "zod";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { Protocol } from "../client/wire.ts";
import { spokenOf } from "../client/child-output.ts";
import { selfCommand } from "../ui/self.ts";

/** Null: there was no round trip to measure. */
const Figure = z.number().nullable();

const Report = z.object({
  elapsed_s: z.number(),
  connects: z.number(),
  actions: z.number(),
  drops: z.number(),
  protocol_errors: z.number(),
  bytes_in: z.number(),
  bytes_out: z.number(),
  round_trip_ms: z.object({ p50: Figure, p90: Figure, p99: Figure, max: Figure }),
  process: z.object({ cores: z.number(), rss_mb: z.number() }),
});
export type PlayersReport = z.infer<typeof Report>;

export interface PlayersOptions {
  host: string;
  port: number;
  count: number;
  /** Actions a second for each player. */
  rate: number;
  seconds: number;
  protocol: Protocol;
  seed: number;
  token?: string;
  signal: AbortSignal;
}

export interface Players {
  /** True when the process has ended, for whatever reason. */
  readonly hasEnded: boolean;
  /** Their report at the end. Throws WowsimError("players_failed") when there is none. */
  readonly report: Promise<PlayersReport>;
  /** Makes the players leave now, and report. */
  stop(): void;
}

export function startPlayers(options: PlayersOptions): Players {
  const { host, port, count, rate, seconds, protocol, seed, token, signal } = options;
  const numbers = { port, count, rate, duration: seconds, seed };
  const flags = Object.entries(numbers).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const words = ["--host", host, "--protocol", protocol, "--with-parent", "--format", "json"];
  const child = Bun.spawn(selfCommand("spawn-clients", ...words, ...flags), {
    // Detached: only this process handles a Ctrl-C at the terminal.
    detached: true,
    // A pipe whose end this process holds: when this process is gone, however it ended, the players end too.
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: token === undefined ? process.env : { ...process.env, WOWSIM_PLAYER_TOKEN: token },
  });
  const kill = (): void => child.kill("SIGKILL");
  const stop = (): void => child.kill("SIGINT");
  process.on("exit", kill);
  signal.addEventListener("abort", stop, { once: true });
  const report = (async (): Promise<PlayersReport> => {
    const [answer, complaint] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    const code = await child.exited;
    process.off("exit", kill);
    signal.removeEventListener("abort", stop);
    const parsed = answer.startsWith("{") ? Report.safeParse(JSON.parse(answer)) : null;
    if (parsed?.success === true) return parsed.data;
    throw new WowsimError(
      "players_failed",
      `The players ended with ${code} and no report: ${spokenOf(complaint.split("\n")).join("\n")}`,
    );
  })();
  // A failure reaches whoever awaits the report; without this, it is unhandled while nobody does.
  report.catch(() => undefined);
  return {
    get hasEnded() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    report,
    stop,
  };
}
