// Both kernels over recorded batches with more commands in each tick, for what the recorded players never did: some random ones, or a
// whole crowd. The incumbent goes on from its own states, so a stray command has its consequences; the candidate follows it one tick at
// a time.
//
//   const pass = await extraPass("random commands", stretch, (lane) => new RandomCommands(lane, ...), options, pause)
//   pass.comparison      // as of a recording; pass.given: how often each command was added

import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { Lane } from "../lockstep/lane.ts";
import type { Pause } from "../replay/pause.ts";
import type { FreeStretch } from "./free-samples.ts";
import { ZoneComparison } from "./zone-comparison.ts";
import type { ComparisonContext, ComparisonResult } from "./zone-comparison.ts";

export interface ExtraPassOptions extends Omit<ComparisonContext, "zone"> {
  incumbent: Kernel;
  candidate: Kernel;
  /** One for each, in this order; they are overwritten. */
  memories: readonly [WebAssembly.Memory, WebAssembly.Memory];
}

/** Where more commands come from. */
export interface MoreCommands {
  /** The recorded batch, and more. */
  add(batch: Uint8Array): Uint8Array;
  /** By opcode, how often it was given. */
  readonly given: ReadonlyMap<number, number>;
}

/** Plain data, which threads can send. */
export interface ExtraPass {
  /** What was added, in words. */
  name: string;
  comparison: ComparisonResult;
  given: [op: number, count: number][];
  /** The incumbent itself traps on such a command: the pass ends there. */
  incumbentTrap: string | null;
}

export async function extraPass(
  name: string,
  { zone, tick, state, batches }: FreeStretch,
  commandsFor: (lane: Lane) => MoreCommands,
  { incumbent, candidate, memories, content, names }: ExtraPassOptions,
  pause: Pause,
): Promise<ExtraPass> {
  const lane = new Lane(incumbent, memories[0], true);
  lane.adopt(state, tick);
  const commands = commandsFor(lane);
  const compared = { incumbent, candidate, memories: { candidate: memories[1], incumbent: () => memories[0] } };
  const comparison = new ZoneComparison(compared, { zone, content, names });
  let incumbentTrap: string | null = null;
  for (const batch of batches) {
    if (pause.isAborted || comparison.isDone) break;
    comparison.follows(lane);
    const more = commands.add(batch);
    incumbentTrap = lane.tryStep(more)?.message ?? null;
    if (incumbentTrap !== null) break;
    comparison.step(more);
    if (pause.isDue) await pause.take();
  }
  comparison.leaves();
  return { name, comparison: comparison.result(), given: [...commands.given], incumbentTrap };
}
