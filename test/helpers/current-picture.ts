// Whether a picture in the tree still is what the program shows, asked where a test has the screen anyhow.
//
//   expectCurrentPicture("dashboard", tmux.colored)

import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { cellRows } from "../pictures/ansi.ts";
import { labelsOf, missingFrom } from "../pictures/labels.ts";
import { sceneOf } from "../pictures/scenes.ts";
import { pictureFile, readLabels } from "../pictures/svg.ts";

const AGAIN = "bun run pictures";

const drawnLabels = (name: string): string[] => readLabels(readFileSync(pictureFile(name), "utf8"));

/** The screen, with its escape sequences, has the labels that the picture has, and no others. */
export function expectCurrentPicture(name: string, captured: string): void {
  const { cut = (rows) => rows } = sceneOf(name);
  const shown = labelsOf(cut(cellRows(captured)));
  const drawn = drawnLabels(name);
  if (!Bun.deepEquals(shown.toSorted(), drawn.toSorted()))
    process.stderr.write(`${name}.svg is old: ${AGAIN} ${name}\n`);
  expect(shown.toSorted()).toEqual(drawn.toSorted());
}

/** A text has all labels that the picture has. */
export function expectPictured(name: string, text: string): void {
  const missing = missingFrom(text, drawnLabels(name));
  if (missing.length > 0) process.stderr.write(`${name}.svg is old: ${AGAIN} ${name}\n`);
  expect(missing).toEqual([]);
}
