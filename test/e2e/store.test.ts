import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { wowsim } from "../helpers/command.ts";
import { ServeProcess, TempFolder } from "../helpers/serve-process.ts";

const LOOK_MS = 50;

/** What a store command says in JSON; its exit code must be this one. */
async function store(dataDir: string, code: number, ...words: string[]): Promise<Record<string, unknown>> {
  const ended = await wowsim("store", ...words, "--data-dir", dataDir, "--format", "json");
  expect([ended.code, ended.stderr]).toEqual([code, code === 0 ? "" : expect.any(String)]);
  return JSON.parse(ended.stdout === "" ? ended.stderr : ended.stdout) as Record<string, unknown>;
}

const zonesOf = (status: Record<string, unknown>): { zone: number; tick: number; ticks: number }[] =>
  status["zones"] as { zone: number; tick: number; ticks: number }[];

test("the tools look at a journal while a server writes it, and make it smaller afterwards", async () => {
  using folder = new TempFolder();
  const dataDir = join(folder.path, "data");
  const recording = join(folder.path, "zone.wowrec");
  {
    await using server = await ServeProcess.ready("--data-dir", dataDir);
    let status = await store(dataDir, 0, "status");
    while (zonesOf(status).some(({ ticks }) => ticks < 20)) {
      await Bun.sleep(LOOK_MS);
      status = await store(dataDir, 0, "status");
    }
    expect(status).toMatchObject({ format: 1, durability: "process", problems: [], gaps: [] });
    expect(await store(dataDir, 0, "verify")).toMatchObject({ is_good: true, problems: [] });
    const made = await store(dataDir, 0, "export", "--zone", "1", "--last", "1m", "--out", recording);
    expect(made).toMatchObject({ file: recording, zone: 1, problems: [] });
    expect(existsSync(recording)).toBe(true);
    expect(await store(dataDir, 1, "compact")).toMatchObject({ error: { code: "data_dir_in_use" } });
    expect(server.child.exitCode).toBeNull();
  }
  expect(await store(dataDir, 0, "verify")).toMatchObject({ is_good: true });
  expect(await store(dataDir, 0, "compact")).toMatchObject({ deleted: { event: 0 } });
  expect(zonesOf(await store(dataDir, 0, "status")).map(({ zone }) => zone)).toEqual([1, 2]);
  const text = await wowsim("store", "status", "--data-dir", dataDir);
  expect(text.stdout).toMatch(/^zone +epoch +tick +newest +ticks +oldest +snapshots$/m);
  expect(await store(dataDir, 1, "export", "--zone", "1", "--out", recording)).toMatchObject({
    error: { code: "file_exists" },
  });
  expect(await store(dataDir, 4, "export", "--zone", "7")).toMatchObject({ error: { code: "no_such_ticks" } });
  expect(await store(dataDir, 64, "export", "--zone", "1", "--from", "9", "--to", "3")).toMatchObject({
    error: { code: "usage" },
  });
});

test("a server that was killed, and whose journal was damaged, goes on in a sound file, and says what it lost", async () => {
  using folder = new TempFolder();
  const dataDir = join(folder.path, "data");
  {
    await using server = await ServeProcess.ready("--data-dir", dataDir);
    while (zonesOf(await store(dataDir, 0, "status")).some(({ ticks }) => ticks < 20)) await Bun.sleep(LOOK_MS);
    await server.stop("SIGKILL");
  }
  const database = new Database(join(dataDir, "world.sqlite"));
  const { tick } = database.query("SELECT max(tick) AS tick FROM record WHERE zone = 2").get() as { tick: number };
  database.run("UPDATE record SET hash = 'x' WHERE zone = 2 AND tick = ?", [tick - 3]);
  database.close();
  expect(await store(dataDir, 1, "verify")).toMatchObject({ is_good: false });
  {
    await using server = await ServeProcess.ready("--data-dir", dataDir);
    const notices = (server.ports.notices ?? []).join(" ");
    expect(notices).toContain(`Tick ${tick - 3} of zone 2 is damaged.`);
    expect(notices).toContain("Zone 2 lost 4 ticks");
    expect(notices).toContain("The damaged journal is kept as world-damaged-");
    while (zonesOf(await store(dataDir, 0, "status")).some(({ ticks }) => ticks < 5)) await Bun.sleep(LOOK_MS);
    await server.stop();
  }
  expect(await store(dataDir, 0, "verify")).toMatchObject({ is_good: true, problems: [] });
  expect(readdirSync(dataDir).some((name) => name.startsWith("world-damaged-"))).toBe(true);
});

test("without a journal there is nothing to look at", async () => {
  using folder = new TempFolder();
  for (const words of [["status"], ["verify"], ["compact"], ["export", "--zone", "1"]])
    expect(await store(join(folder.path, "none"), 4, ...words)).toMatchObject({ error: { code: "no_journal" } });
  expect(existsSync(join(folder.path, "none"))).toBe(false);
});
