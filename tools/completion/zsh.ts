// Completion for zsh, with descriptions: as a file named _wowsim in $fpath, or sourced.

import type { Expected, Flag, Place, Word } from "./model.ts";
import { flagsWithValue, quote, stepsOf } from "./shell.ts";

export function zshCompletion(places: readonly Place[]): string {
  return `#compdef wowsim
# Completion of wowsim for zsh. Load it with: source <(wowsim completion zsh), after compinit
_wowsim() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} place=wowsim skip= word i files=
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
  elif [[ -n $files ]]; then
    (( $#next_words )) && _describe 'name' next_words
    _files -g "$files"
  elif (( $#next_words )); then
    _describe 'command' next_words
  else
    _describe -o 'flag' flags
  fi
}
# The zones of the server, else those of the built-in world.
_wowsim_zones() {
  local -a zones
  zones=(\${(f)"$(wowsim completion zones 2> /dev/null | tr '\t' ':')"})
  (( $#zones )) || zones=(1 2)
  _describe 'zone' zones
}
if [[ \${funcstack[1]} == _wowsim ]]; then _wowsim "$@"; else compdef _wowsim wowsim; fi
`;
}

function valueCases({ path, flags }: Place): string[] {
  return flags.flatMap(({ names, value }) => {
    const offered = value === null ? "" : offer(value);
    return offered === "" ? [] : [`      (${names.map((name) => quote(`${path}:${name}`)).join("|")}) ${offered} ;;`];
  });
}

function offer({ words, suffixes, areZones }: Expected): string {
  if (areZones) return "_wowsim_zones";
  if (suffixes !== null) return suffixes.length === 0 ? "_files -/" : `_files -g ${quote(patternOf(suffixes))}`;
  return words.length === 0 ? "" : `compadd -- ${words.map(quote).join(" ")}`;
}

/** File suffixes as a zsh pattern; a lone parenthesis group at the end would be read as a qualifier. */
function patternOf(suffixes: readonly string[]): string {
  const [only = ""] = suffixes;
  return suffixes.length === 1 ? `*${only}` : `*(${suffixes.join("|")})`;
}

function placeCase({ path, subcommands, argument, flags }: Place): string {
  const words = [...subcommands, ...argument.words.map((name) => ({ name, description: "" }))].map(described).join(" ");
  const files = argument.suffixes === null ? "" : ` files=${quote(patternOf(argument.suffixes))}`;
  return `    (${quote(path)}) next_words=(${words}) flags=(${flags.flatMap(describedFlag).join(" ")})${files} ;;`;
}

function describedFlag({ names, description }: Flag): string[] {
  return names.map((name) => described({ name, description }));
}

/** In the form of _describe: name:description, with the colons of the name escaped. */
function described({ name, description }: Word): string {
  const bare = name.replaceAll(":", String.raw`\:`);
  return quote(description === "" ? bare : `${bare}:${description}`);
}
