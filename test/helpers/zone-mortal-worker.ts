// A real zone worker with a way to die: told to end the activation 666, it throws what nobody catches.

import type { FromZoneWorker, ToZoneWorker } from "../../server/zone/messages.ts";
import type { ZoneWorkerStart } from "../../server/zone/worker-messages.ts";
import { ZoneHost } from "../../server/zone/zone-host.ts";

declare const self: Worker;

export const DEADLY_ACTIVATION = 666;

let host: ZoneHost | null = null;

self.addEventListener("message", ({ data }: MessageEvent<ToZoneWorker | ZoneWorkerStart>) => {
  if (data.type === "start") {
    host = new ZoneHost(data, (message: FromZoneWorker) => self.postMessage(message));
    void host.run();
  } else if (data.type === "fault_deactivate" && data.activation === DEADLY_ACTIVATION) {
    throw new Error("a mistake in the host");
  } else host?.receive(data);
});
