// Proximity aggro: which creatures notice which players. Every 8 ticks, staggered by row, each living player is scanned: creatures within
// 66 yd start to roam, and an idle creature within its aggro radius attacks the player.
//
//   aggro radius = 18 yd - (player's level - creature's level, at least -25), between 5 and 45 yd

import { ENTITY_DEAD, ENTITY_PHANTOM } from "../abi";
import { Flag } from "../state/changes";
import { Clock } from "../state/clock";
import { Cell, F32, U16, U32 } from "../memory/columns";
import { engage } from "../combat/aggro";
import { Span, cellOf } from "../space/grid";
import {
  CELLS_ACROSS,
  CREATURE_NEAR_TICK,
  CREATURE_STATE,
  CREATURE_WAKES_TICK,
  ENTITY_ID,
  ENTITY_LEVEL,
  ENTITY_X,
  ENTITY_Y,
  GRID_ROW,
  GRID_X,
  GRID_Y,
  HEADER_PLAYERS_HIGH,
  TEMPLATE_AGGRO_RADIUS,
} from "../memory/memory";
import { Breadcrumb } from "../state/breadcrumb";
import { Row } from "../state/entity-rows";
import { isWithin } from "../space/space";
import { CREATURE_IDLE } from "../state/creature-states";
import { Template } from "../state/content-tables";

/** Ticks between two scans around one player. */
const LOOK_EVERY: u32 = 8;
/** Creatures within this many yards of a player roam; also the largest possible aggro radius. */
const NEAR: f32 = 66;
const AGGRO_MOST: f32 = 45;
/** Cells to each side of a scan: a little more than NEAR. */
const REACH: u32 = 2;

/** Scans around all players whose turn it is. The grid must be fresh. */
export function scanAroundPlayers(): void {
  const high = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row = Clock.now() & (LOOK_EVERY - 1); row < high; row += LOOK_EVERY) {
    if (U32.get(ENTITY_ID, row) == 0 || Flag.has(row, ENTITY_DEAD)) continue;
    Breadcrumb.entity(U32.get(ENTITY_ID, row));
    scanAround(row);
  }
}

/** Yards within which a creature attacks a player of that level. */
export function aggroRadius(creature: u32, playerLevel: u32): f32 {
  const own = Template.f32(creature, TEMPLATE_AGGRO_RADIUS);
  if (own > 0) return min<f32>(own, AGGRO_MOST);
  const difference = max<i32>(<i32>playerLevel - <i32>U32.get(ENTITY_LEVEL, creature), -25);
  return min<f32>(<f32>max<i32>(18 - difference, 5), AGGRO_MOST);
}

function scanAround(player: u32): void {
  const column = cellOf(F32.get(ENTITY_X, player));
  const line = cellOf(F32.get(ENTITY_Y, player));
  const from = (column - REACH) & (CELLS_ACROSS - 1);
  const to = (column + REACH) & (CELLS_ACROSS - 1);
  for (let step: u32 = 0; step <= 2 * REACH; step++) {
    const cellRow = (line - REACH + step) & (CELLS_ACROSS - 1);
    if (from <= to) {
      scanSpan(player, Span.start(cellRow, from), Span.end(cellRow, to));
    } else {
      scanSpan(player, Span.start(cellRow, 0), Span.end(cellRow, to));
      scanSpan(player, Span.start(cellRow, from), Span.end(cellRow, CELLS_ACROSS - 1));
    }
  }
}

/** Compares the grid's own copy of positions first: most creatures are too far away to need a look-up. */
function scanSpan(player: u32, start: u32, end: u32): void {
  const now = Clock.now();
  const x = F32.get(ENTITY_X, player);
  const y = F32.get(ENTITY_Y, player);
  for (let at = start; at < end; at++) {
    const dx = F32.get(GRID_X, at) - x;
    const dy = F32.get(GRID_Y, at) - y;
    const squared = dx * dx + dy * dy;
    const row = U16.get(GRID_ROW, at);
    if (squared > NEAR * NEAR || !Row.isCreature(row)) continue;
    const index = Row.creatureIndex(row);
    if (U32.get(CREATURE_STATE, index) != CREATURE_IDLE) continue;
    U32.set(CREATURE_NEAR_TICK, index, now);
    if (squared > AGGRO_MOST * AGGRO_MOST || U32.get(CREATURE_WAKES_TICK, index) > now || Flag.has(row, ENTITY_PHANTOM))
      continue;
    if (isWithin(row, player, aggroRadius(row, U32.get(ENTITY_LEVEL, player)))) engage(row, player);
  }
}
