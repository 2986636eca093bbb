// A real zone worker that comes to its end when the test wants: it throws what nobody catches, hangs, or says and writes
// last words before it does. Made by mortalWorkers(), which hands the test every worker that was made.
//
//   const { newWorker, made } = mortalWorkers()
//   made[0].postMessage(endBy("wasm"))        // the first worker begins an endless loop that nobody can end from outside

import type { FromZoneWorker, ToZoneWorker } from "../../server/shared/zone-messages.ts";
import type { ZoneWorkerStart } from "../../server/shared/zone-start.ts";
import { ZoneHost } from "../../server/zone/zone-host.ts";
import { endNow } from "./mortal-workers.ts";
import type { EndBy } from "./mortal-workers.ts";

declare const self: Worker;

let start: ZoneWorkerStart | null = null;
let host: ZoneHost | null = null;

self.addEventListener("message", ({ data }: MessageEvent<ToZoneWorker | ZoneWorkerStart | EndBy>) => {
  if (data.type === "start") {
    start = data;
    host = new ZoneHost(data, (message: FromZoneWorker) => self.postMessage(message));
    void host.run();
  } else if (data.type === "end_by") {
    if (start !== null) endNow(data, start);
  } else host?.receive(data);
});
