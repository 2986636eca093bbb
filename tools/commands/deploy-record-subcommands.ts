// wowsim deploy show, abort, promote, freeze and thaw: the record of a deploy and its report, the end of one that is under way, either
// way, and who may deploy.
//
//   wowsim deploy show latest --report report.html
//   wowsim deploy abort --reason "wrong module"
//   wowsim deploy promote --reason "players wait for it"
//   wowsim deploy freeze --reason "raid night"

import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import type { DeployAborted, DeployRecord, FreezeAnswer } from "../../server/protocol/deploy-record.ts";
import { FORCE_REASON_LENGTH_MAX } from "../../server/protocol/deploy-validation.ts";
import type { Promoted } from "../deploy/promote.ts";
import { parseReportFile } from "../deploy-report/kinds.ts";
import { EXIT, fail, note, out, paint } from "../ui/output.ts";
import { run, subcommand } from "./deploy-subcommand.ts";

const ID_MAX = 999_999_999;
const REASON_LENGTH_MAX = 500;
const LATEST = 0;

export function addRecordSubcommands(deploy: Command): void {
  subcommand(deploy, "show", "Show one deploy: verdict, stages, what differs, checks.", {
    0: "shown, or the report is written",
    1: "the record or the report's file can not be read or written",
    3: "no server answers",
    4: "there is no such deploy",
  })
    .argument("[id]", "number of the deploy, as in history; default: latest", parseDeploy, LATEST)
    .option("--report <file>", "write it as a page (.html) or for a pull request (.md)", parseReportFile)
    .action((id: number, { report }: { report?: string }, command: Command) => show(id, report, command));

  subcommand(deploy, "abort", "End the deploy that is under way, and roll back what it swapped.", {
    0: "aborted",
    1: "none is under way, or it can not be aborted any more",
    3: "no server answers",
    4: "there is no such deploy",
  })
    .argument("[id]", "number of the deploy; default: the one under way", parseDeploy, LATEST)
    .addOption(new Option("--reason <text>", "why, for the record").argParser(parseReason).default(""))
    .action((id: number, { reason }: { reason: string }, command: Command) => abort(id, reason, command));

  subcommand(deploy, "promote", "Give the module that is on trial now to every zone, whatever its tool waits for.", {
    0: "every zone runs it",
    1: "nothing is on trial, it may not be promoted, or a zone refused it",
    3: "no server answers",
  })
    .option("--force", "also a module that failed its verdict, in a freeze, during an incident; needs --reason")
    .addOption(new Option("--reason <text>", "why, for history and record").argParser(parseForceReason).default(""))
    .action((flags: { force?: boolean; reason: string }, command: Command) => promote(flags, command));

  subcommand(deploy, "freeze", "Let nobody deploy, except with --force --reason; roll-backs stay possible.", {
    0: "frozen",
    3: "no server answers",
  })
    .addOption(
      new Option("--reason <text>", "why, for whoever wants to deploy").argParser(parseReason).makeOptionMandatory(),
    )
    .action(({ reason }: { reason: string }, command: Command) => setFrozen(true, reason, command));

  subcommand(deploy, "thaw", "Let deploys begin again.", { 0: "thawed", 3: "no server answers" })
    .addOption(new Option("--reason <text>", "why, for telemetry").argParser(parseReason).default(""))
    .action(({ reason }: { reason: string }, command: Command) => setFrozen(false, reason, command));
}

async function show(id: number, report: string | undefined, command: Command): Promise<void> {
  const [{ showDeploy }, { recordLines }, { writeReport }, { viewOf }] = await Promise.all([
    import("../deploy/records.ts"),
    import("../deploy-report/text.ts"),
    import("../deploy-report/write.ts"),
    import("../deploy-report/view.ts"),
  ]);
  const ask = async (record: DeployRecord): Promise<DeployRecord> => {
    if (report === undefined) return record;
    await writeReport(report, viewOf(record));
    note(`the report is in ${report}`);
    return record;
  };
  await run(
    command,
    async (_remote, control) => await ask(await showDeploy(control, id)),
    (record) => {
      for (const line of recordLines(record)) out(line);
    },
  );
}

async function abort(id: number, reason: string, command: Command): Promise<void> {
  const { abortDeploy } = await import("../deploy/records.ts");
  await run(command, (_remote, control) => abortDeploy(control, id, reason), showAborted);
}

async function promote({ force, reason }: { force?: boolean; reason: string }, command: Command): Promise<void> {
  if (force === true && reason === "") return fail("--force needs --reason: the history keeps why.", EXIT.usage);
  const { promoteTrial } = await import("../deploy/promote.ts");
  await run(command, (_remote, control) => promoteTrial(control, { reason, isForced: force === true }), showPromoted);
}

function showPromoted({ deploy, hash, label, zones_now: zones }: Promoted): void {
  for (const { zone_id: id } of zones) out(`zone ${id} runs ${hash} ${label}`);
  out(
    paint.dim(
      `Nobody watches them on. The record: wowsim deploy show ${deploy}; back: wowsim deploy rollback ${deploy}`,
    ),
  );
}

function showAborted({ deploy, zones }: DeployAborted): void {
  const back =
    zones.length === 0 ? "no zone had its module" : `zone ${zones.join(", ")} goes back to the module before`;
  out(`deploy ${deploy} is aborted: ${back}`);
}

async function setFrozen(isFrozen: boolean, reason: string, command: Command): Promise<void> {
  const { setFrozen: set } = await import("../deploy/records.ts");
  await run(command, (_remote, control) => set(control, isFrozen, reason), showFrozen);
}

function showFrozen({ frozen, was_frozen: wasFrozen, kept }: FreezeAnswer): void {
  if (frozen !== null) out(`deploys are frozen since ${frozen.since}: ${frozen.reason}`);
  else out(wasFrozen === false ? "deploys were not frozen" : "deploys may begin again");
  if (!kept) out(paint.yellow("The server's disk does not take this: a restart would forget it."));
}

/** A deploy's number; 0 for the newest. */
export function parseDeploy(text: string): number {
  if (text === "latest") return LATEST;
  if (/^[1-9]\d*$/.test(text) && Number(text) <= ID_MAX) return Number(text);
  throw new InvalidArgumentError("Give the number of a deploy, as in wowsim deploy history, or latest.");
}

function reasonUpTo(lengthMax: number): (text: string) => string {
  return (text) => {
    const told = text.trim();
    if (told !== "" && told.length <= lengthMax) return told;
    throw new InvalidArgumentError(`Give a reason of 1 to ${lengthMax} characters.`);
  };
}

export const parseReason = reasonUpTo(REASON_LENGTH_MAX);
const parseForceReason = reasonUpTo(FORCE_REASON_LENGTH_MAX);
