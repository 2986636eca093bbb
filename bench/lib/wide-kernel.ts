// The kernel for more entities than a served zone holds: the same sources with larger capacities in their memory map, and a
// grid of more cells, since a world of the same density for more entities is larger. Nothing else differs.
//
//   const { wasm, metered } = await buildWideKernel()   // 16,384 players and as many creatures

import { WowsimError } from "../../server/protocol/errors.ts";
import { checkModule } from "../../assembly/toolchain/checks.ts";
import { compileCached, readSources } from "../../assembly/toolchain/build.ts";
import { meter } from "../../assembly/toolchain/meter.ts";
import { setConstants } from "../../server/testing/capacities.ts";

/** Constants of the memory map that differ, and what they are here. */
const CAPACITIES: Record<string, string> = {
  PLAYERS_MAX: "16384",
  CREATURES_MAX: "16384",
  EVENTS_MAX: "65536",
  CELLS_ACROSS: "128",
  FRAME_BYTES_MAX: "16 * 1024 * 1024",
  MEMORY_PAGES: "1024",
};

/** Players and creatures a zone of the served kernel holds: more need the wide one. */
export const SERVED_ENTITIES_MAX = 8_000;
export const WIDE_ENTITIES_MAX = 32_000;

/** Throws WowsimError("kernel_source") when the memory map no longer has one of the constants. */
export async function buildWideKernel(): Promise<{ wasm: Uint8Array; metered: Uint8Array }> {
  const sources = await readSources();
  setConstants(sources, CAPACITIES);
  const wasm = await compileCached(sources);
  const problems = await checkModule(wasm);
  if (problems.length > 0) throw new WowsimError("kernel_check", problems.join("\n"));
  return { wasm, metered: await meter(wasm) };
}
