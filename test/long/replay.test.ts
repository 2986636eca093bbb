// wowsim replay as people and scripts run it.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Database } from "bun:sqlite";
import { OP_TRAP } from "../../assembly/abi.ts";
import { meter } from "../../assembly/toolchain/meter.ts";
import { candidateFile } from "../helpers/candidates.ts";
import { ROOT, wowsim } from "../helpers/command.ts";
import { newJournal } from "../helpers/journal.ts";
import type { TestJournal } from "../helpers/journal.ts";
import { commandBytes } from "../helpers/zone-commands.ts";
import { walk } from "../helpers/zone.ts";

let journal: TestJournal;
let incident = 0;
beforeAll(async () => {
  journal = await newJournal();
  journal.play(1, 120, walk);
  journal.play(2, 60, walk);
  const json = JSON.stringify({ what: "trap", phase: "commands", op: OP_TRAP, session_id: 1 });
  const body = commandBytes([{ op: OP_TRAP, session: 1, seq: 9_999 }]);
  incident = journal.event({ kind: "incident", zone: 1, tick: 123, json, body });
  journal.close();
});
afterAll(() => journal[Symbol.dispose]());

const replay = (...args: string[]) => wowsim("replay", "--data-dir", journal.folder, ...args);
/** A copy of the journal's folder, to damage. */
function copied(name: string): string {
  const folder = join(journal.folder, name);
  mkdirSync(folder);
  for (const file of ["world.sqlite", "world.witness"]) copyFileSync(join(journal.folder, file), join(folder, file));
  return folder;
}

describe("a whole journal", () => {
  test("as text", async () => {
    const { code, stdout, stderr } = await replay();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("zone 1: epoch 1 from tick 0 on");
    expect(stdout).toMatch(/1 +1 +122 +1 +122 +122 +0 +[\d,]+ +equal/);
    expect(stdout).toContain("184 of 184 ticks gave the recorded state");
  });

  test("as JSON", async () => {
    const { code, stdout, stderr } = await replay("--format", "json", "--zone", "2", "--watch", "1", "--events");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ type: "epoch", zone: 2, epoch: 1 });
    expect(lines.filter(({ type }) => type === "change").length).toBeGreaterThan(5);
    expect(lines.some(({ type, event }) => type === "event" && event === "corrected")).toBe(true);
    expect(lines.at(-1)).toMatchObject({
      type: "result",
      problems: [],
      zones: [{ zone: 2, ticks: 62, verified: 62, lost: 0 }],
    });
  });

  test("into a pipe that is closed early", async () => {
    const command = [process.execPath, "server/wowsim.ts", "replay", "--events", "--watch", "1", "--data-dir"];
    const line = `${[...command, journal.folder].map((word) => `'${word}'`).join(" ")} | head -n 1`;
    const child = Bun.spawn(["bash", "-c", line], { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    expect(await new Response(child.stdout).text()).toContain("zone 1: epoch 1 from tick 0 on");
    expect(await new Response(child.stderr).text()).toBe("");
  });

  test("as a recording, on its own", async () => {
    const path = join(journal.folder, "zones.wowrec");
    await Bun.write(path, Bun.zstdCompressSync(readFileSync(join(journal.folder, "world.sqlite"))));
    const { code, stdout, stderr } = await wowsim("replay", path);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("184 of 184 ticks");
  });
});

describe("a part of it", () => {
  test("a watched entity and a condition", async () => {
    const { code, stdout } = await replay("--zone", "1", "--watch", "1", "--until", "player(1).x > 5");
    expect(code).toBe(0);
    expect(stdout).toMatch(/zone 1 tick 4: player 1 x 0 → [\d.]+/);
    expect(stdout).toContain("the position of player 1 is corrected to");
    expect(stdout).toMatch(/The condition holds in zone 1 at tick \d+\./);
  });

  test("a condition that never holds is 4", async () => {
    expect((await replay("--until", "player(77).here")).code).toBe(4);
  });

  test("an incident", async () => {
    const { code, stdout } = await replay("--incident", String(incident));
    expect(stdout).toContain("zone 1, tick 123, after 22 ticks");
    expect(stdout).toContain("The batch traps in the same place.");
    expect(code).toBe(0);
    const asJson = await replay("--incident", String(incident), "--format", "json");
    expect(JSON.parse(asJson.stdout)).toMatchObject({ same: true, replayed: { phase: "commands", op: OP_TRAP } });
  });
});

