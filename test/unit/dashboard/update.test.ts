// The dashboard's handling, played through without a terminal and without a server: which key leads where, what asks before
// it does harm, and what in the end is to be done.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Effect } from "../../../tools/dashboard/effects.ts";
import { BINDINGS } from "../../../tools/dashboard/keymap.ts";
import type { Picture } from "../../../tools/dashboard/picture.ts";
import { FIRST_SCREEN } from "../../../tools/dashboard/screen-state.ts";
import type { Screen } from "../../../tools/dashboard/screen-state.ts";
import { commanded, keyed, wheeled } from "../../../tools/dashboard/update.ts";
import { DEPLOYS, faultsWith, pictureOf, withFaults } from "../../helpers/dashboard-picture.ts";
import { Story } from "../../helpers/telemetry-story.ts";

const CANDIDATES = [
  { name: "hotfix", hint: "" },
  { name: "regression", hint: "" },
];
const calm = (parts: Partial<Picture> = {}): Picture => pictureOf(new Story().seconds(12), parts);

/** Where these keys lead, and all that they want done. */
function press(picture: Picture, ...keys: string[]): { screen: Screen; effects: Effect[] } {
  let screen = FIRST_SCREEN;
  const effects: Effect[] = [];
  for (const key of keys) {
    const next = keyed(screen, key, { picture, candidates: CANDIDATES });
    screen = next.screen;
    effects.push(...next.effects);
  }
  return { screen, effects };
}

const kinds = (...keys: string[]): string[] => press(calm(), ...keys).screen.dialogs.map(({ kind }) => kind);
const effectsOf = (picture: Picture, ...keys: string[]): Effect[] => press(picture, ...keys).effects;

describe("players", () => {
  test.each([
    ["10 s", 10, 0],
    ["30 s", 30, 1],
    ["60 s", 60, 2],
    ["until stopped", null, 3],
  ])("are brought in for %s", (_name, durationS, steps) => {
    const right = Array.from({ length: steps }, () => "RIGHT");
    const effects = effectsOf(calm(), "s", "BACKSPACE", "BACKSPACE", "2", "5", "DOWN", "DOWN", ...right, "ENTER");
    expect(effects).toEqual([{ kind: "spawn", players: 25, zoneId: 0, durationS }]);
  });

  test("a wrong number is said to be wrong, and nothing is done before it is right", () => {
    const { screen, effects } = press(calm(), "s", "BACKSPACE", "BACKSPACE", "DOWN", "DOWN", "ENTER");
    expect(effects).toEqual([]);
    expect(screen.dialogs.at(-1)).toMatchObject({
      kind: "form",
      error: "how many: give a whole number from 1 to 1,000.",
    });
  });

  test("leave when told to; without any, that is said", () => {
    expect(effectsOf(calm({ players: { count: 5, untilMs: null } }), "d")).toEqual([{ kind: "despawn" }]);
    const { screen, effects } = press(calm(), "d");
    expect(effects).toEqual([]);
    expect(screen.notice?.text).toContain("No players were brought in");
  });
});

