// Deploys thousands of kernels that write garbage into zones of a live server under players. Each candidate breaks in a different
// way, drawn from its seed. Checks that every thread, the control channel and every zone survive it.
//
//   bun bench/garbage-kernels.ts --kernels 10000
//
// All candidates are one module, uploaded, checked and metered like any other (lib/garbage-kernel.ts). A player's command gives each
// deploy its seed once the module runs. So ten thousand candidates take minutes; metering ten thousand files would take
// hours, and the effect on a zone is the same.

import { join } from "node:path";
import { isBelow, mapped } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { measuredOf } from "../tools/analysis/telemetry-text.ts";
import { WowsimError } from "../server/protocol/errors.ts";
import { ControlClient } from "../tools/client/control-client.ts";
import { ClientStats } from "../tools/client/client-stats.ts";
import { GameClient } from "../tools/client/game-client.ts";
import { DeployRemote } from "../tools/deploy/remote.ts";
import type { RemoteZone } from "../tools/deploy/remote.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { fixed, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { greatestOf, isAtMost, Most } from "../server/testing/statistics.ts";
import { integer, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { startControlProbe } from "./lib/control-probe.ts";
import type { ProbedAnswers } from "./lib/control-probe.ts";
import { crowdWorld } from "./lib/crowd-world.ts";
import { buildGarbageKernel, GARBAGE_SPELL } from "../server/testing/garbage-kernel.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import type { ServerChild } from "../server/testing/server-child.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";

const CREATURES_FOR = 40;
const LEASE_MS = 20_000;
const POLL_MS = 25;
/** How long a candidate may go on without a trap before it is taken back: some ticks. */
const WATCH_MS = 200;
/** A zone that is DOWN, or whose player is elsewhere, is looked at again after this. */
const WAIT_MS = 100;
/** Garbage can take a player anywhere, and out for good. After so many looks another one orders in the zone. */
const LOOKS_MAX = 50;
const STUCK_MS_MAX = 1_000;
/** Ticks longer than this are shown, so many. */
const SLOW_MS = 100;
const SLOWEST = 5;
/** What the checks hold the figures to. */
const LIMITS = {
  answerMs: 100,
  backMs: 10_000,
} as const;
/** Longer than any run takes; players end with the bench. */
const PLAY_SECONDS = 3_600;

const FLAGS = {
  kernels: integer("candidates to deploy, in all", 1, 1_000_000, 10_000),
  zones: integer("zones that they are deployed into, side by side", 1, 32, 12),
  players: integer("players who play meanwhile, beside one who orders the garbage a zone", 1, 1_000, 36),
  seed: integer("of the first; the others follow", 1, 0x7fff_ffff, 1),
};
type Flags = FlagsOf<typeof FLAGS>;

await runBench("garbage-kernels", FLAGS, garbageKernels);

/** Players in a process of their own, who end with the bench: what they see of a world of garbage says nothing. */
function startPlayers(port: number, count: number, seed: number): { end(): void } {
  const flags = ["--count", count, "--rate", 2, "--duration", PLAY_SECONDS, "--port", port, "--seed", seed].map(String);
  const command = [process.execPath, "server/wowsim.ts", "spawn-clients", ...flags];
  const child = Bun.spawn(command, {
    cwd: join(import.meta.dir, ".."),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const exit = (): void => void child.kill("SIGKILL");
  process.on("exit", exit);
  return {
    end() {
      process.off("exit", exit);
      exit();
    },
  };
}

/** How the deploys ended. */
interface Tally {
  deployed: number;
  /** Did not pass the warm-up: the garbage of one before was in the zone's journal. */
  refused: number;
  /** Traps, and the zone rolled back by itself. */
  rolledBack: number;
  /** Harmless for as long as it was watched. */
  takenBack: number;
  /** How often a zone was DOWN, or its player elsewhere. */
  waits: number;
}

async function garbageKernels(flags: Flags): Promise<Check[]> {
  const { kernels, zones, players, seed, format } = flags;
  const folder = tempFolder("wowsim-garbage-");
  const world = `${folder.path}/world.toml`;
  await Bun.write(world, crowdWorld({ zones, players: CREATURES_FOR * zones, manner: "living" }).toml);
  await using server = await startServerChild({ world, seed });
  await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
  const hash = await new DeployRemote(control).load(
    await buildGarbageKernel(),
    "garbage",
    new AbortController().signal,
  );
  const play = startPlayers(server.ports.game, players, seed);
  const probe = startControlProbe(server.ports.control, "garbage");
  const start = performance.now();
  const tally: Tally = { deployed: 0, refused: 0, rolledBack: 0, takenBack: 0, waits: 0 };
  await deployAll({ server, control, hash, tally, flags });
  const seconds = (performance.now() - start) / 1_000;
  const backMs = await untilAllActive(server);
  const { answers, failures } = await probe.stop();
  play.end();
  await server.stop();
  const seen = await readTelemetry(server);
  folder.remove();
  const checks = judge({ tally, kernels, seen, answers, failures, backMs });
  if (format === "json") outJson({ kernels, zones, seconds, tally, ...seen, answers, backMs, checks });
  else {
    out(`bun bench/garbage-kernels.ts --kernels ${kernels} --zones ${zones} --players ${players} --seed ${seed}`);
    const { rolledBack, takenBack, refused, waits } = tally;
    out(
      `${tally.deployed} kernels in ${seconds.toFixed(0)} s: ${rolledBack} rolled back by their zone, ${takenBack} taken back,`,
    );
    out(`${refused} refused at the door; ${waits} times a zone or its player was not there yet`);
    for (const [what, count] of Object.entries(seen.errors)) out(`  ${String(count).padStart(7)}  ${what}`);
    for (const { ms, error } of seen.slowest) out(`  ${ms.toFixed(0).padStart(5)} ms  a tick: ${error.slice(0, 80)}`);
    printChecks(checks);
  }
  return checks;
}

interface Run {
  server: ServerChild;
  control: ControlClient;
  hash: string;
  tally: Tally;
  flags: Flags;
}

/** One lane a zone; together they deploy as many as are wanted. */
async function deployAll(run: Run): Promise<void> {
  const { control, flags, tally, server } = run;
  const board = new StatusBoard(control);
  const stats = new ClientStats();
  const lane = async (zone: number): Promise<void> => {
    let orderer = await ordererOf(zone, server, stats);
    let looks = 0;
    while (tally.deployed < flags.kernels && server.exitCode === null) {
      const seed = flags.seed + tally.deployed++;
      if (await deployOne(run, orderer, zone, seed, board)) {
        looks = 0;
        continue;
      }
      tally.deployed--;
      if (++looks % LOOKS_MAX !== 0) continue;
      await leave(orderer);
      orderer = await ordererOf(zone, server, stats);
    }
    await leave(orderer);
  };
  try {
    await Promise.all(Array.from({ length: flags.zones }, (_, index) => lane(index + 1)));
  } finally {
    await board.stop();
  }
}

async function ordererOf(zone: number, { ports }: ServerChild, stats: ClientStats): Promise<GameClient> {
  const name = `Orderer${zone}`;
  const client = new GameClient({
    host: "127.0.0.1",
    port: ports.game,
    name,
    zone,
    random: Math.random,
    stats,
  });
  // The zone may be DOWN just now: then it is not playing, and is replaced later.
  await client.connect().catch(() => undefined);
  return client;
}

async function leave(client: GameClient): Promise<void> {
  await client.leave().catch(() => undefined);
}

/** What all zones' deploys are at, asked for all lanes at once. */
class StatusBoard {
  readonly #remote: DeployRemote;
  readonly #polling: Promise<void>;
  #zones = new Map<number, RemoteZone>();
  /** When the newest answer was asked for. */
  #askedAtMs = 0;
  #isDone = false;

  constructor(control: ControlClient) {
    this.#remote = new DeployRemote(control);
    this.#polling = this.#poll();
  }

  /** The zone's status as soon as it is asked for after now and `holds`; null when it never did in that time. */
  async until(zone: number, msMax: number, holds: (status: RemoteZone) => boolean): Promise<RemoteZone | null> {
    const startMs = performance.now();
    while (performance.now() < startMs + msMax) {
      await Bun.sleep(POLL_MS);
      const status = this.#askedAtMs > startMs ? this.#zones.get(zone) : undefined;
      if (status !== undefined && holds(status)) return status;
    }
    return null;
  }

  async stop(): Promise<void> {
    this.#isDone = true;
    await this.#polling;
  }

  async #poll(): Promise<void> {
    while (!this.#isDone) {
      const askedAtMs = performance.now();
      const zones = await orNull(this.#remote.status().then((status) => status.zones));
      if (zones !== null) {
        this.#zones = new Map(zones.map((zone) => [zone.zone_id, zone]));
        this.#askedAtMs = askedAtMs;
      }
      await Bun.sleep(POLL_MS);
    }
  }
}

/** False when the zone could not take one just now. */
async function deployOne(
  { control, hash, tally }: Run,
  client: GameClient,
  zone: number,
  seed: number,
  board: StatusBoard,
): Promise<boolean> {
  const isThere = client.zoneId === zone && client.isPlaying;
  if (!isThere || !(await swap(control, hash, zone))) {
    tally.waits++;
    await Bun.sleep(WAIT_MS);
    return false;
  }
  const swapped = await board.until(zone, LEASE_MS, ({ phase }) => phase === "canary" || phase === "steady");
  if (swapped?.phase !== "canary") {
    const isDown = (swapped?.last_error ?? "").includes("is DOWN");
    if (isDown) tally.waits++;
    else tally.refused++;
    return !isDown;
  }
  client.cast(GARBAGE_SPELL, seed);
  if ((await board.until(zone, WATCH_MS, ({ phase }) => phase === "steady")) !== null) {
    tally.rolledBack++;
    return true;
  }
  // Refused: the zone has just done so by itself.
  if ((await orNull(control.ask({ command: "deploy_rollback", zone_id: zone }))) !== null) tally.takenBack++;
  else tally.rolledBack++;
  await board.until(zone, LEASE_MS, ({ phase }) => phase === "steady");
  return true;
}

async function swap(control: ControlClient, hash: string, zone: number): Promise<boolean> {
  return (await orNull(control.ask({ command: "deploy_swap", hash, zone_id: zone, lease_ms: LEASE_MS }))) !== null;
}

/** Null when the server refuses, or does not answer in time: how fast it answers is measured beside (control-probe.ts). */
async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof WowsimError) return null;
    throw error;
  }
}

