// The same screen for terminals that know nothing but ASCII: every other character that the dashboard draws with has one
// there that looks a little like it.

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

/** As many characters, all of them ASCII. */
export const toAscii = (text: string): string => text.replaceAll(/[^ -~]/g, (glyph) => ASCII[glyph] ?? "?");

/** Whether the terminal can be expected to show more than ASCII: not a Linux console, not a locale that says otherwise. */
export function showsUnicode(env: Record<string, string | undefined>): boolean {
  if (env["TERM"] === "linux") return false;
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return locale === "" || /utf-?8/i.test(locale);
}
