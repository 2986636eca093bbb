// The health of the process, emitted once per second: memory, processor time, age, and lost telemetry lines.
//
//   {"type":"health","component":"server","message":"Process","data":{"rss_mb":91.2,"heap_mb":8.1,"external_mb":2.2,
//    "cpu_share":0.31,"cpu_wait_share":0.02,"machine_busy":0.4,"machine_cores":2,"uptime_s":12,"telemetry_lines_lost":0}}

import { memoryUsage } from "../../shared/memory-usage.ts";
import { Processors } from "./processors.ts";

const BYTES_PER_MB = 1024 * 1024;

/** Takes the samples; one instance per process. */
export class ProcessHealth {
  readonly #now: () => number;
  readonly #startedAtMs: number;
  #sampledAtMs: number;
  #cpu = process.cpuUsage();
  readonly #processors: Processors;

  /** `now`: milliseconds, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
    this.#startedAtMs = now();
    this.#sampledAtMs = this.#startedAtMs;
    this.#processors = new Processors(now);
  }

  /** Memory in MiB; `cpu_share` in cores since the previous sample (all threads; 2 = two cores busy). */
  sample(telemetryLinesLost: number): Record<string, number | null> {
    const nowMs = this.#now();
    const used = process.cpuUsage(this.#cpu);
    const elapsedUs = Math.max(1, (nowMs - this.#sampledAtMs) * 1000);
    this.#cpu = process.cpuUsage();
    this.#sampledAtMs = nowMs;
    const { rss, heapUsed, external } = memoryUsage();
    return {
      rss_mb: round(rss / BYTES_PER_MB),
      heap_mb: round(heapUsed / BYTES_PER_MB),
      external_mb: round(external / BYTES_PER_MB),
      cpu_share: round((used.user + used.system) / elapsedUs),
      ...this.#processors.sample(),
      uptime_s: round((nowMs - this.#startedAtMs) / 1000),
      telemetry_lines_lost: telemetryLinesLost,
    };
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
