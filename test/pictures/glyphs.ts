// The characters that are drawn as shapes, because only so do neighbours meet whatever font there is.

/** Box-drawing characters by their arms: to the left, right, up and down. */
export const LINES: Readonly<Record<string, string>> = {
  "─": "lr",
  "━": "lr",
  "│": "ud",
  "┃": "ud",
  "┌": "rd",
  "╭": "rd",
  "┐": "ld",
  "╮": "ld",
  "└": "ru",
  "╰": "ru",
  "┘": "lu",
  "╯": "lu",
  "├": "rud",
  "┤": "lud",
  "┬": "lrd",
  "┴": "lru",
  "┼": "lrud",
};

export interface Block {
  /** Edges as shares of the cell, 0 is its left or its top; absent: the cell's own edge. */
  left?: number;
  up?: number;
  right?: number;
  down?: number;
  opacity?: number;
}

/** Block elements by what of the cell they fill. */
export const BLOCKS: Readonly<Record<string, Block>> = {
  "▁": { up: 7 / 8 },
  "▂": { up: 6 / 8 },
  "▃": { up: 5 / 8 },
  "▄": { up: 4 / 8 },
  "▅": { up: 3 / 8 },
  "▆": { up: 2 / 8 },
  "▇": { up: 1 / 8 },
  "█": {},
  "▏": { right: 1 / 8 },
  "▎": { right: 2 / 8 },
  "▍": { right: 3 / 8 },
  "▌": { right: 4 / 8 },
  "▋": { right: 5 / 8 },
  "▊": { right: 6 / 8 },
  "▉": { right: 7 / 8 },
  "▐": { left: 4 / 8 },
  "▀": { down: 4 / 8 },
  "░": { opacity: 0.25 },
  "▒": { opacity: 0.5 },
  "▓": { opacity: 0.75 },
};
