// The common parts of the scripts for the three shells: they all follow the typed words, and so need to know which
// words lead to a next place, and which flags take the word after them as a value.

import type { Place } from "./model.ts";

/** For every place with subcommands, a line by `write` for the cases "place:subcommand" that lead to a next place. */
export function stepsOf(places: readonly Place[], write: (cases: string[]) => string): string {
  return places
    .filter(({ subcommands }) => subcommands.length > 0)
    .map(({ path, subcommands }) => write(subcommands.map(({ name }) => quote(`${path}:${name}`))))
    .join("\n");
}

/** For every place with such flags, a line by `write` for the cases "place:flag" that take a value. */
export function flagsWithValue(places: readonly Place[], write: (cases: string[]) => string): string {
  return places
    .map(({ path, flags }) =>
      flags.filter(({ value }) => value !== null).flatMap(({ names }) => names.map((name) => quote(`${path}:${name}`))),
    )
    .filter((cases) => cases.length > 0)
    .map(write)
    .join("\n");
}

/** Quoted as one word of bash or zsh. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
