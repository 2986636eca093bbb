// What a server refuses names requests of the wire; what an operator reads has commands that can be pasted instead. The
// messages are those of the server's own sources: one that is worded anew there, and not understood here, is noticed.

import { expect, test } from "bun:test";
import { Glob } from "bun";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inOperatorWords } from "../../../tools/client/operator-words.ts";
import { ROOT } from "../../helpers/command.ts";

/** Requests of the wire in a message for people. */
const WIRE = /\{"command"|\bdeploy_[a-z]+\b|Bearer|"token"|inspect_zone/;

/** Texts of the server's sources that speak of such requests, as they stand there. */
function messagesOfTheServer(): string[] {
  const files = [...new Glob("server/{main,feed}/**/*.ts").scanSync(ROOT)];
  return files.flatMap((file) =>
    readFileSync(join(ROOT, file), "utf8")
      .split("\n")
      .filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line))
      .flatMap((line) => [...line.matchAll(/(["'`])((?:(?!\1).)* (?:(?!\1).)*)\1/g)].map(([, , text = ""]) => text))
      .filter((text) => WIRE.test(text) && /[.)] ?$|\.\\n$/.test(text))
      // What is no request at all comes from no tool.
      .filter((text) => !/one object a line|is a JSON object/.test(text)),
  );
}

test("every refusal of the server that names requests of the wire is told in commands", () => {
  const messages = messagesOfTheServer().map((text) => text.replace(/\\n$/, ""));
  expect(messages.length).toBeGreaterThan(5);
  const told = messages.map((text) => inOperatorWords(text, "127.0.0.1:8081"));
  expect(told.filter((text) => WIRE.test(text))).toEqual([]);
});

test.each([
  [
    'Fault injection is halted. Send {"command":"resume"} to allow it again.',
    "Fault injection is halted. To allow it again: wowsim inject-fault resume --server 127.0.0.1:8081",
  ],
  [
    "No zone has an earlier module to go back to; see deploy_status.",
    "No zone has an earlier module to go back to; see what runs: wowsim deploy status --server 127.0.0.1:8081",
  ],
  [
    'This server wants its token: give --token or WOWSIM_TOKEN to a tool; or send {"command":"auth","token":"..."} first.',
    "This server wants its token: give --token or WOWSIM_TOKEN.",
  ],
  [
    "The numbers are for operators: give --token or WOWSIM_TOKEN to a tool, or send Authorization: Bearer <token>.",
    "The numbers are for operators: give --token or WOWSIM_TOKEN.",
  ],
  [
    'Deploys are frozen: raid night. To go on all the same, begin it with "force". Send {"command":"deploy_thaw"} to thaw them.',
    "Deploys are frozen: raid night. To go on all the same: --force --reason TEXT. To thaw them: wowsim deploy thaw --server 127.0.0.1:8081",
  ],
  ["There is no zone 9; choose from 1, 2.", "There is no zone 9; choose from 1, 2."],
])("%s", (wire, words) => {
  expect(inOperatorWords(wire, "127.0.0.1:8081")).toBe(words);
});
