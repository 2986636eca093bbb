// The control commands for deploys. Each starts an operation and answers at once; deploy_status reports the progress.
//
//   > {"command":"deploy_load","module":"AGFzbQ...","label":"hotfix.wasm"}
//   < {"success":true,"command":"deploy_load","hash":"9f3c2a…","state":"checking"}
//   > {"command":"deploy_swap","hash":"9f3c2a…","zone_id":2,"lease_ms":35000}
//   < {"success":true,"command":"deploy_swap","zone_id":2,"phase":"swapping"}

import { z } from "zod";
import { WowsimError } from "../../protocol/errors.ts";
import { printable } from "../../protocol/printable.ts";
import { ENTRIES_MAX } from "./deploy-log.ts";
import type { DeployLog } from "./deploy-log.ts";
import type { DeployGate } from "./deploy-gate.ts";
import type { DeployRecords } from "./deploy-records.ts";
import type { Deployer } from "./deploy.ts";
import type { ControlServer } from "./server.ts";
import type { Undos } from "./undos.ts";

export const hash = z.string().regex(/^[0-9a-f]{16}$/, "a module's content hash: 16 hexadecimal digits");
const LABEL_LENGTH_MAX = 100;
/** The name the operator gives; for the deploy history. */
export const by = z.string().max(LABEL_LENGTH_MAX).default("");
/** The deploy that a move belongs to; a tool that begins no deploys leaves it out. */
const deploy = z.number().int().min(1).optional();
/** The reason for a roll-back, as the operator gives it. */
const REASON_LENGTH_MAX = 500;
const HISTORY_DEFAULT = 50;
const LEASE_MS_MIN = 1_000;
const LEASE_MS_MAX = 3_600_000;
const ZONE_ID_MAX = 65_535;

/** Adds deploy_undo and deploy_undo_report to the control channel. */
export function registerUndoCommands(control: Pick<ControlServer, "register">, undos: Undos): void {
  const zone_id = z.number().int().min(0).max(ZONE_ID_MAX).default(0);
  control.register(
    "deploy_undo",
    z.object({
      zone_id,
      hash: hash.optional(),
      dry_run: z.boolean().default(false),
      by,
      reason: z.string().max(REASON_LENGTH_MAX).default(""),
    }),
    async ({ zone_id: zoneId, hash: module, dry_run: isDry, by: who, reason }) => ({
      zones: await undos.start({ zoneId, module, isDry, by: printable(who), reason: printable(reason) }),
      phase: "undoing",
    }),
  );
  control.register("deploy_undo_report", z.object({ zone_id }), ({ zone_id: zoneId }) => ({
    undos: undos.list(zoneId),
  }));
}

/** Adds deploy_load, deploy_status, deploy_swap, deploy_promote, deploy_rollback and deploy_history to the control channel. */
export function registerDeployCommands(
  control: Pick<ControlServer, "register">,
  deployer: Deployer,
  log: Pick<DeployLog, "entries" | "lost" | "damaged">,
  gate: DeployGate,
  records: Pick<DeployRecords, "summaries" | "damaged">,
): void {
  control.register(
    "deploy_load",
    z.object({ module: z.string().min(1), label: z.string().max(LABEL_LENGTH_MAX).default("unnamed") }),
    ({ module, label }) => {
      const { hash: known, state } = deployer.modules.add(decodeBase64(module), printable(label));
      return { hash: known, state };
    },
  );

  control.register("deploy_status", z.object({ hash: hash.optional() }), ({ hash: wanted }) => {
    const modules = deployer.modules
      .list()
      .filter((known) => wanted === undefined || known.hash === wanted)
      .map(({ hash: known, label, state, problems }) => ({ hash: known, label, state, problems }));
    const zones = deployer.status();
    const lost = log.lost.filter(({ hash: gone }) => !zones.every((zone) => zone.hash === gone));
    return { modules, zones, lost, ...gate.status() };
  });

  control.register(
    "deploy_swap",
    z.object({
      hash,
      zone_id: z.number().int().min(1).max(ZONE_ID_MAX),
      lease_ms: z.number().int().min(LEASE_MS_MIN).max(LEASE_MS_MAX),
      by,
      deploy,
    }),
    ({ hash: candidate, zone_id, lease_ms, by: who, deploy: of }) => {
      gate.maySwap(candidate, of);
      deployer.swap(candidate, zone_id, lease_ms, printable(who));
      return { zone_id, phase: "swapping" };
    },
  );

  const reason = z.string().min(1).max(REASON_LENGTH_MAX).optional();
  control.register(
    "deploy_promote",
    z.object({ hash, by, deploy, reason }),
    ({ hash: candidate, by: who, deploy: of, reason: why }) => {
      gate.maySwap(candidate, of);
      deployer.promote(candidate, printable(who), printed(why));
      return { phase: "promoting" };
    },
  );

  control.register(
    "deploy_rollback",
    z.object({
      zone_id: z.number().int().min(0).max(ZONE_ID_MAX).default(0),
      hash: hash.optional(),
      by,
      reason,
    }),
    ({ zone_id, hash: meant, by: who, reason: why }) => ({
      zones: deployer.rollback(zone_id, printable(who), meant, printed(why)),
      phase: "rolling_back",
    }),
  );

  control.register(
    "deploy_history",
    z.object({ limit: z.number().int().min(1).max(ENTRIES_MAX).default(HISTORY_DEFAULT) }),
    ({ limit }) => ({
      entries: log.entries(limit),
      damaged_lines: log.damaged,
      deploys: records.summaries(limit),
      damaged_records: records.damaged,
    }),
  );
}

const printed = (text: string | undefined): string | undefined => (text === undefined ? text : printable(text));

function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64").replaceAll("=", "") === text.replaceAll("=", "")) return bytes;
  throw new WowsimError("bad_module", `The module is not base64; send the bytes of a .wasm file encoded so.`);
}
