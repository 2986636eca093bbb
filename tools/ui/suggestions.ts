// Values that shell completion offers for an argument that the command does not check itself (for example, because the server
// decides). Where the command checks, commander's own choices() does both.
//
//   command.addArgument(suggest(new Argument("<fault>", "which"), ["latency-spike", "slow-leak"]))

import type { Argument } from "commander";

const suggestions = new WeakMap<Argument, readonly string[]>();

export function suggest(argument: Argument, values: readonly string[]): Argument {
  suggestions.set(argument, values);
  return argument;
}

/** The possible values, as far as they are known. */
export function suggestedValues(argument: Argument): readonly string[] {
  return argument.argChoices ?? suggestions.get(argument) ?? [];
}
