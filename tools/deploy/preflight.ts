// What happens before any player meets the module: static checks, upload, the record of the deploy, the server's validation by its
// journal, and a shadow beside the zones that are played in. Each stage may refuse the module.

import { checkModule } from "../../assembly/toolchain/checks.ts";
import { policyFields } from "../../server/protocol/deploy-policy.ts";
import { earlierRefusal } from "../../server/protocol/earlier-refusal.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { MODULE_LIMITS } from "../../server/protocol/limits.ts";
import type { DeployContext } from "./context.ts";
import { waitingOf } from "./context.ts";
import { DeployRecorder } from "./record.ts";
import { shadowOnServer } from "./shadow-stage.ts";
import type { ShadowOutcome } from "./shadow-stage.ts";
import { refusalOf, validateLines, validateOnServer } from "./validate-stage.ts";
import { evidenceOf } from "./verdict-lines.ts";
import { limitsOf } from "./verdict.ts";

/** Entries of the deploy history that are looked through for the module. */
const HISTORY_MAX = 500;
const REFUSED_BEFORE = "module_refused_before";

export interface Refusal {
  outcome: "refused" | "validated";
  reason: string;
}

/** Null: the module may be tried. Throws what is no reason against the module. */
export async function preflight(context: DeployContext): Promise<Refusal | null> {
  const { options } = context;
  const misfit = await check(context);
  if (misfit !== null) return refused(misfit);
  await assertZones(context);
  const refusal = (await begin(context)) ?? (await upload(context));
  if (refusal !== null) return refused(refusal);
  const unfit = (await whereItRuns(context)) ?? (await validate(context)) ?? (await shadow(context));
  if (unfit !== null) return refused(unfit);
  return options.isDry === true ? { outcome: "validated", reason: "nothing speaks against it" } : null;
}

/** A zone that is not there is a slip of the operator, whatever there is to say of the module. Throws WowsimError("no_such_zone"). */
async function assertZones({ options, remote }: DeployContext): Promise<void> {
  const { zoneId, policy } = options;
  if (zoneId !== undefined) await remote.zone(zoneId);
  const { zones } = await remote.status();
  const known = zones.map(({ zone_id: id }) => id);
  for (const [where, named] of [
    ["[canary] zones", policy.canary.zones],
    ["[shadow] zones", policy.shadow.zones],
  ] as const) {
    const unknown = (named ?? []).filter((id) => !known.includes(id));
    if (unknown.length === 0) continue;
    const message = `${where} of the policy has ${unknown.join(", ")}, which the server does not have; choose from ${known.join(", ")}.`;
    throw new WowsimError("no_such_zone", message);
  }
}

const refused = (reason: string): Refusal => ({ outcome: "refused", reason });

/** Each stage: null, or the reason against the module. */
async function check({ options, hash, stages }: DeployContext): Promise<string | null> {
  const { wasm, label } = options;
  const { moduleBytesMax } = MODULE_LIMITS;
  if (wasm.length > moduleBytesMax) {
    const reason = `${label} has more than ${moduleBytesMax} bytes, the most that a server takes`;
    stages.told("check", false, reason, { bytes_max: moduleBytesMax });
    return reason;
  }
  const problems = await checkModule(wasm);
  const size = `${label}: ${wasm.length} bytes, module ${hash}`;
  const found = problems.length === 0 ? `${size}; static checks hold` : `${problems.join(" ")} (${size})`;
  stages.told("check", problems.length === 0, found, { bytes: wasm.length, hash, problems });
  return problems.length === 0 ? null : problems.join(" ");
}

async function begin(context: DeployContext): Promise<string | null> {
  const { options, tools, hash, stages } = context;
  const { label, source = label, force = null, expect = "", isDry = false, policy } = options;
  try {
    const told = { hash, label, source, force: force ?? "", expect, isDry, policy: policyFields(policy) };
    context.recorder = await DeployRecorder.begin(tools.control, told);
  } catch (error) {
    if (!(error instanceof WowsimError) || error.code !== REFUSED_BEFORE) throw error;
    stages.say("validate", false, error.message, {});
    return error.message;
  }
  stages.recordIn(context.recorder);
  return null;
}

