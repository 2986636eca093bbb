// What a player may be called: characters that everybody sees, in the order in which they were written (printable.ts), and
// more than blanks. Names are shown in terminals, logs and other people's clients, where anything else would lie.
//
//   nameProblem("Ann", 32)             // null
//   nameProblem("Ann\u202e", 32)       // "A name has 1 to 32 printable characters: ..."
//
// A character is what a person counts as one: an emoji of seven code points, a letter with its accents. Since those have no
// end, bytes are bounded too.

import { isPrintable, withoutJoiners } from "../../protocol/printable.ts";

/** UTF-8, a character of the limit. */
const BYTES_PER_CHARACTER = 8;
/** Letters that are drawn as nothing, and spaces that are none on a keyboard but look like the one that is. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}|\u2800|[^\P{Zs} ]/u;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;
/** Says that an emoji is meant, and not the sign that it is made from. */
const EMOJI_STYLE = /(?<=\p{Extended_Pictographic})\ufe0f|\ufe0f(?=\u20e3)/gu;
const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });

/** What is wrong with a name, for its player; null when it can be shown to anybody. */
export function nameProblem(name: string, charactersMax: number): string | null {
  const bytesMax = charactersMax * BYTES_PER_CHARACTER;
  if (Buffer.byteLength(name) > bytesMax || [...GRAPHEMES.segment(name)].length > charactersMax)
    return `A name has 1 to ${charactersMax} characters, and at most ${bytesMax} bytes.`;
  const seen = withoutJoiners(name).replaceAll(EMOJI_STYLE, "");
  if (isPrintable(name) && VISIBLE.test(name) && !UNSEEN.test(seen)) return null;
  return `A name has 1 to ${charactersMax} printable characters: nothing invisible, nothing that turns the text around.`;
}