/** Milliseconds until every zone is ACTIVE or DEGRADED, for good; missing when one stays DOWN. */
async function untilAllActive(server: ServerChild): Promise<Measured> {
  const start = performance.now();
  while (performance.now() - start < 3 * LIMITS.backMs) {
    const page = await (await fetch(`http://127.0.0.1:${server.ports.http}/metrics`)).text();
    const states = page.split("\n").filter((line) => line.startsWith("wowsim_zone_state{") && line.endsWith(" 1"));
    const running = states.filter((line) => /"ACTIVE"|"DEGRADED"/.test(line));
    if (states.length > 0 && running.length === states.length) return performance.now() - start;
    await Bun.sleep(WAIT_MS);
  }
  return null;
}

/** What the server's own telemetry says of it all. */
interface Seen {
  /** The longest ticks of any zone, with their recoveries, and what they broke by. */
  slowest: { ms: number; error: string }[];
  tickMsMax: Measured;
  /** How late the main thread came to one of its own ticks. */
  mainLateMsMax: Measured;
  /** Zone workers that hung or died. */
  workersLost: number;
  downs: number;
  /** Ways in which ticks ended, and how often. */
  errors: Record<string, number>;
}

async function readTelemetry(server: ServerChild): Promise<Seen> {
  const broken = new Map<string, string>();
  const seen: Seen = { slowest: [], tickMsMax: null, mainLateMsMax: null, workersLost: 0, downs: 0, errors: {} };
  const [ticks, lags] = [new Most(), new Most()];
  for await (const { message, data } of server.telemetry()) {
    if (message === "Zone tick completed") {
      const ms = measuredOf(data, "duration_ms");
      ticks.add(ms);
      const error = broken.get(`${String(data["zone_id"])} ${String(data["tick"])}`) ?? "nothing broke";
      if (ms !== null && ms > SLOW_MS)
        seen.slowest = [...seen.slowest, { ms, error }].toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST);
    } else if (message === "Zone worker lost") seen.workersLost++;
    else if ("loop_lag_ms_max" in data) lags.add(measuredOf(data, "loop_lag_ms_max"));
    else if (message === "Zone state changed" && data["to_state"] === "DOWN") seen.downs++;
    else if (message === "Zone tick exception") {
      broken.set(`${String(data["zone_id"])} ${String(data["tick"])}`, String(data["error"]));
      const what = String(data["error"])
        .replaceAll(/-?\d[\d.e+]*/g, "n")
        .slice(0, 70);
      seen.errors[what] = (seen.errors[what] ?? 0) + 1;
    }
  }
  return { ...seen, tickMsMax: ticks.value, mainLateMsMax: lags.value };
}

