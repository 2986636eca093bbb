// Telemetry's own numbers for Prometheus: lines written, lost and sent, and the errors of the disk.
//
//   wowsim_telemetry_lines_written_total 81234
//   wowsim_telemetry_lines_lost_total{where="ring",source="zone-worker-1"} 0

import type { TelemetryCounter } from "../../shared/telemetry-counters.ts";
import type { MetricsSink } from "./metrics-sink.ts";
import type { Telemetry } from "./telemetry.ts";

const TOTALS: readonly [counter: TelemetryCounter, name: string, help: string][] = [
  ["linesWritten", "lines_written", "Lines written to the file."],
  ["errorLines", "error_lines", "Lines of type error: what an operator must look at."],
  ["fileErrors", "file_errors", "Writes to the file that failed; they are tried again."],
  ["fileRotations", "file_rotations", "Times the file was rotated."],
  ["linesRelayed", "feed_lines", "Lines handed to the feed."],
  ["linesUnrelayed", "feed_lines_lost", "Lines the feed was too slow for."],
  ["linesTooLong", "feed_lines_too_long", "Lines that do not fit a datagram."],
  ["datagramsSent", "feed_datagrams", "Datagrams sent to watchers."],
  ["datagramsUnsent", "feed_datagrams_unsent", "Datagrams the system did not take."],
  ["requests", "feed_requests", "Requests of watchers answered."],
  ["requestsRefused", "feed_requests_refused", "Datagrams that were no request or came too fast."],
  ["wrongTokens", "feed_wrong_tokens", "Watchers refused for a wrong token."],
  ["watchersEvicted", "feed_watchers_evicted", "Watchers that made room for others."],
  ["socketErrors", "feed_socket_errors", "Errors of the feed's socket, such as a watcher that is gone."],
];

const GAUGES: readonly [counter: TelemetryCounter, name: string, help: string][] = [
  ["fileBytes", "file_bytes", "Size of the current file."],
  ["fileFailing", "file_failing", "1 while the file can not be written."],
  ["backlogBytes", "file_backlog_bytes", "Lines that wait for the disk."],
  ["subscribers", "feed_subscribers", "Watchers of the feed."],
];

export function registerTelemetryMetrics(metrics: MetricsSink, telemetry: Telemetry): void {
  for (const [counter, name, help] of TOTALS) {
    metrics.counter(`wowsim_telemetry_${name}_total`, help, [], () => [{ value: telemetry.counter(counter) }]);
  }
  for (const [counter, name, help] of GAUGES) {
    metrics.gauge(`wowsim_telemetry_${name}`, help, [], () => [{ value: telemetry.counter(counter) }]);
  }
  const lostHelp = "Lines that are in no file, by where they were lost and who spoke.";
  metrics.counter("wowsim_telemetry_lines_lost_total", lostHelp, ["where", "source"], () => [
    ...telemetry
      .ringLinesLost()
      .map((value, index) => ({ labels: { where: "ring", source: sourceName(index) }, value })),
    { labels: { where: "file", source: "recorder" }, value: telemetry.counter("linesLost") },
  ]);
  metrics.counter(
    "wowsim_telemetry_worker_restarts_total",
    "Telemetry workers that died and were replaced.",
    [],
    () => [{ value: telemetry.stats().workerRestarts }],
  );
}

/** The name of the thread that writes the ring with this index. */
function sourceName(index: number): string {
  return index === 0 ? "main" : `zone-worker-${index}`;
}
