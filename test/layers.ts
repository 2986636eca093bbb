// The layout, checked: which folder may import which, and no file that imports itself by a detour. Part of `npm test`.
//
//   bun test/layers.ts
//   server/main/control/deploy.ts imports server/zone/zone.ts: server/main/control may not know server/zone.
//   1 import breaks the layout (docs/ARCHITECTURE.md)
//
// A room is a folder named below, with the folders in it that are not named themselves.

import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const KERNEL = ["memory", "state", "space", "items", "combat", "spells", "creatures", "players", "frames"].map(
  (room) => `assembly/${room}`,
);
/** abi.ts: what the kernel and the host call things. */
const ABI = "assembly";
const PROTOCOL = ["server/protocol", ABI];
/** What every thread of the server may use. */
const THREADS = [...PROTOCOL, "server/shared", "assembly/toolchain"];
const ANALYSIS = ["server/protocol", "tools/ui", "tools/analysis"];
const CLIENT = [...PROTOCOL, ...ANALYSIS, "tools/client"];
const PLAY = [...CLIENT, "assembly/toolchain", "tools/report", "tools/deploy"];
const MAIN = ["sockets", "gateway", "control", "faults", "zones", "journal", "monitoring", "cluster"].map(
  (part) => `server/main/${part}`,
);

/** Each room, and the rooms it may import. From the ground up: nothing imports what stands below it here. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  // The kernel: abi.ts beside index.ts, which is its table of contents.
  assembly: KERNEL,
  "assembly/memory": [ABI],
  "assembly/state": [ABI, "assembly/memory"],
  "assembly/space": [ABI, "assembly/memory", "assembly/state"],
  "assembly/items": [ABI, ...KERNEL.slice(0, 3)],
  "assembly/combat": [ABI, ...KERNEL.slice(0, 4)],
  "assembly/spells": [ABI, ...KERNEL.slice(0, 5)],
  "assembly/creatures": [ABI, ...KERNEL.slice(0, 6)],
  "assembly/players": [ABI, ...KERNEL.slice(0, 6)],
  "assembly/frames": [ABI, ...KERNEL.slice(0, 5)],
  "server/protocol": PROTOCOL,
  "assembly/toolchain": PROTOCOL,
  "server/shared": THREADS,
  "server/store": [...PROTOCOL, "server/shared"],
  // The parent of `serve --supervise`, a process of its own.
  "server/supervise": [...THREADS, "server/store"],
  // One folder a thread; none knows another's.
  "server/zone": THREADS,
  // The message bus of a cluster.
  "server/bus": THREADS,
  // Kernels in step, over memories of their own.
  "server/lockstep": [...THREADS, "server/zone"],
  // Offline: no thread of a server.
  "server/replay": [...THREADS, "server/store", "server/zone", "server/lockstep"],
  "server/validate": [...THREADS, "server/store", "server/zone", "server/lockstep", "server/replay"],
  // Beside live zones, on their journal.
  "server/shadow": [...THREADS, "server/store", "server/zone", "server/lockstep", "server/replay", "server/validate"],
  "server/undo": [...THREADS, "server/store", "server/zone", "server/lockstep", "server/replay"],
  "server/recorder": [...THREADS, "server/store"],
  "server/journal": [...THREADS, "server/store"],
  "server/feed": THREADS,
  "server/check": THREADS,
  // The main thread's parts know each other through server/shared only; server/main joins them.
  "server/main/sockets": THREADS,
  "server/main/gateway": [...THREADS, "server/main/sockets"],
  "server/main/control": [...THREADS, "server/store", "server/main/sockets"],
  "server/main/faults": THREADS,
  "server/main/zones": THREADS,
  "server/main/journal": THREADS,
  "server/main/cluster": [...THREADS, "server/bus", "server/main/zones", "server/main/sockets", "server/main/journal"],
  "server/main/monitoring": [...THREADS, "server/store", "server/main/sockets"],
  "server/main": [...THREADS, "server/store", "server/bus", ...MAIN],
  "tools/ui": ["server/protocol"],
  "tools/analysis": ANALYSIS,
  "tools/client": CLIENT,
  "tools/report": CLIENT,
  "tools/replay": ANALYSIS,
  "tools/validate": ANALYSIS,
  "tools/deploy": [...CLIENT, "tools/report", "assembly/toolchain"],
  "tools/deploy-report": ["server/protocol", "tools/ui"],
  "tools/benchmark": PLAY,
  "tools/cluster": CLIENT,
  "tools/doctor": [...PLAY, "tools/cluster"],
  "tools/scenario": PLAY,
  "tools/dashboard": PLAY,
  "tools/demo": PLAY,
  "tools/wizard": [...PLAY, "tools/scenario"],
  "tools/completion": [...PLAY, "tools/scenario"],
  "tools/commands": [
    ...PLAY,
    "tools/benchmark",
    "tools/cluster",
    "tools/doctor",
    "tools/scenario",
    "tools/dashboard",
    "tools/demo",
    "tools/wizard",
    "tools/completion",
    "tools/replay",
    "tools/validate",
    "tools/deploy-report",
  ],
  tools: ["server/protocol", "assembly/toolchain", "tools/commands", "tools/ui"],
  // Entries: main.ts, one file a worker thread, and the command.
  server: [
    ...THREADS,
    "server/store",
    "server/supervise",
    "server/zone",
    "server/lockstep",
    "server/replay",
    "server/validate",
    "server/shadow",
    "server/undo",
    "server/recorder",
    "server/journal",
    "server/feed",
    "server/bus",
    "server/check",
    ...MAIN,
    "server/main",
    "tools",
    "tools/ui",
  ],
};

/** Benches and tests may know everything but each other; what both drive lies in server/testing, which no other room knows. */
const FREE = ["bench", "test", "server/testing"];

