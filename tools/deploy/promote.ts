// Promotes the module that is on trial now, whoever has swapped it in: a tool that goes on, one that is gone, or one that begins no deploys. The
// promotion is a deploy of its own, with its record.
//
//   const { deploy, zones } = await promoteTrial(control, { reason: "players wait for it", isForced: false })

import { DeployAdopted } from "../../server/protocol/deploy-record.ts";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { DeployRecorder } from "./record.ts";
import { DeployRemote, whoAmI } from "./remote.ts";
import type { Control, RemoteZone } from "./remote.ts";
import { Stages } from "./stages.ts";

export interface PromoteWish {
  /** "": none was given. */
  reason: string;
  /** Whatever speaks against it: a verdict that failed, a freeze, an incident. */
  isForced: boolean;
}

export interface Promoted extends DeployAdopted {
  zones_now: RemoteZone[];
}

const NEVER = new AbortController().signal;

/** Throws WowsimError: no_canary, promotion_failed; without force also verdict_failed, module_refused_before, deploy_frozen, incident_open. */
export async function promoteTrial(control: Control, { reason, isForced }: PromoteWish): Promise<Promoted> {
  const force = isForced ? reason : "";
  const adopted = DeployAdopted.parse(await control.ask({ command: "deploy_adopt", by: whoAmI(), force }));
  const { deploy, hash } = adopted;
  const recorder = new DeployRecorder(control, deploy);
  const stages = new Stages(() => undefined);
  stages.recordIn(recorder);
  stages.begins("promote");
  const why = `promoted by hand${reason === "" ? "" : `: ${reason}`}`;
  try {
    const zones = await new DeployRemote(control).promote(hash, NEVER, deploy, why);
    const ids = zones.map(({ zone_id: id }) => id);
    stages.told("promote", true, `every zone (${ids.join(", ")}) was given ${hash}`, { zones: ids, hash });
    const over = await recorder.end("promoted", why);
    if (over !== null) throw over;
    return { ...adopted, zones_now: zones };
  } catch (error) {
    if (recorder.isOver(error)) throw error;
    stages.told("promote", false, messageOf(error), { hash });
    // Zones that hang are taken back by the server, because nobody speaks for this deploy any more.
    const isBack = error instanceof WowsimError && error.code === "promotion_failed";
    if (isBack) await recorder.end("rolled_back", messageOf(error));
    throw error;
  } finally {
    recorder.leave();
  }
}
