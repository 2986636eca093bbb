// A telemetry file as a Timeline of its end, for readers that say how a server is: one in which there is nothing to look at is
// an error with an exit code of its own, never a healthy server.
//
//   const timeline = await readTimeline("telemetry.jsonl", { signal })
//   await readTimeline(file, { onLine: (timeline) => log.advance(timeline) })      // along the whole of it

import { readLines } from "./line-stream.ts";
import { assertTelemetry, assertTicks } from "./nothing.ts";
import { Timeline } from "./timeline.ts";

export interface ReadTimelineOptions {
  /** After each line. */
  onLine?: (timeline: Timeline) => void;
  signal?: AbortSignal | undefined;
}

/** Throws WowsimError("file_unreadable" | "no_telemetry"). */
export async function readTimeline(file: string, { onLine, signal }: ReadTimelineOptions = {}): Promise<Timeline> {
  const timeline = new Timeline();
  const read = await readLines(file, {
    signal,
    onLine(line) {
      timeline.take(line);
      onLine?.(timeline);
    },
  });
  await assertTelemetry(file, read);
  assertTicks(file, timeline, { ever: onLine !== undefined });
  return timeline;
}
