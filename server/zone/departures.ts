// Reads from a zone's memory who left it in its last tick.
//
//   readDepartures(zone)   // [{ session: 12, stood: { x: 4, y: -2.5, z: 0 }, words: ... }]

import { DEPARTURE_WORDS, TRANSFER_WORDS } from "../../assembly/abi.ts";
import type { Point } from "../shared/record.ts";
import type { Departure } from "../shared/transfer.ts";
import type { Zone } from "./zone.ts";

/** A departure, and where the player stood, in yards. */
export interface PlacedDeparture extends Departure {
  stood: Point;
}

/** Where a kernel's memory has them. */
export type MemoryOfDepartures = Pick<Zone, "view" | "at">;

/** The players who departed in the zone's last tick. Their data is copied. */
export function readDepartures({ view, at }: MemoryOfDepartures): PlacedDeparture[] {
  const count = Math.min(view.getUint32(at.departureCount, true), at.departuresMax);
  return Array.from({ length: count }, (_, index) => {
    const from = at.departures + index * DEPARTURE_WORDS * 4;
    const state = from + (DEPARTURE_WORDS - TRANSFER_WORDS) * 4;
    const words = Uint32Array.from({ length: TRANSFER_WORDS }, (_word, word) => view.getUint32(state + word * 4, true));
    return { session: view.getUint32(from, true), stood: pointAt(view, from + 4), words };
  });
}

/** A coordinate that is no number, from a broken kernel, counts as 0. */
function pointAt(view: DataView, at: number): Point {
  const [x = 0, y = 0, z = 0] = [0, 4, 8].map((offset) => view.getFloat32(at + offset, true) || 0);
  return { x, y, z };
}
