// How a zone begins with a module that may not be able to begin it: a promoted one, whose init was run on a copy only.

import { messageOf } from "../protocol/errors.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { Zone } from "./zone.ts";
import type { ZoneOptions } from "./zone.ts";

export interface BegunZone {
  zone: Zone;
  /** The newest module that could not begin it, and why; null: the one that was asked for did. */
  unfit: { hash: string; reason: string } | null;
}

/** With the kernel of the options, else with the first of `earlier` that can; those that were tried leave the list. */
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
