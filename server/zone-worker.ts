// Entry of a zone worker. The file lies beside main.ts so that a one-file build finds it. The work is done in
// zone/zone-host.ts.

import { messageOf } from "./protocol/errors.ts";
import type { FromZoneWorker, ToZoneWorker } from "./shared/zone-messages.ts";
import type { ZoneWorkerStart } from "./shared/zone-start.ts";
import { ZoneHost } from "./zone/zone-host.ts";

declare const self: Worker;

let host: ZoneHost | null = null;
const say = (message: FromZoneWorker): void => self.postMessage(message);

self.addEventListener("message", ({ data }: MessageEvent<ToZoneWorker | ZoneWorkerStart>) => {
  if (data.type !== "start") {
    host?.receive(data);
    return;
  }
  try {
    host = new ZoneHost(data, say);
    void host.run();
  } catch (error) {
    say({ type: "failed", error: messageOf(error) });
  }
});
