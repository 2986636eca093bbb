// The states of a session and the only legal moves between them: one table, read by session-table.ts and by the docs.
//
//   nextState("IN_WORLD", "link_lost")   // "DISCONNECTING"
//   nextState("DESTROYED", "resumed")    // null: refused and reported, the session stays as it is
//
// A hello player:  CONNECTING → AUTHENTICATING → IN_WORLD → (link lost) DISCONNECTING → (resumed) IN_WORLD → ...
// A guest:         CONNECTING → AUTHENTICATING → IN_WORLD → (closed) DESTROYED: nobody can resume it.

export const SESSION_STATES = [
  "CONNECTING",
  "AUTHENTICATING",
  "IN_WORLD",
  "TRANSFERRING",
  "DISCONNECTING",
  "DESTROYED",
] as const;
export type SessionState = (typeof SESSION_STATES)[number];

export const SESSION_EVENTS = [
  /** The first complete message has arrived. */
  "first_message",
  /** A zone has been found and asked to take the player in. */
  "admitted",
  /** The connection was refused, or gave up, before it was in the world. */
  "refused",
  /** This connection took up an older session, so its own provisional one ends. */
  "superseded",
  /** Its zone went down, or came back, or it went through a portal: the player is on the way to another zone. */
  "transfer_begun",
  /** The new zone has told the player what it sees. */
  "transfer_done",
  /** The socket is gone; the session waits for a resume. */
  "link_lost",
  "resumed",
  /** Nobody resumed it in time. */
  "expired",
  /** The player left for good. */
  "left",
] as const;
export type SessionEvent = (typeof SESSION_EVENTS)[number];

export const TRANSITIONS: Readonly<Record<SessionState, Readonly<Partial<Record<SessionEvent, SessionState>>>>> = {
  CONNECTING: { first_message: "AUTHENTICATING", refused: "DESTROYED" },
  AUTHENTICATING: { admitted: "IN_WORLD", superseded: "DESTROYED", refused: "DESTROYED" },
  IN_WORLD: { transfer_begun: "TRANSFERRING", link_lost: "DISCONNECTING", left: "DESTROYED" },
  TRANSFERRING: { transfer_done: "IN_WORLD", link_lost: "DISCONNECTING", left: "DESTROYED" },
  DISCONNECTING: { resumed: "IN_WORLD", expired: "DESTROYED", left: "DESTROYED" },
  DESTROYED: {},
};

/** Where `event` leads from `state`, or null when that move is not legal. */
export function nextState(state: SessionState, event: SessionEvent): SessionState | null {
  return TRANSITIONS[state][event] ?? null;
}
