// Every fault this server has: the eight of docs/PROTOCOL.md, then ours. A new one is a file in faults/ and a line here.

import type { FaultDefinition } from "./fault.ts";
import { cascadingZoneFailure } from "./faults/cascading-zone-failure.ts";
import { eventQueueFlood } from "./faults/event-queue-flood.ts";
import { latencySpike } from "./faults/latency-spike.ts";
import { memoryPressure } from "./faults/memory-pressure.ts";
import { sessionCrash } from "./faults/session-crash.ts";
import { slowLeak } from "./faults/slow-leak.ts";
import { splitBrain } from "./faults/split-brain.ts";
import { thunderingHerd } from "./faults/thundering-herd.ts";
import { zoneRunaway } from "./faults/zone-runaway.ts";
import { zoneTrap } from "./faults/zone-trap.ts";

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
];
