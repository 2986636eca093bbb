// A zone worker that does nothing but be slow: it runs one tick of latency-spike and says how long that took.

import { ZoneFaultHost } from "../../server/zone/zone-faults.ts";
import type { ActivateMessage } from "../../server/zone/zone-faults.ts";
import { MemoryEmitter } from "./control-faults.ts";

declare const self: Worker;

self.addEventListener("message", (event: MessageEvent<{ block: SharedArrayBuffer; activate: ActivateMessage }>) => {
  const { block, activate } = event.data;
  const host = new ZoneFaultHost({ block, zones: [1], emitter: new MemoryEmitter() });
  host.activate(activate);
  const start = performance.now();
  host.beforeStep(1, 1);
  self.postMessage(performance.now() - start);
});