interface Evidence {
  tally: Tally;
  kernels: number;
  seen: Seen;
  answers: ProbedAnswers[];
  failures: string[];
  backMs: Measured;
}

function judge({ tally, kernels, seen, answers, failures, backMs }: Evidence): Check[] {
  const slowest = greatestOf(answers.map(({ msMax }) => msMax));
  const asked = answers.reduce((sum, { count }) => sum + count, 0);
  const broke = Object.values(seen.errors).reduce((sum, count) => sum + count, 0);
  return [
    {
      what: "All were deployed, and most broke their tick",
      holds: tally.deployed >= kernels && broke > kernels / 4,
      shown: `${tally.deployed} of ${kernels}, ${broke} ticks broken, ${seen.downs} times a zone went DOWN`,
    },
    {
      what: `No thread was stuck for ${STUCK_MS_MAX / 1_000} s`,
      restsOn: "time",
      holds: seen.workersLost === 0 && isBelow(greatestOf([seen.tickMsMax, seen.mainLateMsMax]), STUCK_MS_MAX),
      shown: `longest tick ${fixed(seen.tickMsMax, 0)} ms, main thread late by ${fixed(seen.mainLateMsMax, 0)} ms at most, ${seen.workersLost} workers lost`,
    },
    {
      what: `The control channel answered within ${LIMITS.answerMs} ms, always`,
      restsOn: "time",
      holds: asked > 0 && failures.length === 0 && isAtMost(slowest, LIMITS.answerMs),
      shown:
        `${asked} answers, slowest ${fixed(slowest, 1)} ms, ${failures.length} failures ${failures[0] ?? ""}`.trim(),
    },
    {
      what: "Every zone was ACTIVE again",
      holds: backMs !== null,
      shown: backMs === null ? "one was not" : "all were",
    },
    {
      what: `That took ${LIMITS.backMs / 1_000} s after the last at most`,
      restsOn: "time",
      holds: isAtMost(backMs, LIMITS.backMs),
      shown: `${fixed(
        mapped(backMs, (ms) => ms / 1_000),
        1,
      )} s`,
    },
  ];
}
