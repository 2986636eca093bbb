// The first message to a zone worker, which configures it, and the messages that only the supervisor sends.

import type { LayoutEntries } from "../../assembly/toolchain/kernel.ts";
import type { JournalAccess } from "./zone-journal.ts";
import type { ZoneHistory } from "./zone-history.ts";
import type { Origin } from "../protocol/telemetry-line.ts";
import type { Content, ZoneContent } from "../protocol/content/content.ts";

/** A compiled module with its name and its memory map. */
export interface ZoneModule {
  module: WebAssembly.Module;
  hash: string;
  label: string;
  layout: LayoutEntries;
}

/** The most earlier modules that a zone may return to; the first of all, the server's own, is always among them. */
const EARLIER_MAX = 3;

/** The earlier modules, newest first, after `module` is replaced. */
export function withEarlier<Module extends { hash: string }>(earlier: readonly Module[], module: Module): Module[] {
  const all = [module, ...earlier.filter(({ hash }) => hash !== module.hash)];
  return all.filter((_, index) => index < EARLIER_MAX - 1 || index === all.length - 1);
}

/** How a zone ended with its lost worker, for the worker that restarts it. */
export interface LostZone {
  /** The last tick known to be complete; the zone continues its count from there. */
  tick: number;
  reason: string;
}

/** A zone that goes on from its journal. */
export interface RevivedZone {
  history: ZoneHistory;
  /** The module that ran the history. The zone then goes on with its own module. */
  ran: ZoneModule;
  /** The main thread has all reports of the ticks up to this one. */
  toldTick: number;
  /** Why its worker was lost; null when the process was started again. */
  lostBecause: string | null;
}

/** A zone that an earlier server left behind. */
export interface FoundBeginning {
  /** The newest epoch that the journal has of it. */
  epoch: number;
  /** The module that the zone runs from now on; null: the server's own. */
  standing: ZoneModule | null;
  revived: RevivedZone | null;
}

export interface ZoneWorkerStart {
  type: "start";
  /** The name of the worker in telemetry: "zone-worker-1". */
  name: string;
  /** Of a cluster: its lines carry it. */
  origin?: Origin | undefined;
  zones: {
    zone: ZoneContent;
    seed: number;
    startMs: number;
    module: ZoneModule;
    /** Its earlier modules, newest first: it falls back to these when it can not start with the module. */
    earlier: ZoneModule[];
    /** The zone starts DOWN and anew, as the replacement of a lost zone. */
    after: LostZone | null;
    /** The zone goes on from its journal; null: it begins anew. */
    revived: RevivedZone | null;
    /** The newest epoch that the journal has of it; 0 when it has none. */
    epoch: number;
  }[];
  content: Content;
  tickRateHz: number;
  fuelPerTick: bigint;
  /** Processor time that a tick may take in the kernel, in milliseconds. */
  timeLimitMs: number;
  /** How late the worker may be before it is ended, in milliseconds. */
  watchdogMs: number;
  commandRing: SharedArrayBuffer;
  outputRing: SharedArrayBuffer;
  telemetryRing: SharedArrayBuffer;
  faultBlock: SharedArrayBuffer;
  /** From Breadcrumb.allocate(): what the worker is doing. */
  breadcrumb: SharedArrayBuffer;
  /** From BlackBox.allocate(): the batch of the tick that it runs. */
  blackBox: SharedArrayBuffer;
  /** A file that gets a copy of the breadcrumb, and the worker's number in it, from 0 (crumb-file.ts). */
  crumbFile: { path: string; worker: number } | null;
  /** Wakes the worker, and tells it to end (wake.ts). */
  wake: SharedArrayBuffer;
  /** The way to the journal thread; null: nothing is journalled outside of this worker. */
  journal: JournalAccess | null;
}
