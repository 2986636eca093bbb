// Starts a zone, even if its module can not start it. A promoted module is such a risk, because its init has run on a copy
// only.

import { messageOf } from "../protocol/errors.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { Zone } from "./zone.ts";
import type { ZoneOptions } from "./zone.ts";

export interface BegunZone {
  zone: Zone;
  /** The newest module that could not start the zone, and why; null when the requested one could. */
  unfit: { hash: string; reason: string } | null;
}

/**
 * Starts the zone with the kernel of the options, or with the first of `earlier` that can. Kernels that were tried are removed
 * from `earlier`. Throws the last error when none can.
 */
export function beginZone(options: ZoneOptions, earlier: Kernel[]): BegunZone {
  let unfit: BegunZone["unfit"] = null;
  for (let { kernel } = options; ;) {
    try {
      return { zone: new Zone({ ...options, kernel }), unfit };
    } catch (error) {
      unfit ??= { hash: kernel.hash, reason: messageOf(error) };
      const before = earlier.shift();
      if (before === undefined) throw error;
      kernel = before;
    }
  }
}
