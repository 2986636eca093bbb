// Writes a player's message as a kernel command into the ring of its zone. Its number is the client's own seq or,
// without one, the server's; from time to time one command is timed until its acknowledgement is sent.

import { actionOf } from "../../protocol/game/actions.ts";
import type { ClientMessage } from "../../protocol/game/client-messages.ts";
import { Command } from "../../protocol/game/command.ts";
import { SEQ_MAX } from "./message-bounds.ts";
import type { Session } from "./session.ts";
import type { ZoneLink } from "../../shared/zone-link.ts";

/**
 * The number of this message, or 0 when there is no higher one: the client's own seq does not rise, or the last one was
 * SEQ_MAX.
 */
export function nextSeq({ lastSeq }: Session, { seq }: ClientMessage): number {
  if (seq === 0) return lastSeq < SEQ_MAX ? lastSeq + 1 : 0;
  return seq > lastSeq ? seq : 0;
}

/** Reused for each action. */
const command = new Command();

/** Queues an action (server/protocol/game/actions.ts); false when the zone's queue is full or the player is in no zone. */
export function sendCommand(link: ZoneLink, session: Session, seq: number, message: ClientMessage): boolean {
  const action = actionOf(message.kind);
  if (session.zoneId === 0 || action === undefined) return false;
  command.begin(action.op, session.id, seq);
  action.fill?.(command, message);
  return link.send(session.zoneId, command.bytes);
}

/**
 * Starts to measure the time from command `seq` to its acknowledgement, unless a measurement is running. Times in
 * milliseconds.
 */
export function startProbe(session: Session, seq: number, nowMs: number): void {
  if (session.probeSeq !== 0 || session.isGuest) return;
  session.probeSeq = seq;
  session.probeAt = nowMs;
}
