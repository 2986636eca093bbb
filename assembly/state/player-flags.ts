// The bits of the column PLAYER_FLAGS.
//
//   a guest in row 3 that gets frames and whose command was applied in this tick:
//   PLAYER_FLAGS 21 = WATCHES 1 | GUEST 4 | ACKED 16

import { U32 } from "../memory/columns";
import { PLAYER_FLAGS } from "../memory/memory";
import { Row } from "./entity-rows";

export { PLAYER_SLOW, PLAYER_WATCHES } from "../abi";
/** The session's next frame begins with RECORD_RESET. */
export const PLAYER_RESET: u32 = 2;
/** A client of the earlier simulator, which never sends hello: it can not ask to be revived, so it is revived automatically. */
export const PLAYER_GUEST: u32 = 4;
/** The last frame had no room for everything in sight: the next tick scans again. */
export const PLAYER_RESCAN: u32 = 8;
/** A command of the session was applied in this tick: the session gets a frame, even an empty one. */
export const PLAYER_ACKED: u32 = 16;

/** True for a player whose client is of the earlier simulator. */
export function isGuest(row: u32): bool {
  return !Row.isCreature(row) && (U32.get(PLAYER_FLAGS, row) & PLAYER_GUEST) != 0;
}
