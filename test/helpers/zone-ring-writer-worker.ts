// Another thread that fills a ring with as many records as it is told. When the ring is full it waits a moment and tries
// that record again.

import { Ring } from "../../server/shared/ring.ts";
import { lengthOf, writeRecord } from "./zone-ring-records.ts";

declare const self: Worker;

self.addEventListener("message", (event: MessageEvent<{ buffer: SharedArrayBuffer; records: number }>) => {
  const ring = new Ring(event.data.buffer);
  for (let index = 0; index < event.data.records;) {
    const at = ring.reserve(lengthOf(index));
    if (at >= 0) writeRecord(ring, at, index++);
    if (at >= 0 && index % 7 !== 0) continue;
    ring.commit();
    ring.wake();
    if (at < 0) Bun.sleepSync(0.1);
  }
  ring.commit();
  ring.wake();
});
