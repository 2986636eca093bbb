// The subcommands of wowsim deploy: what zones run, what was deployed and how it ended (status, history, show), who may deploy (freeze,
// thaw), and the ways back (abort, rollback, undo).
//
//   wowsim deploy status
//   wowsim deploy show latest --report report.html
//   wowsim deploy rollback --zone 2
//   wowsim deploy undo --dry-run

import type { Command } from "commander";
import { undoInWords, undoLines } from "../../server/protocol/undo.ts";
import type { RolledBack } from "../deploy/remote.ts";
import type { RemoteUndo, Undone, UndoFlags } from "../deploy/undo.ts";
import { parseInteger } from "../ui/flags.ts";
import { interruptible } from "../ui/interrupt.ts";
import { out, paint } from "../ui/output.ts";
import { addRecordSubcommands } from "./deploy-record-subcommands.ts";
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
    1: "there is no earlier module, or a zone did not go back",
    3: "no server answers",
  })
    .option("--zone <n>", "only in this zone; 0 is all", parseInteger(0, 65_535), 0)
    .option("--undo", "also undo what the module did: the same as wowsim deploy undo")
    .action(({ zone, undo }: { zone: number; undo?: boolean }, command: Command) =>
      undo === true
        ? runUndo(command, { zoneId: zone, isDry: false })
        : run(command, (remote) => remote.rollBack(zone), showRolledBack),
    );

  subcommand(deploy, "undo", "Undo what a module did: roll it back, and run the ticks since its swap without it.", {
    0: "undone, or with --dry-run looked through",
    1: "there is nothing to undo (any more), or it could not be undone",
    3: "no server answers",
  })
    .option("--zone <n>", "only in this zone; 0 is all that have something to undo", parseInteger(0, 65_535), 0)
    .option("--dry-run", "only say what would change, and for whom")
    .option("--reason <text>", "why, for the deploy history", "")
    .action(({ zone, dryRun = false, reason }: UndoCommandFlags, command: Command) =>
      runUndo(command, { zoneId: zone, isDry: dryRun, reason }),
    );
}

interface UndoCommandFlags {
  zone: number;
  dryRun?: boolean;
  reason: string;
}

async function runUndo(command: Command, flags: UndoFlags): Promise<void> {
  const { undo } = await import("../deploy/undo.ts");
  await interruptible((signal) => run(command, (_remote, control) => undo(control, flags, signal), showUndone));
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
