// A hotfix that is deployed from the dashboard, in a real terminal (tmux): by keys, through its canary, and back again.

import { test } from "bun:test";
import { ControlClient } from "../../tools/client/control-client.ts";
import { until } from "../helpers/control-live.ts";
import { DashboardTerminal } from "../helpers/dashboard-terminal.ts";
import { ServeProcess } from "../helpers/serve-process.ts";

/** The two zones together have 600 ticks with players then, which a validation needs; the deploy's build takes time too. */
const TICKS_TO_VALIDATE = 320;

/** Waits until zone 1 has run so many ticks more. */
async function played(port: number, ticks: number): Promise<void> {
  await using control = await ControlClient.connect({ host: "127.0.0.1", port });
  const tick = async (): Promise<number> =>
    Number((await control.ask({ command: "inspect_zone", zone_id: 1 }))["tick"]);
  const start = await tick();
  await until(`${ticks} ticks have passed`, async () => (await tick()) >= start + ticks);
}

test("a hotfix is deployed through its canary and rolled back again", async () => {
  await using server = await ServeProcess.ready();
  await using dashboard = await DashboardTerminal.start(server, { width: 120, height: 50 });
  const { tmux } = dashboard;
  await dashboard.open();
  // So many that the casts of a baseline come together soon, whatever these players happen to do.
  await tmux.press(
    ["s", "BSpace", "BSpace", "3", "0", "Down", "Down", "Right", "Right", "Right", "Enter"],
    /30 players/,
  );
  await played(server.ports.control, TICKS_TO_VALIDATE);
  await tmux.press("p", "┌─ Deploy which kernel?");
  const items = tmux.screen.split("\n").filter((row) => /a drill|a file/.test(row));
  const down = items.findIndex((row) => /│ +hotfix /.test(row));
  tmux.keys(...Array.from({ length: down }, () => "Down"), "Enter");
  await tmux.shows("Deploy hotfix");
  await tmux.press(["Tab", "BSpace", "BSpace", "2", "0", "Tab", "Enter"], "┌─ Deploy hotfix to");
  tmux.keys("y", "4");
  // The candidate is compiled first, which on a busy machine takes its time.
  await tmux.until((screen) => /upload +ok/.test(screen), "shows that it is uploaded", 90_000);
  await tmux.until((screen) => /Deploy of hotfix: (promoted|NOT)/.test(screen), "shows an outcome", 150_000);
  await tmux.shows(/verify +ok/);
  if (tmux.screen.includes("Deploy of hotfix: promoted")) {
    await tmux.press("b", "┌─ Roll 127.0.0.1");
    await tmux.press("y", /zone 1 \w+ wowsim 0\.1\.0/);
    await tmux.shows(/zone 2 \w+ wowsim 0\.1\.0/);
  }
}, 300_000);
