// The common part of event-queue-flood and cascading-zone-failure: a queue full of small movements. Each is a command
// like a player's: journalled, handled, and sent to players who see the entity.

import { OP_NUDGE } from "../../../assembly/abi.ts";
import type { CommandBatch, ZoneFaultContext } from "./fault.ts";
import { Command } from "../game/command.ts";

const command = new Command();

/** Largest distance of a movement from the entity's position, in yards on each axis. */
const NUDGE_YD_MAX = 2;

/** Pushes `multiplier` movements for each entity of the zone, as many as the batch has room for. */
export function flood(context: ZoneFaultContext, batch: CommandBatch, multiplier: number): void {
  const entityIds = batch.entityIds();
  if (!context.strikes(entityIds.length * multiplier)) return;
  const before = batch.count;
  const offset = (): number => (context.random() * 2 - 1) * NUDGE_YD_MAX;
  for (let round = 0; round < multiplier && batch.room > 0; round++) {
    for (const a of entityIds) {
      const at = batch.positionOf(a);
      if (at === null) continue;
      if (!batch.push(command.set(OP_NUDGE, { a, x: at.x + offset(), y: at.y + offset(), z: at.z }))) break;
    }
  }
  context.affected(batch.count - before);
  context.did("movements_pushed", batch.count - before);
}
