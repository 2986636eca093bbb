// What the system says of processors: plausible where it tells, null where it does not, never 0 for "not told".

import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { Processors } from "../../../server/main/monitoring/processors.ts";

test("tells how long threads waited and how busy the machine is, over the time since the sample before", () => {
  let nowMs = 0;
  const processors = new Processors(() => nowMs);
  const end = performance.now() + 60;
  while (performance.now() < end) Math.sqrt(nowMs);
  nowMs = 60;
  const sample = processors.sample();
  expect(sample.machine_cores).toBe(cpus().length);
  expect(sample.machine_busy).toBeGreaterThanOrEqual(0);
  if (existsSync("/proc/self/schedstat")) expect(sample.cpu_wait_share).toBeGreaterThanOrEqual(0);
  else expect(sample.cpu_wait_share).toBeNull();
});
