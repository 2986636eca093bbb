// The state that a zone would have had without a module, by its journal, and by other means than an undo's: the batches of the newest rows
// through a lane, from the newest snapshot before the swap.
//
//   untouchedHash(dataDir, report)     // "fe1807d93eb3b348"

import { createMemory } from "../../assembly/toolchain/instance.ts";
import { Lane } from "../../server/lockstep/lane.ts";
import type { UndoReport } from "../../server/protocol/undo.ts";
import { RecordedModules } from "../../server/replay/modules.ts";
import { openJournal } from "../../server/replay/open-journal.ts";
import { unpackedState } from "../../server/replay/snapshot-lane.ts";
import { tickOf } from "../../server/store/world-timeline.ts";

/** State hash after the report's last tick. */
export function untouchedHash(dataDir: string, report: UndoReport): string {
  using journal = openJournal({ dataDir }, false);
  const { reader, epochs } = journal;
  const { zone_id: zone, to_hash: module, from_tick: fromTick, tick: last } = report;
  const kernel = new RecordedModules(reader).get(module);
  const lane = new Lane(kernel, createMemory(kernel));
  const place = reader.snapshots(zone).find((each) => each.tick <= fromTick && each.module === module)!;
  const snapshot = epochs.snapshotAt(place, [])!;
  lane.adopt(unpackedState(snapshot), place.tick);
  // The undo itself began an epoch after the last tick, so that is no row of these.
  const sql = "SELECT * FROM record WHERE zone = ? AND tick = ? ORDER BY epoch DESC LIMIT 1";
  const query = reader.source.database.query<Record<string, unknown>, [number, number]>(sql);
  while (lane.tick < last) lane.step(tickOf(reader.world, query.get(zone, lane.tick + 1)!)!.batch);
  return lane.hash;
}
