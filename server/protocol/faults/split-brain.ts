// Two zones own the same entities: creatures with the same ids appear in each target zone and walk in a different
// direction in each zone, so that the zones disagree on their positions. They do not fight and can not be targeted, but
// players see them. The removal takes them out again, and ends when the zone's memory has none of them.

import { OP_DESPAWN, OP_PLACE, OP_SPAWN, SPAWN_PHANTOM } from "../../../assembly/abi.ts";
import { WowsimError } from "../errors.ts";
import { defineFault } from "./fault.ts";
import type { CommandBatch } from "./fault.ts";
import { Command } from "../game/command.ts";

const command = new Command();

const STEP_YD = 0.35; // 7 yd/s, a player's run
const DISTANCE_YD_MAX = 40;

export const splitBrain = defineFault({
  id: "split-brain",
  title: "lets the same entities live in more than one zone and move apart",
  family: "data",
  mode: "tick_scoped",
  effects: ["phantoms_spawned", "phantoms_moved", "phantoms_removed"],
  params: {
    phantom_count: { min: 1, max: 100, default: 2, description: "entities that exist more than once" },
    phantom_base_id: { min: 2_000_001, max: 4_000_000_000, default: 2_000_001, description: "id of the first" },
  },
  targets(_params, { zones, requested }) {
    if (zones.length < 2) {
      const message = "split-brain needs at least two zones, and this server has one; serve a world with more.";
      throw new WowsimError("bad_target", message);
    }
    if (requested === 0) return [...zones];
    const next = zones[(zones.indexOf(requested) + 1) % zones.length] ?? requested;
    return [requested, next].toSorted((a, b) => a - b);
  },
  zone(context, { phantom_count, phantom_base_id }) {
    const ids = Array.from({ length: phantom_count }, (_, index) => phantom_base_id + index);
    const direction = (2 * Math.PI * context.targets.indexOf(context.zoneId)) / context.targets.length;
    let origin: { x: number; y: number; z: number } | null = null;
    let distanceYd = 0;
    return {
      commands(batch) {
        origin ??= someoneIn(batch, context.random);
        distanceYd = Math.min(distanceYd + STEP_YD, DISTANCE_YD_MAX);
        for (const [index, a] of ids.entries()) {
          if (!context.strikes()) continue;
          const angle = direction + (index / phantom_count) * (Math.PI / context.targets.length);
          const x = origin.x + Math.cos(angle) * distanceYd;
          const y = origin.y + Math.sin(angle) * distanceYd;
          const isThere = batch.positionOf(a) !== null;
          const pushed = isThere
            ? batch.push(command.set(OP_PLACE, { a, x, y, z: origin.z }))
            : batch.push(command.set(OP_SPAWN, { a, x, y, z: origin.z, flags: SPAWN_PHANTOM }));
          if (!pushed) continue;
          context.affected();
          context.did(isThere ? "phantoms_moved" : "phantoms_spawned");
        }
      },
      cleanUp(batch) {
        const left = ids.filter((id) => batch.positionOf(id) !== null);
        for (const a of left) if (batch.push(command.set(OP_DESPAWN, { a }))) context.did("phantoms_removed");
        return left.length === 0;
      },
    };
  },
});

/** Where the phantoms appear: at an entity's position, so that players see them; in an empty zone, at the origin. */
function someoneIn(batch: CommandBatch, random: () => number): { x: number; y: number; z: number } {
  const ids = batch.entityIds();
  const id = ids[Math.floor(random() * ids.length)];
  const at = id === undefined ? null : batch.positionOf(id);
  return at === null ? { x: 0, y: 0, z: 0 } : { x: at.x, y: at.y, z: at.z };
}
