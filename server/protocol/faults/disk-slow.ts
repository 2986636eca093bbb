// The journal's disk is slow: each commit takes `delay_ms` longer. The journal thread waits, and no zone does.

import { defineFault } from "./fault.ts";

export const diskSlow = defineFault({
  id: "disk-slow",
  title: "makes each commit of the journal take longer, as on a slow disk",
  family: "disk",
  mode: "ambient",
  effects: ["disk_trouble_ticks"],
  params: {
    delay_ms: { min: 1, max: 10_000, default: 2_000, description: "milliseconds added to every commit" },
  },
  targets: () => [],
  main: (context, { delay_ms }) => ({
    ambient() {
      const strikes = context.strikes();
      context.disk({ stallMs: strikes ? delay_ms : 0, isFull: false });
      if (!strikes) return;
      context.did("disk_trouble_ticks");
      context.affected();
    },
  }),
});
