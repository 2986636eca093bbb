// What the gateway needs of whoever runs the zones: send a command, receive frames. The ring behind one small interface:
// today the supervisor's rings over shared memory, in a test a kernel in the same thread, one day a message bus.
//
//   link.send(1, command.bytes)                  // false: zone 1's command ring is full
//   link.onFrame((zoneId, bytes, offset, length) => ...)       // what one session must be told (assembly/abi.ts)
//   link.onTickEnd((zoneId) => ...)                            // all frames of that zone's tick have been given

import type { FromZoneWorker, ZoneState } from "./zone-messages.ts";
import type { Crossing } from "./transfer.ts";
import type { Entered, ZoneCensus } from "./ring-records.ts";

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

/** Sees one kernel frame; `bytes` is only valid during the call. */
export type FrameListener = (zoneId: number, bytes: Uint8Array, offset: number, length: number) => void;

export interface ZoneLink {
  readonly zones: ReadonlyMap<number, ZoneView>;
  /** Queues one command record (command.ts), or several that come into one batch; false when the zone's queue is full. */
  send(zoneId: number, records: Uint8Array): boolean;
  /** Somebody left a zone through a portal: until they have arrived, all that is theirs is in the listener's hands. */
  onDeparture(listener: (crossing: Crossing) => void): void;
  /** What became of a JOIN or an arrival. */
  onEntered(listener: (entered: Entered) => void): void;
  /** Once a second and zone: who is in it. */
  onCensus(listener: (census: ZoneCensus) => void): void;
  onFrame(listener: FrameListener): void;
  onTickEnd(listener: (zoneId: number) => void): void;
  onMessage(listener: (message: FromZoneWorker) => void): void;
}
