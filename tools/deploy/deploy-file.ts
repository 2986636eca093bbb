// Deploys a file to a running server: connects to its control port and its feed, runs the canary, and turns Ctrl-C into
// a roll-back. The deploy command and the demo share this.
//
//   const result = await deployFile("hotfix.wasm", { host, controlPort, telemetryPort, ... }, signal, { report, progress })

import { basename } from "node:path";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { MODULE_LIMITS } from "../../server/protocol/limits.ts";
import { ControlClient } from "../client/control-client.ts";
import { FeedClient } from "../client/feed-client.ts";
import { shellWord } from "../client/server-name.ts";
import { runCanary } from "./canary.ts";
import type { CanaryResult, CanaryTools } from "./canary.ts";
import { DEFAULT_THRESHOLDS } from "./verdict.ts";

export interface DeployOptions {
  host: string;
  controlPort: number;
  telemetryPort: number;
  token: string | undefined;
  /** Undefined: of the zones with players, the one with the fewest. */
  canaryZone: number | undefined;
  /** Milliseconds. */
  canaryDuration: number;
  /** Also judge a zone where nobody casts. */
  allowIdle: boolean;
}

/** Throws WowsimError when there was no swap and the module is not the reason, or when the server can not be reached. */
export async function deployFile(
  path: string,
  options: DeployOptions,
  signal: AbortSignal,
  speech: Pick<CanaryTools, "report" | "progress">,
): Promise<CanaryResult> {
  const { host, controlPort, telemetryPort, token, canaryZone, canaryDuration, allowIdle } = options;
  const wasm = await readModule(path);
  await using control = await ControlClient.connect({ host, port: controlPort, token });
  await using feed = await FeedClient.connect({ host, port: telemetryPort, token });
  return await runCanary(
    {
      wasm,
      label: basename(path),
      zoneId: canaryZone,
      durationMs: canaryDuration,
      thresholds: { ...DEFAULT_THRESHOLDS, ...(allowIdle ? { castsMin: 0 } : {}) },
    },
    { control, feed, signal, ...speech },
  );
}

/** The file's bytes; if it is too big to be a module, only as many as show that. */
async function readModule(path: string): Promise<Uint8Array> {
  try {
    return await Bun.file(path)
      .slice(0, MODULE_LIMITS.moduleBytesMax + 1)
      .bytes();
  } catch (cause) {
    const message = `${path} can not be read (${messageOf(cause)}); build one: wowsim build-kernel --out ${shellWord(path)}`;
    throw new WowsimError("no_such_file", message, { cause });
  }
}
