// What a zone is made from.

import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { Content, ZoneContent } from "../protocol/content/content.ts";
import type { Breadcrumb } from "../shared/breadcrumb.ts";

export interface ZoneOptions {
  zone: ZoneContent;
  content: Content;
  kernel: Kernel;
  tickRateHz: number;
  seed: number;
  /** Fuel of one tick: about one interval of wall time. */
  fuelPerTick: bigint;
  /** Milliseconds of a monotonic clock. */
  now: () => number;
  /**
   * Processor time in milliseconds that a tick may take in the kernel. Each attempt of a recovery has a share of it. Default:
   * no limit.
   */
  timeLimitMs?: number;
  /** Processor time that this thread has used, in milliseconds. */
  cpuMs?: () => number;
  /** Records what the worker is doing: before each run of the kernel, also in a replay, and in the middle of long runs. */
  crumb?: Breadcrumb;
  /** The last tick of the zone that this one replaces; 0 when it replaces none. */
  afterTick?: number;
  /** Memory that nobody else needs while a zone is swapped, of the zone's size; null: there is none yet. */
  aside?: () => Uint8Array | null;
  /** The zone is not begun: a state from a journal comes next (`adopt`). */
  awaitsState?: boolean;
}
