// Reads from a zone's memory who left it in its last tick.

import { TRANSFER_WORDS } from "../../assembly/abi.ts";
import type { Departure } from "../shared/transfer.ts";
import type { Zone } from "./zone.ts";

/** The players who departed in the zone's last tick. Their data is copied. */
export function readDepartures({ view, at }: Zone): Departure[] {
  const count = Math.min(view.getUint32(at.departureCount, true), at.departuresMax);
  return Array.from({ length: count }, (_, index) => {
    const from = at.departures + index * (TRANSFER_WORDS + 1) * 4;
    const words = Uint32Array.from({ length: TRANSFER_WORDS }, (_word, word) =>
      view.getUint32(from + 4 + word * 4, true),
    );
    return { session: view.getUint32(from, true), words };
  });
}
