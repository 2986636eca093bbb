// The list of all benches: for their --help, and for the README's table, which a test compares with this list.

/** What each bench measures, by its command. */
export const BENCHES: Readonly<Record<string, string>> = {
  "bun run bench": "a tick of the kernel by entities and zones, metered, unmetered, as native code",
  "bun bench/same-hash.ts": "the same seed and commands, the same hash at every tick, also in Node",
  "bun bench/replay.ts": "how fast a journal runs again, all states equal",
  "bun bench/validate.ts": "how fast a kernel is judged by recorded play, and what is said of each candidate",
  "bun bench/judge.ts": "what a validation says of every candidate, over seeds and loads",
  "bun bench/paired-time.ts": "how often the judge of time is wrong, and what it sees at equal fuel",
  "bun bench/shadow.ts": "what a module beside live zones costs them, and what it sees of itself",
  "bun bench/swaps.ts": "how long a swap and a roll-back hold a zone up, and that players notice nothing",
  "bun bench/deploys.ts": "which hotfixes a deploy lets through, and who meets a bad one, over candidates and loads",
  "bun bench/isolation.ts": "what two broken zones do to the others",
  "bun bench/overload.ts": "what a zone with twice its load does, and what the others notice",
  "bun bench/garbage-kernels.ts": "what thousands of kernels that write garbage do to a server",
  "bun bench/fuel-rate.ts": "whether a unit of fuel is the same time wherever it is burnt",
  "bun bench/load.ts": "a server under JSON guests, next to the earlier simulator's ticks",
  "bun bench/old-clients.ts": "what clients of the earlier simulator find: health, casts that complete",
  "bun bench/crowd.ts": "thousands of players who play: ticks, round trips, bytes, what they know",
  "bun bench/durability.ts": "what the journal costs players and zones, and what a slow disk delays",
  "bun bench/journal-size.ts": "how large the journal becomes by players, and that it keeps to its limit",
  "bun bench/soak.ts": "a clean run: tick count, overruns, errors, memory slope",
  "bun bench/fuzz.ts": "what broken messages do to the game and control ports",
  "bun bench/fault-cycles.ts": "whether a thousand random faults leave anything behind",
  "bun bench/membership.ts": "whether every player is in one zone, whatever befalls zones, modules, workers",
  "bun bench/kill.ts": "whether tools killed with -9 leave anything behind",
  "bun bench/server-kill.ts": "whether a server killed with -9 goes on by itself, with nothing lost or doubled",
  "bun bench/cluster.ts":
    "a cluster whose hosts, gateways and nats-server die: who is back when, and that nothing is lost",
  "bun bench/storm.ts":
    "how soon thousands of players play again who were all dropped at once, and that none is doubled",
  "bun bench/workers.ts": "how soon a zone is back whose worker dies or hangs, and what others notice",
  "bun bench/damage.ts": "what a start says of journals that were damaged at random",
  "bun bench/telemetry.ts": "what telemetry costs",
  "bun bench/dashboard.ts": "what the dashboard costs, how fast its keys show",
};

/** The list as lines of the help. */
export function benchLines(): string[] {
  const width = Math.max(...Object.keys(BENCHES).map((command) => command.length));
  return Object.entries(BENCHES).map(([command, shows]) => `  ${command.padEnd(width)}  ${shows}`);
}
