// What parts of the main thread need of the zones' supervisor: send commands and receive reports. Two small interfaces
// hide the transport: in the server it is the supervisor's rings over shared memory, in a test a kernel in the same
// thread; in the future it may be a message bus.
//
//   link.send(1, command.bytes)          // false: zone 1's command ring is full
//   link.listen(router)                  // router.entered(...), router.departed(...): methods that a listener lacks are skipped

import type { FromZoneWorker, ToZoneWorker, ZoneState } from "./zone-messages.ts";
import type { Crossing } from "./transfer.ts";
import type { Entered, ItemCount, ZoneCensus } from "./ring-records.ts";
import type { TickReport } from "./tick-report.ts";

/** A zone as the gateway sees it; the object is live. */
export interface ZoneView {
  readonly id: number;
  readonly name: string;
  readonly state: ZoneState;
  /** The zone's last finished tick. */
  readonly tick: number;
  /** Its load-shedding level, 0 to 5; at LEVEL_CLOSED no newcomers are admitted. */
  readonly overloadLevel: number;
  /** Players in it, where other gateways have some of them. */
  readonly players?: number;
}

/** Receives the reports of zones. Listeners are called one after the other, in the order of their registration. */
export interface ZoneListener {
  /** Every tick of every zone. The report is reused: copy what you keep. */
  ticked?(report: TickReport): void;
  /** Every kernel frame: the data for one session (assembly/abi.ts). `bytes` is only valid during the call. */
  framed?(zoneId: number, bytes: Uint8Array, offset: number, length: number): void;
  /** All frames of the zone's tick have been passed on. */
  tickEnded?(zoneId: number): void;
  /** A player left a zone through a portal: the listener must keep its data until it has arrived. */
  departed?(crossing: Crossing): void;
  /** The result of a JOIN or an arrival. */
  entered?(entered: Entered): void;
  /** Once per second and zone: the entities in it. */
  counted?(census: ZoneCensus): void;
  /** Once per second and zone: what its players hold. The record is reused: copy what you keep. */
  itemsCounted?(count: ItemCount): void;
  /** A rare message from a worker, or from the main thread itself: that a zone is DOWN because its worker was lost. */
  said?(message: FromZoneWorker): void;
  /** The zone of a lost worker goes on from its journal. Commands sent now are in its first batch. */
  revives?(zoneId: number): void;
  /** A worker replaces a lost one: post now what it must know besides its zones. */
  workerBegun?(worker: MessageTarget): void;
}

/** Accepts messages for a zone worker, or for all of them. */
export interface MessageTarget {
  post(message: ToZoneWorker): void;
}

export interface ZoneLink {
  readonly zones: ReadonlyMap<number, ZoneView>;
  /**
   * Queues one command record (server/protocol/game/command.ts), or several in one batch; false when the zone's queue
   * is full.
   */
  send(zoneId: number, records: Uint8Array): boolean;
  listen(listener: ZoneListener): void;
}
