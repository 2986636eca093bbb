// Completion for zsh, with descriptions: as a file named _wowsim in $fpath, or sourced.

import type { Flag, Place, Word } from "./model.ts";
import { flagsWithValue, quote, stepsOf } from "./shell.ts";

export function zshCompletion(places: readonly Place[]): string {
  return `#compdef wowsim
# Completion of wowsim for zsh. Load it with: source <(wowsim completion zsh), after compinit
_wowsim() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} place=wowsim skip= word i takes_file=
  local -a next_words flags
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if [[ -n $skip ]]; then skip=; continue; fi
    case "$place:$word" in
${stepsOf(places, (cases) => `      (${cases.join("|")}) place="$place $word" ;;`)}
${flagsWithValue(places, (cases) => `      (${cases.join("|")}) skip=yes ;;`)}
    esac
  done
  if [[ -n $skip ]]; then
    case "$place:$prev" in
${places.flatMap(valueCases).join("\n")}
      (*) _message 'value' ;;
    esac
    return
  fi
  case "$place" in
${places.map(placeCase).join("\n")}
  esac
  if [[ $cur == -* ]]; then
    _describe -o 'flag' flags
  elif [[ -n $takes_file ]]; then
    _files
  elif (( $#next_words )); then
    _describe 'command' next_words
  else
    _describe -o 'flag' flags
  fi
}
if [[ \${funcstack[1]} == _wowsim ]]; then _wowsim "$@"; else compdef _wowsim wowsim; fi
`;
}

function valueCases({ path, flags }: Place): string[] {
  return flags.flatMap(({ names, value }) => {
    if (value === null || value === "any") return [];
    const cases = names.map((name) => quote(`${path}:${name}`)).join("|");
    return [`      (${cases}) ${value === "file" ? "_files" : `compadd -- ${value.map(quote).join(" ")}`} ;;`];
  });
}

function placeCase({ path, subcommands, values, flags, takesFile }: Place): string {
  const words = [...subcommands, ...values.map((name) => ({ name, description: "" }))].map(described).join(" ");
  const file = takesFile ? " takes_file=yes" : "";
  return `    (${quote(path)}) next_words=(${words}) flags=(${flags.flatMap(describedFlag).join(" ")})${file} ;;`;
}

function describedFlag({ names, description }: Flag): string[] {
  return names.map((name) => described({ name, description }));
}

/** As _describe has it: name:description, with the colons of the name escaped. */
function described({ name, description }: Word): string {
  const bare = name.replaceAll(":", String.raw`\:`);
  return quote(description === "" ? bare : `${bare}:${description}`);
}
