// From what a terminal was sent to a picture: every character in its cell, in its colours, and nothing that was not there;
// and the pictures in the tree, as far as that can be known without taking them anew.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { cellRows, PLAIN, textOf } from "../../pictures/ansi.ts";
import { labelsOf } from "../../pictures/labels.ts";
import { SCENES } from "../../pictures/scenes.ts";
import { pictureFile, readLabels, screenSvg } from "../../pictures/svg.ts";
import { expectGolden } from "../../helpers/golden.ts";

const ROOT = join(import.meta.dir, "../../..");

const styles = (captured: string) => cellRows(captured)[0]!.map(({ style }) => style);

describe("escape sequences", () => {
  test.each([
    ["1", { bold: true }],
    ["2;3;4;7", { dim: true, italic: true, underline: true, inverse: true }],
    ["31", { front: 1 }],
    ["97", { front: 15 }],
    ["44", { back: 4 }],
    ["103", { back: 11 }],
    ["38;5;208", { front: 208 }],
    ["48;2;1;2;255", { back: "#0102ff" }],
    ["38;5;208;1", { front: 208, bold: true }],
    ["1;31;22;39", {}],
    ["5", {}],
    ["1;0", {}],
    ["1;", {}],
  ])("%s", (codes, style) => {
    expect(styles(`\x1b[${codes}mx`)).toEqual([{ ...PLAIN, ...style } as typeof PLAIN]);
  });

  test("a style goes on until it is changed, over the end of a line too", () => {
    const rows = cellRows("\x1b[1ma\nb\x1b[0mc");
    expect(rows.map((row) => row.map(({ style }) => style.bold))).toEqual([[true], [true, false]]);
  });

  test("other sequences, links and control characters leave nothing behind", () => {
    expect(textOf(cellRows("a\x1b]8;;http://x\x1b\\b\x1b]8;;\x07c\x1b(B\x1b[2Kd\x0e\x07"))).toBe("abcd");
  });
});

/** Where the texts of a picture stand: left edge or middle, and how long they are said to be. */
const placed = (svg: string) =>
  [...svg.matchAll(/<text(?: class="([^"]*)")? x="([\d.]+)" y="([\d.]+)"(?: textLength="([\d.]+)")?[^>]*>([^<]*)</g)]
    .map(([, classes = "", x, y, length, text = ""]) => ({
      isMiddle: classes.split(" ").includes("c"),
      x: Number(x),
      y: Number(y),
      length: length === undefined ? null : Number(length),
      text: text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&"),
    }))
    .slice(1);

describe("a picture", () => {
  test("of everything that a screen can have, as it was agreed upon", () => {
    const captured = [
      '\x1b[1;36ms\x1b[0m Spawn  \x1b[2mdim <&"> text\x1b[0m   \x1b[7m 1 Overview \x1b[0m',
      "┌─ Break? ──┐│\x1b[31m▂▅██\x1b[0m│",
      "└───────────┘│\x1b[32m████\x1b[0m│ \x1b[33m△ ●\x1b[0m → \x1b[38;5;208mx\x1b[48;2;10;20;30m  y \x1b[0m",
      "",
      "\x1b[4munder  lined\x1b[0m \x1b[3mitalic\x1b[0m … × 漢字.",
    ].join("\n");
    expectGolden("pictures/all-kinds", screenSvg({ title: "all kinds", rows: cellRows(captured), columns: 48 }));
  });

  test("has every character in its cell, whatever it is", () => {
    const characters = fc.constantFrom(..."abzA19 <>&\"'.-  …→△●×éß");
    const looks = fc.constantFrom("", "\x1b[1m", "\x1b[2m", "\x1b[33m", "\x1b[0m");
    fc.assert(
      fc.property(fc.array(fc.tuple(looks, characters), { maxLength: 60 }), (parts) => {
        const text = parts.map(([, character]) => character).join("");
        const rows = cellRows(parts.map((part) => part.join("")).join(""));
        const cells = Array.from(text, () => " ");
        for (const { isMiddle, x, length, text: run } of placed(screenSvg({ title: "t", rows, columns: 60 }))) {
          const column = Math.round((x - 16) / 8.4 - (isMiddle ? 0.5 : 0));
          if (length !== null) expect(length).toBeCloseTo(run.length * 8.4, 1);
          cells.splice(column, run.length, ...run);
        }
        expect(cells.join("")).toBe(text);
      }),
    );
  });

  test("knows its labels, and takes no figures for labels", () => {
    const captured = [
      "\x1b[2m─ \x1b[0;1mTick time, p50 0.12 ms\x1b[0m \x1b[2m────\x1b[0m\x1b[2m│─ \x1b[0;1mFaults: 2\x1b[0m",
      "  \x1b[2mZONE  P50ms\x1b[0m  \x1b[1m203\x1b[0m",
      "players  20 connected",
      "\x1b[1mHogger\x1b[0m level 11",
      "20:15:01 dashboard  \x1b[36mtelemetry comes in\x1b[0m",
      "│  ○ It gets slower; and slower",
      "\x1b[1;36ms\x1b[0m Spawn & play  \x1b[1;36mq\x1b[0m Quit",
    ].join("\n");
    const rows = cellRows(captured);
    const labels = ["Tick time", "Faults", "ZONE", "players", "It gets slower", "s Spawn & play", "q Quit"];
    expect(labelsOf(rows)).toEqual(labels);
    expect(readLabels(screenSvg({ title: "t", rows, columns: 40 }))).toEqual(labels);
  });
});

describe("the pictures in the tree", () => {
  const files = readdirSync(join(ROOT, "docs/pictures"));

  test("are those that are made, each is shown somewhere, and none is missing", () => {
    const named = ["README.md", ...readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"))]
      .map((name) => (name === "README.md" ? name : `docs/${name}`))
      .flatMap((name) => [...readFileSync(join(ROOT, name), "utf8").matchAll(/pictures\/([\w-]+\.svg)/g)])
      .map(([, file = ""]) => file);
    const made = SCENES.map(({ name }) => `${name}.svg`).toSorted();
    expect(files.toSorted()).toEqual(made);
    expect([...new Set(named)].toSorted()).toEqual(made);
  });

  test.each(SCENES.map(({ name }) => name))(
    "%s needs nothing from outside, and says nothing of where it was made",
    (name) => {
      const svg = readFileSync(pictureFile(name), "utf8");
      expect(readLabels(svg).length).toBeGreaterThan(5);
      expect(svg.replace(/xmlns="[^"]*"/, "")).not.toMatch(/https?:|<script|<image|@import|url\(|href=/);
      expect(svg).not.toContain("\x1b");
      for (const place of [hostname(), ROOT, "/tmp", "/root", "/home", "/Users"]) expect(svg).not.toContain(place);
    },
  );
});
