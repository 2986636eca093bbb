// Every tick of the target zones takes so much longer in real time, as a blocking call in the tick would make it.

import { z } from "zod";
import { defineFault } from "./fault.ts";

export const latencySpike = defineFault({
  id: "latency-spike",
  title: "adds real time to every tick of the target zones",
  family: "timing",
  mode: "tick_scoped",
  effects: ["paused_ms"],
  params: z.strictObject({
    delay_ms: z.number().int().min(1).max(5_000).default(200).describe("milliseconds added to every tick"),
  }),
  zone: (context, { delay_ms }) => ({
    beforeStep() {
      if (!context.strikes()) return;
      context.pause(delay_ms);
      context.affected();
    },
  }),
});
