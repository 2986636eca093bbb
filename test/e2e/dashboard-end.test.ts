// The ends of wowsim dashboard in a real terminal (tmux): the terminal after every kind of end is as it was, what was begun
// there ends with it, and where it can not begin it says why.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { ROOT, startWowsim, until, wowsim } from "../helpers/command.ts";
import { DashboardTerminal, faultsOf } from "../helpers/dashboard-terminal.ts";
import { isRunning } from "../../server/testing/processes.ts";
import { ServeProcess } from "../helpers/serve-process.ts";
import { Tmux } from "../helpers/tmux.ts";

setDefaultTimeout(120_000);

const SMALL = { width: 80, height: 24 };

let server: ServeProcess;
beforeAll(async () => {
  server = await ServeProcess.ready();
});
afterAll(() => server[Symbol.asyncDispose]());

describe("the end", () => {
  const FAILING = join(ROOT, "test/helpers/failing-dashboard.ts");
  const ENDS: [name: string, program: string | undefined, end: (tmux: Tmux) => void, exitCode: number][] = [
    ["q", undefined, (tmux) => tmux.keys("q"), 0],
    ["Ctrl-C", undefined, (tmux) => tmux.keys("C-c"), 0],
    ["Ctrl-C with a dialog open", undefined, (tmux) => tmux.keys("f", "C-c"), 0],
    ["SIGTERM", undefined, (tmux) => process.kill(tmux.childPid(), "SIGTERM"), 0],
    ["SIGINT", undefined, (tmux) => process.kill(tmux.childPid(), "SIGINT"), 130],
    ["SIGHUP", undefined, (tmux) => process.kill(tmux.childPid(), "SIGHUP"), 0],
    ["an exception nobody caught", `${FAILING} --fail throw`, () => {}, 1],
    ["a promise nobody waited for", `${FAILING} --fail reject`, () => {}, 1],
    ["process.exit from anywhere", `${FAILING} --fail exit`, () => {}, 7],
  ];

  test.each(ENDS)("%s leaves the terminal as it was", async (name, program, end, exitCode) => {
    await using dashboard = await DashboardTerminal.start(server, {
      ...SMALL,
      ...(program === undefined ? {} : { program }),
    });
    const { tmux } = dashboard;
    const before = await tmux.state();
    await dashboard.open();
    end(tmux);
    const screen = await tmux.shows(`ended with ${exitCode}`);
    expect(await tmux.state()).toEqual(before);
    expect(before).toMatchObject({ isAlternate: false, hasCursor: true, hasMouse: false });
    expect(screen).toMatch(/^before the dashboard\n/);
    if (exitCode === 1) expect(screen).toContain("wowsim: The dashboard failed: broken on purpose");
    else expect(screen).toBe(`before the dashboard\nended with ${exitCode}\n$\n${"\n".repeat(SMALL.height - 3)}`);
    expect(name).not.toBe("");
  });

  test("Ctrl-Z gives the terminal back for a while", async () => {
    await using dashboard = await DashboardTerminal.start(server, SMALL);
    const { tmux } = dashboard;
    const before = await tmux.state();
    await dashboard.openPlainly();
    await tmux.press("C-z", /Stopped|suspended/);
    expect(await tmux.state()).toEqual(before);
    tmux.type("fg\n");
    await tmux.shows("● live");
    await tmux.press("2", "Map, zone");
    tmux.keys("q");
    await tmux.showsNot("● live");
    expect(await tmux.state()).toEqual(before);
  });

  test("takes along what was begun here: asked for by q, and after kill -9", async () => {
    const own = await ServeProcess.ready();
    try {
      await using dashboard = await DashboardTerminal.start(own, SMALL);
      const { tmux } = dashboard;
      await dashboard.open();
      const begin = async (): Promise<void> => {
        await tmux.press(["s", "Down", "Down", "Right", "Right", "Right", "Enter"], "10 players");
        await tmux.press(["f", "Down", "Down", "Down", "Enter", "Tab", "Tab", "Enter", "y"], "1 fault active");
      };
      const isCalm = async (): Promise<boolean> => {
        const page = await (await fetch(`http://127.0.0.1:${own.ports.http}/metrics`)).text();
        return (
          page.includes('wowsim_sessions{state="connected"} 0\n') &&
          (await faultsOf(own)).every(({ active }) => !active)
        );
      };
      await begin();
      await tmux.press("q", "the 10 players you brought in");
      tmux.keys("n");
      await tmux.showsNot("┌─ Quit?");
      await tmux.press(["q", "y"], "ended with 0");
      await until(isCalm, "nobody is there and nothing is broken");
      await dashboard.open();
      await begin();
      const pid = tmux.childPid();
      process.kill(pid, "SIGKILL");
      await until(() => !isRunning(pid), "it is gone");
      await until(isCalm, "nobody is there and nothing is broken");
    } finally {
      await own[Symbol.asyncDispose]();
    }
  });
});

describe("without a terminal", () => {
  test("it says what it needs, and what to use instead", async () => {
    const { code, stdout, stderr } = await wowsim("dashboard");
    expect(code).toBe(64);
    expect(stdout).toBe("");
    expect(stderr).toContain("needs a terminal");
    expect(stderr).toContain("wowsim health --watch");
  });

  test("a dumb one does not do either", async () => {
    await using tmux = await Tmux.start({ ...SMALL, env: { TERM: "dumb" } });
    tmux.type(`${process.execPath} ${join(ROOT, "server/wowsim.ts")} dashboard; echo code $?\n`);
    await tmux.shows("code 64");
  });
});

test("a server that wants a token is told it, and a wrong one is said to be wrong", async () => {
  const guarded = await ServeProcess.ready("--token", "open sesame");
  try {
    await using right = await DashboardTerminal.start(guarded, { ...SMALL, flags: "--token 'open sesame'" });
    await right.open();
    await right.tmux.press(["K", "y"], "ALLOW FAULTS");
    await using wrong = await DashboardTerminal.start(guarded, { ...SMALL, flags: "--token mellon" });
    await wrong.open("The server refuses this token. Quit (q), and set --token or WOWSIM_TOKEN.");
    await wrong.tmux.shows("That is not this");
  } finally {
    await guarded.stop();
  }
});

test("spawn-clients --with-parent ends when stdin does", async () => {
  await using run = startWowsim(["spawn-clients", "--port", String(server.ports.game), "--with-parent"]);
  // Its stdin is empty from the start.
  expect([0, 130]).toContain(await run.child.exited);
});
