// "No problem was found" and "there was nothing to analyse" are different answers: this file detects and reports the second.
//
//   assertTelemetry("README.md", read)       // throws WowsimError("no_telemetry", "None of its 213 lines is telemetry ...")
//   assertTicks("telemetry.jsonl", timeline)

import { open } from "node:fs/promises";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { ReadLines } from "./line-stream.ts";
import { LIMITS } from "./health-limits.ts";
import { hasBegun } from "./timeline.ts";
import type { Timeline } from "./timeline.ts";

/** The first bytes of compressed files, and the command that decompresses each to stdout. */
const PACKED: readonly (readonly [magic: readonly number[], unpack: string])[] = [
  [[0x1f, 0x8b], "zcat"],
  [[0x28, 0xb5, 0x2f, 0xfd], "zstdcat"],
  [[0x42, 0x5a, 0x68], "bzcat"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "xzcat"],
];
const MAGIC_BYTES_MAX = 6;
const STDIN = "-";

const nothing = (message: string): WowsimError => new WowsimError("no_telemetry", message);

/** Throws WowsimError("no_telemetry") when no line of the file was telemetry. */
export async function assertTelemetry(path: string, read: ReadLines): Promise<void> {
  if (read.lines + read.before > 0) return;
  const what = path === STDIN ? "stdin" : path;
  if (read.bytes === 0) throw nothing(`${what} is empty: there is nothing to look at.`);
  const unpack = await unpackerOf(path);
  if (unpack !== null) throw nothing(`${what} is packed; unpack it on the way: ${unpack} ${what} | wowsim ... -`);
  const lines =
    read.broken === 1
      ? `The only line in ${what} is not telemetry`
      : `None of the ${read.broken} lines in ${what} is telemetry`;
  throw nothing(`${lines}; give the file a server writes, such as .wowsim/telemetry.jsonl.`);
}

/** Throws WowsimError("no_telemetry") when nothing is known of any zone: now, or (`ever`) at any time of the file. */
export function assertTicks(path: string, timeline: Timeline, { ever = false } = {}): void {
  if (ever && timeline.ticksSeen > 0) return;
  if (timeline.ticksSeen === 0) {
    if (isDown(timeline)) return;
    throw noTicks(path, timeline.counts.lines);
  }
  if (!isTickless(timeline)) {
    if (ever || isDown(timeline) || hasRate(timeline)) return;
    throw nothing(
      `At the end of ${path === STDIN ? "stdin" : path} there is less than a second of ticks: too little to tell how a zone ticks.`,
    );
  }
  const what = path === STDIN ? "stdin" : path;
  throw nothing(
    `At the end of ${what} a server has just begun, and no zone has ticked yet; for earlier times: --history.`,
  );
}

export function noTicks(path: string, lines: number): WowsimError {
  const what = path === STDIN ? "stdin" : path;
  const count = `${lines} ${lines === 1 ? "line" : "lines"} of telemetry in ${what}`;
  return nothing(`There is no tick of a zone among the ${count}: nothing can be said of the server.`);
}

/** No zone has reported a tick or its state, so no problem can be found. */
export const isTickless = ({ zones }: Timeline): boolean =>
  [...zones.values()].every(({ ticks, state }) => ticks.length === 0 && state === "");

/** Ticks over a shorter time give no rate: a second, minus the interval after the last tick. */
const RATE_MS_MIN = 900;

/** Whether some zone ticked for long enough in the analysed seconds. */
function hasRate(timeline: Timeline): boolean {
  if (!hasBegun(timeline)) return false;
  const { zones, nowMs } = timeline;
  return [...zones.values()].some(({ ticks }) => {
    const lately = ticks.between(nowMs - LIMITS.windowS * 1_000);
    const [first, last] = [lately[0], lately.at(-1)];
    return first !== undefined && last !== undefined && last.atMs - first.atMs >= RATE_MS_MIN;
  });
}

/** A zone that is DOWN does not tick, but it can be analysed. */
const isDown = ({ zones }: Timeline): boolean => [...zones.values()].some(({ state }) => state === "DOWN");

async function unpackerOf(path: string): Promise<string | null> {
  if (path === STDIN) return null;
  await using file = await open(path);
  const buffer = Buffer.alloc(MAGIC_BYTES_MAX);
  const { bytesRead } = await file.read(buffer, 0, MAGIC_BYTES_MAX, 0);
  const begin = buffer.subarray(0, bytesRead);
  return PACKED.find(([magic]) => magic.every((byte, at) => begin[at] === byte))?.[1] ?? null;
}
