// Zones without threads and sockets, for tests: the real kernel, the real content, and kernels with a planted fault.
//
//   const kernel = await testKernel()
//   const zone = await newZone({ kernel })
//   const bad = await newZone({ kernel: await plantedKernel(), plant: { does: "traps", fromTick: 40 } })

import { JOIN_WATCHES, OP_JOIN, OP_MOVE } from "../../assembly/abi.ts";
import type { World, ZoneContent } from "../../server/protocol/content/content.ts";
import { loadWorld } from "../../server/protocol/content/load.ts";
import { compileCached, ensureKernel, readSources } from "../../assembly/toolchain/build.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { layoutFrom, loadKernel } from "../../assembly/toolchain/load.ts";
import { meter } from "../../assembly/toolchain/meter.ts";
import { ZoneBatch } from "../../server/zone/command-batch.ts";
import { ZoneTrap } from "../../server/zone/trap.ts";
import { Zone } from "../../server/zone/zone.ts";
import type { ZoneOptions } from "../../server/zone/zone-options.ts";
import { spawnCreatures } from "../../server/zone/zone-host.ts";
import { commandBytes } from "./zone-commands.ts";

/** Far more than any tick of a test needs; a loop without end burns it in a few milliseconds. */
export const TEST_FUEL = 20_000_000n;

let world: World | null = null;
/** The built-in world. */
export async function testWorld(): Promise<World> {
  world ??= await loadWorld();
  return world;
}

let kernel: Kernel | null = null;
/** The kernel of this checkout. */
export async function testKernel(): Promise<Kernel> {
  kernel ??= loadKernel(await Bun.file(await ensureKernel()).bytes(), "test");
  return kernel;
}

/** What a planted kernel does after the phase of regeneration, where no command is in hand, from a tick on. */
const PLANTS = {
  traps: "unreachable();",
  loops: "while (now != 0) {}",
  /** As the one above, but such that its metering makes no call (meter.ts). */
  reads: "while (Cell.get(HEADER_TICK) != 0) {}",
  scribbles: "memory.fill(STATE_BASE, 0xaa, STATE_END - STATE_BASE); unreachable();",
  /** Spoils the state, and three ticks later traps. */
  cheats: "Cell.set(HEADER_END - 16, now); if (now >= fromTick + 3) unreachable();",
} as const;
export interface Plant {
  does: keyof typeof PLANTS;
  fromTick: number;
}
/** Words of the header that the kernel leaves alone: what to do (1 = the first, 0 = nothing), and from which tick. */
const PLANT_BYTES_FROM_END = 8;

let planted: Promise<Kernel> | null = null;
/** The kernel of this checkout, which besides does what was planted in the zone's memory. */
export function plantedKernel(): Promise<Kernel> {
  planted ??= compilePlanted();
  return planted;
}

async function compilePlanted(): Promise<Kernel> {
  return loadKernel(await meter(await compileCached(await plantedSources())), "planted");
}

let wide: Promise<Kernel> | null = null;
/**
 * A planted kernel that lays the state out differently: in the middle of the entities' columns it has one more, ENTITY_AGE, of those
 * who are there. It counts their ticks, from 7 on for whoever was there before, and has no influence on anything else. What was
 * planted has names there; `plant` is what a zone that is carried over gets.
 */
export async function wideKernel(plant?: Plant): Promise<Kernel> {
  wide ??= compileWide();
  if (plant === undefined) return wide;
  const plain = await wide;
  const constants = new Map(plain.layout.constants)
    .set("DEFAULT_HEADER_PLANT_DOES", Object.keys(PLANTS).indexOf(plant.does) + 1)
    .set("DEFAULT_HEADER_PLANT_TICK", plant.fromTick);
  return { ...plain, layout: layoutFrom(constants) };
}

async function compileWide(): Promise<Kernel> {
  const sources = await plantedSources();
  const put = (path: string, before: string, after: string): void => {
    const text = sources.get(path) ?? "";
    if (!text.includes(before)) throw new Error(`${path} has no ${before}`);
    sources.set(path, text.replace(before, after));
  };
  const age = "export const ENTITY_AGE: usize = ENTITY_HEALTH + ROWS;\nexport const DEFAULT_ENTITY_AGE: u32 = 7;";
  put("memory/entities.ts", "ENTITY_MAX_HEALTH: usize = ENTITY_HEALTH", "ENTITY_MAX_HEALTH: usize = ENTITY_AGE");
  put("memory/entities.ts", "export const ENTITY_MAX_HEALTH", `${age}\nexport const ENTITY_MAX_HEALTH`);
  const names = ["DOES", "TICK"].map(
    (name, index) => `export const HEADER_PLANT_${name}: usize = HEADER_END - ${8 - index * 4};`,
  );
  put("memory/header.ts", "export const TYPE_HEADER_RANDOM", `${names.join("\n")}\nexport const TYPE_HEADER_RANDOM`);
  const count =
    "for (let row: u32 = 0; row < ROWS_MAX; row++) if (load<u32>(ENTITY_ID + row * 4) != 0) store<u32>(ENTITY_AGE + row * 4, load<u32>(ENTITY_AGE + row * 4) + 1);";
  put("index.ts", "  regenerate();\n", `  regenerate();\n  ${count}\n`);
  put("index.ts", "  HEADER_TICK,\n", "  ENTITY_AGE,\n  ENTITY_ID,\n  ROWS_MAX,\n  HEADER_TICK,\n");
  return loadKernel(await meter(await compileCached(sources)), "wide");
}

