// What the subcommands of wowsim deploy share: their flags, and how they ask a server and show its answer.
//
//   subcommand(deploy, "status", "Show ...", { 0: "shown", 3: "no server answers" })
//     .action((_flags, command) => run(command, (remote) => remote.status(), showStatus))

import type { Command } from "commander";
import { addServerFlags, withServer } from "../client/server-flags.ts";
import type { ServerFlags } from "../client/server-flags.ts";
import type { Control, DeployRemote } from "../deploy/remote.ts";
import { addFormatFlag } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { EXIT, fail, outJson } from "../ui/output.ts";

interface Flags extends ServerFlags {
  format: OutputFormat;
}

/** Adds a subcommand with the flags that choose a server, --format, and its exit codes. */
export function subcommand(
  parent: Command,
  name: string,
  description: string,
  codes: Parameters<typeof exitCodes>[0],
): Command {
  const command = parent.command(name).description(description).addHelpText("after", exitCodes(codes));
  return addFormatFlag(addServerFlags(command, "deploy control"));
}

/** Asks the server and shows the answer; an answer that says that something did not come about is exit code 1. */
export async function run<Answer>(
  command: Command,
  ask: (remote: DeployRemote, control: Control) => Promise<Answer>,
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
      return await ask(new Remote(control), control);
    });
    if (flags.format === "json") outJson(answer);
    else show(answer);
    if (isFailed(answer)) process.exitCode = EXIT.degraded;
  } catch (error) {
    fail(error);
  }
}

const isFailed = (answer: unknown): boolean => {
  const { isBack = true, isDone = true } = Object(answer) as { isBack?: boolean; isDone?: boolean };
  return !isBack || !isDone;
};

/** The subcommand's own flags, and those written before its name. */
function flagsOf(command: Command): Flags {
  const own = command.opts<Flags>();
  const parent = command.parent;
  const before = Object.entries(parent?.opts() ?? {}).filter(
    ([name]) => parent?.getOptionValueSource(name) === "cli" && command.getOptionValueSource(name) !== "cli",
  );
  return { ...own, ...Object.fromEntries(before) };
}
