// wowsim dashboard in a real terminal (tmux), on a real server with real players: every view, key and dialog at two sizes, by
// keyboard and by mouse; what it does to the server; the server's death; colours and sizes.

import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectCurrentPicture } from "../helpers/current-picture.ts";
import { DashboardTerminal, faultsOf } from "../helpers/dashboard-terminal.ts";
import { ServeProcess, TempFolder } from "../helpers/serve-process.ts";
import { sceneOf } from "../pictures/scenes.ts";

setDefaultTimeout(180_000);

const SMALL = { width: 80, height: 24 };
const LARGE = { width: 200, height: 50 };

let server: ServeProcess;
beforeAll(async () => {
  server = await ServeProcess.ready();
});
afterAll(() => server[Symbol.asyncDispose]());

/** The rows of the dialog that a golden screen shows, without what is beside it. */
function dialogRows(name: string): string[] {
  const text = readFileSync(join(import.meta.dir, `../golden/dashboard/dialog-${name}.txt`), "utf8");
  return text.split("\n").flatMap((row) => /[┌│└].*[┐│┘]/.exec(row) ?? []);
}

describe.each([SMALL, LARGE])("at $width by $height", (size) => {
  /** One in which nothing ever happened but its start. */
  let quiet: ServeProcess;
  let dashboard: DashboardTerminal;
  beforeAll(async () => {
    quiet = await ServeProcess.ready();
    dashboard = await DashboardTerminal.start(quiet, { ...size, flags: `--telemetry-file ${quiet.telemetryFile}` });
    await dashboard.open();
  });
  beforeEach(() => dashboard.home());
  afterAll(async () => {
    await dashboard[Symbol.asyncDispose]();
    await quiet[Symbol.asyncDispose]();
  });

  test.each<[key: string, contents: (string | RegExp)[]]>([
    ["1", ["Tick time, slowest zone", "Zones (2)", "Likely cause", "Events, notable"]],
    ["2", [/Map, zone [12]/, /Zone [12] of 2/, /Threat, zone [12]/, /Tick time, zone [12]/]],
    ["3", ["Faults: 0 active", "latency-spike", "zone-runaway", "Likely cause"]],
    // Of these the overview has a part as well: here it is what the screen begins with.
    ["4", [/^wowsim .*\n.*\n─ Deploy/, "wowsim 0.1.0", "Zones (2)"]],
    ["5", [/^wowsim .*\n.*\n─ Events, notable/, "Server started"]],
  ])("key %s and a click show its view", async (key, contents) => {
    const { tmux } = dashboard;
    tmux.keys(key);
    for (const content of contents) await tmux.shows(content);
    await dashboard.home();
    tmux.clickOn(` ${key} `);
    for (const content of contents) await tmux.shows(content);
  });

  test.each([
    ["s", "spawn", "s Spawn"],
    ["f", "faults", "f Fault"],
    ["p", "deploy", "p Deploy"],
    ["h", "help", "h Help"],
    ["?", "help", "h Help"],
  ])("key %s and a click open the dialog %s, Escape closes it", async (key, name, label) => {
    const { tmux } = dashboard;
    const title = dialogRows(name)[0]!.replaceAll(/[┌─┐]/g, "").trim();
    const open = `┌─ ${title.split(";")[0]}`;
    const screen = await tmux.press(key, open);
    if (size === SMALL && name !== "deploy") for (const row of dialogRows(name)) await tmux.shows(row);
    tmux.keys("Escape");
    await tmux.showsNot(open);
    const keysAt = screen.split("\n").findLastIndex((row) => row.includes("s Spawn"));
    const row = tmux.screen.split("\n").findIndex((text, index) => index >= keysAt && text.includes(label));
    tmux.click(tmux.screen.split("\n")[row]!.indexOf(label), row);
    await tmux.shows(open);
    tmux.keys("q");
    tmux.keys("Escape");
    await tmux.showsNot(open);
  });

  test.each([
    ["c", "No fault is active"],
    ["x", "No fault is active"],
    ["d", "No players were brought in"],
    ["b", "No zone has an earlier kernel"],
  ])("key %s says when there is nothing to do", async (key, words) => {
    await dashboard.tmux.press(key, words);
  });

  test("z, arrows and clicks choose a zone", async () => {
    const { tmux } = dashboard;
    await tmux.press(["Down", "Enter"], "Zone 2 of 2");
    await tmux.press("z", "Zone 1 of 2");
    await dashboard.home();
    await tmux.clickFor("2 Westf", "Zone 2 of 2");
  });

  test("the log is filtered, levelled, paused and scrolled", async () => {
    const { tmux } = dashboard;
    tmux.keys("5", "/");
    tmux.type("registry");
    await tmux.shows("filter: registry_");
    const filtered = await tmux.showsNot("Server started port");
    expect(filtered).toContain("Fault registry initialized");
    await tmux.press(["Enter", "l"], "Events, everything, filter: registry");
    await tmux.press("l", "Events, errors only");
    await tmux.press("l", "Events, notable, filter");
    tmux.keys("Escape");
    await tmux.showsNot("filter: registry");
    await tmux.press("Space", "Events, notable, PAUSED");
    tmux.keys("Space");
    await tmux.showsNot("PAUSED");
    await tmux.press("Up", "PAUSED 1 back");
    tmux.wheel("up");
    await tmux.shows(/PAUSED [2-4] back/);
    tmux.keys("End");
    await tmux.showsNot("PAUSED");
  });

  test("what is pasted is not taken for keys", async () => {
    const { tmux } = dashboard;
    tmux.paste("k f\ny");
    const screen = await tmux.press("5", "Events, notable");
    expect(screen).not.toContain("ALLOW FAULTS");
    expect(screen).not.toContain("┌─");
  });
});

