// All benches there are: for --help and for the README's table, which a test holds against this list.

export interface Bench {
  command: string;
  shows: string;
}

export const BENCHES: readonly Bench[] = [
  { command: "bun run bench", shows: "a tick of the kernel by entities and zones, metered, unmetered, as native code" },
  { command: "bun bench/same-hash.ts", shows: "the same seed and commands, the same hash at every tick, also in Node" },
  { command: "bun bench/isolation.ts", shows: "what two broken zones do to the others" },
  { command: "bun bench/overload.ts", shows: "what a zone with twice its load does, and what the others notice" },
  { command: "bun bench/garbage-kernels.ts", shows: "what thousands of kernels that write garbage do to a server" },
  { command: "bun bench/fuel-rate.ts", shows: "whether a unit of fuel is the same time wherever it is burnt" },
  { command: "bun bench/load.ts", shows: "a server under JSON guests, next to the earlier simulator's ticks" },
  {
    command: "bun bench/old-clients.ts",
    shows: "what clients of the earlier simulator find: health, casts that complete",
  },
  { command: "bun bench/crowd.ts", shows: "thousands of players who play: ticks, round trips, bytes, what they know" },
  { command: "bun bench/soak.ts", shows: "a clean run: tick count, overruns, errors, memory slope" },
  { command: "bun bench/fuzz.ts", shows: "what broken messages do to the game and control ports" },
  { command: "bun bench/fault-cycles.ts", shows: "whether a thousand random faults leave anything behind" },
  {
    command: "bun bench/membership.ts",
    shows: "whether every player is in one zone, whatever befalls zones, modules, workers",
  },
  { command: "bun bench/kill.ts", shows: "whether tools killed with -9 leave anything behind" },
  {
    command: "bun bench/workers.ts",
    shows: "how soon a zone is back whose worker dies or hangs, and what others notice",
  },
  { command: "bun bench/telemetry.ts", shows: "what telemetry costs" },
  { command: "bun bench/dashboard.ts", shows: "what the dashboard costs, how fast its keys show" },
];

/** The list as lines of help. */
export function benchLines(): string[] {
  const width = Math.max(...BENCHES.map(({ command }) => command.length));
  return BENCHES.map(({ command, shows }) => `  ${command.padEnd(width)}  ${shows}`);
}
