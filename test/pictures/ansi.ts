// A captured terminal screen, as `tmux capture-pane -e -p` prints it, as cells: characters and how each is drawn. What a
// style was at the end of a line, it is at the beginning of the next.
//
//   cellRows("a\x1b[1;31mb\x1b[0m")
//   // [[{ text: "a", width: 1, style: PLAIN }, { text: "b", width: 1, style: { ...PLAIN, bold: true, front: 1 } }]]

/** One of the terminal's 256 colours, "#rrggbb", or null: the terminal's own. */
export type Color = number | `#${string}` | null;

export interface CellStyle {
  readonly front: Color;
  readonly back: Color;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
}

export interface Cell {
  /** One character, with what combines with it. */
  text: string;
  /** In columns: 1 or 2. */
  width: number;
  style: CellStyle;
}

export const PLAIN: CellStyle = {
  front: null,
  back: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
};

/** SGR, the one escape sequence that a capture has on purpose; links (OSC 8) and whatever else comes is left out. */
const ESCAPE = new RegExp(String.raw`\x1b(?:\[([\d;:]*)([A-Za-z])|\].*?(?:\x07|\x1b\\)|[()].|.)`, "g");

/** What an SGR code on its own does to a style. Codes that nothing here draws (blinking, say) are not listed. */
const CODES: Readonly<Record<number, Partial<CellStyle>>> = {
  0: PLAIN,
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  39: { front: null },
  49: { back: null },
};

export function cellRows(captured: string): Cell[][] {
  let style = PLAIN;
  return captured.split("\n").map((line) => {
    const cells: Cell[] = [];
    let at = 0;
    for (const { 0: escape, 1: codes = "", 2: final, index } of line.matchAll(ESCAPE)) {
      addCells(cells, line.slice(at, index), style);
      if (final === "m") style = styled(style, codes);
      at = index + escape.length;
    }
    addCells(cells, line.slice(at), style);
    return cells;
  });
}

/** The text alone, a line a row, without blanks at the ends of lines. */
export const textOf = (rows: readonly (readonly Cell[])[]): string =>
  rows
    .map((row) =>
      row
        .map(({ text }) => text)
        .join("")
        .trimEnd(),
    )
    .join("\n");

function addCells(cells: Cell[], text: string, style: CellStyle): void {
  for (const { segment } of new Intl.Segmenter().segment(text.replaceAll(/\p{Cc}/gu, ""))) {
    cells.push({ text: segment, width: Math.max(1, Bun.stringWidth(segment)), style });
  }
}

function styled(style: CellStyle, codes: string): CellStyle {
  const numbers = codes.split(/[;:]/).map(Number);
  for (let at = 0; at < numbers.length; at++) {
    const code = numbers[at] ?? 0;
    if (code === 38 || code === 48) {
      const [color, length] = extendedColor(numbers.slice(at + 1));
      style = { ...style, [code === 38 ? "front" : "back"]: color };
      at += length;
    } else style = { ...style, ...(CODES[code] ?? paletteColor(code)) };
  }
  return style;
}

/** 30 to 37 and 90 to 97 colour the text, 40 to 47 and 100 to 107 what is behind it. */
function paletteColor(code: number): Partial<CellStyle> {
  const index = code % 10;
  if (index > 7) return {};
  const tens = Math.floor(code / 10);
  if (tens === 3 || tens === 9) return { front: index + (tens === 9 ? 8 : 0) };
  if (tens === 4 || tens === 10) return { back: index + (tens === 10 ? 8 : 0) };
  return {};
}

/** What follows 38 or 48: `5;n` or `2;r;g;b`. The colour, and how many numbers it took. */
function extendedColor([kind, first = 0, second = 0, third = 0]: readonly number[]): [color: Color, length: number] {
  if (kind === 5) return [first, 2];
  const hex = [first, second, third].map((part) => part.toString(16).padStart(2, "0")).join("");
  return [`#${hex}`, 4];
}
