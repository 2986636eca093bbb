// The zone's queue fills with synthetic movement commands, `multiplier` for each entity and tick, as if many bots or
// a looping client sent them.

import { defineFault } from "./fault.ts";
import { flood } from "./flood.ts";

export const eventQueueFlood = defineFault({
  id: "event-queue-flood",
  title: "fills the zone's command queue with synthetic movements every tick",
  family: "load",
  mode: "tick_scoped",
  effects: ["movements_pushed"],
  params: {
    multiplier: { min: 1, max: 1_000, default: 10, description: "synthetic movements per entity and tick" },
  },
  zone: (context, { multiplier }) => ({
    commands: (batch) => flood(context, batch, multiplier),
  }),
});
