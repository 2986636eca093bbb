// Session numbers that nobody has, for players who are made up: such as a server gives, so no kernel can tell them from real ones.
//
//   freeSessions(look, batches, 6, random)      // [41, 7, 188, 23, 90, 152]

import { COMMAND_BYTES, COMMAND_SESSION } from "../../assembly/abi.ts";
import type { ZoneLook } from "./zone-look.ts";

/** A server begins anew above it; creatures have larger ids. */
const SESSION_MAX = 1_000_000;
/** A young server has given out fewer. */
const SPAN_MIN = 1_000;

/** `count` numbers that no player in the zone has, and no command of the batches. */
export function freeSessions(
  look: ZoneLook,
  batches: readonly Uint8Array[],
  count: number,
  random: () => number,
): number[] {
  look.refresh();
  const taken = new Set(look.players.map((row) => look.idOf(row)));
  for (const batch of batches) addSessions(batch, taken);
  let highest = 0;
  for (const id of taken) if (id <= SESSION_MAX && id > highest) highest = id;
  const span = Math.min(SESSION_MAX, Math.max(2 * highest, SPAN_MIN));
  return Array.from({ length: count }, () => {
    let session = Math.floor(random() * span);
    for (let tried = 0; tried < SESSION_MAX && (session === 0 || taken.has(session)); tried++)
      session = (session + 1) % SESSION_MAX;
    taken.add(session);
    return session;
  });
}

function addSessions(batch: Uint8Array, into: Set<number>): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  for (let at = 0; at + COMMAND_BYTES <= batch.length; at += COMMAND_BYTES)
    into.add(view.getUint32(at + COMMAND_SESSION, true));
}
