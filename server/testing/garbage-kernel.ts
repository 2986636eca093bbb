// The kernel of this checkout with planted defects that a player's command selects: a module that passes every check and then
// writes wrong output in every way that was foreseen, or at random. A cast of an unknown spell selects the defect, and its
// target is the random seed:
//
//   OP_CAST spell GARBAGE_SPELL + GARBAGE.indexOf("frame of length 0"), target 7
//   OP_CAST spell GARBAGE_SPELL + GARBAGE.indexOf("dice"), target 4711        random words into random places
//
// For a normal kernel it is an unknown spell. So one module, checked and metered once, stands for as many bad modules as there
// are seeds, and a replay repeats its behaviour.

import { compileCached, readSources, sourceNamed } from "../../assembly/toolchain/build.ts";
import { entryOf } from "../protocol/assert.ts";

/** Spells above this number select a defect. */
export const GARBAGE_SPELL = 60_000;

/** The code of each defect, in the kernel's language; it runs at the end of the tick with the command. */
const ORDERS: readonly (readonly [name: string, code: string])[] = [
  // The first one draws one of those below, or writes random words to random places, from its seed.
  ["dice", "throwDice(seed);"],
  ["loop around memory.fill", "while (true) memory.fill(FRAME_BASE, 1, 4000000);"],
  ["loop around memory.copy", "while (true) memory.copy(FRAME_BASE, FRAME_BASE + 64, 4000000);"],
  ["empty loop", "while (seed != 0) {}"],
  ["trap", "unreachable();"],
  ["read outside the memory", "store<u32>(0xfffffff0, load<u32>(0xfffffff0));"],
  ["endless recursion", "store<u32>(HEADER_BASE + 504, down(seed));"],
  ["frame of length 0", "store<u32>(FRAME_BASE, 0); Cell.set(HEADER_FRAME_BYTES, 4096);"],
  ["bytes of frames with garbage behind", "scatter(FRAME_BASE, 4096); Cell.set(HEADER_FRAME_BYTES, 4096);"],
  ["more bytes of frames than there are", "Cell.set(HEADER_FRAME_BYTES, 0xfffffffc);"],
  ["4 billion players", "Cell.set(HEADER_PLAYERS_HIGH, 0xffffffff);"],
  ["4 billion creatures", "Cell.set(HEADER_CREATURES_HIGH, 0xffffffff);"],
  ["4 billion events", "Cell.set(HEADER_EVENT_COUNT, 0xffffffff);"],
  ["4 billion departures", "Cell.set(DEPARTURE_COUNT, 0xffffffff);"],
  ["65,535 auras", "claimAuras();"],
  [
    "frames of nobody",
    "for (let i: u32 = 0; i < 100000; i++) emptyFrame(i * 16); Cell.set(HEADER_FRAME_BYTES, 1600000);",
  ],
  [
    "record of no words",
    "emptyFrame(0); store<u32>(FRAME_BASE, 20); store<u32>(FRAME_BASE + 16, 4); Cell.set(HEADER_FRAME_BYTES, 20);",
  ],
  ["nowhere", "for (let row: u32 = 0; row < 4096; row++) store<f32>(ENTITY_X + row * 4, NaN);"],
  [
    "other ids",
    "for (let row: u32 = 0; row < 4096; row++) if (load<u32>(ENTITY_ID + row * 4) != 0) store<u32>(ENTITY_ID + row * 4, 77);",
  ],
  [
    "ids that lead to nobody",
    "for (let slot: u32 = 0; slot < MAP_SLOTS; slot++) if (load<u32>(MAP_BASE + slot * 8) == 0) store<u32>(MAP_BASE + slot * 8, 9000000 + slot);",
  ],
  ["clock that stands still", "store<f32>(OVERLOAD_BASE + 28, 0);"],
  ["clock that races", "store<f32>(OVERLOAD_BASE + 28, 1e30);"],
  ["wiped spells", "memory.fill(SPELL_BASE, 0, SPELL_STRIDE * SPELLS_MAX);"],
  ["another spawn point", "store<f32>(HEADER_SPAWN_X, 4242);"],
  ["another tick rate", "Cell.set(HEADER_TICK_RATE, 1);"],
  ["garbage in all outputs", "scatter(EVENT_BASE, FRAME_BASE + 65536 - EVENT_BASE); scatter(HEADER_BASE, 96);"],
  ["garbage in all of the state", "scatter(STATE_BASE, STATE_END - STATE_BASE);"],
];

