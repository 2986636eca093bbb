// Every tick of the target zones takes `delay_ms` longer in real time, as with a blocking call in the tick.

import { defineFault } from "./fault.ts";

export const latencySpike = defineFault({
  id: "latency-spike",
  title: "adds real time to every tick of the target zones",
  family: "timing",
  mode: "tick_scoped",
  effects: ["paused_ms"],
  params: {
    delay_ms: { min: 1, max: 5_000, default: 200, description: "milliseconds added to every tick" },
  },
  zone: (context, { delay_ms }) => ({
    beforeStep() {
      if (!context.strikes()) return;
      context.pause(delay_ms);
      context.affected();
    },
  }),
});
