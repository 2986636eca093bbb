// What a module must be before it may become a kernel: nothing that could make two runs differ, keep state outside the
// memory, or fall outside the host's contract. Each problem says what to do about it.
//
//   await checkModule(bytes)   // [] or ["It imports env.Date: a kernel has no clock; pass time in as ticks."]

import { type ModuleShape, KIND, readModule } from "./binary.ts";
import { messageOf } from "../errors.ts";
import { allowedFeatures, walkModule } from "./walk.ts";

const STATIC_DATA_END = 65536;
const FUNCTIONS = ["init", "tick", "hash"] as const;

/** Layout names hosts rely on. */
const NAMES = [
  "STATE_BASE STATE_END MEMORY_PAGES LAYOUT_VERSION HEADER_BASE HEADER_TICK HEADER_HASH_LO HEADER_HASH_HI",
  "HEADER_COMMAND_COUNT HEADER_FRAME_BYTES HEADER_EVENT_COUNT HEADER_ZONE_ID HEADER_TICK_RATE HEADER_PLAYERS_HIGH",
  "HEADER_CREATURES_HIGH HEADER_SPAWN_X HEADER_SPAWN_Y HEADER_SPAWN_Z NOTE_PHASE NOTE_COMMAND NOTE_SESSION NOTE_ENTITY",
  "NOTE_SPELL COUNTER_BASE COMMAND_BASE COMMANDS_MAX FRAME_BASE FRAME_BYTES_MAX EVENT_BASE EVENTS_MAX PLAYERS_MAX",
  "CREATURES_MAX ENTITY_ID ENTITY_X ENTITY_Y ENTITY_Z ENTITY_HEALTH ENTITY_MAX_HEALTH ENTITY_FLAGS ENTITY_TARGET",
  "SPELL_BASE SPELL_STRIDE SPELLS_MAX SPELL_INDEX_BASE TEMPLATE_BASE TEMPLATE_STRIDE TEMPLATES_MAX CLASS_BASE",
  "CLASS_STRIDE CLASSES_MAX",
].flatMap((line) => line.split(" "));

/** Problems of an unmetered module, none when it may be metered and run. Loads Binaryen (0.3 s at the first call). */
export async function checkModule(wasm: Uint8Array): Promise<string[]> {
  let shape: ModuleShape;
  try {
    shape = readModule(wasm);
  } catch (error) {
    return [messageOf(error)];
  }
  return [
    ...checkImports(shape),
    ...checkState(shape),
    ...checkExports(wasm, shape),
    ...checkLayout(shape),
    ...(await checkInstructions(wasm)),
  ];
}

function checkImports(shape: ModuleShape): string[] {
  const problems: string[] = [];
  for (const { module, name, kind } of shape.imports) {
    const isMemory = module === "env" && name === "memory" && kind === KIND.memory;
    const isAbort = module === "env" && name === "abort" && kind === KIND.function;
    if (!isMemory && !isAbort) {
      problems.push(
        `It imports ${module}.${name}: a kernel may import env.memory and env.abort only; compute it inside.`,
      );
    }
  }
  if (!shape.memory) problems.push("It does not import env.memory; compile with --importMemory.");
  else if (shape.memory.initial !== shape.memory.maximum) {
    problems.push("Its memory can grow; compile with --initialMemory equal to --maximumMemory.");
  }
  if (shape.ownMemories > 0) problems.push("It has a memory of its own; keep all state in env.memory.");
  return problems;
}

function checkState(shape: ModuleShape): string[] {
  const problems: string[] = [];
  if (shape.globals.some((global) => global.mutable)) {
    problems.push(
      "It has a mutable global, state outside the memory: make every module-level `let` a field in memory.ts.",
    );
  }
  if (shape.hasStart) problems.push("It has a start function, which would run over live state; move that into init().");
  if (shape.dataEnd > STATIC_DATA_END) {
    problems.push(
      `Its static data reaches to ${shape.dataEnd}, into the state area at ${STATIC_DATA_END}, which a swap would overwrite; keep it below.`,
    );
  }
  return problems;
}

function checkExports(wasm: Uint8Array, shape: ModuleShape): string[] {
  const problems: string[] = [];
  for (const name of FUNCTIONS) {
    if (shape.exports.get(name)?.kind !== KIND.function) problems.push(`It does not export the function ${name}().`);
  }
  if (shape.exports.has("fuel")) problems.push("It exports `fuel` already; hand in the unmetered module.");
  const missing = NAMES.filter((name) => !shape.constants.has(name));
  if (missing.length > 0) {
    problems.push(`It does not export the layout constants ${missing.join(", ")}; \`export * from "./memory"\`.`);
  }
  return wasm.length > 0 ? problems : [];
}

function checkLayout(shape: ModuleShape): string[] {
  const value = (name: string) => shape.constants.get(name) ?? Number.NaN;
  const problems: string[] = [];
  if (value("MEMORY_PAGES") !== shape.memory?.initial) {
    problems.push(
      `It imports ${shape.memory?.initial} pages of memory but says MEMORY_PAGES is ${value("MEMORY_PAGES")}.`,
    );
  }
  if (value("STATE_BASE") < STATIC_DATA_END || value("STATE_END") > value("MEMORY_PAGES") * 65536) {
    problems.push("Its state area does not lie between the static data and the end of the memory.");
  }
  return problems;
}

async function checkInstructions(wasm: Uint8Array): Promise<string[]> {
  const { default: library } = await import("binaryen");
  const all = library.Features.All;
  const module = library.readBinaryWithFeatures(wasm, all);
  const problems: string[] = [];
  try {
    module.setFeatures(allowedFeatures(library));
    let grows = false;
    walkModule(library, module, (_expression, kind) => {
      grows ||= kind === library.MemoryGrowId;
    });
    if (grows) problems.push("It uses memory.grow: the memory has a fixed size; lay out what you need in memory.ts.");
    if (module.validate() === 0) {
      problems.push("It uses instructions outside plain Wasm with bulk memory and SIMD (relaxed SIMD, threads, ...).");
    }
  } catch (error) {
    problems.push(messageOf(error));
  } finally {
    module.dispose();
  }
  return problems;
}
