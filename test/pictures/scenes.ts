// What there are pictures of, and how the program is brought to show it: in a real terminal, on a real server with players.

import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WowsimError } from "../../server/protocol/errors.ts";
import { ROOT } from "../helpers/command.ts";
import { ownNetwork } from "../helpers/own-network.ts";
import { Tmux } from "../helpers/tmux.ts";
import { cellRows, textOf } from "./ansi.ts";
import type { Cell } from "./ansi.ts";

export interface Scene {
  /** The file's name. */
  name: string;
  title: string;
  width: number;
  height: number;
  /** Brings the screen about; resolves when it is there. */
  play(tmux: Tmux): Promise<void>;
  /** What of it is shown; all of it unless this says else. */
  cut?(rows: Cell[][]): Cell[][];
}

const SERVER_START_MS_MAX = 30_000;
const DEMO_MS_MAX = 400_000;
/** So that the plot has a before. */
const CALM_MS = 25_000;
/** So that there is something to see of what was broken. */
const TROUBLE_MS = 4_000;

export const SCENES: readonly Scene[] = [
  {
    name: "dashboard",
    title: "wowsim dashboard",
    width: 132,
    height: 40,
    async play(tmux) {
      await serve(tmux);
      tmux.type("clear; wowsim dashboard\n");
      await tmux.shows(/^● live/m);
      // Twenty players, until stopped.
      await tmux.press(
        ["s", "BSpace", "BSpace", "2", "0", "Down", "Down", "Right", "Right", "Right", "Enter"],
        /20 players {2}20 from here/,
      );
      await Bun.sleep(CALM_MS);
      await tmux.press("f", "┌─ Break something");
      await tmux.press("Enter", "delay_ms  [200_");
      // Zone 1 for the time that is there already.
      await tmux.press(["Tab", "BSpace", "1", "Tab", "Tab", "Enter"], "in zone 1, for 30 s.");
      await tmux.press("y", /^latency-spike \d+ %, zone 1/m);
      await Bun.sleep(TROUBLE_MS);
      await tmux.shows(/^Next: Telemetry says latency-spike/m);
    },
  },
  {
    name: "diagnose",
    title: "wowsim health, wowsim diagnose",
    width: 100,
    height: 40,
    async play(tmux) {
      await serve(tmux);
      tmux.type("wowsim spawn-clients --count 20 --duration 5m > players.log 2>&1 &\n");
      await Bun.sleep(CALM_MS);
      tmux.type("clear\n");
      await command(tmux, "wowsim inject-fault activate latency-spike --zone 1");
      await Bun.sleep(TROUBLE_MS);
      await command(tmux, "wowsim health");
      await command(tmux, "wowsim diagnose --file .wowsim/telemetry.jsonl");
    },
    cut: (rows) => withoutPrompt(rows),
  },
  {
    name: "wizard",
    title: "wowsim wizard",
    width: 80,
    height: 24,
    async play(tmux) {
      tmux.type("clear; wowsim\n");
      await tmux.shows(/◆ +Which server/);
      await tmux.press("Enter", /◆ +How many players/);
      await tmux.press(["C-u", "2", "0", "Enter"], /◆ +Let them play/);
      await tmux.press("Enter", /◆ +What do they complain about/);
    },
    cut: (rows) => from(rows, /◇ +What breaks/),
  },
  {
    name: "demo",
    title: "wowsim demo: the last two of six phases",
    width: 100,
    height: 84,
    async play(tmux) {
      tmux.type("clear; wowsim demo --auto\n");
      await tmux.until((screen) => /^└ .*claims true/m.test(screen), "shows the demo's end", DEMO_MS_MAX);
    },
    cut: (rows) => withoutPrompt(from(rows, /5\/6 Pipeline/)),
  },
];

export function sceneOf(name: string): Scene {
  const scene = SCENES.find((each) => each.name === name);
  if (scene === undefined) throw new Error(`There is no picture of ${name}.`);
  return scene;
}

/** A terminal of its own for one scene, in an empty folder, on a network where the default ports are free. */
export async function take(scene: Scene): Promise<Cell[][]> {
  const within = ownNetwork();
  if (within === null)
    throw new WowsimError(
      "no_network",
      "Pictures show the default ports, and need a network of their own for that: run this as root on Linux, with unshare (util-linux) and ip (iproute2) installed.",
    );
  const folder = mkdtempSync(join(tmpdir(), "wowsim-pictures-"));
  try {
    symlinkSync(join(ROOT, "tools/wowsim.sh"), join(folder, "wowsim"));
    const { width, height } = scene;
    const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}`, TMPDIR: folder };
    // A bash takes what runs in its background along when its terminal goes.
    await using tmux = await Tmux.start({ width, height, within, env, shell: "bash --norc" });
    tmux.type(`cd ${folder}\n`);
    await scene.play(tmux);
    const rows = cellRows(tmux.colored.replace(/\n$/, ""));
    return scene.cut?.(rows) ?? rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A server in the background; resolves when it lets players in. */
async function serve(tmux: Tmux): Promise<void> {
  tmux.type("wowsim serve > serve.log 2>&1 &\n");
  tmux.type("clear; until curl -sf localhost:8082/readyz; do sleep 0.1; done\n");
  await tmux.until((screen) => screen.includes("ready"), "shows that the server is ready", SERVER_START_MS_MAX);
}

/** Types it; resolves when the prompt is back. */
async function command(tmux: Tmux, text: string): Promise<void> {
  tmux.type(`${text}\n`);
  await tmux.until((screen) => screen.includes(text) && screen.trimEnd().endsWith("\n$"), `ends ${text}`);
}

/** From the row that matches on, without what is blank at the end. */
function from(rows: Cell[][], first: RegExp): Cell[][] {
  const index = rows.findIndex((row) => first.test(textOf([row])));
  return upTo(rows.slice(Math.max(0, index)), (text) => text !== "");
}

function withoutPrompt(rows: Cell[][]): Cell[][] {
  return upTo(rows, (text) => text !== "" && text !== "$");
}

function upTo(rows: Cell[][], isLast: (text: string) => boolean): Cell[][] {
  return rows.slice(0, rows.findLastIndex((row) => isLast(textOf([row]))) + 1);
}
