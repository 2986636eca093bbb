// Distances and bounds. Positions are f32 yards; a zone extends WORLD_HALF in each direction, so every squared
// distance is finite and exact enough.

import { F32 } from "../memory/columns";
import { ENTITY_MELEE_RANGE, ENTITY_X, ENTITY_Y, ENTITY_Z } from "../memory/memory";

/** Half the width of the world, yards. */
const WORLD_HALF: f32 = 17066;

/** Neither NaN nor infinite. */
export function isFinitePoint(x: f32, y: f32, z: f32): bool {
  return x - x == 0 && y - y == 0 && z - z == 0;
}

/** The coordinate, clamped to the world. */
export function inWorld(value: f32): f32 {
  return min<f32>(max<f32>(value, -WORLD_HALF), WORLD_HALF);
}

/** Square of the distance between two rows, yards squared. */
export function distanceSquared(a: u32, b: u32): f32 {
  const x = F32.get(ENTITY_X, a) - F32.get(ENTITY_X, b);
  const y = F32.get(ENTITY_Y, a) - F32.get(ENTITY_Y, b);
  const z = F32.get(ENTITY_Z, a) - F32.get(ENTITY_Z, b);
  return x * x + y * y + z * z;
}

/** True when two rows are at most `yards` apart. */
export function isWithin(a: u32, b: u32, yards: f32): bool {
  return distanceSquared(a, b) <= yards * yards;
}

/** True when the target is within the melee range of the attacker's weapon. */
export function inMeleeRange(attacker: u32, target: u32): bool {
  return isWithin(attacker, target, F32.get(ENTITY_MELEE_RANGE, attacker));
}
