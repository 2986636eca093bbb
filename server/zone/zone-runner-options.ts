// What a zone's runner is made from: the zone, and what its worker gives it.

import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { Emitter } from "../protocol/telemetry-line.ts";
import type { BlackBox } from "../shared/black-box.ts";
import type { Breadcrumb } from "../shared/breadcrumb.ts";
import type { ZoneWriter } from "../shared/zone-journal.ts";
import type { FromZoneWorker } from "../shared/zone-messages.ts";
import type { LostZone } from "../shared/zone-start.ts";
import type { ZoneBatch } from "./command-batch.ts";
import type { Durability } from "./zone-telemetry.ts";
import type { UndoBounds } from "./undo-record.ts";
import type { Revived } from "./zone-beginning.ts";
import type { ZoneFaultHost } from "./zone-faults.ts";
import type { ZoneLoadOptions } from "./zone-load.ts";
import type { ZoneOptions } from "./zone-options.ts";
import type { ZoneOutput } from "./zone-output.ts";

export interface ZoneRunnerOptions extends ZoneOptions, ZoneLoadOptions {
  cpuMs: () => number;
  emitter: Emitter;
  faults: Pick<ZoneFaultHost, "commands" | "beforeStep" | "afterStep">;
  output: ZoneOutput;
  say: (message: FromZoneWorker) => void;
  /** When the first tick is due, on the clock of `now`. */
  startMs: number;
  /** Adds the first commands of the first tick: they spawn the zone's creatures. */
  spawn: (batch: ZoneBatch) => void;
  /** Where the worker records what it is doing. */
  crumb?: Breadcrumb;
  /** Where the batch of each tick is noted before it runs. */
  blackBox?: Pick<BlackBox, "note">;
  /** When faults delay one tick by at least this many milliseconds, the zone is DEGRADED and the worker does not count as stuck. */
  watchdogMs?: number;
  /** The zone that this one replaces; null when it replaces none. */
  after?: LostZone | null;
  /** Modules that ran before `kernel`, newest first. */
  earlier?: readonly Kernel[];
  /** The zone goes on from its journal; default: it begins anew. */
  revived?: Revived | null;
  /** Where its ticks are journalled, and the newest epoch there. Default: nowhere. */
  writer?: ZoneWriter;
  epoch?: number;
  /** How much is kept to undo a swap. */
  undoBounds?: UndoBounds;
  /** Default: the zone has no journal. */
  durability?: () => Durability;
}
