// What the parts of a validation are tested with: a stretch of play, and kernels to judge by it.
//
//   const stretch = await stretchOf({ entities: 60, ticks: 400, seed: 1 })
//   const { kernel, metered } = await candidateKernel("threat-leak")
//   const drain = await wrapped({ after: (code) => [...] })      // made in a tenth of a second, without the compiler

import { ensureKernel } from "../../assembly/toolchain/build.ts";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { loadContent } from "../../server/protocol/content/load.ts";
import { prepareWork } from "../../server/testing/workload.ts";
import type { WorkloadOptions } from "../../server/testing/workload.ts";
import { wrappedKernel } from "../../server/testing/wrapped-kernel.ts";
import type { Wrapping } from "../../server/testing/wrapped-kernel.ts";
import type { FreeStretch } from "../../server/validate/free-samples.ts";
import { testKernel } from "./kernel-zone.ts";

export interface JudgedKernel {
  kernel: Kernel;
  metered: Uint8Array;
}

export async function candidateKernel(name: string): Promise<JudgedKernel> {
  const { metered, hash } = await buildCandidate(name);
  return { kernel: loadKernel(metered, name, hash), metered };
}

/** The kernel of this tree with something before or after each tick. */
export async function wrapped(wrapping: Wrapping): Promise<JudgedKernel> {
  const metered = await wrappedKernel(await Bun.file(await ensureKernel()).bytes(), wrapping);
  return { kernel: loadKernel(metered, "wrapped"), metered };
}

export async function stretchOf(options: WorkloadOptions): Promise<FreeStretch> {
  const { work } = prepareWork(await testKernel(), loadContent(), options);
  return { zone: 1, tick: work.firstTick - 1, state: work.state, batches: work.batches };
}
