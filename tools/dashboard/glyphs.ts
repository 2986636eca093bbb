// The same screen for terminals that only show ASCII: every other character that the dashboard uses has a similar ASCII
// character.

const ASCII: Record<string, string> = {
  "─": "-",
  "│": "|",
  "┌": "+",
  "┐": "+",
  "└": "+",
  "┘": "+",
  "…": "~",
  "→": ">",
  "▸": ">",
  "●": "@",
  "○": "o",
  "△": "m",
  "▲": "M",
  "◆": "P",
  "×": "x",
  "·": ".",
  "▁": ".",
  "▂": ".",
  "▃": ":",
  "▄": ":",
  "▅": "#",
  "▆": "#",
  "▇": "#",
  "█": "#",
};

/** The text with the same number of characters, all of them ASCII. */
export const toAscii = (text: string): string => text.replaceAll(/[^ -~]/g, (glyph) => ASCII[glyph] ?? "?");

/** Whether the terminal probably shows more than ASCII: not a Linux console, and not a locale with another encoding. */
export function showsUnicode(env: Record<string, string | undefined>): boolean {
  if (env["TERM"] === "linux") return false;
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return locale === "" || /utf-?8/i.test(locale);
}
