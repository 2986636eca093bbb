// How a zone worker is told what it is: the first message it gets, and what only the supervisor says to it.

import type { Content, ZoneContent } from "../content/content.ts";

export interface ZoneWorkerStart {
  type: "start";
  /** "zone-worker-1": who speaks in telemetry. */
  name: string;
  zones: { zone: ZoneContent; seed: number; startMs: number }[];
  content: Content;
  tickRateHz: number;
  module: WebAssembly.Module;
  hash: string;
  label: string;
  /** The module's memory map, by name. */
  layout: [name: string, value: number][];
  fuelPerTick: bigint;
  commandRing: SharedArrayBuffer;
  outputRing: SharedArrayBuffer;
  telemetryRing: SharedArrayBuffer;
  faultBlock: SharedArrayBuffer;
  /** Int32: [0] becomes 1 when the worker shall end; it is woken by a notify. */
  stop: SharedArrayBuffer;
}
