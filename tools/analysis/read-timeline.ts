// Reads a telemetry file into a Timeline of its end, for commands that report a server's health. A file with nothing to
// analyse is an error with its own exit code, never a healthy server.
//
//   const timeline = await readTimeline("telemetry.jsonl", { signal })
//   await readTimeline(file, { onLine: (timeline) => log.advance(timeline) })      // called for each line of the file

import { readLines } from "./line-stream.ts";
import { assertTelemetry, assertTicks } from "./nothing.ts";
import { Timeline } from "./timeline.ts";

export interface ReadTimelineOptions {
  /** Called after each line. */
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
