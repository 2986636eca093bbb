// Completion for bash (3.2 and later): a function that follows the typed words to a place in
// the tree, and offers what may come next.

import type { Expected, Place } from "./model.ts";
import { flagsWithValue, quote, stepsOf } from "./shell.ts";

export function bashCompletion(places: readonly Place[]): string {
  return `# Completion of wowsim for bash. Load it with: source <(wowsim completion bash)
_wowsim() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} place=wowsim skip= word i words= flags= files=
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $skip ]]; then skip=; continue; fi
    case "$place:$word" in
${stepsOf(places, (cases) => `      ${cases.join("|")}) place="$place $word" ;;`)}
${flagsWithValue(places, (flag) => `      ${flag.join("|")}) skip=yes ;;`)}
    esac
  done
  if [[ -n $skip ]]; then
    case "$place:$prev" in
${places.flatMap(valueCases).join("\n")}
      *) type compopt > /dev/null 2>&1 && compopt +o default +o bashdefault 2> /dev/null ;;
    esac
    return
  fi
  case "$place" in
${places.map(placeCase).join("\n")}
  esac
  [[ $cur == -* || ( -z $words && -z $files ) ]] && words=$flags files=
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ -z $files ]] || _wowsim_files $files
}
# Folders, and files that end in one of the suffixes given.
_wowsim_files() {
  local IFS=$'\n' suffix
  COMPREPLY+=($(compgen -d -- "$cur"))
  for suffix in "$@"; do COMPREPLY+=($(compgen -f -X "!*$suffix" -- "$cur")); done
  type compopt > /dev/null 2>&1 && compopt -o filenames 2> /dev/null
  return 0
}
# The zones of the server, else those of the built-in world.
_wowsim_zones() {
  local zones=$(wowsim completion zones 2> /dev/null | cut -f 1)
  COMPREPLY=($(compgen -W "\${zones:-1 2}" -- "$cur"))
}
complete -o bashdefault -o default -F _wowsim wowsim
`;
}

/** The values of a flag: words, files, zones, or, without a case, none. */
function valueCases({ path, flags }: Place): string[] {
  return flags.flatMap(({ names, value }) => {
    const offered = value === null ? "" : offer(value);
    return offered === "" ? [] : [`      ${names.map((name) => quote(`${path}:${name}`)).join("|")}) ${offered} ;;`];
  });
}

function offer({ words, suffixes, areZones }: Expected): string {
  if (areZones) return "_wowsim_zones";
  const offered = words.length === 0 ? [] : [`COMPREPLY=($(compgen -W ${quote(words.join(" "))} -- "$cur"))`];
  if (suffixes !== null) offered.push(`_wowsim_files ${suffixes.map(quote).join(" ")}`.trimEnd());
  return offered.join("; ");
}

function placeCase({ path, subcommands, argument, flags }: Place): string {
  const names = flags.flatMap((flag) => flag.names).join(" ");
  const words = [...subcommands.map(({ name }) => name), ...argument.words].join(" ");
  const files = argument.suffixes === null ? "" : ` files=${quote(argument.suffixes.join(" "))}`;
  return `    ${quote(path)}) words=${quote(words)} flags=${quote(names)}${files} ;;`;
}
