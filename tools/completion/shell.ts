// What the scripts for the three shells have in common: they all walk the words typed so far, and so need to know which
// words lead on from where, and which flags swallow the word after them.

import type { Place } from "./model.ts";

/** For every place with subcommands, a line of `write` for the cases "place:subcommand" that lead on. */
export function stepsOf(places: readonly Place[], write: (cases: string[]) => string): string {
  return places
    .filter(({ subcommands }) => subcommands.length > 0)
    .map(({ path, subcommands }) => write(subcommands.map(({ name }) => quote(`${path}:${name}`))))
    .join("\n");
}

/** For every place with such flags, a line of `write` for the cases "place:flag" that take a value. */
export function flagsWithValue(places: readonly Place[], write: (cases: string[]) => string): string {
  return places
    .map(({ path, flags }) =>
      flags.filter(({ value }) => value !== null).flatMap(({ names }) => names.map((name) => quote(`${path}:${name}`))),
    )
    .filter((cases) => cases.length > 0)
    .map(write)
    .join("\n");
}

/** As one word of bash or zsh. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
