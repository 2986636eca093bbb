// Asks a server for records of deploys, ends the deploy under way, freezes and thaws.
//
//   await showDeploy(control, 7)                // the record; 0: the newest
//   await abortDeploy(control, 0, "wrong module")
//   await setFrozen(control, true, "raid night")

import { DeployAborted, DeployShown, FreezeAnswer } from "../../server/protocol/deploy-record.ts";
import type { DeployRecord } from "../../server/protocol/deploy-record.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { whoAmI } from "./remote.ts";
import type { Control } from "./remote.ts";

/** Throws WowsimError: no_such_deploy, record_damaged. */
export async function showDeploy(control: Control, deploy: number): Promise<DeployRecord> {
  const parsed = DeployShown.safeParse(await control.ask({ command: "deploy_show", deploy }));
  if (parsed.success) return parsed.data.record;
  throw new WowsimError("record_damaged", `The record of deploy ${deploy} is of another version of the server.`);
}

/** Ends a deploy; 0: the one under way. Throws WowsimError: no_deploy, deploy_ended, deploy_aborted, no_such_deploy, deploy_busy. */
export async function abortDeploy(control: Control, deploy: number, reason: string): Promise<DeployAborted> {
  return DeployAborted.parse(await control.ask({ command: "deploy_abort", deploy, by: whoAmI(), reason }));
}

export async function setFrozen(control: Control, isFrozen: boolean, reason: string): Promise<FreezeAnswer> {
  const command = isFrozen ? "deploy_freeze" : "deploy_thaw";
  return FreezeAnswer.parse(await control.ask({ command, reason, by: whoAmI() }));
}
