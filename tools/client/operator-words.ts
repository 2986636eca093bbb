// A server's refusals name wire requests, for programs. An operator types commands, so a tool replaces each request
// with the command, including the server that it is for.
//
//   inOperatorWords('Faults are halted. Send {"command":"resume"} to allow it again.', "127.0.0.1:8081")
//   // "Faults are halted. To allow it again: wowsim inject-fault resume --server 127.0.0.1:8081"

import { shellWord } from "./server-name.ts";

type Wording = [wire: RegExp, command: (server: string, ...found: string[]) => string];

/** A request that the server's message asks for, and its purpose. */
const SEND = /Send \{"command":"(resume|halt|list|deactivate_all)"\} to ([^.]+)\./g;

const SEND_DEPLOY = /Send \{"command":"deploy_(abort|rollback|thaw)"\} to ([^.]+)\./g;

const WORDINGS: readonly Wording[] = [
  [SEND, (server, verb = "", aim = "") => `To ${aim}: wowsim inject-fault ${verb.replaceAll("_", "-")}${server}`],
  [SEND_DEPLOY, (server, verb = "", aim = "") => `To ${aim}: wowsim deploy ${verb}${server}`],
  [/To go on all the same, begin it with "force"\./g, () => "To go on all the same: --force --reason TEXT."],
  [/; see deploy_status\./g, (server) => `; see what runs: wowsim deploy status${server}`],
  [/; see deploy_undo_report\./g, () => "."],
  [
    /; a roll-back alone is deploy_rollback\./g,
    (server) => `; to roll back without it: wowsim deploy rollback${server}`,
  ],
  [/ \(deploy_status\)\./g, (server) => `: wowsim deploy status${server}`],
  [/; ask deploy_status until it is ready\./g, (server) => `; see how far it is: wowsim deploy status${server}`],
  [/; start one with deploy_swap\./g, () => "; its trial is over. See docs/DEPLOYS.md."],
  [/; send it with deploy_load\./g, () => "; deploy its file again. See docs/DEPLOYS.md."],
];

/** A message about the token, without how to send it: a tool does that by itself. */
export const forOperators = (message: string): string => message.replace(/ to a tool[,;] or send .*\.$/, ".");

/** `server`: HOST:PORT of the control port, which is added to the commands. */
export function inOperatorWords(message: string, server: string): string {
  const flag = ` --server ${shellWord(server)}`;
  return WORDINGS.reduce(
    (text, [wire, command]) =>
      text.replace(wire, (_whole, ...found: unknown[]) =>
        command(flag, ...found.filter((each): each is string => typeof each === "string")),
      ),
    forOperators(message),
  );
}
