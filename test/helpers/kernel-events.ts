// The events that a kernel wrote in its last tick, read as objects.
//
//   kernelEvents(view, kernel.layout, 2)     // [{ kind: "damage", source: 1, target: 1_000_001, a: 12, ... }, ...]

import * as abi from "../../assembly/abi.ts";
import type { KernelLayout } from "../../assembly/toolchain/kernel.ts";

export interface KernelEvent {
  /** "damage", "cast_started", ...: the EVENT_ constant's name, small. */
  kind: string;
  info: number;
  source: number;
  target: number;
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: number;
  /** a, b, c once more as the floats that some kinds carry. */
  x: number;
  y: number;
  z: number;
}

const EVENT_KINDS = new Map(
  Object.entries(abi).flatMap(([name, value]): [number, string][] =>
    /^EVENT_(?!BYTES|KIND|INFO|SOURCE|TARGET|A$)/.test(name) ? [[value, name.slice(6).toLowerCase()]] : [],
  ),
);

export function kernelEvents(view: DataView, layout: KernelLayout, count: number): KernelEvent[] {
  const base = layout.value("EVENT_BASE");
  return Array.from({ length: count }, (_, index) => {
    const at = base + index * abi.EVENT_BYTES;
    const word = (number: number): number => view.getUint32(at + abi.EVENT_A + number * 4, true);
    const float = (number: number): number => view.getFloat32(at + abi.EVENT_A + number * 4, true);
    const kind = view.getUint16(at + abi.EVENT_KIND, true);
    return {
      kind: EVENT_KINDS.get(kind) ?? `kind ${kind}`,
      info: view.getUint16(at + abi.EVENT_INFO, true),
      source: view.getUint32(at + abi.EVENT_SOURCE, true),
      target: view.getUint32(at + abi.EVENT_TARGET, true),
      a: word(0),
      b: word(1),
      c: word(2),
      d: word(3),
      e: word(4),
      f: word(5),
      x: float(0),
      y: float(1),
      z: float(2),
    };
  });
}
