// A player's message as a kernel command in its zone's ring. Numbered by the client's own seq or, without one, by us;
// every now and then one is timed until its acknowledgement goes out.

import {
  DAMAGE_MAGICAL,
  DAMAGE_PHYSICAL,
  OP_ATTACK,
  OP_CANCEL_CAST,
  OP_CAST,
  OP_MOVE,
  OP_RECLAIM,
  OP_RELEASE,
  OP_STOP_ATTACK,
  RELEASE_AS_GHOST,
} from "../../../assembly/abi.ts";
import type { ClientMessage } from "../../protocol/game/client-messages.ts";
import type { Session } from "./session.ts";
import type { ZoneLink } from "../../shared/zone-link.ts";

/** Server-given numbers stay below this; a client's own are at most 2^31 - 1, so a session never gets here. */
const SEQ_MAX = 0xffff_fffe;

/** The number this message gets, or 0 when the client's own does not rise. */
export function nextSeq(session: Session, message: ClientMessage): number {
  if (message.seq === 0) return Math.min(session.lastSeq + 1, SEQ_MAX);
  return message.seq > session.lastSeq ? message.seq : 0;
}

/** Queues an action (client-messages.ts, isAction); false when the zone's queue is full or the player is in no zone. */
export function sendCommand(link: ZoneLink, session: Session, seq: number, message: ClientMessage): boolean {
  const { zoneId, id } = session;
  if (zoneId === 0) return false;
  switch (message.kind) {
    case "move":
      return link.command(zoneId, OP_MOVE, id, seq, 0, 0, message.x, message.y, message.z, 0);
    case "cast":
      return link.commandInts(zoneId, OP_CAST, id, seq, 0, message.target, message.spell, message.castTicks, 0, 0);
    case "cancel_cast":
      return link.commandInts(zoneId, OP_CANCEL_CAST, id, seq, 0, 0, 0, 0, 0, 0);
    case "attack": {
      const type = message.magical ? DAMAGE_MAGICAL : DAMAGE_PHYSICAL;
      return link.commandInts(zoneId, OP_ATTACK, id, seq, 0, message.target, message.baseDamage, type, 0, 0);
    }
    case "stop_attack":
      return link.commandInts(zoneId, OP_STOP_ATTACK, id, seq, 0, 0, 0, 0, 0, 0);
    case "release":
      return link.commandInts(zoneId, OP_RELEASE, id, seq, 0, 0, 0, 0, 0, 0);
    case "release_as_ghost":
      return link.commandInts(zoneId, OP_RELEASE, id, seq, RELEASE_AS_GHOST, 0, 0, 0, 0, 0);
    case "reclaim":
      return link.commandInts(zoneId, OP_RECLAIM, id, seq, 0, 0, 0, 0, 0, 0);
    default:
      return false;
  }
}

/** Begins to time the way of command `seq` to its acknowledgement, unless one is being timed. Times in milliseconds. */
export function startProbe(session: Session, seq: number, nowMs: number): void {
  if (session.probeSeq !== 0 || session.isGuest) return;
  session.probeSeq = seq;
  session.probeAt = nowMs;
}
