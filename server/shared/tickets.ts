// Tickets: numbers of the commands that put players into a zone or take them out. Each gateway has a lane of its own, so that a
// zone can tell for each of them which it has answered. A single process has lane 0 alone.
//
//   ticketOf(3, 17)                  // 0x0c000011: the 17th of gateway 3
//   laneOf(0x0c000011)               // 3
//   const answered = new AnsweredTickets(); answered.note(0x0c000011); answered.of(3)      // 0x0c000011

/** Number of lanes: gateways 1 to 63, and 0 for a server without gateways. */
export const LANES = 64;
const LANE_SHIFT = 26;
/** Tickets of one lane; a gateway that uses this many takes another number. */
export const TICKETS_MAX = 2 ** LANE_SHIFT - 1;

/** `count`: 1 to TICKETS_MAX. */
export function ticketOf(lane: number, count: number): number {
  return lane * 2 ** LANE_SHIFT + count;
}

export function laneOf(ticket: number): number {
  return ticket >>> LANE_SHIFT;
}

/** The newest answered ticket of each lane; 0 where none was. */
export class AnsweredTickets {
  readonly words = new Uint32Array(LANES);

  /** By lane; lanes that are missing have none. */
  constructor(words: Iterable<number> = []) {
    this.set(words);
  }

  of(lane: number): number {
    return this.words[lane] ?? 0;
  }

  /** Whether a command with this ticket was answered already. */
  has(ticket: number): boolean {
    return ticket <= this.of(laneOf(ticket));
  }

  note(ticket: number): void {
    if (!this.has(ticket)) this.words[laneOf(ticket)] = ticket;
  }

  noteAll(others: AnsweredTickets): void {
    for (let lane = 0; lane < LANES; lane++) {
      const ticket = others.words[lane] ?? 0;
      if (ticket > (this.words[lane] ?? 0)) this.words[lane] = ticket;
    }
  }

  /** Takes over what another one knows; lanes that are missing there are 0. */
  set(words: Iterable<number>): void {
    this.words.fill(0);
    let lane = 0;
    for (const word of words) if (lane < LANES) this.words[lane++] = word;
  }
}
