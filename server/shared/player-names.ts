// Who knows what players are called: the gateway, which let them in.

export interface PlayerNames {
  /** As the player gave it; null for a guest, and for whom nobody knows. */
  nameOf(sessionId: number): string | null;
}
