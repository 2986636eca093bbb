// Puts the parts together that deploys are made of: the history, the moves of zones between modules, validations and shadows, who may
// deploy and the records, undos; each with its commands on the control port.
//
//   const { gate, notices } = await startDeploys({ dataDir, kernel, standing, supervisor, gateway, control, ... }, undo)
//   gate.frozen        // null

import { join } from "node:path";
import type { World } from "../protocol/content/content.ts";
import type { Emitter } from "../protocol/telemetry-line.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { registerDeployCommands, registerUndoCommands } from "./control/deploy-commands.ts";
import { DeployFreeze } from "./control/deploy-freeze.ts";
import { DeployGate } from "./control/deploy-gate.ts";
import { registerDeployGateCommands } from "./control/deploy-gate-commands.ts";
import { DeployLog, lostText } from "./control/deploy-log.ts";
import { DeployRecords } from "./control/deploy-records.ts";
import { Deployer } from "./control/deploy.ts";
import { JournalUndos } from "./control/journal-undos.ts";
import { ModuleValidations } from "./control/module-validations.ts";
import type { ControlServer } from "./control/server.ts";
import { registerShadowCommands } from "./control/shadow-commands.ts";
import { Shadows } from "./control/shadows.ts";
import { Undos } from "./control/undos.ts";
import { registerValidateCommands } from "./control/validate-commands.ts";
import type { Gateway } from "./gateway/gateway.ts";
import type { Incidents } from "./incidents.ts";
import type { JournalHost } from "./journal/journal-host.ts";
import type { Metrics } from "./monitoring/metrics.ts";
import type { OpenedJournal } from "./open-journal.ts";
import { workers } from "./workers.ts";
import type { ZoneSupervisor } from "./zones/supervisor.ts";

export interface DeployParts {
  dataDir: string;
  world: World;
  /** That of this checkout; a zone without a standing module runs it. */
  kernel: Kernel;
  standing: OpenedJournal["standing"];
  journal: JournalHost;
  supervisor: ZoneSupervisor;
  gateway: Gateway;
  control: ControlServer;
  metrics: Metrics;
  incidents: Incidents;
  emitter: Emitter;
  tickRateHz: number;
  /** Milliseconds, monotonic. */
  now: () => number;
}

export interface StartedDeploys {
  gate: DeployGate;
  /** What a restart lost, or this server does not know: one sentence each. */
  notices: string[];
}

/** Each part pushes its own stop step on `undo`. Never throws: a disk that can not be read or written is reported. */
export async function startDeploys(parts: DeployParts, undo: (() => Promise<void> | void)[]): Promise<StartedDeploys> {
  const { dataDir, world, kernel, standing, journal, supervisor, gateway, control, metrics, incidents } = parts;
  const { emitter, tickRateHz, now } = parts;
  const clock = Date.now;
  const runs = (zoneId: number): string => (standing.get(zoneId) ?? kernel).hash;
  const deployLog = await DeployLog.open({ file: join(dataDir, "deploys.jsonl"), kernel, runs, emitter, clock, now });
  undo.push(() => deployLog.close());
  const deployer = new Deployer({
    zones: supervisor,
    kernel,
    emitter,
    newWorker: workers.check,
    now,
    log: deployLog,
    standing,
    keepModule: (module) => journal.module(module),
  });
  supervisor.listen(deployer);
  const validations = new ModuleValidations({
    modules: deployer.modules,
    newWorker: workers.moduleValidation,
    dataDir,
    log: deployLog,
    emitter,
    running: () => deployer.status()[0]?.hash ?? kernel.hash,
  });
  registerValidateCommands(control, validations);
  undo.push(() => validations.stop());
  const shadows = new Shadows({
    modules: deployer.modules,
    newWorker: workers.shadow,
    dataDir,
    zones: supervisor,
    durationsMs: (zoneIds, sinceMs) => metrics.zones.durationsMs(zoneIds, sinceMs),
    now,
    emitter,
  });
  registerShadowCommands(control, shadows);
  undo.push(() => shadows.stop());

  const folder = join(dataDir, "deploys");
  const running = world.zones.map(({ id }) => runs(id));
  const [records, freeze] = await Promise.all([
    DeployRecords.open({ folder, emitter, clock, now, running }),
    DeployFreeze.open({ file: join(folder, "frozen.json"), emitter, clock }),
  ]);
  const open = (): string[] => incidents.list();
  const jobs = [validations, shadows];
  const gate = new DeployGate({ records, freeze, deployer, log: deployLog, incidents: open, jobs, emitter, clock });
  undo.push(async () => {
    gate.stop();
    await records.close();
  });
  registerDeployCommands(control, deployer, deployLog, gate, records);
  registerDeployGateCommands(control, gate, records);
  const portals = new Map(world.zones.map((zone) => [zone.id, zone.portals]));
  const journalUndos = new JournalUndos({ newWorker: workers.undo, journal: { dataDir, tickRateHz, portals } });
  undo.push(() => journalUndos.stop());
  const players = gateway.sessions;
  const undos = new Undos({ zones: supervisor, deployer, journal: journalUndos, players, emitter, log: deployLog });
  supervisor.listen(undos);
  registerUndoCommands(control, undos);
  undo.push(() => deployer.stop());
  const unread = records.problem === null ? [] : [records.problem];
  return { gate, notices: [...deployLog.lost.map(lostText), ...unread] };
}
