// What the gateway needs of whoever runs the zones: send a command, receive frames. The ring behind one small interface:
// today the supervisor's rings over shared memory, in a test a kernel in the same thread, one day a message bus.
//
//   link.command(1, OP_MOVE, session, seq, 0, 0, x, y, z, 0)   // false: zone 1's command ring is full
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
  /** Queues a command whose b, c, d are f32; false when the zone's queue is full. */
  command(
    zoneId: number,
    op: number,
    session: number,
    seq: number,
    flags: number,
    a: number,
    x: number,
    y: number,
    z: number,
    e: number,
  ): boolean;
  /** Queues a command whose b, c, d are u32; false when the zone's queue is full. */
  commandInts(
    zoneId: number,
    op: number,
    session: number,
    seq: number,
    flags: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
  ): boolean;
  /** Queues what lets a player from another zone in (zone/transfer.ts); false when the zone's queue is full. */
  arrive(zoneId: number, records: Uint8Array): boolean;
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
