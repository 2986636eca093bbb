// A server's refusals name requests of the wire, for the programs that speak to it. An operator types commands: what a tool
// shows has those instead, with the server they are for.
//
//   inOperatorWords('Faults are halted. Send {"command":"resume"} to allow it again.', "127.0.0.1:8081")
//   // "Faults are halted. To allow it again: wowsim inject-fault resume --server 127.0.0.1:8081"

import { shellWord } from "./server-name.ts";

type Wording = [wire: RegExp, command: (server: string, ...found: string[]) => string];

/** A request on its own that the server asks for, and what it is good for. */
const SEND = /Send \{"command":"(resume|halt|list|deactivate_all)"\} to ([^.]+)\./g;

const WORDINGS: readonly Wording[] = [
  [SEND, (server, verb = "", aim = "") => `To ${aim}: wowsim inject-fault ${verb.replaceAll("_", "-")}${server}`],
  [/; see deploy_status\./g, (server) => `; see what runs: wowsim deploy status${server}`],
  [/ \(deploy_status\)\./g, (server) => `: wowsim deploy status${server}`],
  [/; ask deploy_status until it is ready\./g, (server) => `; see how far it is: wowsim deploy status${server}`],
  [/; start one with deploy_swap\./g, () => "; its trial is over. See docs/DEPLOYS.md."],
  [/; send it with deploy_load\./g, () => "; deploy its file again. See docs/DEPLOYS.md."],
];

/** What a server says of its token, without how it is sent: a tool does that by itself, once it has it. */
export const forOperators = (message: string): string => message.replace(/ to a tool[,;] or send .*\.$/, ".");

/** `server`: HOST:PORT of the control port, which the commands are told. */
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
