// A server on a copy of the past: the world goes on from there, its people stand where they stood, and the journal is not touched.

import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { firstLine } from "../../tools/client/child-output.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { until } from "../helpers/control-live.ts";
import { RawClient } from "../helpers/net.ts";
import { ServeProcess } from "../helpers/serve-process.ts";

setDefaultTimeout(90_000);

const ROOT = join(import.meta.dir, "../..");

interface ReadyCopy {
  control: number;
  game: number;
  zones: { zone: number; tick: number }[];
  data_dir: string;
}

/** A server on a copy of the journal in that folder. */
function serveCopy(dataDir: string, ...flags: string[]) {
  const args = ["replay", "--serve", "--data-dir", dataDir, "--format", "json", ...flags];
  return Bun.spawn([process.execPath, join(ROOT, "server/wowsim.ts"), ...args], { stdout: "pipe", stderr: "inherit" });
}

async function readyOf(copy: { stdout: ReadableStream<Uint8Array> }): Promise<ReadyCopy> {
  return JSON.parse(await firstLine(copy.stdout, 60_000)) as ReadyCopy;
}

test("replay --serve starts a server on a copy of the world as it was, with its people in it", async () => {
  await using server = await ServeProcess.ready();
  const ann = await RawClient.connect(server.ports.game);
  ann.send({ type: "hello", v: 1, name: "Ann", zone: 1 });
  await until("Ann plays", () => ann.last("state") !== undefined);
  const { tick } = ann.last("state") as { tick: number };
  await until("some ticks are over", () => Number(ann.last("state")?.["tick"]) > tick + 20);

  const copy = serveCopy(server.dataDir, "--to", String(tick + 10));
  try {
    const ready = await readyOf(copy);
    expect(ready.zones.find(({ zone }) => zone === 1)?.tick).toBe(tick + 10);
    await using control = await ControlClient.connect({ host: "127.0.0.1", port: ready.control });
    const view = async (): Promise<Record<string, unknown>> =>
      await control.ask({ command: "inspect_zone", zone_id: 1 });
    expect((await view())["players"]).toBe(1);
    // Also when the zone has told who is in it, and nobody has a session for that body.
    const from = Number((await view())["tick"]);
    await until("two seconds are over", async () => Number((await view())["tick"]) > from + 40);
    expect((await view())["players"]).toBe(1);
    copy.kill("SIGTERM");
    expect(await copy.exited).toBe(0);
    expect(existsSync(ready.data_dir)).toBe(false);
  } finally {
    copy.kill("SIGKILL");
    await copy.exited;
  }
  // The server whose journal it was plays on.
  const seen = Number(ann.last("state")?.["tick"]);
  await until("it ticks", () => Number(ann.last("state")?.["tick"]) > seen);
});

test("the copy of one that was killed goes with the next start", async () => {
  await using server = await ServeProcess.ready();
  const copies = [serveCopy(server.dataDir), serveCopy(server.dataDir)] as const;
  const all = [...copies];
  try {
    const folders = [(await readyOf(copies[0])).data_dir, (await readyOf(copies[1])).data_dir];
    copies[0].kill("SIGKILL");
    await copies[0].exited;
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, true]);
    const last = serveCopy(server.dataDir);
    all.push(last);
    await readyOf(last);
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, true]);
  } finally {
    for (const copy of all) copy.kill("SIGTERM");
    for (const copy of all) await copy.exited;
  }
});