async function upload({ options, tools, remote, stages }: DeployContext): Promise<string | null> {
  const startedMs = performance.now();
  stages.begins("upload");
  try {
    await remote.load(options.wasm, options.label, tools.signal);
  } catch (error) {
    if (!(error instanceof WowsimError) || error.code !== "module_refused") throw error;
    stages.told("upload", false, error.message, {});
    return error.message;
  }
  const tookMs = Math.round(performance.now() - startedMs);
  stages.told("upload", true, `the server checked and metered it in ${tookMs} ms`, { took_ms: tookMs });
  return null;
}

/** Null: some zones can still try it. */
async function whereItRuns({ remote, hash, stages, options }: DeployContext): Promise<string | null> {
  const { zones } = await remote.status();
  const ids = zones.filter((zone) => zone.hash === hash).map(({ zone_id: id }) => id);
  const wanted = options.zoneId === undefined ? (options.policy.canary.zones ?? []) : [options.zoneId];
  const isInTheWay = ids.length === zones.length || wanted.some((id) => ids.includes(id));
  if (ids.length === 0 || !isInTheWay) return null;
  const reason = `zone ${ids.join(", ")} runs ${hash} already; a canary would have nothing to be compared with`;
  stages.told("baseline", false, reason, { zones: ids });
  return reason;
}

async function validate(context: DeployContext): Promise<string | null> {
  const { options, tools, hash, remote, stages, recorder } = context;
  if (options.validate === undefined) return null;
  stages.begins("validate");
  const { expect = "", force = null, allowIdle = false, policy } = options;
  const wish = { expect, force, allowIdle, policy, lastMs: options.validate.lastMs };
  if (recorder?.deploy === null && force === null) {
    const { entries } = await remote.history(HISTORY_MAX);
    const found = earlierRefusal(entries, hash, expect);
    if (found !== null) {
      const earlier = `${found}. To try it all the same: --force --reason TEXT.`;
      stages.say("validate", false, earlier, {});
      return earlier;
    }
  }
  const outcome = await validateOnServer(tools.control, hash, wish, waitingOf(context));
  const refusal = refusalOf(outcome, wish);
  const data = { gate: outcome.gate, took_ms: outcome.tookMs, report: outcome.report };
  const lines = validateLines(outcome);
  for (const [index, { ok, text }] of lines.entries()) stages.say("validate", ok, text, index === 0 ? data : {});
  if (refusal === null && outcome.gate !== "pass") goesOn(context, "validate");
  stages.record("validate", refusal === null, outcome.reason, data);
  return refusal;
}

async function shadow(context: DeployContext): Promise<string | null> {
  const { options, tools, hash, stages } = context;
  const { policy, expect = "", force = null, allowIdle = false } = options;
  const { ticks, zones } = policy.shadow;
  if (ticks === 0) return null;
  stages.begins("shadow");
  const wish = { hash, zoneIds: zones ?? [], ticks, role: "candidate" as const, expect, policy };
  const limits = limitsOf(policy, ticks, allowIdle);
  const outcome = await shadowOnServer(tools.control, wish, limits, waitingOf(context));
  const { gate, reason, report } = outcome;
  const data = { gate, report, ...evidenceOf(outcome.checks), terms: report?.shadow.terms ?? [] };
  stages.say("shadow", gate === "pass", reason, data);
  for (const { ok, text } of outcome.checks.filter((each) => !each.ok && each.text !== reason))
    stages.say("shadow", ok, text, {});
  if (report !== null) stages.say("shadow", true, numbersOf(outcome), {});
  const refusal = gate === "pass" || force !== null ? null : `${reason}${wayOf(gate)}`;
  if (refusal === null && gate !== "pass") goesOn(context, "shadow");
  stages.record("shadow", refusal === null, reason, data);
  return refusal;
}

const wayOf = (gate: ShadowOutcome["gate"]): string =>
  gate === "fail" ? "" : ". Let players play first, or use --allow-idle, or --force --reason TEXT.";

function numbersOf({ report }: ShadowOutcome): string {
  if (report === null) return "nothing was compared";
  const { shadow: own, ticks, equal, fuel_ratio: fuel } = report;
  const fuelText = fuel === null ? "" : `, fuel ×${fuel.toFixed(3)}`;
  const yielded = own.yielded.times === 0 ? "" : `, left out ${own.yielded.ticks} ticks for the players' sake`;
  return `${ticks} live ticks of ${own.zones.length} zones run by both kernels, ${equal} equal${fuelText}${yielded}`;
}

function goesOn({ options, stages }: DeployContext, stage: "validate" | "shadow"): void {
  const { force = null } = options;
  stages.say(stage, true, force === null ? "goes on: --allow-idle" : `goes on by force: ${force}`, {});
}
