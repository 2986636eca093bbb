// The columns of the state in which two kernels differ after a tick, as terms: how many values are not as the incumbent's.
//
//   state.creature_timer 3, state.entity_health 1, broken.written_outside 1
//
// Most of them only follow from terms of the game. A column that differs by itself is a difference that no term has words for.

import type { SharedColumns } from "../lockstep/columns.ts";
import type { TickSums } from "./tick-sums.ts";
import { BROKEN } from "./vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Values of one tick that are counted. */
const VALUES_MAX = 4_096;
/** Columns that are terms of their own: the generator is `draws`, the counters `counters`. */
const COUNTED_ELSEWHERE: ReadonlySet<string> = new Set(["HEADER_RANDOM", "COUNTER_BASE"]);

/** Adds to the candidate's sums. `isUsed`: whether a row is below the mark. Returns the number of values that differ. */
export function tallyColumns(
  columns: SharedColumns,
  isWhole: boolean,
  isUsed: (row: number) => boolean,
  vocabulary: Vocabulary,
  sums: TickSums,
): number {
  let found = 0;
  columns.each(isWhole, ({ column, row, entity, address }) => {
    found++;
    if (column === null) sums.add(vocabulary.of("broken", BROKEN.written_outside), 1, 0, address);
    else if (row !== null && !isUsed(row)) sums.add(vocabulary.of("broken", BROKEN.written_beyond_rows), 1, 0, address);
    else if (!COUNTED_ELSEWHERE.has(column))
      sums.add(vocabulary.named(`state.${column.toLowerCase()}`), 1, entity ?? 0, address);
    return found < VALUES_MAX;
  });
  return found;
}
