// What parts of the main thread need of whoever runs the zones: send a command, hear what zones say. The ring behind two small
// interfaces: today the supervisor's rings over shared memory, in a test a kernel in the same thread, one day a message bus.
//
//   link.send(1, command.bytes)          // false: zone 1's command ring is full
//   link.listen(router)                  // router.entered(...), router.departed(...): what a part does not have is not told it

import type { FromZoneWorker, ToZoneWorker, ZoneState } from "./zone-messages.ts";
import type { Crossing } from "./transfer.ts";
import type { Entered, ZoneCensus } from "./ring-records.ts";
import type { TickReport } from "./tick-report.ts";

/** A zone as the gateway sees it; the object is live. */
export interface ZoneView {
  readonly id: number;
  readonly name: string;
  readonly state: ZoneState;
  /** The zone's last finished tick. */
  readonly tick: number;
  /** How much it leaves out because it is overloaded, 0 to 5; at LEVEL_CLOSED nobody new is let in. */
  readonly overloadLevel: number;
}

/** Hears what zones say. Listeners are told one after the other, in the order in which they were registered. */
export interface ZoneListener {
  /** Every tick of every zone. The report is reused: copy what is to be kept. */
  ticked?(report: TickReport): void;
  /** Every kernel frame: what one session must be told (assembly/abi.ts). `bytes` is only valid during the call. */
  framed?(zoneId: number, bytes: Uint8Array, offset: number, length: number): void;
  /** All frames of that zone's tick have been given. */
  tickEnded?(zoneId: number): void;
  /** Somebody left a zone through a portal: until they have arrived, all that is theirs is in the listener's hands. */
  departed?(crossing: Crossing): void;
  /** What became of a JOIN or an arrival. */
  entered?(entered: Entered): void;
  /** Once a second and zone: who is in it. */
  counted?(census: ZoneCensus): void;
  /** A rare message, and what the main thread found out by itself: that a zone is DOWN because its worker was lost. */
  said?(message: FromZoneWorker): void;
  /** A worker takes the place of a lost one: what it has to know besides its zones is to be posted now. */
  workerBegun?(worker: MessageTarget): void;
}

/** Takes messages for a zone worker, or for all of them. */
export interface MessageTarget {
  post(message: ToZoneWorker): void;
}

export interface ZoneLink {
  readonly zones: ReadonlyMap<number, ZoneView>;
  /** Queues one command record (command.ts), or several that come into one batch; false when the zone's queue is full. */
  send(zoneId: number, records: Uint8Array): boolean;
  listen(listener: ZoneListener): void;
}
