// A clean clone, and a machine that has only some programs: what a stranger starts from.
//
//   copyCheckout("/tmp/clone")                           // what git would give them, uncommitted changes included
//   cloneCheckout("/tmp/clone")                          // the same in a real clone
//   const path = pathWithOnly("/tmp/bin", { npm: which("npm"), node: which("node") })
//   await runIn("/tmp/clone", path, ["npm", "install"])

import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./command.ts";
import type { Finished } from "./command.ts";

/** What the installers' own scripts need, beside the installer. */
const ALWAYS = ["sh", "dirname", "readlink", "uname"];

/** Copies every file that is or would be committed. */
export function copyCheckout(to: string): void {
  const list = Bun.spawnSync(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: ROOT });
  const names = list.stdout
    .toString()
    .split("\0")
    .filter((name) => name !== "");
  if (names.length === 0) throw new Error(`git knows no files in ${ROOT}: ${list.stderr.toString()}`);
  for (const name of names) {
    const source = join(ROOT, name);
    // One that was deleted and not committed yet is listed all the same.
    if (!existsSync(source)) continue;
    mkdirSync(dirname(join(to, name)), { recursive: true });
    cpSync(source, join(to, name));
  }
}

const COMPILED = "assembly/build/compiled";

/**
 * A real clone, in which uncommitted changes are as if they were committed. What is compiled here already is not compiled
 * again there, which would take most of a test's time; clean-clone.test.ts has nothing of it.
 */
export function cloneCheckout(to: string): void {
  const { exitCode, stderr } = Bun.spawnSync(["git", "clone", "--quiet", ROOT, to]);
  if (exitCode !== 0) throw new Error(`git clone: ${stderr.toString()}`);
  copyCheckout(to);
  if (existsSync(join(ROOT, COMPILED))) cpSync(join(ROOT, COMPILED), join(to, COMPILED), { recursive: true });
}

/** A PATH on which nothing is to be found but these programs (name to file) and a shell's bare necessities. */
export function pathWithOnly(folder: string, programs: Record<string, string>): string {
  mkdirSync(folder, { recursive: true });
  for (const name of ALWAYS) symlinkSync(found(name), join(folder, name));
  for (const [name, file] of Object.entries(programs)) symlinkSync(file, join(folder, name));
  return folder;
}

/** Where a program is. Throws when it is nowhere. */
export function found(name: string): string {
  const file = Bun.which(name);
  if (file === null) throw new Error(`There is no ${name} on the PATH.`);
  return file;
}

/** What npm tells the scripts it runs: with it bun would look for a Node that is not on the PATH. */
const TOLD_BY_NPM = /^(npm_.*|NODE|NODE_ENV|INIT_CWD)$/;
/** The programs of this checkout, which npm puts before all others. */
const OWN_BIN = /\/node_modules\/(\.bin|.*\/node-gyp-bin)$/;

/** The same environment as ours, less what npm added to it when it runs the tests. */
export function outsideNpm(): Record<string, string | undefined> & { PATH: string } {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !TOLD_BY_NPM.test(name)));
  const folders = (env["PATH"] ?? "").split(":").filter((folder) => !OWN_BIN.test(folder));
  return { ...env, PATH: folders.join(":") };
}

/** Runs a command with that PATH, otherwise as outside npm, and what else is given. */
export async function runIn(
  folder: string,
  path: string,
  command: string[],
  env: Record<string, string> = {},
): Promise<Finished> {
  const child = Bun.spawn([Bun.which(command[0] ?? "", { PATH: path }) ?? "", ...command.slice(1)], {
    cwd: folder,
    env: { ...outsideNpm(), ...env, PATH: path },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}
