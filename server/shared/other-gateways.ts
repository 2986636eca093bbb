// What one of several gateways knows of the others. Each gives its sessions numbers of its own, and a player comes back at any of
// them: whoever has the session hands it over.
//
//   others.owns(15_017)                  // false: that entity is another gateway's player; leave it alone
//   await others.takeSession(token)      // "here": the session was moved to this gateway, and is in its table

/** What came of asking for a session: it is here now; there is none; or it can not be had just now. */
export type Taken = "here" | "gone" | "busy";

export interface OtherGateways {
  /** The session numbers that this gateway gives, both ends included. */
  readonly ids: { readonly first: number; readonly last: number };
  /** Highest ticket that was used in this gateway's lane (tickets.ts). */
  readonly lastTicket: number;
  /** Whether an entity is of this gateway: a session of its own, or one that nobody else looks after. */
  owns(id: number): boolean;
  /** Whether a session has this number, here or elsewhere. */
  isTaken(id: number): boolean;
  /** Name of another gateway's player as JSON text; null when none has this number. */
  nameJsonOf(id: number): string | null;
  /** Moves the session with this resume token here. */
  takeSession(token: string): Promise<Taken>;
  /**
   * Reserves the character for a session of this gateway ("gone": nobody has it, so the session may have it), or moves the session
   * that has it here.
   */
  takeCharacter(key: string, sessionId: number): Promise<Taken>;
}