describe("another module", () => {
  test("the same, and one that differs", async () => {
    const same = await replay("--module", await candidateFile(journal.folder, null));
    expect(same.stdout).toContain("no difference in 122 ticks. Its fuel is 1.0000×");
    expect(same.code).toBe(0);
    const speed = ["space/walking.ts", "MOVING_WALKS: u32 = 1", "MOVING_WALKS: u32 = 3"] as const;
    const other = await replay("--zone", "1", "--module", await candidateFile(journal.folder, { change: speed }));
    expect(other.stdout).toMatch(/\d+ of 122 ticks differ, first tick \d+/);
    expect(other.stdout).toContain("ENTITY_MOVING");
    expect(other.code).toBe(1);
  });

  test("one that can not run is refused", async () => {
    const write = async (name: string, bytes: string | Uint8Array): Promise<string> => {
      const path = join(journal.folder, name);
      await Bun.write(path, bytes);
      return path;
    };
    const none = await write("none.wasm", "no module");
    const tiny = await write("tiny.wasm", new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
    const metered = await write(
      "metered.wasm",
      await meter(await Bun.file(await candidateFile(journal.folder, "armour-sign")).bytes()),
    );
    const border = ["memory/capacities.ts", "EVENTS_MAX: u32 = 16384", "EVENTS_MAX: u32 = 8192"] as const;
    const wide = await candidateFile(journal.folder, { change: border });
    for (const [path, said] of [
      [none, "is no kernel that could run"],
      [tiny, "is no kernel that could run"],
      [metered, "It is metered already"],
      [wide, "EVENTS_MAX is"],
      [join(journal.folder, "missing.wasm"), "There is no file"],
    ] as const) {
      const { code, stderr } = await replay("--module", path);
      expect([path, stderr, code]).toEqual([path, expect.stringContaining(said), said.startsWith("There") ? 4 : 1]);
    }
  });
});

describe("bad input", () => {
  test.each([
    [["--zone", "9"], 4, "The journal has no zone 9; it has 1, 2."],
    [["--from", "5000"], 4, "The journal has no tick from 5000 that can be run."],
    [["--from", "9", "--to", "3"], 64, "--from 9 is after --to 3"],
    [["--incident", "99999"], 4, "The journal has no incident 99999"],
    [["--until", "player(1).healt < 5"], 64, 'Did you mean "health"?'],
    [["--watch", "me"], 64, "Give a whole number"],
    [["--incident", "5", "--watch", "1"], 64, "cannot be used with"],
    [["some.wowrec"], 64, "not both"],
  ])("%p", async (args, code, said) => {
    const text = await replay(...args);
    expect([text.code, text.stderr]).toEqual([code, expect.stringContaining(said)]);
    const json = await replay(...args, "--format", "json");
    expect([json.code, json.stdout]).toEqual([code, ""]);
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { message: expect.stringContaining(said) as string } });
  });

  test("a folder without a journal, and a file that is none", async () => {
    const nothing = await wowsim("replay", "--data-dir", join(journal.folder, "nowhere"));
    expect([nothing.code, nothing.stderr]).toEqual([4, expect.stringContaining("There is no journal in")]);
    const readme = await wowsim("replay", join(ROOT, "README.md"));
    expect([readme.code, readme.stderr]).toEqual([1, expect.stringContaining("is no recording of a world")]);
    const missing = await wowsim("replay", join(journal.folder, "missing.wowrec"));
    expect([missing.code, missing.stderr]).toEqual([4, expect.stringContaining("There is no file")]);
  });

  test("a damaged journal, and one of another format", async () => {
    const damaged = copied("damaged");
    const database = new Database(join(damaged, "world.sqlite"));
    database.run("UPDATE record SET hash = 'fe' WHERE zone = 1 AND tick = 60");
    database.close();
    const told = await wowsim("replay", "--data-dir", damaged);
    expect(told.code).toBe(1);
    expect(told.stdout).toContain("Tick 60 of zone 1 is damaged.");
    expect(told.stdout).toContain("41 ticks of zone 1, epoch 1, could not be run: 60 to 100.");
    const later = copied("later");
    const other = new Database(join(later, "world.sqlite"));
    other.run("PRAGMA user_version = 99");
    other.close();
    const refused = await wowsim("replay", "--data-dir", later);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("format 99")]);
    const text = join(journal.folder, "text");
    cpSync(join(ROOT, "README.md"), join(text, "world.sqlite"));
    const unreadable = await wowsim("replay", "--data-dir", text);
    expect([unreadable.code, unreadable.stderr]).toEqual([1, expect.stringContaining("can not be read")]);
  });
});
