// Two builds of the kernel that accept and refuse players at different moments, and trap at different moments; otherwise
// they are the served kernel with smaller capacities. So a rollback from one to the other changes what happened.
//
//   in a tick                       steady                             trial
//   departures are refused          one in 4                           another one in 4
//   JOIN, ARRIVE are refused        one in 8, by tick and session      another one in 8
//   JOIN, ARRIVE, LEAVE, WATCH trap one in 64, by tick and session     another one in 64
//   a phase traps                   never                              one in 128

import { WowsimError } from "../protocol/errors.ts";
import { compileCached, readSources, sourceNamed } from "../../assembly/toolchain/build.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { meter } from "../../assembly/toolchain/meter.ts";
import { setConstants } from "./capacities.ts";
import { entryOf } from "../protocol/assert.ts";

export interface MembershipKernels {
  steady: Kernel;
  trial: Kernel;
}

/** The code to insert: the file, the line before which it goes, and the code. */
const PLANTS: readonly { file: string; before: string; code: string }[] = [
  {
    file: "transfer.ts",
    before: "  const count = Cell.get(DEPARTURE_COUNT);\n  if (count >= DEPARTURES_MAX)",
    code: "  if ((Clock.now() & 3) == other()) return REFUSED_DEAD;\n",
  },
  {
    file: "commands.ts",
    before: "  const level = (Command.e(at) >> 8) & 0xff;\n",
    code: "  if (letsNobodyIn(session)) return refuse(at, NO_ROW, REFUSED_ZONE_FULL);\n",
  },
  {
    file: "commands.ts",
    before: "  const refusal = arrive(session,",
    code: "  if (letsNobodyIn(session)) return refuse(at, NO_ROW, REFUSED_ZONE_FULL);\n",
  },
  {
    file: "commands.ts",
    before: "    if (op >= <u32>OP_SPAWN) handleHost(at, op);\n",
    code: "    if (isPoison(op, Command.session(at))) unreachable();\n",
  },
  {
    file: "index.ts",
    before: "  tellWatchers();\n  Counter",
    code: "  if (other() == 1 && (now & 127) == 100) unreachable();\n",
  },
];

const FUNCTIONS = `
function letsNobodyIn(session: u32): bool {
  return ((Cell.get(HEADER_TICK) ^ (session * 5)) & 7) == 1 + other() * 2;
}

function isPoison(op: u32, session: u32): bool {
  if (op != OP_JOIN && op != OP_ARRIVE && op != OP_LEAVE && op != OP_WATCH) return false;
  return ((Cell.get(HEADER_TICK) + session * 7 + op) & 63) == 7 + other();
}
`;

/** Smaller constants of the memory map: a recovery copies the whole state, and there are thousands of recoveries. */
const CAPACITIES: Record<string, string> = {
  PLAYERS_MAX: "64",
  CREATURES_MAX: "64",
  COMMANDS_MAX: "2048",
  EVENTS_MAX: "1024",
  CELLS_ACROSS: "16",
  FRAME_BYTES_MAX: "256 * 1024",
  MEMORY_PAGES: "64",
};

/** `other()` returns this, and in the trial build one more: so one compilation, which takes seconds, gives both builds. */
const MARK = 0x2ead0000;
const OTHER = `
function other(): u32 {
  return (Cell.get(HEADER_ZONE_ID) + ${MARK} - Cell.get(HEADER_ZONE_ID)) & 1;
}
`;

/** Throws WowsimError("kernel_source") when the sources have changed at these places. */
export async function buildMembershipKernels(): Promise<MembershipKernels> {
  const sources = await readSources();
  setConstants(sources, CAPACITIES);
  for (const { file, before, code } of PLANTS) {
    const path = sourceNamed(sources, file);
    const source = entryOf(sources, path);
    if (!source.includes(before)) throw new WowsimError("kernel_source", `assembly/${path} has no ${before.trim()}`);
    sources.set(path, source.replace(before, code + before));
  }
  for (const file of new Set(PLANTS.map((plant) => plant.file))) {
    const path = sourceNamed(sources, file);
    let source = `${entryOf(sources, path)}${OTHER}${file === "commands.ts" ? FUNCTIONS : ""}`;
    for (const name of ["HEADER_TICK", "HEADER_ZONE_ID"]) {
      if (new RegExp(`^  ${name},$`, "m").test(source)) continue;
      source = source.replace(/\n(\} from "[./\w-]*\/memory";)/, `\n  ${name},\n$1`);
    }
    sources.set(path, source);
  }
  const steady = await meter(await compileCached(sources));
  return {
    steady: loadKernel(steady, "steady"),
    trial: { ...loadKernel(marked(steady), "trial"), hash: "7419a17419a17419" },
  };
}

/** The same module with every MARK increased by one: an i32.const whose lowest bits are in the first of five LEB128 bytes. */
function marked(wasm: Uint8Array): Uint8Array {
  const bytes = Buffer.from(wasm);
  const constant = Buffer.from([0x41, ...leb(MARK)]);
  let found = 0;
  for (let at = bytes.indexOf(constant); at >= 0; at = bytes.indexOf(constant, at + 1)) {
    bytes.writeUInt8(bytes.readUInt8(at + 1) | 1, at + 1);
    found++;
  }
  if (found === 0)
    throw new WowsimError("kernel_source", "The compiler has folded the constant that tells the two apart.");
  return bytes;
}

function leb(value: number): number[] {
  return [0, 7, 14, 21, 28].map((shift, index) => ((value >>> shift) & 0x7f) | (index < 4 ? 0x80 : 0));
}
