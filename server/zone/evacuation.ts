// A zone that goes DOWN first lets its players leave with all that they have. Otherwise a player would go on elsewhere with what it had
// when it last entered a zone, while whoever traded with it and left has the rest: goods would be doubled or lost.
//
//   evacuate({ zone, batch, membership, log, output })       // 12 and 13 depart to zone 0, as of the last told tick
//
// Each departure is a command of a journalled tick, like any other. When the last told tick can not be restored, or the tick with
// the departures traps as well, nobody leaves in this way.

import { LEAVE_RECORDS, OP_LEAVE } from "../../assembly/abi.ts";
import type { ZoneBatch } from "./command-batch.ts";
import { RECORDED_LEAVES_MAX } from "./intake.ts";
import type { Membership } from "./membership.ts";
import { restoreLastTick } from "./restart.ts";
import type { Zone } from "./zone.ts";
import type { ZoneLog } from "./zone-log.ts";
import type { ZoneOutput } from "./zone-output.ts";
import { Command } from "../protocol/game/command.ts";

const command = new Command();

/** More players than this many ticks can take do not fit into a zone. */
const TICKS_MAX = 64;

export interface EvacuationParts {
  zone: Zone;
  batch: ZoneBatch;
  membership: Membership;
  log: ZoneLog;
  output: ZoneOutput;
}

/** Returns why somebody is left behind; null when nobody is. Never throws. */
export function evacuate(parts: EvacuationParts): unknown {
  const { zone, batch, membership, log, output } = parts;
  if (zone.completedTick === 0) return null;
  try {
    zone.startClock();
    restoreLastTick(zone);
    for (let ticks = 0; ticks < TICKS_MAX && addLeaves(parts) > 0; ticks++) {
      zone.step(batch.bytes);
      const place = log.tickDone(membership.tickDone(output));
      output.flush(place);
    }
    return null;
  } catch (error) {
    return error;
  }
}

/** A batch in which so many players leave. */
function addLeaves({ zone, batch, membership }: EvacuationParts): number {
  const leaving: number[] = [];
  zone.entities.eachPlayer((session) => void (leaving.length < RECORDED_LEAVES_MAX && leaving.push(session)));
  batch.reset(zone.tick + 1);
  for (const session of leaving) {
    batch.push(command.set(OP_LEAVE, { session, flags: LEAVE_RECORDS }));
    membership.takes(OP_LEAVE, session, 0, LEAVE_RECORDS);
  }
  batch.sort();
  return leaving.length;
}
