// A drill: every `every_ticks` ticks the zone gets a command that traps its kernel. The zone is restored, the command
// is reported and quarantined, and no player notices it.

import { OP_TRAP } from "../../../assembly/abi.ts";
import { defineFault } from "./fault.ts";
import { poison } from "./poison.ts";

export const zoneTrap = defineFault({
  id: "zone-trap",
  title: "traps the zone's kernel with a poison command, again and again",
  family: "zone",
  mode: "tick_scoped",
  effects: ["poison_pushed"],
  params: {
    every_ticks: { min: 1, max: 12_000, default: 20, description: "ticks from one poison command to the next" },
  },
  zone: (context, { every_ticks }) => poison(context, OP_TRAP, every_ticks),
});
