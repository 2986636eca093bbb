// What must hold after each tick, whatever a kernel does. Counted on both sides of a tick that differs; a candidate that breaks
// more than the incumbent is corrupt.
//
//   countBreaches(tally, before, vocabulary)      // adds broken.health_above_maximum 1 to the sums of the tick
//
// Rows are looked at below the marks only. What a kernel writes beyond them, or beside all columns, the comparison finds.

import * as abi from "../../assembly/abi.ts";
import type { LaneTally } from "./lane-tally.ts";
import { shownWrongly } from "./shown-truth.ts";
import type { Before, StateView } from "./state-view.ts";
import { BROKEN } from "./vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A table's player that is beyond all rows, dead, or gone. */
const NOBODY = 0;

export function countBreaches(tally: LaneTally, before: Before, vocabulary: Vocabulary): void {
  const { view, sums } = tally;
  const broken = (key: number, entity: number): void => sums.add(vocabulary.of("broken", key), 1, entity, 0);
  bodies(view, 0, view.players, broken);
  bodies(view, view.playersMax, view.playersMax + view.creatures, broken);
  threat(view, broken);
  items(view, broken);
  shownWrongly(tally, (entity) => broken(BROKEN.shown_what_is_not, entity));
  tally.untold.report(before, (entity) => broken(BROKEN.change_not_shown, entity));
}

type Report = (key: number, entity: number) => void;

function bodies({ words, at }: StateView, from: number, end: number, broken: Report): void {
  for (let row = from; row < end; row++) {
    const id = words[at.id + row] ?? 0;
    if (id === 0) continue;
    const [health, power] = [words[at.health + row] ?? 0, words[at.power + row] ?? 0];
    const isDead = ((words[at.flags + row] ?? 0) & abi.ENTITY_DEAD) !== 0;
    if (health > (words[at.maxHealth + row] ?? 0)) broken(BROKEN.health_above_maximum, id);
    if (power > (words[at.maxPower + row] ?? 0)) broken(BROKEN.power_above_maximum, id);
    if (isDead && health > 0) broken(BROKEN.dead_with_health, id);
    if (!isDead && health === 0) broken(BROKEN.alive_without_health, id);
  }
}

/** Tables have only living players who are here, and each player knows on how many it is. */
function threat(view: StateView, broken: Report): void {
  const { words, halves, at, playersMax, players, creatures, threatMax, threatRow } = view;
  const hated = new Uint32Array(players);
  for (let index = 0; index < creatures; index++) {
    const id = words[at.id + playersMax + index] ?? 0;
    const count = words[at.threatCount + index] ?? 0;
    if (id === 0 || count === 0) continue;
    if (count > threatMax) broken(BROKEN.threat_miscounted, id);
    for (let slot = 0; slot < Math.min(count, threatMax); slot++) {
      const row = halves[threatRow + index * threatMax + slot] ?? 0;
      const isAlive = row < players && ((words[at.flags + row] ?? 0) & abi.ENTITY_DEAD) === 0;
      if (!isAlive || words[at.id + row] === NOBODY) broken(BROKEN.threat_of_nobody, id);
      else hated[row] = (hated[row] ?? 0) + 1;
    }
  }
  for (let row = 0; row < players; row++) {
    const id = words[at.id + row] ?? 0;
    if (id !== 0 && words[at.hated + row] !== hated[row]) broken(BROKEN.threat_miscounted, id);
  }
}

/** What all players hold is created - destroyed + arrived - departed, for each kind of item. */
function items({ words, at, players }: StateView, broken: Report): void {
  const held = new Uint32Array(abi.ITEM_COUNT_MAX);
  for (let row = 0; row < players; row++) {
    if (words[at.id + row] === 0) continue;
    for (let place = 0; place < abi.STACK_COUNT_MAX; place++) {
      const stack = words[at.stacks + row * abi.STACK_COUNT_MAX + place] ?? 0;
      const kind = stack >>> abi.STACK_KIND_SHIFT;
      if (kind < held.length) held[kind] = (held[kind] ?? 0) + (stack & abi.STACK_COUNT_MASK);
    }
  }
  for (let kind = 0; kind < held.length; kind++) {
    const [created, destroyed] = [words[at.created + kind] ?? 0, words[at.destroyed + kind] ?? 0];
    const [arrived, departed] = [words[at.arrived + kind] ?? 0, words[at.departed + kind] ?? 0];
    if ((created - destroyed + arrived - departed) >>> 0 !== held[kind]) broken(BROKEN.items_not_conserved, kind);
  }
}
