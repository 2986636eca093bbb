// Checks a module before it may become a kernel. It must contain nothing that could make two runs differ, keep state outside
// the memory, or break the contract with the host. Each problem says what to do about it.
//
//   await checkModule(bytes)   // [] or ["It imports env.Date: a kernel has no clock; pass time in as ticks."]

import { type ModuleShape, KIND, readModule } from "./binary.ts";
import { messageOf } from "../../server/protocol/errors.ts";
import { CELLS_NEEDED, NAMES_NEEDED, layoutProblems } from "./layout-areas.ts";
import { FUEL_EXPORT, SOURCE_SECTION } from "./meter.ts";
import { allowedFeatures, walkModule } from "./walk.ts";

const STATIC_DATA_END = 65536;
/** The functions that the host calls, and their signatures. With another signature the host would pass wrong arguments. */
const FUNCTIONS: Readonly<Record<string, string>> = { init: "i32,i32,i32->", tick: "i32->", hash: "->" };
/** Limits on a module's size. Every recovery creates a fresh instance, so that must be cheap. */
const EXPORTS_MAX = 2_048;
const FUNCTIONS_MAX = 20_000;
const TABLE_ELEMENTS_MAX = 1_024;
/** Form of a name in the memory map. It allows no character that could make two different maps have the same text. */
const LAYOUT_NAME = /^[A-Z][A-Z0-9_]*$/;

/** Layout names that hosts need, in addition to those of the areas. */
const NAMES = [
  "STATE_BASE STATE_END MEMORY_PAGES LAYOUT_VERSION HEADER_BASE ENTITY_ID ENTITY_X ENTITY_Y ENTITY_Z ENTITY_HEALTH ENTITY_MAX_HEALTH",
  "ENTITY_LEVEL ENTITY_FLAGS ENTITY_TARGET ENTITY_KIND PLAYER_ACK CREATURE_STATE CREATURE_THREAT_COUNT",
].flatMap((line) => line.split(" "));
export const REQUIRED_NAMES: ReadonlySet<string> = new Set([...NAMES, ...NAMES_NEEDED, ...CELLS_NEEDED]);

/** Returns the problems of an unmetered module; none when it may be metered and run. Loads Binaryen (0.3 s at the first call). */
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
    ...checkExports(shape),
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
  } else if (!shape.memory.isPlain)
    problems.push("Its memory is shared, or has addresses of 64 bits; import a plain one.");
  if (shape.importedMemories > 1) problems.push("It imports several memories; keep all state in one env.memory.");
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

function checkExports(shape: ModuleShape): string[] {
  const problems: string[] = [];
  for (const [name, wanted] of Object.entries(FUNCTIONS)) {
    const found = shape.signatures.get(name);
    if (found === undefined) problems.push(`It does not export the function ${name}().`);
    else if (found !== wanted) problems.push(`Its ${name}() takes and gives ${found}; the host calls it as ${wanted}.`);
  }
  if (shape.exports.has(FUEL_EXPORT) || shape.custom.has(SOURCE_SECTION)) {
    problems.push("It is metered already, or says so; hand in the module as it was compiled.");
  }
  const missing = [...REQUIRED_NAMES].filter((name) => !shape.constants.has(name));
  if (missing.length > 0) {
    problems.push(`It does not export the layout constants ${missing.join(", ")}; \`export * from "./memory"\`.`);
  }
  const globals = [...shape.exports].filter(([, { kind }]) => kind === KIND.global).map(([name]) => name);
  const odd = globals.find((name) => !LAYOUT_NAME.test(name) || !shape.constants.has(name));
  if (odd !== undefined) {
    problems.push(
      `It exports the global ${JSON.stringify(odd)}, which is no layout constant: NAMES_LIKE_THIS, of type i32.`,
    );
  }
  return [...problems, ...checkSizes(shape)];
}

/** Checks the numbers of things that each fresh instance has to set up. */
function checkSizes({ exports, functions, tableElements }: ModuleShape): string[] {
  const sizes = [
    { what: "exports", count: exports.size, most: EXPORTS_MAX },
    { what: "functions", count: functions, most: FUNCTIONS_MAX },
    { what: "elements of tables", count: tableElements, most: TABLE_ELEMENTS_MAX },
  ];
  return sizes
    .filter(({ count, most }) => count > most)
    .map(({ what, count, most }) => `It has ${count} ${what}; a kernel may have ${most}.`);
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
  // An incomplete map can not be checked, and the missing names are already reported.
  const isWhole = [...REQUIRED_NAMES].every((name) => shape.constants.has(name));
  return isWhole ? [...problems, ...layoutProblems(shape.constants)] : problems;
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
