// The rules for player names: characters that everybody can see, in the order in which they were written
// (printable.ts), and not only blanks. Names appear in terminals, logs and other clients, where any other character
// could deceive the reader.
//
//   nameProblem("Ann", 32)             // null
//   nameProblem("Ann\u202e", 32)       // "A name has 1 to 32 printable characters: ..."
//
// A character is what a person counts as one: an emoji of seven code points, a letter with its accents. Such a
// character has no length limit, so the bytes are bounded too.

import { isPrintable, withoutJoiners } from "../../protocol/printable.ts";

/** The most UTF-8 bytes of a name, per character of the limit. */
const BYTES_PER_CHARACTER = 8;
/** Letters that are drawn as nothing, and spaces other than the one on a keyboard that look like it. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}|\u2800|[^\P{Zs} ]/u;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;
/** The variation selector that asks for the emoji instead of the plain sign. */
const EMOJI_STYLE = /(?<=\p{Extended_Pictographic})\ufe0f|\ufe0f(?=\u20e3)/gu;
const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The problem of a name, as a message for its player; null when the name is allowed. */
export function nameProblem(name: string, charactersMax: number): string | null {
  const bytesMax = charactersMax * BYTES_PER_CHARACTER;
  if (Buffer.byteLength(name) > bytesMax || [...GRAPHEMES.segment(name)].length > charactersMax)
    return `A name has 1 to ${charactersMax} characters, and at most ${bytesMax} bytes.`;
  const seen = withoutJoiners(name).replaceAll(EMOJI_STYLE, "");
  if (isPrintable(name) && VISIBLE.test(name) && !UNSEEN.test(seen)) return null;
  return `A name has 1 to ${charactersMax} printable characters: nothing invisible, nothing that turns the text around.`;
}
