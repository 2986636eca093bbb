// Finds the system's hyperfine and runs it.
//
// The npm package of that name installs a stub, which prints "failed to install" and exits 0, and which `bun run` puts before
// the real one on the path. So every node_modules is skipped, and the program found must identify itself.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { WowsimError } from "../protocol/errors.ts";
import { tempFolder } from "./temp-folder.ts";

const INSTALL = "Install it: apt-get install hyperfine (Debian, Ubuntu), brew install hyperfine (macOS).";

/** hyperfine's result for one command; seconds. */
export interface Timing {
  mean: number;
  stddev: number;
  median: number;
  min: number;
  max: number;
  times: number[];
}

/** The first executable called `name` on the search path that is not in a node_modules; null when there is none. */
export function findOnPath(name: string, searchPath = process.env["PATH"] ?? ""): string | null {
  for (const folder of searchPath.split(delimiter)) {
    const path = join(folder, name);
    if (folder === "" || folder.includes("node_modules")) continue;
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch (error) {
      if (error instanceof Error && "code" in error) continue;
      throw error;
    }
  }
  return null;
}

/** Path and version of the real hyperfine. Throws WowsimError("tool_missing"), which says how to install it. */
export function findHyperfine(searchPath?: string): { path: string; version: string } {
  const path = findOnPath("hyperfine", searchPath);
  if (path === null) throw new WowsimError("tool_missing", `hyperfine is not installed. ${INSTALL}`);
  const version = Bun.spawnSync([path, "--version"]).stdout.toString().trim();
  if (!version.startsWith("hyperfine ")) {
    throw new WowsimError("tool_missing", `${path} is not hyperfine: it answers "${version}" to --version. ${INSTALL}`);
  }
  return { path, version };
}

/**
 * Times each command as a whole process, without a shell and without a warm-up run: only the shortest run counts.
 * Throws when hyperfine or a command fails.
 */
export async function timeCommands(hyperfine: string, commands: string[][], runs: number): Promise<Timing[]> {
  const folder = tempFolder("wowsim-bench-");
  const report = join(folder.path, "report.json");
  try {
    const texts = commands.map((command) => command.map(quoted).join(" "));
    const flags = ["-N", "--style", "none", "--runs", String(runs), "--export-json", report];
    const child = Bun.spawn([hyperfine, ...flags, ...texts], { stdout: "ignore", stderr: "pipe" });
    const complaint = await new Response(child.stderr).text();
    if ((await child.exited) !== 0) throw new Error(`hyperfine failed: ${complaint.trim()}`);
    const { results } = (await Bun.file(report).json()) as { results: Timing[] };
    return results;
  } finally {
    folder.remove();
  }
}

function quoted(text: string): string {
  return /^[\w./:=@+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
