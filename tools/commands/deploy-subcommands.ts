// wowsim deploy status, history and rollback: what zones run, what was deployed and how it ended, and the roll-back.
//
//   wowsim deploy status
//   wowsim deploy history --limit 20 --format json
//   wowsim deploy rollback --zone 2

import type { Command } from "commander";
import type { DeployRemote, RemoteEntry, RemoteLost, RemoteStatus, RolledBack } from "../deploy/remote.ts";
import { addFormatFlag, parseInteger } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { EXIT, fail, out, outJson, paint } from "../ui/output.ts";
import { addServerFlags, withServer } from "../client/server-flags.ts";
import type { ServerFlags } from "../client/server-flags.ts";
import { tableLines } from "../ui/table.ts";

interface Flags extends ServerFlags {
  format: OutputFormat;
}

const HISTORY_MAX = 500;
const HISTORY_DEFAULT = 20;

export function addSubcommands(deploy: Command): void {
  // Flags after a subcommand belong to it, although `deploy FILE` has some with the same name.
  deploy.enablePositionalOptions();
  subcommand(deploy, "status", "Show which module each zone runs, and what is on trial.", {
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

  subcommand(deploy, "rollback", "Roll back the module on trial; without one, undo the last promotion.", {
    0: "every zone in question runs its earlier module again",
    1: "there is no earlier module, or a zone did not go back",
    3: "no server answers",
  })
    .option("--zone <n>", "only in this zone; 0 is all", parseInteger(0, 65_535), 0)
    .action((flags: { zone: number }, command: Command) =>
      run(command, (remote) => remote.rollBack(flags.zone), showRolledBack),
    );
}

function subcommand(
  parent: Command,
  name: string,
  description: string,
  codes: Parameters<typeof exitCodes>[0],
): Command {
  const command = parent.command(name).description(description).addHelpText("after", exitCodes(codes));
  return addFormatFlag(addServerFlags(command, "deploy control"));
}

async function run<Answer>(
  command: Command,
  ask: (remote: DeployRemote) => Promise<Answer>,
  show: (answer: Answer) => void,
): Promise<void> {
  const flags = flagsOf(command);
  try {
    const [{ ControlClient }, { DeployRemote: Remote }] = await Promise.all([
      import("../client/control-client.ts"),
      import("../deploy/remote.ts"),
    ]);
    const answer = await withServer("deploy control", flags, async ({ host, ports: { control: port }, token }) => {
      await using control = await ControlClient.connect({ host, port, ...(token === undefined ? {} : { token }) });
      return await ask(new Remote(control));
    });
    if (flags.format === "json") outJson(answer);
    else show(answer);
    if (isFailed(answer)) process.exitCode = EXIT.degraded;
  } catch (error) {
    fail(error);
  }
}

const isFailed = (answer: unknown): boolean =>
  typeof answer === "object" && answer !== null && "isBack" in answer && answer.isBack === false;

/** The subcommand's own flags, and those written before its name. */
function flagsOf(command: Command): Flags {
  const own = command.opts<Flags>();
  const parent = command.parent;
  const before = Object.entries(parent?.opts() ?? {}).filter(
    ([name]) => parent?.getOptionValueSource(name) === "cli" && command.getOptionValueSource(name) !== "cli",
  );
  return { ...own, ...Object.fromEntries(before) };
}

function showStatus({ zones, modules, lost }: RemoteStatus): void {
  const rows = zones.map((zone) => [
    zone.zone_id,
    zone.hash,
    zone.label,
    zone.phase,
    zone.lease_ms_left === null ? null : `${Math.ceil(zone.lease_ms_left / 1_000)} s`,
    zone.previous_hash,
  ]);
  for (const line of tableLines(["zone", "runs", "label", "phase", "lease", "goes back to"], rows)) out(line);
  for (const { zone_id: id, last_error: error } of zones) if (error !== null) out(paint.yellow(`zone ${id}: ${error}`));
  const waiting = modules.filter(({ hash }) => !zones.some((zone) => zone.hash === hash));
  for (const { hash, label, state } of waiting)
    out(paint.dim(`loaded, and running nowhere: ${hash} ${label} (${state})`));
  for (const each of lost) out(paint.yellow(lostLine(each)));
}

const lostLine = ({ hash, label, promoted_at: at, zones }: RemoteLost): string =>
  `lost at a restart: ${label} (${hash}), promoted at ${at} in zone ${zones.join(", ")}; deploy it again`;

function showHistory({ entries, damaged_lines: damaged }: { entries: RemoteEntry[]; damaged_lines: number }): void {
  const rows = entries.map((entry) => [
    entry.timestamp,
    entry.event.replace("_", " "),
    entry.zone_id === 0 ? null : entry.zone_id,
    entry.event === "rolled_back" ? entry.from_hash : entry.to_hash,
    entry.label,
    entry.by === "" ? null : entry.by,
    entry.reason === "" ? null : entry.reason,
  ]);
  for (const line of tableLines(["when", "what", "zone", "module", "label", "by", "why"], rows)) out(line);
  if (damaged > 0) out(paint.dim(`Lines of the history that could not be read: ${damaged}.`));
}

function showRolledBack({ zones }: RolledBack): void {
  for (const { zone_id: id, hash, label, from_hash: from, last_error: error } of zones) {
    if (hash !== from) out(`zone ${id} runs ${hash} ${label} again, instead of ${from}`);
    else out(paint.red(`zone ${id} still runs ${hash}: ${error ?? "no reason given"}`));
  }
}
