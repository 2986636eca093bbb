// The tree of subcommands for completion: for each place on the command line, what may come next.
//
//   completionsOf(program)[3]
//   // { path: "wowsim inject-fault", subcommands: [{ name: "activate", description: "Start a fault; ..." }, ...],
//   //   flags: [{ names: ["-h", "--help"], description: "...", value: null }], argument: NOTHING }

import type { Command, Option } from "commander";
import { candidateNames } from "../../assembly/toolchain/candidates.ts";
import { LIBRARY } from "../scenario/library.ts";
import { pathOf, withSubcommands } from "../ui/help.ts";
import { suggestedValues } from "../ui/suggestions.ts";

export interface Word {
  name: string;
  description: string;
}

/** The possible values at a place: some words, a file with one of some suffixes, or a zone number. */
export interface Expected {
  words: readonly string[];
  /** Null: no file; empty: a folder; "" is any file. */
  suffixes: readonly string[] | null;
  areZones: boolean;
}

export interface Flag {
  names: string[];
  description: string;
  /** Null: the flag has no value. */
  value: Expected | null;
}

export interface Place {
  /** The words typed so far: "wowsim inject-fault activate". */
  path: string;
  subcommands: Word[];
  flags: Flag[];
  /** The first argument. */
  argument: Expected;
}

/** A value that only the user knows. */
const NOTHING: Expected = { words: [], suffixes: null, areZones: false };

const words = (of: readonly string[]): Expected => ({ ...NOTHING, words: of });
const files = (...suffixes: string[]): Expected => ({ ...NOTHING, suffixes });

const TELEMETRY = files(".jsonl");
const SCENARIO: Expected = { ...words([...LIBRARY.keys()]), suffixes: [".toml", ".yaml", ".yml", ".json"] };

/** The values of arguments and flags whose definition does not give them. */
const KNOWN: Readonly<Record<string, Expected>> = {
  "wowsim parse-logs": TELEMETRY,
  "wowsim scenario run": SCENARIO,
  "wowsim scenario check": SCENARIO,
  "wowsim validate --file": files(".wowrec"),
  "--expect": files(".toml"),
  "--policy": files(".toml"),
  "wowsim build-kernel --out": files(".wasm"),
  "wowsim deploy show": words(["latest"]),
  "wowsim deploy rollback": words(["latest"]),
  "wowsim deploy show --report": files(".html", ".md"),
  "wowsim validate --report": files(".html", ".md"),
  "--file": TELEMETRY,
  "--telemetry-file": TELEMETRY,
  "--world": files(".toml"),
  "--candidate": files(".wasm"),
  "--journal": files(".json"),
  "--data-dir": files(),
};

export function completionsOf(program: Command): Place[] {
  return withSubcommands(program).map(placeOf);
}

function placeOf(command: Command): Place {
  const help = command.createHelp();
  const path = pathOf(command);
  return {
    path,
    subcommands: command.commands.map((sub) => ({ name: sub.name(), description: firstSentence(sub.description()) })),
    flags: help.visibleOptions(command).map((option) => flagOf(path, option)),
    argument: argumentOf(path, command),
  };
}

function argumentOf(path: string, command: Command): Expected {
  if (command.name() === "help" && command.parent !== null) return words(siblingsOf(command));
  if (path === "wowsim deploy" || path === "wowsim validate")
    return { ...words(candidateNames()), suffixes: [".wasm"] };
  const [argument] = command.registeredArguments;
  return KNOWN[path] ?? (argument === undefined ? NOTHING : words(suggestedValues(argument)));
}

function siblingsOf(command: Command): string[] {
  return (command.parent?.commands ?? []).filter((sibling) => sibling !== command).map((sibling) => sibling.name());
}

function flagOf(path: string, option: Option): Flag {
  const names = [option.short, option.long].filter((name): name is string => typeof name === "string");
  return { names, description: firstSentence(option.description), value: valueOf(path, option) };
}

function valueOf(path: string, option: Option): Expected | null {
  if (!option.required && !option.optional) return null;
  if (option.argChoices !== undefined) return words(option.argChoices);
  const name = option.long ?? "";
  if (path === "wowsim build-kernel" && name === "--candidate") return words(candidateNames());
  if (name.endsWith("-zone")) return { ...NOTHING, areZones: true };
  return KNOWN[`${path} ${name}`] ?? KNOWN[name] ?? (option.flags.includes("<file>") ? files("") : NOTHING);
}

/** Completion lists have one line each. */
function firstSentence(text: string): string {
  return (text.split(/[.;:] |\n/)[0] ?? "").replace(/\.$/, "");
}
