// The subcommands of wowsim deploy: what zones run, what was deployed and how it ended (status, history, show), who may deploy (freeze,
// thaw), the way on (promote) and the ways back (abort, rollback, undo).
//
//   wowsim deploy status
//   wowsim deploy show latest --report report.html
//   wowsim deploy rollback --zone 2
//   wowsim deploy rollback 7
//   wowsim deploy undo --dry-run

import { Option } from "commander";
import type { Command } from "commander";
import { undoInWords, undoLines } from "../../server/protocol/undo.ts";
import type { Control, RolledBack } from "../deploy/remote.ts";
import type { RemoteUndo, Undone, UndoFlags } from "../deploy/undo.ts";
import { parseInteger } from "../ui/flags.ts";
import { interruptible } from "../ui/interrupt.ts";
import { out, paint } from "../ui/output.ts";
import { addRecordSubcommands, parseDeploy, parseReason } from "./deploy-record-subcommands.ts";
import { run, subcommand } from "./deploy-subcommand.ts";
import { showHistory, showStatus } from "./deploy-tables.ts";

const HISTORY_MAX = 500;
const HISTORY_DEFAULT = 20;

export function addSubcommands(deploy: Command): void {
  // Flags after a subcommand belong to it, although `deploy FILE` has some with the same name.
  deploy.enablePositionalOptions();
  subcommand(deploy, "status", "Show which module each zone runs, what is on trial, and who may deploy.", {
    0: "shown",
    3: "no server answers",
  }).action((_flags, command: Command) => run(command, (remote) => remote.status(), showStatus));

  subcommand(deploy, "history", "Show what was deployed on this server and how it ended, across restarts.", {
    0: "shown",
    3: "no server answers",
  })
    .option(
      "--limit <n>",
      `how many of the newest, up to ${HISTORY_MAX}`,
      parseInteger(1, HISTORY_MAX),
      HISTORY_DEFAULT,
    )
    .action((flags: { limit: number }, command: Command) =>
      run(command, (remote) => remote.history(flags.limit), showHistory),
    );

  addRecordSubcommands(deploy);

  subcommand(deploy, "rollback", "Roll back the module on trial; without one, undo the last promotion.", {
    0: "every zone in question runs its earlier module again",
    1: "no earlier module, the deploy's does not run, or a zone did not go back",
    3: "no server answers",
    4: "there is no such deploy",
  })
    .argument("[id]", "only the module of this deploy: its number, as in history, or latest", parseDeploy)
    .option("--zone <n>", "only in this zone; 0 is all", parseInteger(0, 65_535), 0)
    .option("--undo", "also undo what the module did: the same as wowsim deploy undo")
    .action((id: number | undefined, { zone, undo }: { zone: number; undo?: boolean }, command: Command) =>
      undo === true ? runUndo(command, { zoneId: zone, isDry: false }, id) : rollBack(command, id, zone),
    );

  subcommand(deploy, "undo", "Undo what a module did: roll it back, and run the ticks since its swap without it.", {
    0: "undone, or with --dry-run looked through",
    1: "there is nothing to undo (any more), or it could not be undone",
    3: "no server answers",
  })
    .option("--zone <n>", "only in this zone; 0 is all that have something to undo", parseInteger(0, 65_535), 0)
    .option("--dry-run", "only say what would change, and for whom")
    .addOption(new Option("--reason <text>", "why, for the deploy history").argParser(parseReason).default(""))
    .action(({ zone, dryRun = false, reason }: UndoCommandFlags, command: Command) =>
      runUndo(command, { zoneId: zone, isDry: dryRun, reason }),
    );
}

interface UndoCommandFlags {
  zone: number;
  dryRun?: boolean;
  reason: string;
}

async function rollBack(command: Command, id: number | undefined, zoneId: number): Promise<void> {
  const { rollBackDeploy } = await import("../deploy/records.ts");
  await run(
    command,
    (remote, control) => (id === undefined ? remote.rollBack(zoneId) : rollBackDeploy(control, id, zoneId)),
    showRolledBack,
  );
}

/** `deploy`: only what the module of this one did; 0: of the newest. */
async function runUndo(command: Command, flags: UndoFlags, deploy?: number): Promise<void> {
  const [{ undo }, { showDeploy }] = await Promise.all([import("../deploy/undo.ts"), import("../deploy/records.ts")]);
  const undoOf = async (control: Control, signal: AbortSignal): Promise<Undone> => {
    const only = deploy === undefined ? {} : { hash: (await showDeploy(control, deploy)).hash };
    return await undo(control, { ...flags, ...only }, signal);
  };
  await interruptible((signal) => run(command, (_remote, control) => undoOf(control, signal), showUndone));
}

function showRolledBack({ zones }: RolledBack): void {
  for (const { zone_id: id, hash, label, from_hash: from, last_error: error } of zones) {
    if (hash !== from) out(`zone ${id} runs ${hash} ${label} again, instead of ${from}`);
    else out(paint.red(`zone ${id} still runs ${hash}: ${error ?? "no reason given"}`));
  }
}

const UNDO_LINES_SHOWN = 60;

function showUndone({ undos }: Undone): void {
  for (const undo of undos) for (const line of undoneLines(undo)) out(line);
}

function undoneLines({ zone_id: id, error, report, state, dry_run: isDry }: RemoteUndo): string[] {
  if (state === "failed" || report === null)
    return [paint.red(`zone ${id} was not undone: ${error ?? "no reason given"}`)];
  const { from_hash: module, to_hash: through, from_tick: from, tick, hash, pause_ms: pauseMs, clients } = report;
  const head = `zone ${id}: ticks ${from + 1} to ${tick} through ${through} instead of ${module}: ${undoInWords(report)}`;
  const what = isDry
    ? paint.dim("  nothing was changed: this was a dry run")
    : paint.dim(
        `  state ${hash}; the zone stood still for ${pauseMs} ms; ${clients} clients were told everything anew`,
      );
  return [paint.bold(head), what, ...undoLines(report, UNDO_LINES_SHOWN).map((line) => `  ${line}`)];
}
