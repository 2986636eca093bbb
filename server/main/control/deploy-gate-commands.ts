// The control commands for whole deploys: a tool begins one, tells its stages and that it is alive, and ends it. Anybody may look,
// abort, freeze and thaw.
//
//   > {"command":"deploy_begin","hash":"9f3c2a…","label":"fix.wasm","by":"anna@desk","dry_run":false}
//   < {"success":true,"command":"deploy_begin","deploy":7}
//   > {"command":"deploy_stage","deploy":7,"stage":"validate","ok":true,"text":"pass: …","took_ms":4100,"data":{"report":{…}}}
//   < {"success":true,"command":"deploy_stage"}
//   > {"command":"deploy_freeze","reason":"raid night","by":"anna@desk"}
//   < {"success":true,"command":"deploy_freeze","frozen":{"reason":"raid night","by":"anna@desk","since":"…"},"kept":true}

import { z } from "zod";
import { RECORD_LIMITS, TOLD_OUTCOMES } from "../../protocol/deploy-record.ts";
import { EXPECT_LENGTH_MAX, FORCE_REASON_LENGTH_MAX } from "../../protocol/deploy-validation.ts";
import { WowsimError } from "../../protocol/errors.ts";
import { printable, printableJson, printableLines } from "../../protocol/printable.ts";
import { by, hash } from "./deploy-commands.ts";
import type { DeployGate } from "./deploy-gate.ts";
import type { DeployRecords } from "./deploy-records.ts";
import type { ControlServer } from "./server.ts";

const { labelLengthMax, sourceLengthMax, policyBytesMax } = RECORD_LIMITS;
const MS_MAX = 86_400_000;
const REASON_LENGTH_MAX = 500;
const deploy = z.number().int().min(1);
/** 0: the one that is under way, or the newest. */
const deployOrNewest = z.number().int().min(0).default(0);
const object = z.record(z.string(), z.unknown()).default({});
const reason = z.string().trim().min(1, "give a reason").max(REASON_LENGTH_MAX);

/** Adds deploy_begin, deploy_adopt, deploy_stage, deploy_alive, deploy_end, deploy_show, deploy_abort, deploy_freeze and deploy_thaw. */
export function registerDeployGateCommands(
  control: Pick<ControlServer, "register">,
  gate: DeployGate,
  records: Pick<DeployRecords, "show" | "last">,
): void {
  const begin = z.object({
    hash,
    label: z.string().max(labelLengthMax).default("unnamed"),
    source: z.string().max(sourceLengthMax).default(""),
    by,
    force: z.string().max(FORCE_REASON_LENGTH_MAX).default(""),
    expect: z.string().max(EXPECT_LENGTH_MAX).default(""),
    policy: object,
    dry_run: z.boolean().default(false),
  });
  control.register("deploy_begin", begin, ({ label, source, by: who, force, expect, policy, ...rest }) => ({
    deploy: gate.begin({
      ...rest,
      label: printable(label),
      source: printable(source),
      by: printable(who),
      force: printable(force.trim()),
      expect: printableLines(expect),
      policy: smallObject(policy),
    }),
  }));

  const adopt = z.object({ by, force: z.string().max(FORCE_REASON_LENGTH_MAX).default("") });
  control.register("deploy_adopt", adopt, ({ by: who, force }) => gate.adopt(printable(who), printable(force.trim())));

  const stage = z.object({
    deploy,
    stage: z.string().min(1),
    ok: z.boolean().nullable().default(null),
    text: z.string().default(""),
    took_ms: z.number().min(0).max(MS_MAX).default(0),
    data: object,
  });
  control.register("deploy_stage", stage, ({ deploy: number, ...told }) => {
    gate.stage(number, told);
    return {};
  });

  const alive = z.object({ deploy, stage: z.string().min(1).optional() });
  control.register("deploy_alive", alive, ({ deploy: number, stage: begun }) => {
    gate.alive(number, begun);
    return {};
  });

  const end = z.object({ deploy, outcome: z.enum(TOLD_OUTCOMES), reason: z.string().default("") });
  control.register("deploy_end", end, ({ deploy: number, outcome, reason: why }) => {
    gate.end(number, outcome, why);
    return {};
  });

  control.register("deploy_show", z.object({ deploy: deployOrNewest }), async ({ deploy: number }) => {
    const record = await records.show(number === 0 ? records.last : number);
    const stageNow = gate.stageOf(record.deploy);
    return { record: stageNow === undefined ? record : { ...record, stage: stageNow } };
  });

  const abort = z.object({ deploy: deployOrNewest, by, reason: z.string().max(REASON_LENGTH_MAX).default("") });
  control.register("deploy_abort", abort, ({ deploy: number, by: who, reason: why }) =>
    gate.abort(number, printable(who), printable(why.trim())),
  );

  control.register("deploy_freeze", z.object({ reason, by }), async ({ reason: why, by: who }) => {
    const { isKept } = await gate.setFrozen(true, printable(who), printable(why));
    return { frozen: gate.frozen, kept: isKept };
  });
  const thaw = z.object({ reason: z.string().trim().max(REASON_LENGTH_MAX).default(""), by });
  control.register("deploy_thaw", thaw, async ({ reason: why, by: who }) => {
    const { wasFrozen, isKept } = await gate.setFrozen(false, printable(who), printable(why));
    return { frozen: gate.frozen, was_frozen: wasFrozen, kept: isKept };
  });
}

/** Throws WowsimError("bad_request") when it is too large to be kept. */
function smallObject(policy: Record<string, unknown>): Record<string, unknown> {
  const text = JSON.stringify(policy);
  if (Buffer.byteLength(text) <= policyBytesMax) return printableJson(policy, text);
  throw new WowsimError("bad_request", `The policy has more than ${policyBytesMax} bytes.`);
}
