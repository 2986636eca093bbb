// Kernel time as lines for plots: a zone's median and 99th percentile of each second, and both modules' in the shadow.

import type { EvidenceSeries } from "../../server/protocol/deploy-record.ts";
import { TIME_BLOCK_TICKS } from "../../server/protocol/shadow.ts";
import type { TimeBlock } from "../../server/protocol/shadow.ts";
import { quantile } from "../analysis/measured.ts";
import type { ZoneTick } from "./samples.ts";

/** The newest seconds that a record keeps. */
const SECONDS_MAX = 1_200;

export function seriesOf(zoneId: number, ticks: readonly ZoneTick[]): EvidenceSeries {
  const firstMs = ticks[0]?.atMs ?? 0;
  const bySecond = Map.groupBy(ticks, ({ atMs }) => Math.floor((atMs - firstMs) / 1_000));
  const seconds = [...bySecond.keys()].toSorted((a, b) => a - b).slice(-SECONDS_MAX);
  const line = (name: string, q: number): EvidenceSeries["lines"][number] => ({
    name,
    of: "candidate",
    values: seconds.map((second) =>
      quantile(
        (bySecond.get(second) ?? []).map(({ kernelMs }) => kernelMs),
        q,
      ),
    ),
  });
  return {
    title: `kernel time, zone ${zoneId}`,
    unit: "ms",
    seconds,
    lines: [line("candidate p50", 0.5), line("candidate p99", 0.99)],
  };
}

/** Both modules on the same ticks, in one thread: one point a block. `tickMs`: between two ticks. */
export function shadowSeriesOf(blocks: readonly TimeBlock[], tickMs: number): EvidenceSeries {
  const newest = blocks.slice(-SECONDS_MAX);
  const first = blocks.length - newest.length;
  const line = (
    name: string,
    of: "candidate" | "incumbent",
    read: (block: TimeBlock) => number,
  ): EvidenceSeries["lines"][number] => ({ name, of, values: newest.map(read) });
  return {
    title: "kernel time of the same ticks, in the shadow",
    unit: "µs",
    seconds: newest.map((_block, index) => ((first + index) * TIME_BLOCK_TICKS * tickMs) / 1_000),
    lines: [
      line("candidate p50", "candidate", (block) => block.candidate_us),
      line("shadow p50", "incumbent", (block) => block.incumbent_us),
      line("candidate slowest", "candidate", (block) => block.candidate_max_us),
      line("shadow slowest", "incumbent", (block) => block.incumbent_max_us),
    ],
  };
}
