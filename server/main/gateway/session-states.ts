// The states of a session and the legal transitions: one table, used by session-table.ts and by the docs.
//
//   nextState("IN_WORLD", "link_lost")   // "DISCONNECTING"
//   nextState("DESTROYED", "resumed")    // null: refused and reported, the session keeps its state
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
  /** A zone was found and asked to admit the player. */
  "admitted",
  /** The connection was refused, or ended by itself, before it was in the world. */
  "refused",
  /** This connection resumed an older session, so its own provisional session ends. */
  "superseded",
  /** The player is on its way to another zone: its zone went down or came back, or it went through a portal. */
  "transfer_begun",
  /** The new zone has sent the player its view. */
  "transfer_done",
  /** The socket is closed; the session waits for a resume. */
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

/** The state that `event` leads to from `state`, or null when that transition is not legal. */
export function nextState(state: SessionState, event: SessionEvent): SessionState | null {
  return TRANSITIONS[state][event] ?? null;
}
