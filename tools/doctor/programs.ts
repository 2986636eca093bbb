// Checks the programs that optional features need: whether they are installed, their purpose, and how to get them.

import { isAtLeast, ok, warning } from "./check.ts";
import type { Check } from "./check.ts";

export interface Program {
  name: string;
  /** The flag that prints its version. */
  versionFlag: string;
  use: string;
  /** Packages for Debian and Ubuntu, and for Homebrew. */
  apt: string;
  brew: string;
  least?: string;
  /** The start of the real program's answer, for a name that another program has too. */
  begins?: string;
}

const PROGRAMS: readonly Program[] = [
  {
    name: "hyperfine",
    versionFlag: "--version",
    use: "npm run bench, whole-process runs",
    apt: "hyperfine",
    brew: "hyperfine",
    // The npm package of that name installs a stub with another answer.
    begins: "hyperfine ",
  },
  { name: "wasm2c", versionFlag: "--version", use: "npm run bench, native comparison", apt: "wabt", brew: "wabt" },
  { name: "gcc", versionFlag: "-dumpversion", use: "npm run bench, native comparison", apt: "gcc", brew: "gcc" },
  { name: "tmux", versionFlag: "-V", use: "tests of the terminal screens", apt: "tmux", brew: "tmux" },
  { name: "git", versionFlag: "--version", use: "tests of a clean clone", apt: "git", brew: "git" },
  {
    name: "node",
    versionFlag: "--version",
    use: "npm install and npm run",
    apt: "nodejs npm",
    brew: "node",
    least: "20.12",
  },
];

export function checkPrograms(): Promise<Check[]> {
  return Promise.all(PROGRAMS.map((program) => checkProgram(program, process.env["PATH"] ?? "")));
}

export async function checkProgram(program: Program, path: string): Promise<Check> {
  const { name, versionFlag, use, apt, brew, least, begins = "" } = program;
  const how = `For ${use}: apt-get install ${apt}, or brew install ${brew}.`;
  const file = Bun.which(name, { PATH: path });
  if (file === null) return warning(name, "not installed", how);
  const child = Bun.spawn([file, versionFlag], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const said = (stdout || stderr).trim().split("\n")[0] ?? "";
  const version = /\d+(?:\.\d+)*/.exec(said)?.[0];
  if ((await child.exited) !== 0 || version === undefined || !said.startsWith(begins))
    return warning(name, `${file} is another program of that name; it says: ${said}`, how);
  if (least !== undefined && !isAtLeast(version, least)) return warning(name, `${version}, older than ${least}`, how);
  return ok(name, `${version} (${use})`);
}
