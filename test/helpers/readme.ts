// The README as a reader of its commands sees it: the lines of its shell blocks, and a clean clone in which they are typed.
//
//   shellLines(text)                           // ["npm install && npm run demo", "npm install && npm test", ...]
//   using clone = new ReadmeClone()
//   await clone.type(LINES.demo)               // { code: 0, stdout: "...", stderr: "" }

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloneCheckout, outsideNpm, runIn } from "./clone.ts";
import { ROOT } from "./command.ts";
import type { Finished } from "./command.ts";

export const README = readFileSync(join(ROOT, "README.md"), "utf8");

export interface Seen {
  line: string;
  /** On the terminal once the prompt is back. */
  shows: RegExp;
  code?: number;
}

/** Five minutes on a terminal. */
export const TOUR: readonly Seen[] = [
  { line: "alias wowsim=$PWD/tools/wowsim.sh", shows: /^/ },
  { line: "wowsim serve &", shows: /^ *telemetry in .*\/\.wowsim\/telemetry\.jsonl/m },
  { line: "wowsim spawn-clients --count 40 --duration 30m &", shows: /^\[2\] \d+$/m },
  { line: "wowsim health", shows: /^healthy {2}at (.|\n)*^players +40 connected/m },
  { line: "wowsim inject-fault activate latency-spike --zone 1", shows: /^latency-spike is active on zone 1/m },
  // Zone 2 is as before: all its ticks, and none of the 200 ms. On a busy machine three late ones make it DEGRADED for a while.
  { line: "wowsim health", shows: /^critical {2}at (.|\n)*^ +2 {2}Westfall +[A-Z]+ +(19|20)(\.\d)? +\d\.\d/m, code: 2 },
  { line: "wowsim diagnose --file .wowsim/telemetry.jsonl", shows: /^latency-spike +9\d % sure, zone 1,/m, code: 1 },
  { line: "wowsim inject-fault deactivate latency-spike", shows: /^latency-spike is ended/m },
  { line: "wowsim deploy regression", shows: /^validate +NO +fail: fuel: /m, code: 1 },
  { line: "wowsim deploy hotfix", shows: /^promoted [\da-f]{16} after/m },
  { line: "wowsim dashboard", shows: /^/ },
  { line: "kill %2", shows: /\b40 of 40 clients got in; 40 were playing at the end/ },
  { line: "kill %1", shows: /^wowsim: SIGTERM, stopping/m },
];
/** All of them, in their order. */
export const LINES = {
  demo: "npm install && npm run demo",
  tests: "npm install && npm test",
  demoWithBun: "bun install && bun run demo",
  tour: TOUR.map(({ line }) => line),
  doctor: "npm run doctor",
  link: "npm link",
  build: "npm run build:binary",
};

/** Every line of every ```sh block, in order. */
export function shellLines(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = ""]) => block.trimEnd().split("\n"));
}

/** The clone of somebody who has Node and npm; it goes with the test. */
export class ReadmeClone implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "wowsim-readme-"));
  readonly path = join(this.folder, "wowsim");
  /** Where npm links to. */
  readonly prefix = join(this.folder, "prefix");

  constructor() {
    cloneCheckout(this.path);
  }

  /** Types a line; what npm has in its cache already is not fetched again. */
  async type(line: string, env: Record<string, string> = {}): Promise<Finished> {
    const npm = { npm_config_prefer_offline: "true", npm_config_prefix: this.prefix };
    return await runIn(this.path, outsideNpm().PATH, ["sh", "-c", line], { ...npm, ...env });
  }

  /** For the lines that come after the first. */
  async installed(): Promise<void> {
    if (existsSync(join(this.path, "node_modules"))) return;
    const { code, stderr } = await this.type("npm install");
    if (code !== 0) throw new Error(stderr);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
