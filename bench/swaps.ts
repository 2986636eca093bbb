// Swaps under load: a thousand modules put into two zones full of players, most of them rolled back, some promoted, half of them with
// another layout of the state. Measures how long each swap and roll-back holds a zone up, and that nobody notices.
//
//   bun bench/swaps.ts                       1,000 swaps under 60 players, some minutes
//   bun bench/swaps.ts --swaps 100 --clients 200
//
//   move, ms                 times  waits p99  warm-up p99  move p50  move p99  pause p50  pause p99  pause max
//   swap, same layout          500       45.1         15.9      1.11      3.40       0.00       0.00       0.40
//
// The warm-up on a copy, and the move, which works on the zone's own state, go on between ticks. The pause is by how much they made a tick
// late: what players could notice.

import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildCandidate } from "../assembly/toolchain/candidates.ts";
import { ensureKernel } from "../assembly/toolchain/build.ts";
import type { BuiltKernel } from "../assembly/toolchain/build.ts";
import { loadKernel } from "../assembly/toolchain/load.ts";
import { at } from "../server/protocol/assert.ts";
import { WowsimError } from "../server/protocol/errors.ts";
import type { ReplayResult } from "../server/protocol/replay.ts";
import { fixed, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import type { ServerChild } from "../server/testing/server-child.ts";
import { greatestOf, isAtMost, quantile } from "../server/testing/statistics.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";
import { isBelow } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { measuredOf } from "../tools/analysis/telemetry-text.ts";
import { ControlClient } from "../tools/client/control-client.ts";
import { Swarm } from "../tools/client/swarm.ts";
import { DeployRemote } from "../tools/deploy/remote.ts";
import type { RemoteZone } from "../tools/deploy/remote.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { progressBar } from "../tools/ui/progress.ts";
import { tableLines } from "../tools/ui/table.ts";
import { integer, playFlags, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { crowdWorld } from "./lib/crowd-world.ts";
import { runJsonChild } from "./lib/json-child.ts";

const ZONES = 2;
const TICK_MS = 50;
/** They behave alike, so that a promotion of one does not change what the others do. */
const CANDIDATES = ["hotfix", "added-column", "faster-sight", "new-column", "refactoring"];
/** In every round both zones get the module. */
const ROUNDS_PER_PROMOTION = 10;
const SETTLE_MS = 3_000;
const LEASE_MS = 60_000;
const LOOK_MS = 10;
const PATIENCE_MS = 60_000;
/** What the checks hold the figures to. */
const LIMITS = { pauseMsP99: 1 } as const;

const FLAGS = {
  swaps: integer("how many", 4, 1_000_000, 1_000),
  ...playFlags(60, ZONES),
};
type Flags = FlagsOf<typeof FLAGS>;

/** A swap or a roll-back, as the server's telemetry tells it; milliseconds. */
interface Move {
  kind: "swap" | "roll-back";
  isSameLayout: boolean;
  waitMs: Measured;
  warmUpMs: Measured;
  moveMs: Measured;
  pauseMs: Measured;
}

interface Row {
  name: string;
  times: number;
  waitMsP99: Measured;
  warmUpMsP99: Measured;
  moveMsP50: Measured;
  moveMsP99: Measured;
  pauseMsP50: Measured;
  pauseMsP99: Measured;
  pauseMsMax: Measured;
}

await runBench("swaps", FLAGS, bench);

async function bench(flags: Flags): Promise<Check[]> {
  const { swaps, clients, rate, seed, format } = flags;
  const folder = tempFolder("wowsim-swaps-");
  const world = join(folder.path, "world.toml");
  writeFileSync(world, crowdWorld({ zones: ZONES, players: clients, manner: "living" }).toml);
  const modules = await Promise.all(CANDIDATES.map((name) => buildCandidate(name)));
  await using server = await startServerChild({ world, seed });
  try {
    const swarm = await Swarm.start({ host: "127.0.0.1", port: server.ports.game, count: clients, rate, seed });
    await Bun.sleep(SETTLE_MS);
    const tally = await swapAll(server, modules, swaps);
    const { playing } = swarm;
    await swarm.stop();
    const exitCode = await server.stop();
    const moves = await readMoves(server, await layouts(modules));
    const rows = rowsOf(moves);
    const replayed = await replay(dirname(server.telemetryFile));
    const { drops, protocolErrors, actions, acks, busy, lost } = swarm.stats;
    const players = { clients, playing, drops, protocolErrors, actions, acks, busy, lost };
    const checks = judge({ swaps, tally, moves, players, replayed, exitCode });
    if (format === "json") outJson({ swaps, rate, seed, ...tally, rows, players, replayed, checks });
    else print(flags, rows, checks);
    return checks;
  } finally {
    folder.remove();
  }
}

interface Tally {
  promotions: number;
  seconds: number;
}

/** Gives both zones one module after the other. */
async function swapAll(server: ServerChild, modules: readonly BuiltKernel[], swaps: number): Promise<Tally> {
  await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
  const remote = new DeployRemote(control);
  const hashes: string[] = [];
  for (const [index, { wasm }] of modules.entries())
    hashes.push(await remote.load(wasm, at(CANDIDATES, index), new AbortController().signal));
  const startMs = performance.now();
  const bar = progressBar("swapping");
  let promotions = 0;
  try {
    for (let round = 0; round * ZONES < swaps; round++) {
      bar.update((round * ZONES) / swaps, `${round * ZONES} of ${swaps}`);
      const hash = at(hashes, round % hashes.length);
      const { zones } = await remote.status();
      // A module that was promoted runs already, and a swap to it would be none.
      const isThere = zones.some((zone) => zone.hash === hash);
      const next = isThere ? at(hashes, (round + 1) % hashes.length) : hash;
      const isPromoted = round % ROUNDS_PER_PROMOTION === ROUNDS_PER_PROMOTION - 1;
      await deploy(control, remote, next, isPromoted);
      if (isPromoted) promotions++;
    }
  } finally {
    bar.done();
  }
  return { promotions, seconds: (performance.now() - startMs) / 1_000 };
}

/** Both zones swap, together or one after the other, and both go on with it or go back. */
async function deploy(control: ControlClient, remote: DeployRemote, hash: string, isPromoted: boolean): Promise<void> {
  const swapIn = async (zone: number): Promise<void> => {
    await control.ask({ command: "deploy_swap", hash, zone_id: zone, lease_ms: LEASE_MS });
    await until(remote, `zone ${zone} runs ${hash}`, (zones) => {
      const { phase, last_error: problem } = at(zones, zone - 1);
      if (phase === "steady") throw new WowsimError("swap_refused", `Zone ${zone} refused ${hash}: ${problem}`);
      return phase === "canary";
    });
  };
  if (isPromoted) {
    // The other zone swaps because of the promotion.
    await swapIn(1);
    await control.ask({ command: "deploy_promote", hash });
  } else {
    await Promise.all(Array.from({ length: ZONES }, (_, index) => swapIn(index + 1)));
    await control.ask({ command: "deploy_rollback", zone_id: 0 });
  }
  await until(remote, "both zones are steady", (zones) => zones.every(({ phase }) => phase === "steady"));
}

async function until(remote: DeployRemote, what: string, isSo: (zones: RemoteZone[]) => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!isSo((await remote.status()).zones)) {
    if (performance.now() > deadline) throw new WowsimError("timeout", `Waited in vain until ${what}.`);
    await Bun.sleep(LOOK_MS);
  }
}

/** The state hash of each module's layout, by the module's hash. */
async function layouts(modules: readonly BuiltKernel[]): Promise<Map<string, string>> {
  const own = await Bun.file(await ensureKernel()).bytes();
  return new Map(
    [own, ...modules.map(({ metered }) => metered)].map((wasm) => {
      const { hash, layout } = loadKernel(wasm, "bench");
      return [hash, layout.stateHash];
    }),
  );
}

async function readMoves(server: ServerChild, stateHashes: ReadonlyMap<string, string>): Promise<Move[]> {
  const moves: Move[] = [];
  for await (const { message, data } of server.telemetry()) {
    if (message !== "Module swapped" && message !== "Module rolled back") continue;
    const [from, to] = [stateHashes.get(String(data["from_hash"])), stateHashes.get(String(data["to_hash"]))];
    moves.push({
      kind: message === "Module swapped" ? "swap" : "roll-back",
      isSameLayout: from === to,
      waitMs: measuredOf(data, "wait_ms"),
      warmUpMs: measuredOf(data, "warm_up_ms"),
      moveMs: measuredOf(data, "move_ms"),
      pauseMs: measuredOf(data, "pause_ms"),
    });
  }
  return moves;
}

function rowsOf(moves: readonly Move[]): Row[] {
  const kinds = (["swap", "roll-back"] as const).flatMap((kind) => [
    { kind, isSameLayout: true },
    { kind, isSameLayout: false },
  ]);
  return kinds.map(({ kind, isSameLayout }) => {
    const own = moves.filter((move) => move.kind === kind && move.isSameLayout === isSameLayout);
    const all = (of: (move: Move) => Measured): Measured[] => own.map((move) => of(move));
    const moved = all(({ moveMs }) => moveMs);
    const pauses = all(({ pauseMs }) => pauseMs);
    return {
      name: `${kind}, ${isSameLayout ? "same" : "other"} layout`,
      times: own.length,
      waitMsP99: quantile(
        all(({ waitMs }) => waitMs),
        0.99,
      ),
      warmUpMsP99: quantile(
        all(({ warmUpMs }) => warmUpMs),
        0.99,
      ),
      moveMsP50: quantile(moved, 0.5),
      moveMsP99: quantile(moved, 0.99),
      pauseMsP50: quantile(pauses, 0.5),
      pauseMsP99: quantile(pauses, 0.99),
      pauseMsMax: greatestOf(pauses),
    };
  });
}

interface Replayed {
  ticks: number;
  verified: number;
  problems: string[];
}

/** Every tick of the journal again, by the real command; each hash is compared. */
async function replay(dataDir: string): Promise<Replayed> {
  const args = ["server/wowsim.ts", "replay", "--data-dir", dataDir, "--format", "json"];
  const { zones } = (await runJsonChild(args)) as unknown as ReplayResult;
  return {
    ticks: zones.reduce((sum, { ticks }) => sum + ticks, 0),
    verified: zones.reduce((sum, { verified }) => sum + verified, 0),
    problems: zones.flatMap(({ problems }) => problems),
  };
}

interface Evidence {
  swaps: number;
  tally: Tally;
  moves: Move[];
  players: {
    clients: number;
    playing: number;
    drops: number;
    protocolErrors: number;
    actions: number;
    acks: number;
    busy: number;
    lost: number;
  };
  replayed: Replayed;
  exitCode: number;
}

function judge({ swaps, tally, moves, players, replayed, exitCode }: Evidence): Check[] {
  const done = moves.filter(({ kind }) => kind === "swap").length;
  const back = moves.filter(({ kind }) => kind === "roll-back");
  const pauseMs = quantile(
    moves.map((move) => move.pauseMs),
    0.99,
  );
  const returns = back.map(({ waitMs, moveMs: ms }) => (waitMs === null || ms === null ? null : waitMs + ms));
  const { clients, playing, drops, protocolErrors, actions, acks, busy, lost } = players;
  return [
    {
      what: "Every swap was done",
      holds: done >= swaps,
      shown: `${done} of ${swaps}, ${back.length} rolled back, ${tally.promotions} promotions, in ${fixed(tally.seconds, 0)} s`,
    },
    {
      what: `A tick is late by less than ${LIMITS.pauseMsP99} ms (p99)`,
      restsOn: "time",
      holds: isBelow(pauseMs, LIMITS.pauseMsP99),
      shown: `${fixed(pauseMs)} ms`,
    },
    {
      what: "Each roll-back is done within a tick of its request",
      restsOn: "time",
      holds: isAtMost(greatestOf(returns), TICK_MS),
      shown: `at most ${fixed(greatestOf(returns))} ms`,
    },
    { what: "No socket was closed", holds: drops === 0 && playing === clients, shown: `${drops}, ${playing} play` },
    {
      what: "No command was lost",
      holds: lost === 0 && busy === 0 && acks === actions && actions > 0,
      shown: `${acks} of ${actions} acknowledged, ${busy} refused as busy, ${lost} lost`,
    },
    { what: "No player was told nonsense", holds: protocolErrors === 0, shown: `${protocolErrors} protocol errors` },
    {
      what: "Every tick gives its recorded state again",
      holds: replayed.ticks > 0 && replayed.verified === replayed.ticks && replayed.problems.length === 0,
      shown: [`${replayed.verified} of ${replayed.ticks} ticks`, ...replayed.problems.slice(0, 2)].join("; "),
    },
    { what: "The server stopped in order", holds: exitCode === 0, shown: `exit code ${exitCode}` },
  ];
}

function print({ swaps, clients, rate, seed }: Flags, rows: readonly Row[], checks: Check[]): void {
  out(`bun bench/swaps.ts --swaps ${swaps} --clients ${clients} --rate ${rate} --seed ${seed}`);
  const head = [
    "move, ms",
    "times",
    "waits p99",
    "warm-up p99",
    "move p50",
    "move p99",
    "pause p50",
    "pause p99",
    "pause max",
  ];
  const shown = rows.map(({ name, times, ...ms }) => [name, times, ...Object.values(ms).map((each) => fixed(each))]);
  for (const line of [...tableLines(head, shown), ""]) out(line);
  printChecks(checks);
}
