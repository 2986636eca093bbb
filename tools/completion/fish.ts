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
complete -c wowsim -f
${places.flatMap(completionsAt).join("\n")}
`;
}

function completionsAt({ path, subcommands, values, flags, takesFile }: Place): string[] {
  const at = `complete -c wowsim -n ${quote(`__wowsim_at ${path}`)}`;
  return [
    ...subcommands.map(({ name, description }) => `${at} -a ${quote(name)} -d ${quote(description)}`),
    ...values.map((value) => `${at} -a ${quote(value)}`),
    ...(takesFile ? [`${at} -F`] : []),
    ...flags.map((flag) => `${at} ${flagWords(flag)} -d ${quote(flag.description)}`),
  ];
}

function flagWords({ names, value }: Flag): string {
  const letters = names
    .map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
    .join(" ");
  if (value === null) return letters;
  if (value === "file") return `${letters} -r -F`;
  return value === "any" ? `${letters} -x` : `${letters} -x -a ${quote(value.join(" "))}`;
}

/** As one word of fish, where a backslash escapes inside single quotes. */
function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
