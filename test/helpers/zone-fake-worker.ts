// A zone worker that does nothing by itself: the test says what it says and writes, in the order the test wants.
//
//   const worker = new FakeZoneWorker()
//   const supervisor = await ZoneSupervisor.start({ ..., newWorker: () => worker.asWorker })
//   worker.say({ type: "zone_state", ... })
//   worker.report({ tick: 7, state: "ACTIVE" })

import type { FromZoneWorker, ToZoneWorker } from "../../server/shared/zone-messages.ts";
import type { TickReport } from "../../server/shared/tick-report.ts";
import { Ring } from "../../server/shared/ring.ts";
import type { ZoneWorkerStart } from "../../server/shared/zone-start.ts";
import { tickReport } from "./telemetry.ts";
import { REPORT } from "../../server/shared/tick-report.ts";

export class FakeZoneWorker extends EventTarget {
  readonly received: ToZoneWorker[] = [];
  #output: Ring | null = null;

  get asWorker(): Worker {
    return this as unknown as Worker;
  }

  postMessage(message: ZoneWorkerStart | ToZoneWorker): void {
    if (message.type !== "start") return void this.received.push(message);
    this.#output = new Ring(message.outputRing);
    this.say({ type: "ready", zones: message.zones.map(({ zone }) => zone.id), faultThread: 0, revived: [] });
  }

  say(message: FromZoneWorker): void {
    this.dispatchEvent(new MessageEvent("message", { data: message }));
  }

  /** Writes a report into the ring, and wakes the reader. */
  report(fields: Partial<TickReport>): void {
    const ring = this.#output!;
    REPORT.write(ring.view, ring.reserve(REPORT.bytes), tickReport(fields));
    ring.commit();
    ring.wake();
  }

  terminate(): void {
    this.say({ type: "stopped" });
  }
}
