// A drill: every `every_ticks` ticks the zone gets a command that never ends and burns all the fuel of its tick. Fuel
// stops it at a deterministic point; the zone is restored as after a trap.

import { OP_SPIN } from "../../../assembly/abi.ts";
import { defineFault } from "./fault.ts";
import { poison } from "./poison.ts";

export const zoneRunaway = defineFault({
  id: "zone-runaway",
  title: "makes the zone's kernel loop endlessly, again and again",
  family: "zone",
  mode: "tick_scoped",
  effects: ["poison_pushed"],
  params: {
    every_ticks: { min: 1, max: 12_000, default: 20, description: "ticks from one poison command to the next" },
  },
  zone: (context, { every_ticks }) => poison(context, OP_SPIN, every_ticks),
});
