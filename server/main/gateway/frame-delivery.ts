// Kernel frames on their way to the players. One that leaves as it is (codec.ts, passesFrames), for a session that is owed
// nothing else, is written from the ring it lies in: most are, and neither copied nor looked into. Any other is encoded and
// queued in its session's outbox, and everything a session is owed leaves in one write at the end of its zone's tick.
//
// A reader that is behind is not given a longer queue: once its outbox has no room for a frame, frames are left out until
// it has read everything, and then it is told the newest state from the beginning (gateway.ts, #onCaughtUp).

import { messageOf } from "../../protocol/errors.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import { ByteWriter } from "../../protocol/game/byte-writer.ts";
import type { EntityNames } from "./codec.ts";
import type { Connection } from "./session.ts";
import { FrameReader } from "../../protocol/game/frame-reader.ts";
import type { GatewayCounters } from "./gateway-counters.ts";
import type { ByteHook } from "./message-intake.ts";
import type { SessionTable } from "./session-table.ts";
import type { Session } from "./session.ts";
import type { ZoneLink } from "../../shared/zone-link.ts";

/** A zone that has not ticked for this long keeps nobody from being written to. */
const ZONE_SILENT_MS = 1_000;

export interface FrameDeliveryDeps {
  link: ZoneLink;
  sessions: SessionTable;
  counters: GatewayCounters;
  emitter: Emitter;
  names: EntityNames;
  now(): number;
  flush(connection: Connection): void;
  /** Writes bytes to a connection that is owed nothing. */
  pass(connection: Connection, source: Uint8Array, at: number, length: number): void;
}

/** Those to be written to at the end of a zone's tick. */
interface ZoneQueue {
  dirty: Connection[];
  /** When the commands were read whose acknowledgements are among what is queued; milliseconds. */
  probes: number[];
  tickedAt: number;
}

export class FrameDelivery {
  readonly #deps: FrameDeliveryDeps;
  readonly #queues = new Map<number, ZoneQueue>();
  readonly #reader = new FrameReader();
  readonly #writer = new ByteWriter();
  #egress: ByteHook | null = null;

  constructor(deps: FrameDeliveryDeps) {
    this.#deps = deps;
    deps.link.onFrame((zoneId, bytes, offset, length) => this.#onFrame(zoneId, bytes, offset, length));
    deps.link.onTickEnd((zoneId) => this.#onTickEnd(zoneId));
  }

  setEgress(hook: ByteHook | null): void {
    this.#egress = hook;
  }

  /** Queues what the writer holds; false when the outbox has no room for it. */
  queue(connection: Connection, writer: ByteWriter): boolean {
    let bytes = writer.bytes;
    let length = writer.length;
    if (this.#egress !== null) {
      bytes = this.#egress(connection.session, bytes.slice(0, length));
      length = bytes.length;
    }
    if (!connection.outbox.append(bytes, length)) return false;
    if (!connection.isDirty) {
      connection.isDirty = true;
      this.#queueOf(connection.session.zoneId).dirty.push(connection);
    }
    return true;
  }

  /** Writes to those who are in no zone, or whose zone is silent. */
  onServerTick(nowMs: number): void {
    for (const [zoneId, queue] of this.#queues) {
      const isRunning = zoneId !== 0 && nowMs - queue.tickedAt < ZONE_SILENT_MS;
      if (!isRunning) this.#writeOut(queue);
    }
  }

  #onTickEnd(zoneId: number): void {
    const queue = this.#queueOf(zoneId);
    queue.tickedAt = this.#deps.now();
    this.#writeOut(queue);
  }

  #writeOut(queue: ZoneQueue): void {
    for (const connection of queue.dirty) {
      connection.isDirty = false;
      this.#deps.flush(connection);
    }
    queue.dirty.length = 0;
    if (queue.probes.length === 0) return;
    const now = this.#deps.now();
    for (const readAt of queue.probes) this.#deps.counters.recordInputToFrame(now - readAt);
    queue.probes.length = 0;
  }

  #onFrame(zoneId: number, bytes: Uint8Array, offset: number, length: number): void {
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
    const isPassed = !connection.missedFrames && this.#pass(connection, bytes, at, frame.byteLength);
    if (!isPassed && (connection.missedFrames || !this.#queueFrame(connection, frame))) {
      connection.missedFrames = true;
      counters.framesDropped++;
      counters.eventsDropped += frame.countEvents();
      return;
    }
    this.#onQueued(session, frame);
  }

  /** False when it has to be queued. */
  #pass(connection: Connection, bytes: Uint8Array, at: number, length: number): boolean {
    if (connection.codec?.passesFrames !== true || this.#egress !== null || !connection.outbox.isEmpty) return false;
    this.#deps.pass(connection, bytes, at, length);
    return true;
  }

  #queueFrame(connection: Connection, frame: FrameReader): boolean {
    if (connection.codec === null) return false;
    this.#writer.reset();
    connection.codec.encodeFrame(frame, this.#deps.names, this.#writer);
    return this.queue(connection, this.#writer);
  }

  #onQueued(session: Session, frame: FrameReader): void {
    this.#deps.counters.framesSent++;
    session.awaitsReset = false;
    if (session.state === "TRANSFERRING") this.#deps.sessions.move(session, "transfer_done");
    if (session.probeSeq === 0 || frame.ack < session.probeSeq) return;
    this.#queueOf(session.zoneId).probes.push(session.probeAt);
    session.probeSeq = 0;
  }

  #queueOf(zoneId: number): ZoneQueue {
    let queue = this.#queues.get(zoneId);
    if (queue === undefined) {
      queue = { dirty: [], probes: [], tickedAt: this.#deps.now() };
      this.#queues.set(zoneId, queue);
    }
    return queue;
  }
}
