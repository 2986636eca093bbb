// Whole screens, compared with golden text: each view at the smallest and at a large size, each dialog, each state of the
// link.

import { describe, expect, test } from "bun:test";
import { commandAt, frameOf } from "../../../tools/dashboard/frame.ts";
import { VIEWS } from "../../../tools/dashboard/layout.ts";
import { FIRST_SCREEN } from "../../../tools/dashboard/screen-state.ts";
import type { Screen } from "../../../tools/dashboard/screen-state.ts";
import { textOf } from "../../../tools/dashboard/text.ts";
import { keyed } from "../../../tools/dashboard/update.ts";
import type { Picture } from "../../../tools/dashboard/picture.ts";
import { DEPLOYS, pictureOf, screenText, VIEWED_ZONE, withFaults } from "../../helpers/dashboard-picture.ts";
import { expectGolden } from "../../helpers/golden.ts";
import { Story } from "../../helpers/telemetry-story.ts";

const SMALL = { width: 80, height: 24 };
const LARGE = { width: 200, height: 50 };
const CANDIDATES = [{ name: "hotfix", hint: "a kernel that works" }];

/** A server in its tenth second of a latency spike in zone 1. */
function ailing(): Story {
  const story = new Story().seconds(45);
  const change = {
    zone_id: 1,
    zone_name: "Zone 1",
    from_state: "ACTIVE",
    to_state: "DEGRADED",
    reason: "ticks overrun",
  };
  story.say("event", "zone", "Zone state changed", { ...change, tick: 903 });
  return story.seconds(10, {
    of: [1],
    ticksPerS: 5,
    tick: ({ duration_ms = 0 }) => ({ duration_ms: duration_ms + 200, state: "DEGRADED" }),
  });
}

const brokenPicture = (): Picture => pictureOf(ailing(), { ...withFaults("latency-spike"), zone: VIEWED_ZONE });

/** The screen after these keys. */
function after(picture: Picture, ...keys: string[]): Screen {
  let screen = FIRST_SCREEN;
  for (const key of keys) ({ screen } = keyed(screen, key, { picture, candidates: CANDIDATES }));
  return screen;
}

describe.each(VIEWS)("view %s", (view) => {
  for (const size of [SMALL, LARGE]) {
    const name = `${view}-${size.width}x${size.height}`;
    test(name, () => {
      const picture = brokenPicture();
      expectGolden(`dashboard/${name}`, screenText(picture, { ...FIRST_SCREEN, view }, size));
    });
  }
});

test("the tick plot shows how long ago, and where a fault began and ended", () => {
  const story = new Story().seconds(20);
  story.say("event", "fault", "Fault activated", { fault_id: "latency-spike", target_zone_id: 1, duration_ticks: 0 });
  story.seconds(20);
  story.say("event", "fault", "Fault deactivated", { fault_id: "latency-spike", target_zone_id: 1, duration_ticks: 0 });
  const rows = screenText(pictureOf(story.seconds(10)), FIRST_SCREEN, LARGE).split("\n");
  const axis = /^ +-\d+s .*now/.exec(rows.find((row) => /-\d+s .*now/.test(row)) ?? "")?.[0] ?? "";
  // A column is a second here.
  expect(axis.length - axis.indexOf("▲")).toBeWithin(29, 33);
  expect(axis.length - axis.indexOf("△")).toBeWithin(9, 13);
});

test("a mark never makes another number of a time label, wherever it falls", () => {
  const whole = new Set<string>();
  // Where "now" stands, and where "-15s" does.
  for (const second of [0, 1, 2, 3, 11, 12, 13, 14, 15, 16]) {
    const story = new Story().seconds(60);
    story.say("event", "fault", "Fault activated", { fault_id: "slow-leak", target_zone_id: 1, duration_ticks: 0 });
    const rows = screenText(pictureOf(story.seconds(second)), FIRST_SCREEN, SMALL).split("\n");
    const axis = rows.find((row) => row.includes("▲")) ?? "";
    for (const label of axis.match(/[^\s▲]+/g) ?? []) whole.add(label);
  }
  expect([...whole].filter((label) => !/^(-15s|-30s|-45s|-60s|now)$/.test(label))).toEqual([]);
});

test("a freeze, and a deploy of somebody else, are seen where one deploys", () => {
  const since = "2026-01-01T00:00:00.000Z";
  const frozen = { reason: "raid night", by: "anna@desk", since };
  const deploy = { deploy: 7, hash: "9f3c2ab45d6e7f80", label: "fix.wasm", stage: "watch", by: "bob@desk", since };
  const picture = pictureOf(new Story().seconds(30), { deploys: { ...DEPLOYS, frozen, deploy } });
  const text = screenText(picture, { ...FIRST_SCREEN, view: "deploy" }, LARGE);
  expect(text).toContain(`deploys are frozen since ${since}: raid night`);
  expect(text).toContain("deploy 7 of fix.wasm by bob@desk is under way, in stage watch");
});

