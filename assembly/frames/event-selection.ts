// Selects the events of this tick for a watcher: the events in the lists of its own row and of the rows it knows, each once, in
// the order in which they happened, EVENTS_TOLD_MAX at most.

import { Cell, U32 } from "../memory/columns";
import {
  EVENTS_TOLD_MAX,
  EVENT_FIRST,
  EVENT_NEXT_SOURCE,
  EVENT_NEXT_TARGET,
  EVENT_PICKED,
  EVENT_PICKED_COUNT,
  EVENT_ROWS,
  EVENT_TOLD,
} from "../memory/memory";
import { isOwnersOnly } from "../state/events";
import { putEvent } from "./frame-records";

/** Starts a new watcher, with the events of its own row. */
export function selectOwnEvents(watcher: u32): void {
  Cell.set(EVENT_PICKED_COUNT, 0);
  if (U32.get(EVENT_FIRST, watcher) != 0) selectFrom(watcher, watcher, true);
}

/** Adds the events of a row the watcher knows. */
export function selectEventsOf(row: u32, watcher: u32): void {
  selectFrom(row, watcher, false);
}

function selectFrom(row: u32, watcher: u32, own: bool): void {
  let next = U32.get(EVENT_FIRST, row);
  while (next != 0 && Cell.get(EVENT_PICKED_COUNT) < EVENTS_TOLD_MAX) {
    const event = next - 1;
    const rows = U32.get(EVENT_ROWS, event);
    next = (rows & 0xffff) == row ? U32.get(EVENT_NEXT_SOURCE, event) : U32.get(EVENT_NEXT_TARGET, event);
    if (U32.get(EVENT_TOLD, event) == watcher + 1 || (!own && isOwnersOnly(event))) continue;
    U32.set(EVENT_TOLD, event, watcher + 1);
    insertSorted(event);
  }
}

/** Keeps the selected events in order: they are few, and come from the latest to the earliest of each row. */
function insertSorted(event: u32): void {
  const count = Cell.get(EVENT_PICKED_COUNT);
  let at = count;
  while (at > 0 && U32.get(EVENT_PICKED, at - 1) > event) {
    U32.set(EVENT_PICKED, at, U32.get(EVENT_PICKED, at - 1));
    at--;
  }
  U32.set(EVENT_PICKED, at, event);
  Cell.set(EVENT_PICKED_COUNT, count + 1);
}

/** Writes the records of the selected events. */
export function putSelectedEvents(start: usize): usize {
  const count = Cell.get(EVENT_PICKED_COUNT);
  let at = start;
  for (let index: u32 = 0; index < count; index++) at = putEvent(at, U32.get(EVENT_PICKED, index));
  return at;
}
