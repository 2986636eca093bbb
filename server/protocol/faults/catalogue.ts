// All faults of this server: the eight of docs/PROTOCOL.md, then four drills. A new fault is a file in faults/ and a line here.

import type { FaultDefinition } from "./fault.ts";
import { cascadingZoneFailure } from "./cascading-zone-failure.ts";
import { diskFull } from "./disk-full.ts";
import { diskSlow } from "./disk-slow.ts";
import { eventQueueFlood } from "./event-queue-flood.ts";
import { latencySpike } from "./latency-spike.ts";
import { memoryPressure } from "./memory-pressure.ts";
import { sessionCrash } from "./session-crash.ts";
import { slowLeak } from "./slow-leak.ts";
import { splitBrain } from "./split-brain.ts";
import { thunderingHerd } from "./thundering-herd.ts";
import { zoneRunaway } from "./zone-runaway.ts";
import { zoneTrap } from "./zone-trap.ts";

export const FAULTS: readonly FaultDefinition[] = [
  latencySpike,
  sessionCrash,
  eventQueueFlood,
  memoryPressure,
  cascadingZoneFailure,
  slowLeak,
  splitBrain,
  thunderingHerd,
  zoneTrap,
  zoneRunaway,
  diskSlow,
  diskFull,
];
