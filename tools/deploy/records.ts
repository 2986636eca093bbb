// Asks a server for records of deploys, ends the deploy under way, freezes and thaws.
//
//   await showDeploy(control, 7)                // the record; 0: the newest
//   await abortDeploy(control, 0, "wrong module")
//   await rollBackDeploy(control, 7, 0)         // in all zones that run or try its module
//   await setFrozen(control, true, "raid night")

import { DeployAborted, DeployShown, FreezeAnswer } from "../../server/protocol/deploy-record.ts";
import type { DeployRecord } from "../../server/protocol/deploy-record.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { DeployRemote, whoAmI } from "./remote.ts";
import type { Control, RolledBack } from "./remote.ts";

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

/**
 * Takes the module of a deploy, 0: the newest, out of a zone, or of all (0) that run or try it. Throws WowsimError: no_such_deploy;
 * not_running when its module is not there; nothing_to_roll_back when no earlier module is known.
 */
export async function rollBackDeploy(control: Control, deploy: number, zoneId: number): Promise<RolledBack> {
  const { deploy: number, hash, label } = await showDeploy(control, deploy);
  const remote = new DeployRemote(control);
  try {
    return await remote.rollBack(zoneId, hash);
  } catch (error) {
    if (!(error instanceof WowsimError) || error.code !== "nothing_to_roll_back") throw error;
    const { zones } = await remote.status();
    const meant = zones.filter(({ zone_id: id }) => zoneId === 0 || id === zoneId);
    if (meant.some((zone) => zone.hash === hash)) throw error;
    const runs = meant.map((zone) => `zone ${zone.zone_id} runs ${zone.hash}`).join(", ");
    const message = `The module of deploy ${number} (${label}, ${hash}) is not what runs: ${runs}. Nothing was rolled back.`;
    throw new WowsimError("not_running", message);
  }
}

export async function setFrozen(control: Control, isFrozen: boolean, reason: string): Promise<FreezeAnswer> {
  const command = isFrozen ? "deploy_freeze" : "deploy_thaw";
  return FreezeAnswer.parse(await control.ask({ command, reason, by: whoAmI() }));
}
