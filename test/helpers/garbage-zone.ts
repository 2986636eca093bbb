// A zone under the garbage kernel (server/testing/garbage-kernel.ts), and a reader of its output that does with each record what
// the main thread does.
//
//   const kernel = await garbageKernel()
//   bench.give(garbage("frame of length 0"))      // what happens at the end of the next tick
//   readOutput(bench)                             // throws where the main thread would stumble

import { OP_CAST } from "../../assembly/abi.ts";
import { buildGarbageKernel, GARBAGE, GARBAGE_SPELL } from "../../server/testing/garbage-kernel.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { meter } from "../../assembly/toolchain/meter.ts";
import { ByteWriter } from "../../server/protocol/game/byte-writer.ts";
import { FrameReader } from "../../server/protocol/game/frame-reader.ts";
import { encodeJsonFrame } from "../../server/main/gateway/json-frames.ts";
import { CENSUS, DEPARTED, FRAMES } from "../../server/shared/ring-records.ts";
import type { Command } from "./zone-commands.ts";
import type { RunnerBench } from "./zone-runner.ts";
import { REPORT, emptyReport } from "../../server/shared/tick-report.ts";

let kernel: Promise<Kernel> | null = null;
/** Compiled and metered once a process. */
export function garbageKernel(): Promise<Kernel> {
  kernel ??= buildGarbageKernel().then(async (wasm) => loadKernel(await meter(wasm), "garbage"));
  return kernel;
}

/** The command of player 1 that orders it. */
export function garbage(name: string, seed = 1): Command {
  const index = GARBAGE.indexOf(name);
  if (index < 0) throw new Error(`There is no garbage called ${name}.`);
  return { op: OP_CAST, session: 1, a: seed, b: GARBAGE_SPELL + index };
}

const names = { player: () => null, creature: () => null };
const reader = new FrameReader();
const writer = new ByteWriter();
/** Of the main thread's loops over one zone's tick; far more than any honest tick makes. */
const STEPS_MAX = 300_000;

/** Reads all that the zone has told so far; how many frames it were. Throws what the main thread would. */
export function readOutput({ output }: RunnerBench): number {
  const { view, bytes } = output;
  let frames = 0;
  let steps = 0;
  output.drain((offset, length) => {
    const kind = view.getUint32(offset, true);
    if (kind === REPORT.kind) REPORT.read(view, offset, REPORT.bytes, emptyReport(0));
    else if (kind === DEPARTED.kind) DEPARTED.read(view, offset, length, DEPARTED.empty());
    else if (kind === CENSUS.kind) steps += length / 4;
    else if (kind === FRAMES.kind) {
      for (let at = offset + FRAMES.bytes; at < offset + length;) {
        if (++steps > STEPS_MAX) throw new Error("The loop over frames does not end.");
        const frameBytes = view.getUint32(at, true);
        const frame = reader.open(bytes, at, frameBytes);
        encodeJsonFrame(frame, names, writer.reset());
        for (const line of new TextDecoder().decode(writer.bytes.subarray(0, writer.length)).trim().split("\n"))
          JSON.parse(line);
        frames++;
        at += frameBytes;
      }
    }
  });
  return frames;
}
