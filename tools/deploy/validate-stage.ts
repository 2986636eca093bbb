// The stage of a deploy in which the server judges the uploaded module by its own journal: before any player meets it.
//
//   const stage = await validateOnServer(control, hash, wish, { signal, progress })
//   stage.gate       // "pass" | "fail" | "inconclusive"
//   refusalOf(stage, wish)      // null: the deploy goes on
//
// What fails is refused, also what only costs more. What could not be judged is refused too, unless the operator says otherwise.

import { z } from "zod";
import { policyFields } from "../../server/protocol/deploy-policy.ts";
import type { DeployPolicy } from "../../server/protocol/deploy-policy.ts";
import { ValidationReport, ValidationStatus } from "../../server/protocol/deploy-validation.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { ValidationVerdict } from "../../server/protocol/validation.ts";
import { sleep } from "../ui/sleep.ts";
import type { Control } from "./remote.ts";
import { whoAmI } from "./remote.ts";

export interface ValidateWish {
  /** TOML with what the module is meant to change; "": nothing. */
  expect: string;
  /** How much of every zone's newest history, in milliseconds. */
  lastMs: number;
  /** Its limits; default: those of the server. */
  policy?: DeployPolicy;
  /** Go on where too little was recorded to judge by. */
  allowIdle: boolean;
  /** Why to go on whatever the verdict is; null: the verdict decides. */
  force: string | null;
}

export interface ValidateOutcome {
  gate: ValidationVerdict;
  /** The verdict, and what decided it. */
  reason: string;
  /** Null: there is none, as the reason says. */
  report: ValidationReport | null;
  /** Not null: why there is no report. */
  code: string | null;
  tookMs: number;
}

interface StageTools {
  signal: AbortSignal;
  progress?(share: number, text: string): void;
}

const POLL_MS = 200;
/** Longer than a server lets a validation run. */
const MS_MAX = 240_000;
/** How long the tool waits for another validation to end. */
const BUSY_MS_MAX = 10_000;
/** Codes of answers that mean that there is nothing to judge by, and not that something went wrong. */
const NOTHING_RECORDED: ReadonlySet<string> = new Set(["no_journal", "nothing_recorded", "unknown_command"]);
const Started = z.object({ validation: z.number() });

/** Throws what the control channel throws, and the signal's reason; the server then ends the validation. */
export async function validateOnServer(
  control: Control,
  hash: string,
  wish: ValidateWish,
  { signal, progress }: StageTools,
): Promise<ValidateOutcome> {
  const startedMs = performance.now();
  const took = (): number => Math.round(performance.now() - startedMs);
  const { expect, lastMs, policy, force } = wish;
  const limits = policy === undefined ? {} : { policy: policyFields(policy) };
  const told = { expect, last_ms: lastMs, ...limits, by: whoAmI(), force: force ?? "" };
  const request = { command: "validate_module", hash, ...told };
  const started = await begun(control, request, signal);
  if (started === null) return unjudged("unknown_command", "this server does not validate modules yet", took());
  const { validation } = Started.parse(started);
  try {
    while (took() < MS_MAX) {
      const status = ValidationStatus.parse(await control.ask({ command: "validate_status", validation }));
      const { state, report, error, share, doing } = status;
      if (report !== null) return { gate: report.verdict, reason: report.reason, report, code: null, tookMs: took() };
      if (state === "failed") return unjudged(error?.code ?? "", error?.message ?? "no reason given", took());
      progress?.(share, `validating: ${doing}`);
      await sleep(POLL_MS, signal);
    }
  } catch (error) {
    if (signal.aborted) await control.ask({ command: "validate_abort", validation }).catch(noteNothing);
    throw error;
  }
  throw new WowsimError("timeout", `Waited ${MS_MAX / 1_000} s for the server's validation, in vain.`);
}

/** Null: the server has no such command. One that was aborted may take some seconds to end; so the server is asked again. */
async function begun(control: Control, request: Record<string, unknown>, signal: AbortSignal): Promise<unknown> {
  const giveUpAt = performance.now() + BUSY_MS_MAX;
  for (;;) {
    try {
      return await control.ask(request);
    } catch (error) {
      const code = error instanceof WowsimError ? error.code : "";
      if (code === "unknown_command") return null;
      if (code !== "deploy_busy" || performance.now() > giveUpAt) throw error;
      await sleep(POLL_MS, signal);
    }
  }
}

/** The server ends a validation for which nobody asks; that the abort did not arrive changes nothing. */
function noteNothing(): void {}

function unjudged(code: string, message: string, tookMs: number): ValidateOutcome {
  return { gate: "inconclusive", reason: `inconclusive: ${message}`, report: null, code, tookMs };
}

/** Null when the deploy goes on, else the reason against it and what one can do. */
export function refusalOf({ gate, reason, code }: ValidateOutcome, { allowIdle, force }: ValidateWish): string | null {
  if (gate === "pass" || force !== null) return null;
  if (gate === "fail") return reason;
  const isIdle = code === null || NOTHING_RECORDED.has(code);
  if (isIdle && allowIdle) return null;
  const ways = isIdle ? "Let players play first, or use --allow-idle" : "Try again, or use --force --reason TEXT";
  return `${reason}. ${ways}.`;
}

export interface ValidateLine {
  ok: boolean;
  text: string;
}

/** The verdict, the checks that do not hold or can not be told, and the numbers. */
export function validateLines({ gate, report, reason, tookMs }: ValidateOutcome): ValidateLine[] {
  const first = { ok: gate === "pass", text: reason };
  if (report === null) return [first];
  const { checks, ticks, equal, zones, fuel_ratio: fuel } = report;
  const open = checks
    .filter(({ holds }) => holds !== true)
    .map(({ name, shown }) => ({ ok: false, text: `${name}: ${shown}` }))
    .filter(({ text }) => !reason.endsWith(text));
  const fuelText = fuel === null ? "" : `, fuel ×${fuel.toFixed(3)}`;
  const numbers = `${ticks} ticks of ${zones} zones run by both kernels, ${equal} equal${fuelText}, in ${(tookMs / 1_000).toFixed(1)} s`;
  return [first, ...open, { ok: true, text: numbers }];
}