export const GARBAGE: readonly string[] = ORDERS.map(([name]) => name);

/** Addresses that a host reads and that random ones would rarely hit. */
const PLACES = [
  "HEADER_TICK HEADER_FRAME_BYTES HEADER_EVENT_COUNT HEADER_PLAYERS_HIGH HEADER_CREATURES_HIGH HEADER_COMMAND_COUNT",
  "BREADCRUMB_PHASE BREADCRUMB_COMMAND BREADCRUMB_SESSION DEPARTURE_COUNT OVERLOAD_BASE HEADER_HASH_LO HEADER_LAYOUT_VERSION",
].flatMap((line) => line.split(" "));

const CODE = `
import * as abi from "./abi";
import { Cell } from "./columns";
import * as map from "./memory";
import {
  COMMAND_BASE, COMMANDS_MAX, CREATURES_MAX, DEPARTURE_BASE, DEPARTURE_COUNT, ENTITY_ID, ENTITY_X, EVENT_BASE, EVENTS_MAX,
  FRAME_BASE, FRAME_BYTES_MAX, HEADER_BASE, HEADER_COMMAND_COUNT, HEADER_CREATURES_HIGH, HEADER_EVENT_COUNT,
  HEADER_FRAME_BYTES, HEADER_HASH_LO, HEADER_LAYOUT_VERSION, HEADER_PLAYERS_HIGH, HEADER_TICK, MAP_BASE, MAP_SLOTS,
  BREADCRUMB_COMMAND, BREADCRUMB_PHASE,
  BREADCRUMB_SESSION, HEADER_SPAWN_X, HEADER_TICK_RATE, PLAYERS_MAX, OVERLOAD_BASE, SPELL_BASE, SPELL_STRIDE, SPELLS_MAX, STATE_BASE, STATE_END, SCRATCH_END,
} from "./memory";

const DICE: usize = HEADER_BASE + 500;

function next(): u32 {
  let x = load<u32>(DICE);
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  store<u32>(DICE, x);
  return x;
}

/** In parts: a short loop that only writes memory may not run too long (assembly/toolchain/meter.ts). */
function scatter(at: usize, bytes: u32): void {
  for (let from: u32 = 0; from < bytes; from += 65536) {
    const end = min<u32>(bytes, from + 65536);
    for (let i = from; i < end; i += 4) if (at + i != DICE) store<u32>(at + i, next());
  }
}

function down(depth: u32): u32 {
  return down(depth + 1) + load<u32>(HEADER_BASE + (depth & 127) * 4);
}

function emptyFrame(at: usize): void {
  store<u32>(FRAME_BASE + at, 16);
  store<u32>(FRAME_BASE + at + 4, load<u32>(ENTITY_ID));
  store<u32>(FRAME_BASE + at + 8, Cell.get(HEADER_TICK));
  store<u32>(FRAME_BASE + at + 12, 0);
}

/** A frame for the first player whose records all have the highest aura count that sixteen bits can hold. */
function claimAuras(): void {
  emptyFrame(0);
  for (let record: u32 = 0; record < 100; record++) {
    const at = FRAME_BASE + 16 + record * 8;
    store<u32>(at, <u32>abi.RECORD_AURAS | (2 << 8) | 0xffff0000);
    store<u32>(at + 4, 1000001);
  }
  store<u32>(FRAME_BASE, 816);
  Cell.set(HEADER_FRAME_BYTES, 816);
}

/** Random words, few or many: into existing frames, into any address, or where the host reads. */
function throwDice(seed: u32): void {
  const kind = next() % 12;
  if (kind == 0) return order(1 + next() % ${GARBAGE.length - 1}, seed);
  if (kind <= 4) {
    const value = next() % 3 == 0 ? next() : next() % 3 == 0 ? 0xffffffff : next() % 70000;
    return Cell.set(placeOf(next() % ${PLACES.length}) + (next() % 8 == 0 ? (next() % 32) * 4 : 0), value);
  }
  if (kind <= 7) {
    const bytes = max<u32>(Cell.get(HEADER_FRAME_BYTES), 64);
    if (next() % 4 == 0) Cell.set(HEADER_FRAME_BYTES, (next() % 200000) & ~3);
    for (let left = 1 + next() % 8; left > 0; left--) {
      const at = FRAME_BASE + ((next() % bytes) & ~3);
      store<u32>(at, next() % 2 == 0 ? load<u32>(at) ^ (1 << (next() & 31)) : next());
    }
    return;
  }
  if (kind == 8) {
    Cell.set(HEADER_EVENT_COUNT, next() % 20000);
    return scatter(EVENT_BASE, 40 * (next() % 2000));
  }
  if (kind == 9) {
    const from = STATE_BASE + 512 + ((next() % <u32>(STATE_END - STATE_BASE - 512)) & ~3);
    return scatter(from, min<u32>(<u32>(STATE_END - from), (next() % 100000) & ~3));
  }
  if (kind == 10) {
    Cell.set(DEPARTURE_COUNT, next() % 100);
    return scatter(DEPARTURE_BASE, 4000);
  }
  for (let left = next() % 5000; left > 0; left--) {
    store<u32>(STATE_BASE + ((next() % <u32>(SCRATCH_END - STATE_BASE)) & ~3), next());
  }
}

function placeOf(index: u32): usize {
${PLACES.map((name, index) => `  if (index == ${index}) return ${name};`).join("\n")}
  return HEADER_BASE;
}

function order(kind: u32, seed: u32): void {
${ORDERS.map(([, code], kind) => `  if (kind == ${kind}) { ${code} return; }`).join("\n")}
}

/** Runs at the end of a tick: carries out the defects that its commands select. */
export function obey(): void {
  const count = min<u32>(Cell.get(HEADER_COMMAND_COUNT), COMMANDS_MAX);
  for (let index: u32 = 0; index < count; index++) {
    const at = COMMAND_BASE + index * abi.COMMAND_BYTES;
    if (<u32>load<u16>(at) != <u32>abi.OP_CAST) continue;
    const spell = load<u32>(at + abi.COMMAND_B);
    if (spell < ${GARBAGE_SPELL} || spell >= ${GARBAGE_SPELL + ORDERS.length}) continue;
    const seed = load<u32>(at + abi.COMMAND_A);
    store<u32>(DICE, seed * 2654435761 | 1);
    order(spell - ${GARBAGE_SPELL}, seed);
  }
}
`;

/** An unmetered module, in the form for a deploy. Throws Error when the end of the kernel's tick code has changed. */
export async function buildGarbageKernel(): Promise<Uint8Array> {
  const sources = await readSources();
  const index = entryOf(sources, "index.ts");
  const end = "  Counter.set(COUNTER_WATCHERS, Cell.get(HEADER_WATCHERS));\n  hash();\n";
  if (!index.includes(end)) throw new Error("assembly/index.ts ends its tick otherwise: plant garbage elsewhere.");
  sources.set("index.ts", `import { obey } from "./garbage";\n${index.replace(end, `${end}  obey();\n`)}`);
  const code = CODE.replace('import * as map from "./memory";\n', "").replaceAll(
    /"\.\/(abi|columns|memory)"/g,
    (_, name: string) => `"./${sourceNamed(sources, `${name}.ts`).slice(0, -3)}"`,
  );
  return await compileCached(sources.set("garbage.ts", code));
}
