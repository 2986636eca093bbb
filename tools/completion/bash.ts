// Completion for bash (3.2 and later): a function that walks the words typed so far to a place, and offers what may come.

import type { Place } from "./model.ts";
import { flagsWithValue, quote, stepsOf } from "./shell.ts";

export function bashCompletion(places: readonly Place[]): string {
  return `# Completion of wowsim for bash. Load it with: source <(wowsim completion bash)
_wowsim() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} place=wowsim skip= word i words= flags=
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
  [[ $cur == -* || -z $words ]] && words=$flags
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o bashdefault -o default -F _wowsim wowsim
`;
}

/** What follows a flag: words, or (nothing said) the shell's own completion of files. */
function valueCases({ path, flags }: Place): string[] {
  return flags.flatMap(({ names, value }) => {
    if (value === null || value === "any") return [];
    const cases = names.map((name) => quote(`${path}:${name}`)).join("|");
    if (value === "file") return [`      ${cases}) ;;`];
    return [`      ${cases}) COMPREPLY=($(compgen -W ${quote(value.join(" "))} -- "$cur")) ;;`];
  });
}

function placeCase({ path, subcommands, values, flags, takesFile }: Place): string {
  const names = flags.flatMap((flag) => flag.names).join(" ");
  const words = [...subcommands.map(({ name }) => name), ...values].join(" ");
  // A file is what bash offers by itself when it is offered nothing.
  const files = takesFile ? " [[ $cur == -* ]] || return ;" : "";
  return `    ${quote(path)})${files} words=${quote(words)} flags=${quote(names)} ;;`;
}
