import { expect, test } from "bun:test";
import fc from "fast-check";
import { frameOf } from "../../../tools/dashboard/frame.ts";
import { layoutOf, SIZE_MIN, VIEWS } from "../../../tools/dashboard/layout.ts";
import type { Rect } from "../../../tools/dashboard/layout.ts";
import { FIRST_SCREEN } from "../../../tools/dashboard/screen-state.ts";
import { widthOf } from "../../../tools/dashboard/text.ts";
import { pictureOf, VIEWED_ZONE, withFaults } from "../../helpers/dashboard-picture.ts";
import { Story } from "../../helpers/telemetry-story.ts";

const sizes = fc.record({ width: fc.integer({ min: 80, max: 260 }), height: fc.integer({ min: 24, max: 75 }) });
const needs = fc.record({
  zones: fc.integer({ min: 0, max: 40 }),
  faults: fc.integer({ min: 0, max: 10 }),
  faultKinds: fc.integer({ min: 0, max: 12 }),
  keyRows: fc.integer({ min: 1, max: 2 }),
});

test("panels and rules fill the screen's body, and none lies on another, at every size", () => {
  fc.assert(
    fc.property(sizes, needs, fc.constantFrom(...VIEWS), (size, need, view) => {
      const { panels, rules, suggestionY, keysY } = layoutOf(size, view, need);
      const cells = new Uint8Array(size.width * size.height);
      const cover = ({ x, y, width, height }: Rect): void => {
        expect(x + width).toBeLessThanOrEqual(size.width);
        for (let row = y; row < y + height; row++)
          for (let column = x; column < x + width; column++) cells[row * size.width + column]!++;
      };
      for (const rect of [...panels, ...rules]) cover(rect);
      const body = cells.subarray(2 * size.width, suggestionY * size.width);
      expect(body.every((count) => count === 1)).toBe(true);
      expect(
        [...cells.subarray(0, 2 * size.width), ...cells.subarray(suggestionY * size.width)].every((n) => n === 0),
      ).toBe(true);
      expect(keysY).toBe(suggestionY + 1);
      for (const { height } of panels) expect(height).toBeGreaterThanOrEqual(3);
    }),
    { numRuns: 300 },
  );
});

test("what a view is about is on it at every size", () => {
  const about = {
    overview: ["ticks", "zones", "cause"],
    zone: ["map", "facts", "threat"],
    faults: ["faults"],
    deploy: ["deploy"],
    events: ["events"],
  } as const;
  fc.assert(
    fc.property(sizes, fc.constantFrom(...VIEWS), (size, view) => {
      const { panels } = layoutOf(size, view, { zones: 4, faults: 2, faultKinds: 10, keyRows: 2 });
      const shown = panels.map(({ panel }) => panel);
      for (const panel of about[view]) expect(shown).toContain(panel);
    }),
  );
});

test("a large screen shows everything at once", () => {
  const { panels } = layoutOf({ width: 200, height: 50 }, "overview", {
    zones: 4,
    faults: 1,
    faultKinds: 10,
    keyRows: 1,
  });
  const shown = panels.map(({ panel }) => panel).toSorted();
  expect(shown).toEqual(["cause", "deploy", "events", "faults", "map", "threat", "ticks", "zones"]);
});

test("every row of every frame is exactly as wide as the screen", () => {
  const story = new Story().seconds(20);
  const picture = pictureOf(story, { ...withFaults("slow-leak"), zone: VIEWED_ZONE });
  const anySize = fc.record({ width: fc.integer({ min: 1, max: 260 }), height: fc.integer({ min: 1, max: 75 }) });
  fc.assert(
    fc.property(anySize, fc.constantFrom(...VIEWS), fc.boolean(), (size, view, hasHelp) => {
      const dialogs = hasHelp ? [{ kind: "help", scroll: 3 } as const] : [];
      const { rows } = frameOf(picture, { ...FIRST_SCREEN, view, dialogs }, size);
      expect(rows).toHaveLength(size.height);
      for (const row of rows) expect(widthOf(row)).toBe(size.width);
    }),
    { numRuns: 60 },
  );
});

test("below the least size there are no panels", () => {
  const need = { zones: 2, faults: 0, faultKinds: 10, keyRows: 2 };
  expect(layoutOf({ ...SIZE_MIN, width: 79 }, "overview", need)).toMatchObject({ isTooSmall: true, panels: [] });
  expect(layoutOf({ ...SIZE_MIN, height: 23 }, "overview", need)).toMatchObject({ isTooSmall: true, panels: [] });
  expect(layoutOf(SIZE_MIN, "overview", need).isTooSmall).toBe(false);
});
