// Escapes text for HTML and XML.
//
//   escapeMarkup('<b> & "x"')      // "&lt;b&gt; &amp; &quot;x&quot;"

import { printableLines } from "../../server/protocol/printable.ts";

/** The text, escaped for an element or a quoted attribute; characters that no document may contain are replaced. */
export function escapeMarkup(text: string): string {
  return printableLines(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
