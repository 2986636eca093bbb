// A player's message as a kernel command in its zone's ring. Numbered by the client's own seq or, without one, by us;
// every now and then one is timed until its acknowledgement goes out.

import { actionOf } from "../../protocol/game/actions.ts";
import type { ClientMessage } from "../../protocol/game/client-messages.ts";
import { Command } from "../../protocol/game/command.ts";
import { SEQ_MAX } from "./message-bounds.ts";
import type { Session } from "./session.ts";
import type { ZoneLink } from "../../shared/zone-link.ts";

/** The number this message gets, or 0 when there is none that rises: the client's own does not, or the last one was SEQ_MAX. */
export function nextSeq({ lastSeq }: Session, { seq }: ClientMessage): number {
  if (seq === 0) return lastSeq < SEQ_MAX ? lastSeq + 1 : 0;
  return seq > lastSeq ? seq : 0;
}

/** Filled for each action. */
const command = new Command();

/** Queues an action (actions.ts); false when the zone's queue is full or the player is in no zone. */
export function sendCommand(link: ZoneLink, session: Session, seq: number, message: ClientMessage): boolean {
  const action = actionOf(message.kind);
  if (session.zoneId === 0 || action === undefined) return false;
  command.begin(action.op, session.id, seq);
  action.fill?.(command, message);
  return link.send(session.zoneId, command.bytes);
}

/** Begins to time the way of command `seq` to its acknowledgement, unless one is being timed. Times in milliseconds. */
export function startProbe(session: Session, seq: number, nowMs: number): void {
  if (session.probeSeq !== 0 || session.isGuest) return;
  session.probeSeq = seq;
  session.probeAt = nowMs;
}
