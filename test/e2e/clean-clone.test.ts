// A stranger's first minutes: a clean clone on a machine that has Node and npm and nothing else, and on one that has
// only Bun. Each must lead to a program that works. Of the README's lines those are typed here that are about an installer.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageFile from "../../package.json";
import { copyCheckout, found, pathWithOnly, runIn } from "../helpers/clone.ts";
import type { Finished } from "../helpers/command.ts";
import { LINES } from "../helpers/readme.ts";

setDefaultTimeout(300_000);

const temporary = mkdtempSync(join(tmpdir(), "wowsim-clone-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const INSTALLERS = {
  npm: {
    programs: (): Record<string, string> => ({ node: found("node"), npm: found("npm"), npx: found("npx") }),
    script: (script: string, ...args: string[]) => ["npm", "run", "--silent", script, "--", ...args],
    // All of it is what runs this test: to its end it would come here again.
    checks: ["sh", "-c", `${LINES.tests} -- check`],
  },
  bun: {
    programs: (): Record<string, string> => ({ bun: realpathSync(process.execPath) }),
    script: (script: string, ...args: string[]) => ["bun", "run", "--silent", script, ...args],
    checks: ["bun", "run", "--silent", "test", "check"],
  },
};
type Installer = keyof typeof INSTALLERS;

interface Installed {
  clone: string;
  /** With nothing on it but the installer's programs. */
  path: string;
}

const made = new Map<Installer, Promise<Installed>>();
/** The clone in which all was installed by this one. */
function installedBy(name: Installer): Promise<Installed> {
  const installed = made.get(name) ?? install(name);
  made.set(name, installed);
  return installed;
}

async function install(name: Installer, folder: string = name): Promise<Installed> {
  const clone = join(temporary, folder);
  mkdirSync(clone);
  copyCheckout(clone);
  const path = pathWithOnly(join(temporary, `${folder}-bin`), INSTALLERS[name].programs());
  const { code, stderr } = await runIn(clone, path, [name, "install"]);
  if (code !== 0) throw new Error(`${name} install: ${stderr}`);
  return { clone, path };
}

describe.each(["npm", "bun"] as const)("with only %s", (name) => {
  const { script, checks } = INSTALLERS[name];
  let clone: string;
  let path: string;
  const run = (...command: string[]): Promise<Finished> => runIn(clone, path, command);

  beforeAll(async () => {
    ({ clone, path } = await installedBy(name));
  });

  test("the pinned Bun is there", async () => {
    const { stdout } = await run("sh", "-c", "node_modules/.bin/bun --version");
    expect(stdout.trim()).toBe(packageFile.devDependencies.bun);
  });

  test("installing leaves the lock files as they were", async () => {
    for (const lock of ["package-lock.json", "bun.lock"]) {
      const [ours, theirs] = await Promise.all(
        [join(import.meta.dir, "../..", lock), join(clone, lock)].map((file) => Bun.file(file).text()),
      );
      expect([lock, theirs]).toEqual([lock, ours]);
    }
  });

  /** What a server says at its start; its stdin is empty, so it ends by itself. */
  const saidByServer = async (): Promise<string> => {
    const ports = ["--port", "--control-port", "--http-port", "--telemetry-port"].flatMap((flag) => [flag, "0"]);
    return (await run(...script("wowsim", "serve", "--scratch", "--with-parent", "--format", "json", ...ports))).stderr;
  };
  const BUILDS_FIRST = "the kernel is built first";

  test("the first server says that it builds the kernel first", async () => {
    expect(await saidByServer()).toContain(BUILDS_FIRST);
  });

  test("the checks pass, and leave a built kernel", async () => {
    const { code, stdout } = await run(...checks);
    expect({ code, last: stdout.trim().split("\n").at(-1) }).toEqual({
      code: 0,
      last: expect.stringMatching(/^[1-9]\d* passed, 0 failed$/) as string,
    });
    expect(existsSync(join(clone, "assembly/build/kernel.metered.wasm"))).toBe(true);
    expect(await saidByServer()).not.toContain(BUILDS_FIRST);
  });

  test("every script of package.json starts", async () => {
    for (const scriptName of ["demo", "serve", "wowsim", "doctor", "bench", "pictures", "build:binary"]) {
      const { code, stdout } = await run(...script(scriptName, "--help"));
      expect([scriptName, code]).toEqual([scriptName, 0]);
      expect(stdout).toContain("Usage: ");
    }
  });

  test("a link to the command works from anywhere, with nothing else on the PATH", async () => {
    const links = join(temporary, `${name}-links`);
    const elsewhere = join(temporary, `${name}-elsewhere`);
    mkdirSync(elsewhere);
    pathWithOnly(links, {});
    symlinkSync(join(clone, packageFile.bin.wowsim), join(links, "wowsim"));
    const { code, stdout, stderr } = await runIn(elsewhere, links, ["wowsim", "--version"]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${packageFile.version}\n`, stderr: "" });
    expect(readdirSync(elsewhere)).toEqual([]);
  });
});

test("npx finds the command in the checkout", async () => {
  const { clone, path } = await installedBy("npm");
  const { code, stdout } = await runIn(clone, path, ["npx", "wowsim", "--version"]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${packageFile.version}\n` });
});

test("a clone in which nothing is installed says what to do", async () => {
  const bare = join(temporary, "bare");
  mkdirSync(bare);
  copyCheckout(bare);
  const path = pathWithOnly(join(temporary, "bare-bin"), { node: found("node"), npm: found("npm") });
  const { code, stderr } = await runIn(bare, path, ["sh", packageFile.bin.wowsim, "--version"]);
  expect(code).toBe(1);
  expect(stderr).toContain("npm install");
});
