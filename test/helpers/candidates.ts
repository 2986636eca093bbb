// Kernels as files, to compare a journal's module with: candidates of assembly/candidates, and ones with a changed line.
//
//   await candidateFile(folder, "hotfix")
//   await candidateFile(folder, { change: ["combat/mitigation.ts", "<f32>1 - armor", "<f32>1 + armor"] })

import { join } from "node:path";
import { buildKernel, compileCached, readSources } from "../../assembly/toolchain/build.ts";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";

export type Candidate = string | { change: readonly [path: string, before: string, after: string] } | null;

/** A word of the header that no column has counts ticks. */
export const UNNAMED = {
  change: ["index.ts", "  regenerate();\n", "  regenerate();\n  Cell.set(HEADER_TICK + 500, now);\n"],
} as const;

/** The file's path; null builds the kernel as it is. */
export async function candidateFile(folder: string, candidate: Candidate): Promise<string> {
  const path = join(folder, "candidate.wasm");
  await Bun.write(path, await wasmOf(candidate));
  return path;
}

export async function wasmOf(candidate: Candidate): Promise<Uint8Array> {
  if (candidate === null) return (await buildKernel()).wasm;
  if (typeof candidate === "string") return (await buildCandidate(candidate)).wasm;
  const [path, before, after] = candidate.change;
  const sources = await readSources();
  const text = sources.get(path) ?? "";
  if (!text.includes(before)) throw new Error(`${path} has no ${before}`);
  return await compileCached(sources.set(path, text.replace(before, after)));
}