describe("driving the server", () => {
  test("players come in, a fault is begun, told from telemetry, ended; the kill switch falls and is lifted", async () => {
    const { width, height } = sceneOf("dashboard");
    await using dashboard = await DashboardTerminal.start(server, { width, height });
    const { tmux } = dashboard;
    await dashboard.open();
    await tmux.press(
      ["s", "BSpace", "BSpace", "8", "Down", "Down", "Right", "Right", "Right", "Enter"],
      /HEALTHY {2}8 players {2}8 from here/,
    );
    await tmux.shows(/\d+\.?\d* [█▸]|Bot \d/);
    await tmux.press(["f", "Enter"], "delay_ms  [200_");
    await tmux.press(["Tab", "Tab", "Tab", "Enter"], "latency-spike with delay_ms 200, for 30 s.");
    expect((await faultsOf(server)).some(({ active }) => active)).toBe(false);
    await tmux.press("y", "1 fault active");
    await tmux.shows(/latency-spike \d+ %, zones 1 and 2/);
    await tmux.shows("and is right. End it: c");
    expectCurrentPicture("dashboard", tmux.colored);
    await tmux.press("c", "latency-spike is ended.");
    await tmux.showsNot("1 fault active");
    await tmux.press("K", /Pull the kill switch of/);
    await tmux.press("y", "ALLOW FAULTS");
    await tmux.press(["f", "Enter"], "The kill switch is on");
    await tmux.press("K", "KILL SWITCH");
    await tmux.shows("Faults can be activated again.");
    await tmux.press("d", "8 of 8 players have left");
    await tmux.showsNot("8 from here");
  });

  test("a mouse alone breaks and mends", async () => {
    await using dashboard = await DashboardTerminal.start(server, LARGE);
    const { tmux } = dashboard;
    await dashboard.open();
    await tmux.clickFor("f Fault", "┌─ Break something");
    await tmux.clickFor("memory-pressure", "megabytes");
    await tmux.clickFor("[ Break it ]", "┌─ Break 127.0.0.1");
    await tmux.clickFor("y: Break it", "Faults: 1 active");
    await tmux.clickFor("x Clear all", "Faults: 0 active");
  });
});

describe("the server's death", () => {
  test("is told, and its return on the same ports is noticed by itself", async () => {
    const first = await ServeProcess.ready();
    const { game, control, http, telemetry } = first.ports;
    const ports = { game, control, http, telemetry };
    const sameFlags = [
      "--port",
      game,
      "--control-port",
      control,
      "--http-port",
      http,
      "--telemetry-port",
      telemetry,
    ].map(String);
    await using dashboard = await DashboardTerminal.start({ ports }, SMALL);
    const { tmux } = dashboard;
    try {
      await dashboard.open();
      for (const key of ["1", "2", "3", "4", "5"]) {
        await tmux.press(key, "● live");
      }
      await tmux.press("1", "Zones (2)");
    } finally {
      await first.stop("SIGKILL");
    }
    await tmux.shows("NO TELEMETRY for");
    await tmux.shows("Start it with wowsim serve; it is found by itself");
    // Every view can be looked at meanwhile, and what can not be done is said.
    for (const [key, what] of [
      ["2", "can not be inspected"],
      ["3", "Faults:"],
      ["4", "Deploy"],
      ["5", "telemetry ended, without a word"],
    ] as const) {
      await tmux.press(key, what);
    }
    await tmux.press(["K", "y"], "No server answers on");
    tmux.keys("1");
    await using second = await ServeProcess.ready(...sameFlags);
    await tmux.shows("● live");
    await tmux.shows(/HEALTHY/);
    await tmux.press("5", /telemetry is back after \d+ s/);
    await tmux.press(["f", "Enter", "Tab", "Tab", "Tab", "Enter", "y"], "1 fault active");
    expect(second.child.exitCode).toBeNull();
  });
});

