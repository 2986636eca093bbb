// A swap's ticket: one word of memory that the main thread and a zone's worker share, and that only one of them can
// take. A worker takes it right before it swaps; the main thread withdraws it after a timeout. So a swap whose answer
// is late has either happened or will never happen; this does not depend on a clock.
//
//   const ticket = newTicket()          // main: sent together with the swap
//   takeTicket(ticket)                  // worker: true: the swap is carried out
//   withdrawTicket(ticket)              // main: false: the worker has taken it; the swap must be undone

const OPEN = 0;
const TAKEN = 1;
const WITHDRAWN = 2;

export type SwapTicket = SharedArrayBuffer;

export function newTicket(): SwapTicket {
  return new SharedArrayBuffer(4);
}

/** False when the ticket was withdrawn before; the worker must not swap. */
export function takeTicket(ticket: SwapTicket): boolean {
  return Atomics.compareExchange(new Int32Array(ticket), 0, OPEN, TAKEN) !== WITHDRAWN;
}

/** False when the ticket was taken before; the swap has happened or is about to. */
export function withdrawTicket(ticket: SwapTicket): boolean {
  return Atomics.compareExchange(new Int32Array(ticket), 0, OPEN, WITHDRAWN) !== TAKEN;
}

/** The main thread does not want the swap any more. */
export const isWithdrawn = (ticket: SwapTicket): boolean => Atomics.load(new Int32Array(ticket), 0) === WITHDRAWN;
