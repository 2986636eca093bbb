// Deploys to a running server: builds or reads the module, connects to the control port and the feed, runs the canary, and turns
// Ctrl-C into a roll-back. The deploy command and the dashboard share this.
//
//   const result = await deploySource("hotfix", { host, controlPort, telemetryPort, ... }, signal, { report, progress })

import { buildSource } from "../../assembly/toolchain/source.ts";
import { DEFAULT_POLICY, readPolicy } from "../../server/protocol/deploy-policy.ts";
import { VALIDATE_LAST_MS } from "../../server/protocol/deploy-validation.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { readExpectations } from "../../server/protocol/expectations.ts";
import { ControlClient } from "../client/control-client.ts";
import { FeedClient } from "../client/feed-client.ts";
import { runCanary } from "./canary.ts";
import type { CanaryResult, CanaryTools } from "./canary.ts";
import { assertCanTell, canaryCount } from "./plan.ts";
import { DeployRemote } from "./remote.ts";

export interface DeployOptions {
  host: string;
  controlPort: number;
  telemetryPort: number;
  token: string | undefined;
  /** Undefined: as the policy says, or of the zones with players the one with the fewest. */
  canaryZone: number | undefined;
  /** Milliseconds; undefined: as the policy says. */
  canaryDuration?: number | undefined;
  /** A TOML file with limits, stages and waves; undefined: the defaults. */
  policy?: string | undefined;
  /** Also judge a zone where nobody casts. */
  allowIdle: boolean;
  /** TOML with what the module is meant to change; undefined: the file beside the source. */
  expect?: string | undefined;
  /** How much of every zone's newest history the module is validated by, in milliseconds; undefined: as the policy file says, or a minute. */
  lastMs?: number | undefined;
  /** Why the deploy goes on whatever validation and shadow say. */
  force?: string | undefined;
  /** Ends before the swap. */
  isDry?: boolean | undefined;
  /** Every roll-back also undoes what the module did. */
  undo?: boolean | undefined;
}

/**
 * `source`: a .wasm file, a folder with kernel sources, or a candidate's name. Throws WowsimError when there was no swap and the
 * module is not the reason, or when the server can not be reached; and like buildSource.
 */
export async function deploySource(
  source: string,
  options: DeployOptions,
  signal: AbortSignal,
  speech: Pick<CanaryTools, "report" | "progress">,
): Promise<CanaryResult> {
  const { host, controlPort, telemetryPort, token, canaryZone, canaryDuration, allowIdle } = options;
  const { force = null, isDry = false, undo = false } = options;
  const policy = options.policy === undefined ? DEFAULT_POLICY : await readPolicy(options.policy);
  const timed = { policy, durationMs: canaryDuration };
  const isShare = canaryZone === undefined && policy.canary.share !== null;
  if (!isDry && !isShare) assertCanTell(timed, canaryZone === undefined ? canaryCount(policy, 1) : 1);
  const fileMs = options.policy === undefined ? VALIDATE_LAST_MS.default : policy.validate.minutes * 60_000;
  const lastMs = options.lastMs ?? Math.min(VALIDATE_LAST_MS.max, Math.max(VALIDATE_LAST_MS.min, Math.round(fileMs)));
  const { wasm, label, expectations } = await buildSource(source);
  const expect = await expectOf(options.expect, expectations);
  await using control = await ControlClient.connect({ host, port: controlPort, token });
  if (!isDry && isShare) {
    const { zones } = await new DeployRemote(control).status();
    assertCanTell(timed, canaryCount(policy, zones.length));
  }
  await using feed = await FeedClient.connect({ host, port: telemetryPort, token });
  return await runCanary(
    {
      wasm,
      label,
      source,
      zoneId: canaryZone,
      durationMs: canaryDuration,
      policy,
      expect,
      force,
      allowIdle,
      validate: { lastMs },
      isDry,
      undo,
    },
    { control, feed, signal, ...speech },
  );
}

/** The text of the expectations; "" when there are none. Throws WowsimError("expectations_invalid" | "no_such_file" | ...). */
async function expectOf(named: string | undefined, beside: string | null): Promise<string> {
  const path = named ?? beside;
  if (path === null) return "";
  if ((await readExpectations(path)) !== null) return await Bun.file(path).text();
  throw new WowsimError("no_such_file", `There is no file ${path} with expectations.`);
}