test("a server of this folder that comes back on other ports is found by itself, and its file is read", async () => {
  using folder = new TempFolder();
  const data = ["--data-dir", join(folder.path, ".wowsim")];
  const first = await ServeProcess.ready(...data);
  await using dashboard = await DashboardTerminal.start(first, { ...SMALL, folder: folder.path });
  const { tmux } = dashboard;
  try {
    await dashboard.open();
    tmux.keys("5");
    // Said before the dashboard was begun.
    await tmux.shows("Server started");
  } finally {
    await first.stop();
  }
  await tmux.shows("NO TELEMETRY for");
  await using second = await ServeProcess.ready(...data);
  await tmux.shows("● live");
  await tmux.shows(`127.0.0.1:${second.ports.control}`);
  await tmux.press(["K", "y"], "ALLOW FAULTS");
});

/** Every view and the help with their escape sequences. */
async function shownWith(env: Record<string, string>): Promise<string> {
  await using dashboard = await DashboardTerminal.start(server, { ...SMALL, env });
  const { tmux } = dashboard;
  await dashboard.open();
  let shown = "";
  for (const [key, words] of [
    ["1", "Zones (2)"],
    ["2", /Map, zone [12]/],
    ["3", "zone-runaway"],
    ["4", "wowsim 0.1.0"],
    ["5", "Events, notable"],
    ["h", "┌─ Help"],
  ] as const) {
    await tmux.press(key, words);
    shown += tmux.colored;
  }
  return shown;
}

describe("looks", () => {
  test("with colours, and in no colour the same words", async () => {
    // Foreground and background colours: 30 to 49 and 90 to 107; weights are others.
    const COLOR = new RegExp(
      `${String.fromCharCode(27)}\\[(?:[\\d;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[\\d;]*)?m`,
    );
    const colored = await shownWith({});
    const plain = await shownWith({ NO_COLOR: "1" });
    expect(colored).toMatch(COLOR);
    expect(plain).not.toMatch(COLOR);
    for (const words of ["live", "ACTIVE", "Likely cause", "KILL SWITCH"]) expect(plain).toContain(words);
  });

  test.each(["xterm", "screen-256color", "vt100"])(
    "on a terminal that calls itself %s, by keys and by mouse",
    async (TERM) => {
      await using dashboard = await DashboardTerminal.start(server, { ...SMALL, env: { TERM } });
      const { tmux } = dashboard;
      const before = await tmux.state();
      await dashboard.open();
      await tmux.shows("2 Westf");
      // Which zone is looked at first is up to which has more to do.
      const first = await tmux.press("Enter", /Zone [12] of 2/);
      await tmux.press("Down", first.includes("Zone 1 of 2") ? "Zone 2 of 2" : "Zone 1 of 2");
      await tmux.clickFor(" 3 Faults", "zone-runaway");
      await tmux.press("q", "ended with 0");
      expect(await tmux.state()).toEqual(before);
    },
  );

  test("in ASCII where the locale asks for it", async () => {
    await using dashboard = await DashboardTerminal.start(server, { ...SMALL, env: { LC_ALL: "C" } });
    await dashboard.open();
    const screen = await dashboard.tmux.shows("- Zones (2)");
    expect(screen).toMatch(/^[ -~\n]*$/);
  });

  test("well at every size it is given, and says so when it is too small", async () => {
    await using dashboard = await DashboardTerminal.start(server, SMALL);
    const { tmux } = dashboard;
    await dashboard.open();
    await tmux.showsNot("Threat");
    tmux.resize(200, 50);
    await tmux.shows("Threat");
    const rows = (await tmux.until((screen) => screen.trimEnd().split("\n").length === 50, "fills 50 rows")).split(
      "\n",
    );
    expect(rows[49]).toContain("q Quit");
    tmux.resize(60, 15);
    await tmux.shows("This terminal has 60 by 15");
    tmux.resize(80, 24);
    await tmux.shows("Zones (2)");
    await tmux.press("h", "┌─ Help");
    tmux.resize(250, 70);
    await tmux.shows(/\n.*q Quit\s*$/);
  });
});
