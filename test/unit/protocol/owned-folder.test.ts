import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { ownedFolder } from "../../../server/protocol/owned-folder.ts";
import { firstLine } from "../../../tools/client/child-output.ts";

const parent = mkdtempSync(join(tmpdir(), "owned-folder-"));
afterAll(() => rmSync(parent, { recursive: true }));

const MODULE = join(import.meta.dir, "../../../server/protocol/owned-folder.ts");
const MAKE = `
  const { ownedFolder } = await import(${JSON.stringify(MODULE)});
  console.log(ownedFolder(${JSON.stringify(parent)}, "wowsim-copy-"));
  await Bun.stdin.text();`;

/** A process that makes a folder and lives until it is killed. */
async function owner(): Promise<{ folder: string; kill: () => Promise<void> }> {
  const child = Bun.spawn([process.execPath, "-e", MAKE], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const folder = await firstLine(child.stdout, 60_000);
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return { folder, kill };
}

test("a folder whose owner was killed goes with the next one that is made; that of a living owner stays", async () => {
  const [killed, living] = [await owner(), await owner()];
  writeFileSync(join(killed.folder, "world.sqlite"), "state");
  await killed.kill();
  expect(existsSync(killed.folder)).toBe(true);
  const mine = ownedFolder(parent, "wowsim-copy-");
  expect([killed.folder, living.folder, mine].map((folder) => existsSync(folder))).toEqual([false, true, true]);
  await living.kill();
  const other = ownedFolder(parent, "wowsim-copy-");
  expect([living.folder, mine, other].map((folder) => existsSync(folder))).toEqual([false, true, true]);
});

test("a number that another process has now owns nothing; other names, prefixes and containers are left alone", () => {
  const own = basename(ownedFolder(parent, "wowsim-other-"));
  const [space = "", pid = "", start = ""] = own.slice("wowsim-other-".length).split("-");
  const [used, container, plain, prefix] = [
    `wowsim-copy-${space}-${pid}-${Number(start) + 1}-aaaaaa`,
    `wowsim-copy-${Number(space) + 1}-1-1-aaaaaa`,
    "wowsim-copy-mine",
    `wowsim-xcopy-${space}-${pid}-${Number(start) + 1}-aaaaaa`,
  ] as const;
  for (const name of [used, container, plain, prefix]) mkdirSync(join(parent, name));
  ownedFolder(parent, "wowsim-copy-");
  const left = readdirSync(parent);
  // A system that does not tell when a process began can not tell them apart.
  expect(left.includes(used)).toBe(start === "0");
  for (const name of [container, plain, prefix, own]) expect(left).toContain(name);
});
