// Writes commands for a zone into the ring of its worker (ring-records.ts): the zone, then the records.

import type { Ring } from "../../shared/ring.ts";

/** Writes one or more records, which stay in one batch; false when the ring is full. */
export function writeCommands(ring: Ring, zoneId: number, records: Uint8Array): boolean {
  const at = ring.reserve(4 + records.length);
  if (at < 0) return false;
  ring.view.setUint32(at, zoneId, true);
  ring.bytes.set(records, at + 4);
  ring.commit();
  return true;
}
