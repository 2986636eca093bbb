// How a zone worker is told what it is: the first message it gets, and what only the supervisor says to it.

import type { LayoutEntries } from "../../assembly/toolchain/kernel.ts";
import type { Content, ZoneContent } from "../protocol/content/content.ts";

/** A compiled module with its name and its memory map. */
export interface ZoneModule {
  module: WebAssembly.Module;
  hash: string;
  label: string;
  layout: LayoutEntries;
}

/** How many modules of before a zone may go back to; the first of all, the server's own, is always among them. */
const EARLIER_MAX = 3;

/** The modules of before, newest first, when `module` is replaced. */
export function withEarlier<Module extends { hash: string }>(earlier: readonly Module[], module: Module): Module[] {
  const all = [module, ...earlier.filter(({ hash }) => hash !== module.hash)];
  return all.filter((_, index) => index < EARLIER_MAX - 1 || index === all.length - 1);
}

/** How a zone ended with its worker, for the one that begins it anew. */
export interface LostZone {
  /** The last tick that came to its end, as far as is known; the zone goes on counting from there. */
  tick: number;
  reason: string;
}

export interface ZoneWorkerStart {
  type: "start";
  /** "zone-worker-1": who speaks in telemetry. */
  name: string;
  zones: {
    zone: ZoneContent;
    seed: number;
    startMs: number;
    module: ZoneModule;
    /** What it ran before that, newest first: what it falls back to when it can not begin with the module. */
    earlier: ZoneModule[];
    /** The zone begins DOWN and anew, in place of one that was lost. */
    after: LostZone | null;
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
  /** Breadcrumb.allocate(): what the worker does just now. */
  breadcrumb: SharedArrayBuffer;
  /** Int32: [0] becomes 1 when the worker shall end; it is woken by a notify. */
  stop: SharedArrayBuffer;
}
