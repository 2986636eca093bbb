// What the kernel bench runs: copies of the built kernel, the one with room for more, and the programs that run their ticks.
//
//   const { metered, runners, note } = await servedRunners()
//   // runners: metered and unmetered in Bun, native where wasm2c and gcc are

import { join } from "node:path";
import { ensureKernel } from "../../assembly/toolchain/build.ts";
import { buildNative, findNativeTools } from "./native.ts";
import { resultsFolder } from "../../server/testing/tick-bench.ts";
import type { Runner } from "../../server/testing/tick-bench.ts";
import { buildWideKernel } from "./wide-kernel.ts";

export interface Runners {
  /** Path of the metered kernel that the work is made with. */
  metered: string;
  runners: Runner[];
  /** How the native one was made, or what to install for it. */
  note: string;
}

/** Paths of a kernel's two binaries. */
interface KernelFiles {
  metered: string;
  unmetered: string;
}

/** For the kernel as a server runs it, in copies, so that nobody's build changes it half-way. */
export async function servedRunners(): Promise<Runners> {
  const built = await ensureKernel();
  const files = filesIn("kernel");
  await Bun.write(files.metered, Bun.file(built));
  await Bun.write(files.unmetered, Bun.file(join(built, "../kernel.wasm")));
  return findRunners(files, "native");
}

/** For the same sources with room for more entities. */
export async function wideRunners(): Promise<Runners> {
  const files = filesIn("kernel-wide");
  const { wasm, metered } = await buildWideKernel();
  await Bun.write(files.metered, metered);
  await Bun.write(files.unmetered, wasm);
  return findRunners(files, "native-wide");
}

function filesIn(name: string): KernelFiles {
  const folder = resultsFolder(name);
  return { metered: join(folder, "kernel.metered.wasm"), unmetered: join(folder, "kernel.wasm") };
}

async function findRunners({ metered, unmetered }: KernelFiles, nativeFolder: string): Promise<Runners> {
  const tickProcess = join(import.meta.dir, "../tick-process.ts");
  const runners: Runner[] = [
    { name: "metered", command: [process.execPath, tickProcess, metered] },
    { name: "unmetered", command: [process.execPath, tickProcess, unmetered] },
  ];
  const found = findNativeTools();
  if ("missing" in found) return { metered, runners, note: found.missing };
  const native = await buildNative(found.tools, metered, resultsFolder(nativeFolder), true);
  runners.push({ name: "native", command: [native.path] });
  return { metered, runners, note: `Native: wasm2c of the same metered module, gcc ${native.flags}.` };
}
