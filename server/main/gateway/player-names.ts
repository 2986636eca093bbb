// What a player may be called: characters that everybody sees, in the order in which they were written (printable.ts), and
// more than blanks. Names are shown in terminals, logs and other people's clients, where anything else would lie.
//
//   nameProblem("Ann", 32)             // null
//   nameProblem("Ann\u202e", 32)       // "A name has 1 to 32 printable characters: ..."

import { isPrintable } from "../../protocol/printable.ts";

/** Letters that are drawn as nothing, and spaces that are none on a keyboard but look like the one that is. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}|\u2800|[^\P{Zs} ]/u;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** What is wrong with a name, for its player; null when it can be shown to anybody. */
export function nameProblem(name: string, charactersMax: number): string | null {
  if (name.length <= charactersMax && isPrintable(name) && VISIBLE.test(name) && !UNSEEN.test(name)) return null;
  return `A name has 1 to ${charactersMax} printable characters: nothing invisible, nothing that turns the text around.`;
}
