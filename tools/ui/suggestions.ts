// Values that shell completion offers for an argument which the command itself takes without asking what they are (because
// the server decides, for one). Where the command checks, commander's own choices() do both.
//
//   command.addArgument(suggest(new Argument("<fault>", "which"), ["latency-spike", "slow-leak"]))

import type { Argument } from "commander";

const suggestions = new WeakMap<Argument, readonly string[]>();

export function suggest(argument: Argument, values: readonly string[]): Argument {
  suggestions.set(argument, values);
  return argument;
}

/** What may stand there, as far as is known. */
export function suggestedValues(argument: Argument): readonly string[] {
  return argument.argChoices ?? suggestions.get(argument) ?? [];
}
