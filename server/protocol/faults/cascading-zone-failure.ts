// One zone fails, and another one suffers from it. A command that traps the kernel is in every batch of the source zone. The zone
// recovers in each tick, until it has recovered too often and goes DOWN (server/zone/zone-runner.ts); the gateway then moves
// its players into zones that still run. Meanwhile the target zone is flooded with movements. After the fault is removed
// the source zone's next restart succeeds.

import { OP_TRAP } from "../../../assembly/abi.ts";
import { WowsimError } from "../errors.ts";
import { defineFault } from "./fault.ts";
import { flood } from "./flood.ts";
import { Command } from "../game/command.ts";

const command = new Command();

const ZONE_ID_MAX = 0xffff;

export const cascadingZoneFailure = defineFault({
  id: "cascading-zone-failure",
  title: "crashes one zone and floods another, which gets its players",
  family: "zone",
  mode: "tick_scoped",
  effects: ["poison_pushed", "movements_pushed"],
  params: {
    source_zone: { min: 1, max: ZONE_ID_MAX, default: 1, description: "zone that crashes" },
    target_zone: { min: 1, max: ZONE_ID_MAX, default: 2, description: "zone that is flooded" },
    flood_multiplier: { min: 1, max: 1_000, default: 10, description: "movements per entity and tick" },
  },
  targets({ source_zone, target_zone }, { zones }) {
    const given = `${zones.join(", ")} here`;
    for (const [name, zone] of Object.entries({ source_zone, target_zone })) {
      if (zones.includes(zone)) continue;
      throw new WowsimError("no_such_zone", `${name} ${zone} does not exist; choose another (${given}).`);
    }
    if (source_zone === target_zone) {
      throw new WowsimError("bad_target", `source_zone and target_zone must be two different zones (${given}).`);
    }
    return [source_zone, target_zone].toSorted((a, b) => a - b);
  },
  zone(context, { source_zone, flood_multiplier }) {
    if (context.zoneId !== source_zone) return { commands: (batch) => flood(context, batch, flood_multiplier) };
    return {
      commands(batch) {
        if (!context.strikes() || !batch.push(command.set(OP_TRAP))) return;
        context.affected();
        context.did("poison_pushed");
      },
    };
  },
});
