// Texts in HTML and XML.
//
//   escapeMarkup('<b> & "x"')      // "&lt;b&gt; &amp; &quot;x&quot;"

import { printableLines } from "../../server/protocol/printable.ts";

/** The text as it stands in an element or a quoted attribute; what no document may contain is replaced. */
export function escapeMarkup(text: string): string {
  return printableLines(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
