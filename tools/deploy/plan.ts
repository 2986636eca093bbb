// How long a deploy takes, and how many zones each wave of it gives the module to.

import { DEFAULT_POLICY } from "../../server/protocol/deploy-policy.ts";
import type { DeployPolicy } from "../../server/protocol/deploy-policy.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { TIME_BLOCK_TICKS, TIME_WARM_UP_TICKS } from "../../server/protocol/shadow.ts";
import type { CanaryOptions } from "./context.ts";
import { blocksToConvict } from "./judge-shadow.ts";
import { CATCH_UP_MS_MAX } from "./watch.ts";

/** At the usual tick rate. */
const TICK_MS = 50;
/** The longest lease that a server gives. */
const LEASE_MS_MAX = 3_600_000;
const MARGIN_MS = 10_000;
/** A zone that is late takes longer for its ticks, and a shadow that yields takes more of them. */
const PATIENCE = 3.2;

/** For drills, which show what a canary does: the module runs beside no zone first, and zones are watched on for a moment only. */
export const DRILL_POLICY: DeployPolicy = {
  ...DEFAULT_POLICY,
  shadow: { ...DEFAULT_POLICY.shadow, ticks: 0 },
  canary: { ...DEFAULT_POLICY.canary, errorRate: 0.05 },
  promote: { waves: [1], watchTicks: 60 },
};

type Timed = Pick<CanaryOptions, "policy" | "durationMs">;

/** Until the last zone is promoted: the canary's watch, and that of each wave, with room for the verdicts. */
export function leaseMsOf(options: Timed): number {
  const margin = (wavesOnTrial(options.policy) + 1) * CATCH_UP_MS_MAX + MARGIN_MS;
  return Math.min(LEASE_MS_MAX, Math.round(PATIENCE * watchMsOf(options) + margin));
}

/** Throws WowsimError("policy_invalid") when the zones can not be on trial for so long. */
export function assertCanLast(options: Timed): void {
  const ms = watchMsOf(options) + (wavesOnTrial(options.policy) + 1) * CATCH_UP_MS_MAX;
  if (ms <= LEASE_MS_MAX) return;
  const minutes = Math.ceil(ms / 60_000);
  const message = `Canary and waves take ${minutes} min, and a server keeps a module on trial for 60 min at most; watch fewer ticks.`;
  throw new WowsimError("policy_invalid", message);
}

/**
 * `zones`: how many run the canary. Throws WowsimError("policy_invalid") when it has fewer ticks than the tests of time need to convict,
 * and so to acquit. A watch goes on for a shadow that yields, which is no time to count on.
 */
export function assertCanTell({ policy, durationMs }: Timed, zones: number): void {
  const { ticks, errorRate } = policy.canary;
  const watched = durationMs === undefined ? ticks : Math.round(durationMs / TICK_MS);
  const all = TIME_WARM_UP_TICKS + TIME_BLOCK_TICKS * blocksToConvict(errorRate);
  const least = Math.ceil(all / zones);
  if (watched >= least) return;
  const seconds = Math.ceil((least * TICK_MS) / 1_000);
  const where = zones === 1 ? "" : ` of each of ${zones} zones`;
  const message =
    `A canary of ${watched} ticks is too short: with an error_rate of ${errorRate} the tests of time need ${least} ticks${where}. ` +
    `Give canary.ticks = ${least} or more (--canary-duration ${seconds}s), or a greater error_rate.`;
  throw new WowsimError("policy_invalid", message);
}

/** How many of the server's zones run the canary. */
export function canaryCount({ canary }: DeployPolicy, all: number): number {
  return canary.zones?.length ?? Math.max(1, Math.ceil((canary.share ?? 0) * all));
}

/** Zones that have the module after each wave but the last, which promotes it. */
export function waveSizes(waves: readonly number[], zones: number): number[] {
  return waves.filter((share) => share < 1).map((share) => Math.ceil(share * zones));
}

const wavesOnTrial = ({ promote }: DeployPolicy): number => promote.waves.filter((share) => share < 1).length;

function watchMsOf({ policy, durationMs }: Timed): number {
  const canaryMs = durationMs ?? policy.canary.ticks * TICK_MS;
  return canaryMs + wavesOnTrial(policy) * policy.promote.watchTicks * TICK_MS;
}
