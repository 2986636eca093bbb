// Puts the parts together that say who may deploy: records, freeze, gate, and their commands on the control port.
//
//   const { gate, records, close } = await startDeployGate({ dataDir, deployer, log, ... })

import { join } from "node:path";
import type { Emitter } from "../protocol/telemetry-line.ts";
import { DeployFreeze } from "./control/deploy-freeze.ts";
import { DeployGate } from "./control/deploy-gate.ts";
import type { DeployJobs } from "./control/deploy-gate.ts";
import type { DeployLog } from "./control/deploy-log.ts";
import { DeployRecords } from "./control/deploy-records.ts";
import type { Deployer } from "./control/deploy.ts";

export interface DeployGateParts {
  dataDir: string;
  deployer: Deployer;
  log: DeployLog;
  /** What each zone runs, by hash. */
  running: readonly string[];
  incidents: () => string[];
  jobs: readonly DeployJobs[];
  emitter: Emitter;
}

export interface StartedDeployGate {
  gate: DeployGate;
  records: DeployRecords;
  /** Ends what is under way, and writes what waits. */
  close(): Promise<void>;
}

/** Never throws: a disk that can not be read or written is reported. */
export async function startDeployGate(parts: DeployGateParts): Promise<StartedDeployGate> {
  const { dataDir, deployer, log, running, incidents, jobs, emitter } = parts;
  const folder = join(dataDir, "deploys");
  const clock = Date.now;
  const [records, freeze] = await Promise.all([
    DeployRecords.open({ folder, emitter, clock, now: () => performance.now(), running }),
    DeployFreeze.open({ file: join(folder, "frozen.json"), emitter, clock }),
  ]);
  const gate = new DeployGate({ records, freeze, deployer, log, incidents, jobs, emitter, clock });
  return {
    gate,
    records,
    close: async () => {
      gate.stop();
      await records.close();
    },
  };
}
