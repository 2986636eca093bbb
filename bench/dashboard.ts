// bun bench/dashboard.ts: what the dashboard costs while telemetry comes in at a thousand and at twenty thousand lines a
// second, how often it draws, and how long a key takes to show.
//
//   lines/s  taken/s  share of a core  of it system  while typing  draws/s  most draws in a second  key p50 ms  key max ms
//     1,000    1,000            1.6 %         0.2 %         2.9 %      3.0                       6         4.2         9.8
//
// The dashboard is the real one on a pseudo-terminal (lib/dashboard-child.ts), the feed the server's with made-up lines
// (lib/fake-feed.ts), each a process of its own. First no key is pressed, then one two and a half times a
// second: each is timed from the key press until the first cell of the view it opens has arrived. Exit code 1 when a limit is
// exceeded: ten draws a second, keys within 100 ms, and at the first rate 5 % of a core.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WowsimError } from "../server/protocol/errors.ts";
import { ratio } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { EXIT, err, out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { integer, list, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import type { DashboardCost } from "./lib/dashboard-child.ts";
import { fixed } from "../server/testing/checks.ts";
import { greatestOf, isAtMost, quantile } from "../server/testing/statistics.ts";

interface Run {
  linesPerSecond: number;
  takenPerSecond: Measured;
  /** User and system, while nobody types. */
  cpuShare: Measured;
  systemShare: Measured;
  cpuShareTyping: Measured;
  /** While nobody types. */
  drawsPerSecond: Measured;
  drawsMax: number;
  keyMsP50: Measured;
  keyMsMax: Measured;
  keys: number;
}

const LIMITS = { cpuShare: 0.05, draws: 10, keyMs: 100 } as const;
/** The engine compiles what is run often; its first seconds say nothing about those after. */
const SETTLE_MS = 12_000;
const START_MS_MAX = 20_000;
const KEY_MS_MAX = 5_000;
/** Between two keys; longer than the dashboard needs to have saved up draws. */
const KEYS_APART_MS = 400;
/** Only dialogs have it. */
const DIALOG_CORNER = "┌";

const FLAGS = {
  rates: list("lines a second, one run each", 100, 100_000, [1_000, 20_000]),
  seconds: integer("measured without keys and then with, each run", 3, 300, 10),
  width: integer("columns of its terminal", 80, 500, 200),
  height: integer("rows of its terminal", 24, 200, 50),
};
type Flags = FlagsOf<typeof FLAGS>;

await runBench("dashboard", FLAGS, bench);

async function bench(flags: Flags): Promise<void> {
  const measured: Run[] = [];
  for (const rate of flags.rates) measured.push(await measure(rate, flags));
  if (flags.format === "json") outJson({ bun: Bun.version, ...flags, measured });
  else {
    out(
      `The dashboard at ${flags.width} by ${flags.height}, ${flags.seconds} s without keys and with, Bun ${Bun.version}:\n`,
    );
    const head = [
      "lines/s",
      "taken/s",
      "share of a core",
      "of it system",
      "while typing",
      "draws/s",
      "most draws in a second",
      "key p50 ms",
      "key max ms",
    ];
    const rows = measured.map((run) => [
      run.linesPerSecond.toLocaleString("en-US"),
      fixed(run.takenPerSecond, 0),
      percent(run.cpuShare),
      percent(run.systemShare),
      percent(run.cpuShareTyping),
      fixed(run.drawsPerSecond, 1),
      run.drawsMax,
      fixed(run.keyMsP50, 1),
      fixed(run.keyMsMax, 1),
    ]);
    for (const line of tableLines(head, rows)) out(line);
  }
  const broken = measured.flatMap((run, index) => brokenBounds(run, index === 0));
  for (const text of broken) err(text);
  if (broken.length > 0) process.exitCode = EXIT.degraded;
}

function percent(share: Measured): string {
  return share === null ? "not measured" : `${(share * 100).toFixed(1)} %`;
}

function brokenBounds({ linesPerSecond, cpuShare, drawsMax, keyMsMax }: Run, isFirst: boolean): string[] {
  const at = `at ${linesPerSecond.toLocaleString("en-US")} lines a second`;
  return [
    isFirst && !isAtMost(cpuShare, LIMITS.cpuShare)
      ? `${at}: ${percent(cpuShare)} of a core, at most ${LIMITS.cpuShare * 100} % are meant`
      : "",
    drawsMax > LIMITS.draws ? `${at}: more than ${LIMITS.draws} draws in a second` : "",
    !isAtMost(keyMsMax, LIMITS.keyMs)
      ? `${at}: keys took up to ${fixed(keyMsMax)} ms, at most ${LIMITS.keyMs} are meant`
      : "",
  ].filter((text) => text !== "");
}

async function measure(linesPerSecond: number, { seconds, width, height }: Flags): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "wowsim-bench-"));
  const file = join(folder, "costs.jsonl");
  const lasts = Math.ceil((START_MS_MAX + SETTLE_MS) / 1_000) + seconds * 3;
  const feed = Bun.spawn(
    [process.execPath, join(import.meta.dir, "lib/fake-feed.ts"), `${linesPerSecond}`, `${lasts}`],
    {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  let terminal: DashboardTerminal | null = null;
  try {
    terminal = new DashboardTerminal([await firstLine(feed.stdout), file], width, height);
    await terminal.shows("live", START_MS_MAX);
    await Bun.sleep(SETTLE_MS);
    const first = newestCost(file);
    await Bun.sleep(seconds * 1_000);
    const watched = newestCost(file);
    const keysMs = await timeKeys(terminal, seconds * 1_000);
    const last = newestCost(file);
    const [watchedMs, typingMs] = [watched.atMs - first.atMs, last.atMs - watched.atMs];
    return {
      linesPerSecond,
      takenPerSecond: ratio((watched.lines - first.lines) * 1_000, watchedMs),
      cpuShare: ratio(watched.cpuMs - first.cpuMs, watchedMs),
      systemShare: ratio(watched.systemMs - first.systemMs, watchedMs),
      cpuShareTyping: ratio(last.cpuMs - watched.cpuMs, typingMs),
      drawsPerSecond: ratio((watched.draws - first.draws) * 1_000, watchedMs),
      drawsMax: last.drawsMax,
      keyMsP50: quantile(keysMs, 0.5),
      keyMsMax: greatestOf(keysMs),
      keys: keysMs.length,
    };
  } finally {
    await terminal?.close();
    feed.kill("SIGKILL");
    await feed.exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Opens and closes the help, again and again; milliseconds from each key to its first cell on the screen. */
async function timeKeys(terminal: DashboardTerminal, forMs: number): Promise<number[]> {
  const times: number[] = [];
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    const typedMs = performance.now();
    terminal.type("h");
    await terminal.shows(DIALOG_CORNER, KEY_MS_MAX);
    times.push(performance.now() - typedMs);
    await Bun.sleep(KEYS_APART_MS);
    terminal.type("q");
    await Bun.sleep(KEYS_APART_MS);
  }
  return times;
}

function newestCost(file: string): DashboardCost {
  return JSON.parse(readFileSync(file, "utf8").trimEnd().split("\n").at(-1) ?? "") as DashboardCost;
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  for await (const chunk of stream) return new TextDecoder().decode(chunk).trim();
  throw new WowsimError("bench_failed", "The feed did not start; see what it said above.");
}

/** The dashboard on a pseudo-terminal, and what it has drawn since the last key. */
class DashboardTerminal {
  readonly #child: Bun.Subprocess;
  #drawn = "";
  #waiting: { text: string; found: () => void } | null = null;

  constructor(args: string[], cols: number, rows: number) {
    const decoder = new TextDecoder();
    this.#child = Bun.spawn([process.execPath, join(import.meta.dir, "lib/dashboard-child.ts"), ...args], {
      env: { ...process.env, TERM: "xterm-256color", CI: undefined },
      terminal: { cols, rows, data: (_terminal, data) => this.#onData(decoder.decode(data, { stream: true })) },
    });
  }

  type(keys: string): void {
    this.#drawn = "";
    this.#child.terminal?.write(keys);
  }

  /** Throws WowsimError("bench_failed") when it does not come in time. */
  async shows(text: string, msMax: number): Promise<void> {
    if (this.#drawn.includes(text)) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const why = `The dashboard did not show ${text} within ${msMax} ms.`;
    const timer = setTimeout(() => reject(new WowsimError("bench_failed", why)), msMax);
    this.#waiting = { text, found: resolve };
    await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting = null;
    });
  }

  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#child.terminal?.close();
  }

  #onData(text: string): void {
    this.#drawn += text;
    if (this.#waiting !== null && this.#drawn.includes(this.#waiting.text)) this.#waiting.found();
  }
}
