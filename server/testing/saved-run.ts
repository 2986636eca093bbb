// Saves a run of the kernel bench to a file, and reads it back for a comparison with a later run.
//
//   await saveRun("before.json", report)
//   const before = await readRun("before.json")

import { z } from "zod";
import { WowsimError, messageOf } from "../protocol/errors.ts";
import type { KernelReport } from "./kernel-report.ts";

const Result = z.object({
  entities: z.number(),
  zones: z.number(),
  hash: z.string(),
  figures: z.array(
    z.object({
      runner: z.enum(["metered", "unmetered", "native"]),
      tickUs: z.number(),
      nsPerEntityTick: z.number(),
      tickUsP50: z.number(),
      tickUsP99: z.number(),
      noisePercent: z.number(),
    }),
  ),
});

const Run = z.object({
  at: z.string(),
  machine: z.string(),
  bun: z.string(),
  hyperfine: z.string(),
  effort: z.object({ entityTicks: z.number(), runs: z.number() }),
  by_entities: z.array(Result),
  growth_exponent: z.number().nullable(),
  by_zones: z.array(Result),
  note: z.string(),
}) satisfies z.ZodType<KernelReport>;

/** Throws WowsimError("run_unwritable"). */
export async function saveRun(path: string, report: KernelReport): Promise<void> {
  try {
    await Bun.write(path, `${JSON.stringify(report, null, 2)}\n`);
  } catch (cause) {
    throw new WowsimError(
      "run_unwritable",
      `Cannot write ${path}: ${messageOf(cause)}. Name another file with --save.`,
      {
        cause,
      },
    );
  }
}

/** Throws WowsimError("run_unreadable") when the file is not a saved run. */
export async function readRun(path: string): Promise<KernelReport> {
  try {
    return Run.parse(await Bun.file(path).json());
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    const why = issue === undefined ? messageOf(cause) : `${issue.path.join(".")}: ${issue.message}`;
    throw new WowsimError(
      "run_unreadable",
      `${path} is no saved run: ${why}. Make one with bun run bench --save FILE.`,
      {
        cause,
      },
    );
  }
}