describe("faults", () => {
  const toQuestion = ["f", "ENTER", "TAB", "TAB", "TAB", "ENTER"];

  test("one is begun with its parameters, after a question", () => {
    expect(effectsOf(calm(), ...toQuestion)).toEqual([]);
    const request = { fault_id: "latency-spike", params: { delay_ms: 200 }, target_zone_id: 0, duration_ticks: 600 };
    expect(effectsOf(calm(), ...toQuestion, "y")).toEqual([{ kind: "activate", request }]);
    expect(effectsOf(calm(), ...toQuestion, "LEFT", "ENTER")).toEqual([{ kind: "activate", request }]);
  });

  test.each([["n"], ["ENTER"], ["ESCAPE"]])("%s at the question breaks nothing", (key) => {
    expect(effectsOf(calm(), ...toQuestion, key)).toEqual([]);
  });

  test("Escape goes back one dialog at a time", () => {
    expect(kinds(...toQuestion)).toEqual(["menu", "form", "question"]);
    expect(kinds(...toQuestion, "ESCAPE")).toEqual(["menu", "form"]);
    expect(kinds(...toQuestion, "ESCAPE", "ESCAPE", "ESCAPE")).toEqual([]);
  });

  test("one that is active can be ended or begun anew", () => {
    const picture = calm(withFaults("latency-spike"));
    expect(effectsOf(picture, "f", "ENTER", "ENTER")).toEqual([{ kind: "deactivate", faultId: "latency-spike" }]);
    expect(press(picture, "f", "ENTER", "DOWN", "ENTER").screen.dialogs.at(-1)?.kind).toBe("form");
  });

  test("clear ends the only one, asks which of several, and says when there is none", () => {
    expect(effectsOf(calm(withFaults("slow-leak")), "c")).toEqual([{ kind: "deactivate", faultId: "slow-leak" }]);
    const two = calm(withFaults("slow-leak", "split-brain"));
    expect(effectsOf(two, "c", "DOWN", "ENTER")).toEqual([{ kind: "deactivate", faultId: "split-brain" }]);
    expect(press(calm(), "c").screen.notice?.text).toContain("No fault is active");
    expect(effectsOf(two, "x")).toEqual([{ kind: "deactivate_all" }]);
    expect(press(calm(), "x").screen.notice?.text).toContain("No fault is active");
  });

  test("the kill switch asks, with no chosen beforehand; its key allows faults again without asking", () => {
    expect(effectsOf(calm(withFaults("zone-trap")), "K")).toEqual([]);
    expect(effectsOf(calm(withFaults("zone-trap")), "K", "ENTER")).toEqual([]);
    expect(effectsOf(calm(withFaults("zone-trap")), "K", "y")).toEqual([{ kind: "halt" }]);
    const [dialog] = press(calm(withFaults("zone-trap")), "K").screen.dialogs;
    expect(dialog).toMatchObject({ kind: "question", text: [expect.stringContaining("It ends zone-trap.") as string] });
    const halted = calm({ faults: { list: faultsWith(), halted: true } });
    expect(effectsOf(halted, "K")).toEqual([{ kind: "resume" }]);
    expect(press(halted, "f", "ENTER").screen.notice?.text).toContain("kill switch is on");
  });

  test("j and k move like the arrows, in lists and in dialogs", () => {
    expect(press(calm(), "3", "j", "j").screen.row).toBe(2);
    expect(press(calm(), "3", "j", "j", "k").screen.row).toBe(1);
    expect(press(calm(), "f", "j").screen.dialogs.at(-1)).toMatchObject({ kind: "menu", at: 1 });
    expect(effectsOf(calm(withFaults("zone-trap")), "k")).toEqual([]);
  });

  test("Enter opens a line of the event log as a whole, and holds the log still", () => {
    const { screen } = press(calm(), "5", "ENTER");
    expect(screen.pausedAt).not.toBeNull();
    const dialog = screen.dialogs.at(-1);
    expect(dialog).toMatchObject({ kind: "question", title: "Event" });
    expect(press(calm(), "5", "ENTER", "ENTER").screen.dialogs).toEqual([]);
  });

  test("the list in the view of faults is gone through with the arrows", () => {
    const { screen } = press(calm(), "3", "DOWN", "DOWN", "ENTER");
    expect(screen.dialogs.at(-1)).toMatchObject({ kind: "form", title: "event-queue-flood" });
    expect(press(calm(), "3", "UP").screen.row).toBe(0);
  });
});

describe("deploys", () => {
  const toQuestion = ["p", "DOWN", "ENTER", "TAB", "TAB", "ENTER"];

  test("a candidate is deployed after a question", () => {
    expect(effectsOf(calm(), ...toQuestion)).toEqual([]);
    const effect = { kind: "deploy", candidate: "regression", zoneId: 0, watchS: 20 };
    expect(effectsOf(calm(), ...toQuestion, "y")).toEqual([effect] as never);
  });

  test("one that runs can be ended, from both keys", () => {
    const running = calm({ run: { label: "hotfix", stages: [], progress: "", outcome: null } });
    expect(effectsOf(running, "p", "n")).toEqual([]);
    expect(effectsOf(running, "p", "y")).toEqual([{ kind: "abort_deploy" }]);
    expect(effectsOf(running, "b", "y")).toEqual([{ kind: "abort_deploy" }]);
  });

  test("a roll-back asks first, and says when there is nothing to go back to", () => {
    expect(press(calm(), "b").screen.notice?.text).toContain("No zone has an earlier kernel");
    const zones = DEPLOYS.zones.map((zone) => ({ ...zone, previous_hash: "fedcba9876543210" }));
    const promoted = calm({ deploys: { ...DEPLOYS, zones } });
    expect(effectsOf(promoted, "b")).toEqual([]);
    expect(effectsOf(promoted, "b", "y")).toEqual([{ kind: "rollback", zoneId: 0 }]);
  });
});

describe("quitting", () => {
  test("asks nothing when nothing that was begun here would end", () => {
    expect(effectsOf(calm(), "q")).toEqual([{ kind: "quit" }]);
    expect(effectsOf(calm(withFaults("slow-leak")), "q")).toEqual([{ kind: "quit" }]);
  });

  test("names what would end, and stays unless told otherwise", () => {
    const busy = calm({ players: { count: 8, untilMs: null }, ownFaults: ["zone-trap"] });
    const { screen, effects } = press(busy, "q");
    expect(effects).toEqual([]);
    expect(JSON.stringify(screen.dialogs)).toContain("the 8 players you brought in leave, zone-trap ends");
    expect(effectsOf(busy, "q", "ENTER")).toEqual([]);
    expect(effectsOf(busy, "q", "y")).toEqual([{ kind: "quit" }]);
  });

  test("Ctrl-C quits at once, from anywhere", () => {
    expect(effectsOf(calm({ players: { count: 8, untilMs: null } }), "f", "ENTER", "CTRL_C")).toEqual([
      { kind: "quit" },
    ]);
  });
});

