// The source of player names: the gateway, which admitted the players.

export interface PlayerNames {
  /** The name as the player gave it; null for a guest, and for an unknown session. */
  nameOf(sessionId: number): string | null;
}
