// How large the journal becomes. Crowds of several sizes play, one after the other, each on a server of its own; what they wrote is
// counted in the file, and the file is compared with the limit that the server was given.
//
//   bun bench/journal-size.ts --clients 60,600,5000 --seconds 60
//   bun bench/journal-size.ts --clients 5000 --seconds 600 --megabytes 64      reaches the limit, and stays there
//
//   players  ticks, MB an hour  snapshots, MB an hour  on disk, MB  limit, MB
//        60               11.8                    4.2         38.1       2048
//
// A snapshot of each zone is kept a minute of the last hour (server/store/retention.ts), so a snapshot counts for a minute. Exit
// code 1 when the journal's files take more than the limit on the disk, the ballast and the log too.

import { Database } from "bun:sqlite";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startServerChild } from "../server/testing/server-child.ts";
import { fixed, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";
import { err, out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { integer, list, rateFlag, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import type { CrowdOrder } from "./lib/crowd-process.ts";
import { crowdWorld } from "./lib/crowd-world.ts";
import { runJsonChild } from "./lib/json-child.ts";

const FLAGS = {
  clients: list("sizes of the crowd", 8, 10_000, [60, 600, 5_000]),
  zones: integer("zones they are spread over", 1, 64, 8),
  rate: rateFlag("player"),
  seconds: integer("of play that are counted", 5, 3_600, 60),
  warmUp: integer("seconds of play before that", 0, 3_600, 20),
  megabytes: integer("size at which the server deletes older history", 64, 1_048_576, 2_048),
  seed: seedFlag("server and players"),
};
type Flags = FlagsOf<typeof FLAGS>;

const MB = 1e6;
const LIMIT_MB = 2 ** 20 / MB;
const HOUR_MS = 3_600_000;
const SNAPSHOTS_PER_HOUR = 60;
const LOOK_MS = 1_000;
const BYTES_PER_BLOCK = 512;

interface Row {
  players: number;
  ticksMbPerHour: number;
  snapshotsMbPerHour: number;
  /** The most that the journal's files took on the disk. */
  diskMb: number;
  limitMb: number;
}

await runBench("journal-size", FLAGS, journalSize);

async function journalSize(flags: Flags): Promise<Check[]> {
  const rows: Row[] = [];
  for (const players of flags.clients) {
    err(`${players} players`);
    rows.push(await measure(players, flags));
  }
  const checks = rows.map(({ players, diskMb, limitMb }) => ({
    what: `At ${players} players the journal keeps to its limit`,
    holds: diskMb <= limitMb,
    shown: `${fixed(diskMb, 1)} MB on the disk at most, limit ${fixed(limitMb, 1)} MB`,
  }));
  const { format, ...asked } = flags;
  if (format === "json") outJson({ ...asked, rows, checks });
  else {
    const head = ["players", "ticks, MB an hour", "snapshots, MB an hour", "on disk, MB", "limit, MB"];
    const cells = rows.map((row) => Object.values(row).map((value, at) => fixed(value, at === 0 ? 0 : 1)));
    for (const line of tableLines(head, cells)) out(line);
    printChecks(checks);
  }
  return checks;
}

async function measure(players: number, flags: Flags): Promise<Row> {
  const { zones, rate, seconds, warmUp: warmUpSeconds, megabytes, seed } = flags;
  const folder = tempFolder("wowsim-journal-size-");
  try {
    const world = join(folder.path, "world.toml");
    writeFileSync(world, crowdWorld({ zones, players, manner: "living" }).toml);
    await using server = await startServerChild({ world, seed, flags: ["--journal-megabytes", String(megabytes)] });
    const dataDir = dirname(server.telemetryFile);
    let diskMb = 0;
    const look = setInterval(() => (diskMb = Math.max(diskMb, sizeOf(dataDir))), LOOK_MS);
    const { game: port, control } = server.ports;
    const play = { zones, manner: "living", rate, warmUpSeconds, seconds, protocol: "binary", seed } as const;
    const order: CrowdOrder = { port, control, serverPid: server.pid, count: players, ...play };
    const report = await runJsonChild(["bench/lib/crowd-process.ts", JSON.stringify(order)]);
    clearInterval(look);
    const written = writtenIn(dataDir, report["measured"] as { from_ms: number; to_ms: number });
    return { players, ...written, diskMb, limitMb: megabytes * LIMIT_MB };
  } finally {
    folder.remove();
  }
}

function sizeOf(dataDir: string): number {
  const files = readdirSync(dataDir).filter((name) => name.startsWith("world."));
  const blocks = files.map((name) => statSync(join(dataDir, name), { throwIfNoEntry: false })?.blocks ?? 0);
  return (blocks.reduce((sum, each) => sum + each, 0) * BYTES_PER_BLOCK) / MB;
}

/** Rates: the rows of that time, each as large as its table and index are for a row. */
function writtenIn(dataDir: string, { from_ms: fromMs, to_ms: toMs }: { from_ms: number; to_ms: number }) {
  using database = new Database(join(dataDir, "world.sqlite"), { readonly: true });
  const number = (sql: string, ...values: number[]): number =>
    database.query<{ n: number | null }, number[]>(sql).get(...values)?.n ?? 0;
  const mbPerRow = (table: string): number => {
    const bytes = number(`SELECT sum(pgsize) AS n FROM dbstat WHERE name IN ('${table}', '${table}_at')`);
    return bytes / MB / number(`SELECT count(*) AS n FROM ${table}`);
  };
  const ticks = number("SELECT count(*) AS n FROM record WHERE at BETWEEN ? AND ?", fromMs, toMs);
  const zones = number("SELECT count(DISTINCT zone) AS n FROM snapshot");
  return {
    ticksMbPerHour: (ticks * mbPerRow("record") * HOUR_MS) / (toMs - fromMs),
    snapshotsMbPerHour: zones * mbPerRow("snapshot") * SNAPSHOTS_PER_HOUR,
  };
}