describe("moving about", () => {
  test("digits, Tab and Shift-Tab go through the views", () => {
    expect(press(calm(), "4").screen.view).toBe("deploy");
    expect(press(calm(), "TAB").screen.view).toBe("zone");
    expect(press(calm(), "SHIFT_TAB").screen.view).toBe("events");
    expect(press(calm(), "5", "ESCAPE").screen.view).toBe("overview");
  });

  test("z shows the zone where most goes on, and once more the next; arrows choose one", () => {
    const story = new Story({ zones: 3 }).seconds(12, {
      tick: (_data, _n, zone) => ({ total_damage_dealt: zone === 2 ? 50 : 0 }),
    });
    const picture = pictureOf(story);
    expect(press(picture, "z").screen).toMatchObject({ view: "zone", zoneId: 2 });
    expect(press(picture, "z", "z").screen.zoneId).toBe(3);
    expect(press(picture, "z", "z", "z").screen.zoneId).toBe(1);
    expect(press(picture, "DOWN").screen).toMatchObject({ view: "overview", zoneId: 3 });
    expect(press(picture, "UP", "ENTER").screen).toMatchObject({ view: "zone", zoneId: 1 });
  });

  test("the log is filtered as one types, kept with Enter, and cleared with Escape", () => {
    const typed = press(calm(), "/", "q", " ", "x");
    expect(typed.effects).toEqual([]);
    expect(typed.screen).toMatchObject({ isTyping: true, filter: { text: "q x" } });
    expect(press(calm(), "/", "a", "b", "BACKSPACE", "ENTER").screen).toMatchObject({
      isTyping: false,
      filter: { text: "a" },
    });
    expect(press(calm(), "/", "a", "ENTER", "ESCAPE").screen.filter.text).toBe("");
    expect(press(calm(), "l").screen.filter.level).toBe("all");
    expect(press(calm(), "l", "l", "l").screen.filter.level).toBe("notable");
  });

  test("the log is held still by Space and by scrolling back, and goes on at its end", () => {
    const picture = calm();
    for (let n = 0; n < 30; n++) picture.log.note(`remark ${n}`, 0);
    expect(press(picture, "5", " ").screen.pausedAt).toBe(picture.log.seq);
    expect(press(picture, "5", " ", " ").screen.pausedAt).toBeNull();
    expect(press(picture, "5", "UP", "UP").screen).toMatchObject({ scroll: 2, pausedAt: picture.log.seq });
    expect(press(picture, "5", "PAGE_UP", "END").screen).toMatchObject({ scroll: 0, pausedAt: null });
    const most = picture.log.count(FIRST_SCREEN.filter) - 1;
    expect(press(picture, "5", "HOME").screen.scroll).toBe(most);
    const around = { picture, candidates: [] };
    expect(wheeled(FIRST_SCREEN, -1, around).screen.scroll).toBe(3);
    expect(wheeled(wheeled(FIRST_SCREEN, -1, around).screen, 1, around).screen.scroll).toBe(0);
  });
});

test("every key has a word of help, but for a second name of one", () => {
  expect(BINDINGS.filter(({ help }) => help === "").map(({ key }) => key)).toEqual(["?"]);
  expect(new Set(BINDINGS.map(({ key }) => key)).size).toBe(BINDINGS.length);
});

test("what a click does can be reached by a key too", () => {
  const picture = calm(withFaults("slow-leak"));
  const around = { picture, candidates: CANDIDATES };
  const clicked = commanded(
    commanded(FIRST_SCREEN, { do: "fault", faultId: "slow-leak" }, around).screen,
    { do: "press", index: 0 },
    around,
  );
  expect(clicked.effects).toEqual(effectsOf(picture, "c"));
});

test("no keys, in whatever order, lead into an error or to harm that was not asked for", () => {
  const keys = [
    ...BINDINGS.map(({ key }) => key),
    "ENTER",
    "ESCAPE",
    "TAB",
    "SHIFT_TAB",
    "UP",
    "DOWN",
    "LEFT",
    "RIGHT",
    "BACKSPACE",
    "n",
    "7",
  ];
  const picture = calm({ ...withFaults("slow-leak"), players: { count: 3, untilMs: null } });
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...keys), { maxLength: 40 }), (pressed) => {
      let screen = FIRST_SCREEN;
      for (const key of pressed) {
        const asked = screen.dialogs.at(-1);
        const next = keyed(screen, key, { picture, candidates: CANDIDATES });
        for (const { kind } of next.effects) {
          if (kind === "activate" || kind === "deploy" || kind === "rollback") expect(asked?.kind).toBe("question");
        }
        screen = next.screen;
      }
    }),
    { numRuns: 500 },
  );
});
