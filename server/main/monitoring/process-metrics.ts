// The process metrics under the names that Prometheus dashboards expect.
//
//   process_cpu_seconds_total 1.25
//   process_resident_memory_bytes 96468992
//
// prom-client's own default metrics are not used: under Bun half of them are missing or wrong (event loop lag of 9e9 s,
// "Nan"), and listing open files takes milliseconds once thousands of players are connected.

import { memoryUsage } from "../../shared/memory-usage.ts";
import type { MetricsSink } from "./metrics-sink.ts";

const MICROSECONDS_PER_SECOND = 1e6;

export function registerProcessMetrics(metrics: MetricsSink): void {
  const startedAtSeconds = Date.now() / 1000 - process.uptime();
  metrics.counter("process_cpu_seconds_total", "Processor time of all threads, user and system.", [], () => {
    const { user, system } = process.cpuUsage();
    return [{ value: (user + system) / MICROSECONDS_PER_SECOND }];
  });
  metrics.gauge("process_start_time_seconds", "Start of the process, in seconds since 1970.", [], () => [
    { value: startedAtSeconds },
  ]);
  metrics.gauge("process_resident_memory_bytes", "Resident memory.", [], () => [{ value: memoryUsage().rss }]);
  metrics.gauge("wowsim_heap_used_bytes", "JavaScript heap of the main thread in use.", [], () => [
    { value: memoryUsage().heapUsed },
  ]);
}
