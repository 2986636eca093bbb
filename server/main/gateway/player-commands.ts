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
import type { ClientMessage, ClientMessageKind } from "../../protocol/game/client-messages.ts";
import { Command } from "../../shared/command.ts";
import type { Session } from "./session.ts";
import type { ZoneLink } from "../../shared/zone-link.ts";

/** Server-given numbers stay below this; a client's own are at most 2^31 - 1, so a session never gets here. */
const SEQ_MAX = 0xffff_fffe;

/** The number this message gets, or 0 when the client's own does not rise. */
export function nextSeq(session: Session, message: ClientMessage): number {
  if (message.seq === 0) return Math.min(session.lastSeq + 1, SEQ_MAX);
  return message.seq > session.lastSeq ? message.seq : 0;
}

/** What each action of a player is in the zone: one row is all that a new one needs here. */
const ACTIONS: Partial<
  Record<ClientMessageKind, { op: number; fill?(command: Command, message: ClientMessage): void }>
> = {
  move: {
    op: OP_MOVE,
    fill(command, { x, y, z }) {
      command.x = x;
      command.y = y;
      command.z = z;
    },
  },
  cast: {
    op: OP_CAST,
    fill(command, { target, spell, castTicks }) {
      command.a = target;
      command.b = spell;
      command.c = castTicks;
    },
  },
  cancel_cast: { op: OP_CANCEL_CAST },
  attack: {
    op: OP_ATTACK,
    fill(command, { target, baseDamage, magical }) {
      command.a = target;
      command.b = baseDamage;
      command.c = magical ? DAMAGE_MAGICAL : DAMAGE_PHYSICAL;
    },
  },
  stop_attack: { op: OP_STOP_ATTACK },
  release: { op: OP_RELEASE },
  release_as_ghost: {
    op: OP_RELEASE,
    fill(command) {
      command.flags = RELEASE_AS_GHOST;
    },
  },
  reclaim: { op: OP_RECLAIM },
};

/** Filled for each action. */
const command = new Command();

/** Queues an action (client-messages.ts, isAction); false when the zone's queue is full or the player is in no zone. */
export function sendCommand(link: ZoneLink, session: Session, seq: number, message: ClientMessage): boolean {
  const action = ACTIONS[message.kind];
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