/** The room a file stands in: the innermost folder that is one. */
export function roomOf(file: string, rooms: readonly string[] = Object.keys(ROOMS)): string | null {
  for (let folder = dirname(file); folder !== "."; folder = dirname(folder)) if (rooms.includes(folder)) return folder;
  return null;
}

/** Every file's imports of files of the project, types too. */
export function importsOf(files: ReadonlyMap<string, string>): Map<string, string[]> {
  const specifier = /(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g;
  return new Map(
    [...files].map(([file, text]) => {
      const wanted = [...text.matchAll(specifier)].map((match) => normalize(join(dirname(file), match[1] ?? "")));
      const found = wanted.map((path) => [path, `${path}.ts`].find((candidate) => files.has(candidate)));
      return [file, [...new Set(found.filter((path) => path !== undefined))]];
    }),
  );
}

/** Imports that the rooms do not allow, a sentence each. */
export function breaches(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  for (const [file, targets] of imports) {
    const free = FREE.find((folder) => file.startsWith(`${folder}/`));
    if (free !== undefined) {
      const forbidden = targets.filter((target) =>
        FREE.slice(0, 2).some((other) => other !== free && target.startsWith(`${other}/`)),
      );
      found.push(
        ...forbidden.map((target) => `${file} imports ${target}: what ${free} shares lies in server/testing.`),
      );
      continue;
    }
    const room = roomOf(file);
    if (room === null) continue;
    for (const target of targets) {
      const other = target.startsWith("server/testing/") ? null : roomOf(target);
      if (other === null) found.push(`${file} imports ${target}: that folder is no room of this layout.`);
      else if (other !== room && !ROOMS[room]?.includes(other))
        found.push(`${file} imports ${target}: ${room} may not know ${other}.`);
    }
  }
  return found;
}

/** Groups of files that import each other in a circle. */
export function circles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): void => {
    const number = order.size;
    order.set(file, number);
    lowest.set(file, number);
    open.push(file);
    for (const target of imports.get(file) ?? []) {
      if (!order.has(target)) visit(target);
      if (open.includes(target)) lowest.set(file, Math.min(lowest.get(file) ?? 0, lowest.get(target) ?? 0));
    }
    if (lowest.get(file) !== number) return;
    const group = open.splice(open.indexOf(file));
    if (group.length > 1) found.push(group.toSorted());
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return found;
}

async function projectFiles(): Promise<Map<string, string>> {
  const root = join(import.meta.dir, "..");
  const files = new Map<string, string>();
  for (const folder of ["assembly", "server", "tools", "bench", "test"])
    for await (const file of new Bun.Glob(`${folder}/**/*.ts`).scan(root))
      if (!file.startsWith("assembly/build/")) files.set(file, readFileSync(join(root, file), "utf8"));
  return files;
}

if (import.meta.main) {
  const imports = importsOf(await projectFiles());
  const wrong = breaches(imports);
  const round = circles(imports).map((group) => `These import each other in a circle: ${group.join(", ")}.`);
  for (const line of [...wrong, ...round]) console.log(line);
  if (wrong.length + round.length > 0) {
    console.log(`${wrong.length} imports break the layout, ${round.length} circles (docs/ARCHITECTURE.md)`);
    process.exit(1);
  }
}