test("a promotion that a restart lost is on the deploy panel", () => {
  const lost = { hash: "9f3c", label: "hotfix", promoted_at: "2026-01-01T12:00:00Z", by: "anna", zones: [1, 2] };
  const picture = pictureOf(new Story().seconds(30), { deploys: { ...DEPLOYS, lost: [lost] } });
  expect(screenText(picture, { ...FIRST_SCREEN, view: "deploy" }, LARGE)).toContain("lost at a restart: hotfix (9f3c)");
});

test("a zone that is overloaded is shown with its level", () => {
  const story = new Story().seconds(30, {
    of: [2],
    tick: () => ({ state: "DEGRADED", overload_level: 4, game_time_rate: 0.5 }),
  });
  const rows = screenText(pictureOf(story), FIRST_SCREEN, SMALL).split("\n");
  expect(rows.filter((row) => row.includes("OVERLD 4")).map((row) => row.includes("2 Zone 2"))).toEqual([true]);
});

test("a healthy server with nobody in it", () => {
  const picture = pictureOf(
    new Story().seconds(30, { traffic: () => ({ in_world: 0 }), tick: () => ({ players: 0 }) }),
  );
  expectGolden("dashboard/calm-80x24", screenText(picture, FIRST_SCREEN, SMALL));
});

describe("dialogs", () => {
  const DIALOGS = {
    spawn: ["s"],
    faults: ["f"],
    "fault-form": ["f", "ENTER"],
    "fault-question": ["f", "ENTER", "DOWN", "DOWN", "DOWN", "ENTER"],
    "form-error": ["s", "BACKSPACE", "BACKSPACE", "DOWN", "DOWN", "ENTER"],
    deploy: ["p"],
    "deploy-question": ["p", "ENTER", "DOWN", "DOWN", "ENTER"],
    help: ["h"],
    "help-scrolled": ["?", "PAGE_DOWN", "PAGE_DOWN", "PAGE_DOWN"],
  };
  test.each(Object.entries(DIALOGS))("%s", (name, keys) => {
    const picture = pictureOf(new Story().seconds(30));
    expectGolden(`dashboard/dialog-${name}`, screenText(picture, after(picture, ...keys), SMALL));
  });
});

describe("the link", () => {
  test("nothing is heard yet", () => {
    const story = new Story();
    const picture = {
      ...pictureOf(story),
      link: { state: "waiting", sinceMs: story.atMs - 4_000, returns: 0 } as const,
    };
    expectGolden("dashboard/link-waiting", screenText(picture, FIRST_SCREEN, SMALL));
  });

  test("the server is gone", () => {
    const story = new Story().seconds(20);
    const link = { state: "lost", sinceMs: story.atMs - 7_000, returns: 0 } as const;
    const text = screenText(pictureOf(story, { link, zone: null }), FIRST_SCREEN, SMALL);
    expect(text).toContain("NO TELEMETRY for 7 s");
    expect(text).toContain("found by itself");
    expectGolden("dashboard/link-lost", text);
  });
});

test("a terminal that is too small says so, and says how large it must be", () => {
  const text = screenText(brokenPicture(), FIRST_SCREEN, { width: 60, height: 10 });
  expect(text).toContain("60 by 10");
  expect(text).toContain("80 by 24");
});

describe("the mouse", () => {
  const picture = brokenPicture();
  const frame = frameOf(picture, FIRST_SCREEN, SMALL);
  const find = (what: string): [x: number, y: number] => {
    const y = frame.rows.findIndex((row) => textOf(row).includes(what));
    return [textOf(frame.rows[y]!).indexOf(what), y];
  };

  test.each([
    ["2 Zone", { do: "view", view: "zone" }],
    ["Spawn", { do: "open", dialog: "spawn" }],
    ["KILL SWITCH", { do: "open", dialog: "halt" }],
    ["2 Zone 2", { do: "zone", zoneId: 2 }],
    ["1 fault active", { do: "view", view: "faults" }],
    ["Next:", { do: "open", dialog: "clear" }],
  ] as const)("a click on %s", (what, command) => {
    expect(commandAt(frame, ...find(what))).toEqual(command as never);
  });

  test("a click on a button of a dialog presses it", () => {
    const calm = pictureOf(new Story().seconds(30));
    const asked = frameOf(calm, after(calm, "f", "ENTER"), SMALL);
    const y = asked.rows.findIndex((row) => textOf(row).includes("[ Cancel ]"));
    const x = textOf(asked.rows[y]!).indexOf("Cancel");
    expect(commandAt(asked, x, y)).toEqual({ do: "press", index: 4 });
  });

  test("a click on nothing in particular does nothing", () => {
    expect(commandAt(frame, 79, 4)).toBeNull();
    expect(commandAt(frame, 500, 500)).toBeNull();
  });
});
