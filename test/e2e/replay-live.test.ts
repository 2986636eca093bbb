// wowsim replay on the journal of a real server: while it runs, after a trap, and after it was killed.

import { expect, test } from "bun:test";
import type { ReplayResult } from "../../server/protocol/replay.ts";
import { WorldReader } from "../../server/store/world-reader.ts";
import { startWowsim, until, wowsim } from "../helpers/command.ts";
import { ServeProcess } from "../helpers/serve-process.ts";

interface Replayed {
  code: number;
  zones: ReplayResult["zones"];
  events: string[];
}

async function replayed(dataDir: string, ...args: string[]): Promise<Replayed> {
  const { code, stdout } = await wowsim("replay", "--data-dir", dataDir, "--format", "json", ...args);
  const lines = stdout.split("\n").filter((line) => line !== "");
  const all = lines.map((line) => JSON.parse(line) as { type: string; event: string; zones: Replayed["zones"] });
  const events = all.filter(({ type }) => type === "event").map(({ event }) => event);
  return { code, zones: all.at(-1)?.zones ?? [], events };
}

const ticksOf = ({ zones }: Replayed): number => zones.reduce((sum, { ticks }) => sum + ticks, 0);

/** Incidents with the batch that trapped. */
function incidentsIn(dataDir: string): number[] {
  const reader = WorldReader.open(dataDir);
  const found = reader?.events().filter(({ kind, json }) => kind === "incident" && json.includes('"trap"')) ?? [];
  reader?.close();
  return found.map(({ lsn }) => lsn);
}

function expectEqual({ code, zones }: Replayed): void {
  expect(zones.flatMap(({ problems }) => problems as string[])).toEqual([]);
  for (const zone of zones) expect(zone).toMatchObject({ verified: zone.ticks, lost: 0 });
  expect(code).toBe(0);
}

test("the journal of a server is replayed while it runs, after a trap, and after it was killed", async () => {
  await using server = await ServeProcess.ready("--seed", "7");
  const { dataDir } = server;
  const address = `127.0.0.1:${server.ports.control}`;
  await using players = startWowsim(["spawn-clients", "--count", "10", "--duration", "5m", "--server", address]);
  let live = await replayed(dataDir, "--events");
  await until(
    async () => {
      live = await replayed(dataDir, "--events");
      return live.events.includes("damage");
    },
    () => `a fight in ${JSON.stringify(live)} among players who said ${players.stderr}`,
  );
  expectEqual(live);

  await wowsim("inject-fault", "activate", "zone-trap", "--zone", "1", "--server", address);
  await until(() => incidentsIn(dataDir).length > 0, "an incident in the journal");
  const [incident = 0] = incidentsIn(dataDir);
  const again = await wowsim("replay", "--data-dir", dataDir, "--incident", String(incident));
  expect(again.stdout).toContain("The batch traps in the same place.");
  expect(again.code).toBe(0);

  const ticks = ticksOf(live);
  await until(async () => ticksOf(await replayed(dataDir)) > ticks, "more ticks");
  process.kill(server.ports.pid, "SIGKILL");
  await server.child.exited;
  const dead = await replayed(dataDir);
  expectEqual(dead);
  expect(ticksOf(dead)).toBeGreaterThan(ticks);
});
