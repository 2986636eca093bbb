// A swap's ticket: one word of memory that the main thread and a zone's worker share, and that only one of them can have.
// A worker takes it right before it swaps; the main thread withdraws it when it has waited long enough. So a swap whose
// answer is late has either happened, or never will: no clock is asked.
//
//   const ticket = newTicket()          // main: goes along with the swap
//   takeTicket(ticket)                  // worker: true, and the swap is carried out
//   withdrawTicket(ticket)              // main: false, it has been taken; the swap has to be undone

const OPEN = 0;
const TAKEN = 1;
const WITHDRAWN = 2;

export type SwapTicket = SharedArrayBuffer;

export function newTicket(): SwapTicket {
  return new SharedArrayBuffer(4);
}

/** False: it was withdrawn before; nothing may be swapped any more. */
export function takeTicket(ticket: SwapTicket): boolean {
  return Atomics.compareExchange(new Int32Array(ticket), 0, OPEN, TAKEN) !== WITHDRAWN;
}

/** False: it was taken before; the swap has happened or is about to. */
export function withdrawTicket(ticket: SwapTicket): boolean {
  return Atomics.compareExchange(new Int32Array(ticket), 0, OPEN, WITHDRAWN) !== TAKEN;
}