const patched = new Map<string, Promise<Kernel>>();
/** The kernel of this checkout with other text in assembly/index.ts, compiled once a process. */
function patchedKernel(label: string, ...patches: [before: string, after: string][]): Promise<Kernel> {
  const kernelOf = async (): Promise<Kernel> => {
    const sources = await readSources();
    let index = sources.get("index.ts") ?? "";
    for (const [before, after] of patches) {
      if (!index.includes(before)) throw new Error(`assembly/index.ts has no ${before}`);
      index = index.replace(before, after);
    }
    return loadKernel(await meter(await compileCached(sources.set("index.ts", index))), label);
  };
  const known = patched.get(label) ?? kernelOf();
  patched.set(label, known);
  return known;
}

/** It traps in each tick in which players are there. */
export const crowdlessKernel = (): Promise<Kernel> =>
  patchedKernel("crowdless", [
    "  regenerate();\n",
    "  regenerate();\n  if (load<u32>(HEADER_PLAYERS) > 0) unreachable();\n",
  ]);

/** The same in every other half second, and it says that a command was to blame. */
export const lyingKernel = (): Promise<Kernel> =>
  patchedKernel(
    "lying",
    [
      "  regenerate();\n",
      "  regenerate();\n  if (load<u32>(HEADER_PLAYERS) > 0 && now % 20 >= 10) { Cell.set(BREADCRUMB_COMMAND, 0); unreachable(); }\n",
    ],
    ["  HEADER_TICK,\n", "  BREADCRUMB_COMMAND,\n  HEADER_TICK,\n"],
  );

/** Its init() writes where only the host may. */
export const meddlingKernel = (): Promise<Kernel> =>
  patchedKernel(
    "meddling",
    [
      "  Cell.set(HEADER_TICK_RATE, max<u32>(tickRateHz, 1));\n",
      "  Cell.set(HEADER_TICK_RATE, 1); Cell.set(HEADER_ZONE_ID, 77); store<f32>(HEADER_SPAWN_X, 4242);\n  memory.fill(SPELL_BASE, 9, SPELL_STRIDE * SPELLS_MAX + 200);\n",
    ],
    ["  HEADER_TICK,\n", "  HEADER_SPAWN_X,\n  SPELL_BASE,\n  SPELL_STRIDE,\n  SPELLS_MAX,\n  HEADER_TICK,\n"],
  );

async function plantedSources(): Promise<Map<string, string>> {
  const sources = await readSources();
  const at = `HEADER_END - ${PLANT_BYTES_FROM_END}`;
  const cases = Object.values(PLANTS).map((code, index) => `if (load<u32>(${at}) == ${index + 1}) { ${code} }`);
  const code = `const fromTick = load<u32>(${at}, 4); if (now >= fromTick) { ${cases.join(" ")} }`;
  const index = (sources.get("index.ts") ?? "")
    .replace("  regenerate();\n", `  regenerate();\n  ${code}\n`)
    .replace("  HEADER_TICK,\n", "  HEADER_END,\n  HEADER_TICK,\n");
  if (!index.includes(code)) throw new Error("assembly/index.ts calls no regenerate(), after which to plant.");
  return sources.set("index.ts", index);
}

export type TestZoneOptions = Partial<ZoneOptions> & { plant?: Plant };

/** The first zone of the built-in world, its creatures not there yet. */
export async function newZone({ plant, ...options }: TestZoneOptions = {}): Promise<Zone> {
  const { zones, content } = await testWorld();
  const zone = new Zone({
    zone: zones[0]!,
    content,
    kernel: options.kernel ?? (await testKernel()),
    tickRateHz: 20,
    seed: 1,
    fuelPerTick: TEST_FUEL,
    now: () => 0, // a slow machine would take snapshots where a test does not expect them
    ...options,
  });
  if (plant !== undefined) putPlant(zone, plant);
  return zone;
}

/** Writes what a planted kernel shall do into the zone, as if it had been there from its beginning. */
export function putPlant(zone: Zone, { does, fromTick }: Plant): void {
  const at = zone.kernel.layout.value("HEADER_END") - PLANT_BYTES_FROM_END;
  zone.view.setUint32(at, Object.keys(PLANTS).indexOf(does) + 1, true);
  zone.view.setUint32(at + 4, fromTick, true);
  zone.snapshotTwice();
}

/** The batch that brings a zone's creatures. */
export function spawnBytes(zone: Zone, content: ZoneContent): Uint8Array {
  const batch = new ZoneBatch(zone.id, zone.at.commandsMax, zone.entities);
  spawnCreatures(batch, content);
  return batch.bytes;
}

/** Everything that a snapshot has of a zone, copied. */
export function stateOf(zone: Zone): Uint8Array {
  return zone.bytes.slice(zone.at.stateBase, zone.at.stateEnd);
}

/** Two players among the zone's creatures, after `ticks` more ticks in which they walk about. */
export async function playedZone(ticks: number, options: TestZoneOptions = {}): Promise<Zone> {
  const zone = await newZone(options);
  const { zones } = await testWorld();
  zone.step(spawnBytes(zone, zones[0]!));
  zone.step(commandBytes([1, 2].map((session) => ({ op: OP_JOIN, session, flags: JOIN_WATCHES, e: 10 << 8 }))));
  for (let tick = 0; tick < ticks; tick++) zone.step(walk(tick));
  return zone;
}

/** A batch in which one of the two players walks somewhere. */
export function walk(turn: number): Uint8Array {
  return commandBytes([{ op: OP_MOVE, session: 1 + (turn % 2), seq: turn + 1, x: turn % 20, y: (turn * 7) % 11 }]);
}

/** What the zone's tick throws; the zone is then as a trap leaves it. */
export function trapOf(zone: Zone, batch: Uint8Array): ZoneTrap {
  try {
    zone.step(batch);
  } catch (error) {
    if (error instanceof ZoneTrap) return error;
    throw error;
  }
  throw new Error("The tick was expected to trap.");
}
