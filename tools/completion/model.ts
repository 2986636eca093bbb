// The tree of subcommands as completion sees it: for each place on the command line, what may come next.
//
//   completionsOf(program)[3]
//   // { path: "wowsim inject-fault", words: [{ name: "activate", description: "Start a fault; ..." }, ...],
//   //   flags: [{ names: ["-h", "--help"], description: "...", value: null }], takesFile: false }

import type { Command, Option } from "commander";
import { pathOf, withSubcommands } from "../ui/help.ts";
import { suggestedValues } from "../ui/suggestions.ts";

export interface Word {
  name: string;
  description: string;
}

/** What follows a flag: nothing, a file, one of some words, or something only the user knows ("any"). */
export type FlagValue = null | "file" | "any" | readonly string[];

export interface Flag {
  names: string[];
  description: string;
  value: FlagValue;
}

export interface Place {
  /** As typed so far: "wowsim inject-fault activate". */
  path: string;
  subcommands: Word[];
  /** Values of the first argument. */
  values: readonly string[];
  flags: Flag[];
  /** An argument is a file. */
  takesFile: boolean;
}

export function completionsOf(program: Command): Place[] {
  return withSubcommands(program).map(placeOf);
}

function placeOf(command: Command): Place {
  const help = command.createHelp();
  const [argument] = command.registeredArguments;
  const isHelp = command.name() === "help" && command.parent !== null;
  return {
    path: pathOf(command),
    subcommands: command.commands.map((sub) => ({ name: sub.name(), description: firstSentence(sub.description()) })),
    values: isHelp ? siblingsOf(command) : argument === undefined ? [] : suggestedValues(argument),
    flags: help.visibleOptions(command).map(flagOf),
    takesFile: argument !== undefined && isFile(argument.name()),
  };
}

function siblingsOf(command: Command): string[] {
  return (command.parent?.commands ?? []).filter((sibling) => sibling !== command).map((sibling) => sibling.name());
}

function flagOf(option: Option): Flag {
  const names = [option.short, option.long].filter((name): name is string => typeof name === "string");
  return { names, description: firstSentence(option.description), value: valueOf(option) };
}

function valueOf(option: Option): FlagValue {
  if (!option.required && !option.optional) return null;
  if (option.argChoices !== undefined) return option.argChoices;
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1] ?? "";
  return isFile(placeholder) ? "file" : "any";
}

function isFile(placeholder: string): boolean {
  return /^(file|dir|module)(\.\.\.)?$/i.test(placeholder.replace(/\..*$/, ""));
}

/** Completion lists have one line each. */
function firstSentence(text: string): string {
  return (text.split(/[.;:] |\n/)[0] ?? "").replace(/\.$/, "");
}
