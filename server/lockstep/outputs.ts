// What two lanes have written for their host in a tick, compared byte by byte: events, frames, departures.
//
//   haveSame(recorded, other, "frames")        // false: some player is shown something else

import { DEPARTURE_WORDS, EVENT_BYTES } from "../../assembly/abi.ts";
import type { Lane } from "./lane.ts";

const COUNTS = {
  events: { count: "eventCount", most: "eventsMax", bytes: EVENT_BYTES },
  frames: { count: "frameBytes", most: "frameBytesMax", bytes: 1 },
  departures: { count: "departureCount", most: "departuresMax", bytes: DEPARTURE_WORDS * 4 },
} as const;
export type Output = keyof typeof COUNTS;

/** Bytes that the lane wrote there; no more than there is room for, whatever its count says. */
export function outputBytesOf({ view, at }: Lane, output: Output): number {
  const { count, most, bytes } = COUNTS[output];
  return Math.min(view.getUint32(at[count], true), at[most]) * bytes;
}

export function haveSame(one: Lane, other: Lane, output: Output): boolean {
  const length = outputBytesOf(one, output);
  if (length !== outputBytesOf(other, output)) return false;
  if (length === 0) return true;
  const [from, until] = [one.at[output], other.at[output]];
  return Buffer.compare(one.bytes.subarray(from, from + length), other.bytes.subarray(until, until + length)) === 0;
}
