// Completion for fish, with descriptions.

import type { Flag, Place } from "./model.ts";
import { flagsWithValue, stepsOf } from "./shell.ts";

export function fishCompletion(places: readonly Place[]): string {
  return `# Completion of wowsim for fish. Load it with: wowsim completion fish | source
function __wowsim_place
    set -l place wowsim
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
            continue
        end
        switch "$place:$word"
${stepsOf(places, (cases) => `            case ${cases.join(" ")}\n                set place "$place $word"`)}
${flagsWithValue(places, (cases) => `            case ${cases.join(" ")}\n                set skip yes`)}
        end
    end
    echo $place
end
function __wowsim_at
    test (__wowsim_place) = "$argv"
end
# Folders, and files that end in one of the suffixes given.
function __wowsim_files
    set -l typed (commandline -ct)
    for path in $typed*
        if test -d $path
            echo $path/
            continue
        end
        for suffix in $argv
            string match -q -- "*$suffix" $path; and echo $path
        end
    end
end
# The zones of the server, else those of the built-in world.
function __wowsim_zones
    set -l zones (wowsim completion zones 2> /dev/null)
    test (count $zones) -gt 0; or set zones 1 2
    printf '%s\\n' $zones
end
complete -c wowsim -f
${places.flatMap(completionsAt).join("\n")}
`;
}

function completionsAt({ path, subcommands, argument, flags }: Place): string[] {
  const at = `complete -c wowsim -n ${quote(`__wowsim_at ${path}`)}`;
  return [
    ...subcommands.map(({ name, description }) => `${at} -a ${quote(name)} -d ${quote(description)}`),
    ...argument.words.map((value) => `${at} -a ${quote(value)}`),
    ...(argument.suffixes === null ? [] : [`${at} -a ${quote(filesOf(argument.suffixes))}`]),
    ...flags.map((flag) => `${at} ${flagWords(flag)} -d ${quote(flag.description)}`),
  ];
}

function flagWords({ names, value }: Flag): string {
  const letters = names
    .map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
    .join(" ");
  if (value === null) return letters;
  const { words, suffixes, areZones } = value;
  if (areZones) return `${letters} -x -a '(__wowsim_zones)'`;
  if (suffixes !== null) return `${letters} -x -a ${quote(filesOf(suffixes))}`;
  return words.length === 0 ? `${letters} -x` : `${letters} -x -a ${quote(words.join(" "))}`;
}

const filesOf = (suffixes: readonly string[]): string => `(__wowsim_files ${suffixes.map(quote).join(" ")})`;

/** Quoted as one word of fish, where a backslash escapes inside single quotes. */
function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
