// One server a data folder and one a telemetry file, also when folder, file or lock are removed while it runs.

import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { lockDataDir, lockTelemetryFile } from "../../../server/store/data-dir.ts";
import type { LockFile } from "../../../server/store/lock-file.ts";
import { ServerLocks, worded } from "../../../server/main/server-locks.ts";
import { tempFolder } from "../../helpers/telemetry.ts";

/** Its code and message, or null when it was taken. */
const refusal = async (taking: Promise<LockFile | null>): Promise<string | null> =>
  await taking.then(
    (lock) => {
      lock?.release();
      return null;
    },
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  );

describe("a telemetry file", () => {
  test("has one server, by whatever name it is called; a pipe, a device and stdout have any number", async () => {
    using folder = tempFolder();
    const path = folder.file("logs/a.jsonl");
    const lock = await lockTelemetryFile(path);
    symlinkSync(folder.file("logs"), folder.file("link"));
    for (const name of [path, folder.file("link/a.jsonl"), folder.file("logs/../logs/a.jsonl")])
      expect(await refusal(lockTelemetryFile(name))).toContain(
        "telemetry_file_in_use: Another server writes its telemetry to",
      );
    expect(await refusal(lockTelemetryFile(folder.file("logs/b.jsonl")))).toBeNull();
    lock?.release();
    expect(await refusal(lockTelemetryFile(path))).toBeNull();
    for (const name of ["/dev/null", "-"]) expect(await lockTelemetryFile(name)).toBeNull();
    expect(existsSync("-")).toBe(false);
  });
});

describe("locks whose folder is removed", () => {
  test("are made and taken anew, and told once", async () => {
    using folder = tempFolder();
    const dir = folder.file("data");
    const locks = new ServerLocks(await lockDataDir(dir), await lockTelemetryFile(`${dir}/telemetry.jsonl`));
    const inode = new BigInt64Array(locks.telemetryInode);
    expect(await locks.check()).toEqual([]);
    const before = inode[0];
    rmSync(dir, { recursive: true });
    // Another inode: a new file may else get the number of the old one.
    mkdirSync(folder.file("filler"));
    const changes = await locks.check();
    expect(changes.map(({ what, state }) => `${what} ${state}`)).toEqual([
      "data_dir retaken",
      "telemetry_file retaken",
    ]);
    expect(changes.map(worded)[0]).toContain(`The data folder ${dir} was removed while the server runs`);
    expect(await locks.check()).toEqual([]);
    expect(await refusal(lockDataDir(dir))).toContain("data_dir_in_use");
    expect(inode[0]).toBeGreaterThan(0n);
    expect(before).toBeGreaterThan(0n);
  });

  test("are told to be another's when one was faster, once, and come back when it is gone", async () => {
    using folder = tempFolder();
    const dir = folder.file("data");
    const locks = new ServerLocks(await lockDataDir(dir), await lockTelemetryFile(`${dir}/telemetry.jsonl`));
    rmSync(dir, { recursive: true });
    const others = [await lockDataDir(dir), await lockTelemetryFile(`${dir}/telemetry.jsonl`)];
    const changes = await locks.check();
    expect(changes.map(({ what, state }) => `${what} ${state}`)).toEqual(["data_dir lost", "telemetry_file lost"]);
    expect(changes.map(worded)[1]).toContain("No telemetry is written there by this one");
    expect(new BigInt64Array(locks.telemetryInode)[0]).toBe(-1n);
    expect(await locks.check()).toEqual([]);
    for (const other of others) other?.release();
    expect((await locks.check()).map(({ state }) => state)).toEqual(["retaken", "retaken"]);
  });
});
