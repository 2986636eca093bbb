// A lane that goes on from a recorded state.
//
//   const lane = snapshotLane(snapshot, kernel, memory)     // throws when the state is not what the journal says it is

import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { Lane } from "../lockstep/lane.ts";
import { WowsimError } from "../protocol/errors.ts";
import type { StoredSnapshot } from "../store/world-rows.ts";

/** `clock`: in milliseconds, for the lane's `tickMs`. Throws WowsimError("snapshot_damaged"), ZoneTrap, or the error of zstd. */
export function snapshotLane(
  snapshot: StoredSnapshot,
  kernel: Kernel,
  memory: WebAssembly.Memory,
  clock?: () => number,
): Lane {
  const lane = new Lane(kernel, memory, false, undefined, clock);
  lane.adopt(unpackedState(snapshot), snapshot.tick);
  if (lane.hash === snapshot.hash) return lane;
  throw new WowsimError("snapshot_damaged", "its state does not have its own hash");
}

/** Throws the error of zstd. */
export function unpackedState({ state }: StoredSnapshot): Uint8Array {
  return Bun.zstdDecompressSync(state);
}
