// Delivers kernel frames to the players. A frame that is sent unchanged (codec.ts, passesFrames), to a session with an
// empty outbox, is written directly from the ring: most frames are, and they are neither copied nor parsed. Any other
// frame, and every frame of a zone whose journal is lost, is encoded and queued in its session's outbox; the outbox is sent in one write at the end of its zone's tick.
//
// A slow reader does not get a longer queue: once its outbox has no room for a frame, frames are dropped until it has
// read everything; then it gets the newest state as a reset (session-keeper.ts, caughtUp).

import { messageOf } from "../../protocol/errors.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import { ByteWriter } from "../../protocol/game/byte-writer.ts";
import type { EntityNames } from "./codec.ts";
import type { Connection } from "./session.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import type { WriteQueue } from "./write-queue.ts";
import { FrameReader } from "../../protocol/game/frame-reader.ts";
import type { GatewayCounters } from "./gateway-counters.ts";
import type { SessionTable } from "./session-table.ts";
import type { Session } from "./session.ts";
import type { ZoneDurability } from "./zone-durability.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";

export interface FrameDeliveryDeps {
  sessions: SessionTable;
  counters: GatewayCounters;
  emitter: Emitter;
  names: EntityNames;
  queue: WriteQueue;
  pool: ConnectionPool;
  durability: Pick<ZoneDurability, "isDurable">;
}

export class FrameDelivery implements ZoneListener {
  readonly #deps: FrameDeliveryDeps;
  readonly #reader = new FrameReader();
  readonly #writer = new ByteWriter();

  constructor(deps: FrameDeliveryDeps) {
    this.#deps = deps;
  }

  tickEnded(zoneId: number): void {
    this.#deps.queue.onTickEnd(zoneId);
  }

  framed(zoneId: number, bytes: Uint8Array, offset: number, length: number): void {
    try {
      this.#deliver(zoneId, this.#reader.open(bytes, offset, length), bytes, offset);
    } catch (error) {
      this.#deps.counters.framesBad++;
      this.#deps.emitter.emitSampled("error", "gateway", "Frame unreadable", {
        zone_id: zoneId,
        error: messageOf(error),
      });
    }
  }

  #deliver(zoneId: number, frame: FrameReader, bytes: Uint8Array, at: number): void {
    const { sessions, counters } = this.#deps;
    const session = sessions.get(frame.session);
    const connection = session?.connection ?? null;
    if (session === undefined || session.zoneId !== zoneId || connection === null || connection.closing !== null) {
      counters.framesStale++;
      return;
    }
    if (session.awaitsReset && !frame.isReset) {
      counters.framesStale++;
      return;
    }
    const isDurable = this.#deps.durability.isDurable(zoneId);
    const isPassed = isDurable && !connection.missedFrames && this.#pass(connection, bytes, at, frame.byteLength);
    if (!isPassed && (connection.missedFrames || !this.#queueFrame(connection, frame, isDurable))) {
      connection.missedFrames = true;
      counters.framesDropped++;
      counters.eventsDropped += frame.countEvents();
      return;
    }
    this.#onQueued(session, frame);
  }

  /** False when the frame must be queued. */
  #pass(connection: Connection, bytes: Uint8Array, at: number, length: number): boolean {
    const isDirect = connection.codec?.passesFrames === true && !connection.isHeld && connection.outbox.isEmpty;
    if (!isDirect || !this.#deps.queue.passesBytes) return false;
    this.#deps.pool.pass(connection, bytes, at, length);
    return true;
  }

  #queueFrame(connection: Connection, frame: FrameReader, isDurable: boolean): boolean {
    if (connection.codec === null) return false;
    this.#writer.reset();
    connection.codec.encodeFrame(frame, this.#deps.names, this.#writer, isDurable);
    return this.#deps.queue.queue(connection, this.#writer);
  }

  #onQueued(session: Session, frame: FrameReader): void {
    this.#deps.counters.framesSent++;
    session.awaitsReset = false;
    if (session.state === "TRANSFERRING") this.#deps.sessions.move(session, "transfer_done");
    if (session.probeSeq === 0 || frame.ack < session.probeSeq) return;
    this.#deps.queue.addProbe(session.zoneId, session.probeAt);
    session.probeSeq = 0;
  }
}
