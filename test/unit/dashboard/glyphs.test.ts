import { expect, test } from "bun:test";
import { showsUnicode, toAscii } from "../../../tools/dashboard/glyphs.ts";
import { VIEWS } from "../../../tools/dashboard/layout.ts";
import { FIRST_SCREEN } from "../../../tools/dashboard/screen-state.ts";
import { pictureOf, screenText, VIEWED_ZONE, withFaults } from "../../helpers/dashboard-picture.ts";
import { Story } from "../../helpers/telemetry-story.ts";

test("whatever the dashboard draws has a likeness in ASCII, cell for cell", () => {
  const story = new Story().seconds(30).seconds(5, { tick: (_data, n) => ({ duration_ms: n * 3 }) });
  const picture = pictureOf(story, { ...withFaults("slow-leak"), zone: VIEWED_ZONE });
  for (const view of VIEWS) {
    const rows = screenText(picture, { ...FIRST_SCREEN, view }, { width: 200, height: 50 }).split("\n");
    for (const row of rows) {
      const ascii = toAscii(row);
      expect(ascii).toMatch(/^[ -~]*$/);
      expect(ascii.length).toBe(row.length);
      expect(ascii.replaceAll(/[^?]/g, "")).toBe(row.replaceAll(/[^?]/g, ""));
    }
  }
});

test("the locale and the terminal say whether there is more than ASCII", () => {
  expect(showsUnicode({})).toBe(true);
  expect(showsUnicode({ LANG: "en_US.UTF-8" })).toBe(true);
  expect(showsUnicode({ LC_ALL: "C", LANG: "en_US.UTF-8" })).toBe(false);
  expect(showsUnicode({ LANG: "de_DE.ISO-8859-1" })).toBe(false);
  expect(showsUnicode({ LANG: "C.UTF-8", TERM: "linux" })).toBe(false);
});
