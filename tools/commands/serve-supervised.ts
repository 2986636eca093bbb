// `wowsim serve --supervise`: the command line of the server that the parent starts, and what the parent prints.
//
//   process.exit(await serveSupervised(flags, supervise))
//
// With --format json, each server's ready line has the number of restarts, and what happens to a server is a line as well:
//   {"ready":true,"game":40123,...,"pid":4711,"data_dir":"...","restarts":1}
//   {"event":"server_ended","pid":4711,"ending":"crash","how":"ended by SIGKILL",...,"report":"...","restart_in_ms":0}

import { resolve } from "node:path";
import { version } from "../../package.json";
import type { Supervise, SuperviseEvent, ReadyMessage } from "../../server/protocol/supervision.ts";
import { BoundedWriter, writeTo } from "../ui/bounded-writer.ts";
import { err, note, out } from "../ui/output.ts";
import { parentGone } from "../ui/parent.ts";
import { selfCommand } from "../ui/self.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { onSignals, scratchFolder } from "./serve-ends.ts";

/** How long the last words of a server may take to be read. */
const LAST_WORDS_MS_MAX = 500;

export interface SupervisedFlags {
  host: string;
  dataDir: string;
  scratch?: boolean;
  withParent?: boolean;
  telemetryFile?: string;
  token?: string;
  playerToken?: string;
  format: OutputFormat;
}

/** Runs the parent until the server is stopped, or can not be kept running; resolves with the exit code. */
export async function serveSupervised(flags: SupervisedFlags, supervise: Supervise): Promise<number> {
  const args = withoutSecrets(process.argv.slice(2)).filter((arg) => arg !== "--supervise");
  const token = flags.token ?? process.env["WOWSIM_TOKEN"];
  const playerToken = flags.playerToken ?? process.env["WOWSIM_PLAYER_TOKEN"];
  const errors = new BoundedWriter(writeTo(process.stderr.fd));
  const isScratch = flags.scratch === true;
  // When telemetry goes to stdout, nothing else does.
  const say = flags.telemetryFile === "-" ? err : out;
  const isJson = flags.format === "json";
  const exitCode = await supervise({
    command: selfCommand(...args, "--with-parent"),
    host: flags.host,
    dataDir: isScratch ? scratchFolder() : resolve(flags.dataDir),
    isScratch,
    token,
    env: { ...process.env, WOWSIM_TOKEN: token, WOWSIM_PLAYER_TOKEN: playerToken },
    version,
    onReady: (ready, pid, restarts) => {
      for (const line of isJson ? [readyLine(ready, pid, restarts)] : ready.text) say(line);
    },
    onEvent: (event) => (isJson ? say(eventLine(event)) : note(event.text)),
    onStderr: (bytes) => errors.add(bytes),
    onStop: (listener) => {
      onSignals(listener);
      if (flags.withParent === true) void parentGone().then(() => listener("SIGTERM"));
    },
  });
  await errors.drained(LAST_WORDS_MS_MAX);
  return exitCode;
}

function readyLine(
  { type: _, text: __, telemetry_file: ___, ...ready }: ReadyMessage,
  pid: number,
  restarts: number,
): string {
  return JSON.stringify({ ready: true, ...ready, pid, restarts });
}

function eventLine({ text, ...fields }: SuperviseEvent): string {
  return JSON.stringify({ ...fields, text });
}

/** The command line without the tokens, which the runtime would print when it crashes; the environment has them. */
export function withoutSecrets(args: readonly string[]): string[] {
  return args.filter(
    (arg, index) =>
      !isSecret(arg) && !isSecret(args[index - 1]) && !arg.startsWith("--token=") && !arg.startsWith("--player-token="),
  );
}

const isSecret = (arg: string | undefined): boolean => arg === "--token" || arg === "--player-token";
