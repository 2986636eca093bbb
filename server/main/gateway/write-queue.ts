// The output of sessions, queued in their outboxes; each outbox is sent in one write: at the end of its zone's tick, or
// at the server's tick for sessions that are in no zone or whose zone is silent.
//
//   queue.queue(connection, writer)      // false: its outbox has no room
//   queue.onTickEnd(1)                   // writes to all sessions of zone 1 that have queued output

import type { ByteWriter } from "../../protocol/game/byte-writer.ts";
import type { ByteHook } from "../../shared/fault-targets.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import type { GatewayCounters } from "./gateway-counters.ts";
import type { Connection } from "./session.ts";

/** A zone that has not ticked for this long counts as silent: its sessions are written to at the server's tick. */
const ZONE_SILENT_MS = 1_000;

/** The connections to write to at the end of a zone's tick. */
interface ZoneQueue {
  dirty: Connection[];
  /** When the commands acknowledged by the queued output were read; milliseconds. */
  probes: number[];
  tickedAt: number;
}

export class WriteQueue {
  readonly #pool: ConnectionPool;
  readonly #counters: GatewayCounters;
  readonly #now: () => number;
  readonly #queues = new Map<number, ZoneQueue>();
  #egress: ByteHook | null = null;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(pool: ConnectionPool, counters: GatewayCounters, now: () => number) {
    this.#pool = pool;
    this.#counters = counters;
    this.#now = now;
  }

  setEgress(hook: ByteHook | null): void {
    this.#egress = hook;
  }

  /** True when bytes are sent unchanged. */
  get passesBytes(): boolean {
    return this.#egress === null;
  }

  /** Queues the content of the writer; false when the outbox has no room for it. */
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

  /** The queued output of the zone acknowledges a command that was read at `readAt`. */
  addProbe(zoneId: number, readAt: number): void {
    this.#queueOf(zoneId).probes.push(readAt);
  }

  /** Writes to sessions that are in no zone, or whose zone is silent. */
  onServerTick(nowMs: number): void {
    for (const [zoneId, queue] of this.#queues) {
      const isRunning = zoneId !== 0 && nowMs - queue.tickedAt < ZONE_SILENT_MS;
      if (!isRunning) this.#writeOut(queue);
    }
  }

  onTickEnd(zoneId: number): void {
    const queue = this.#queueOf(zoneId);
    queue.tickedAt = this.#now();
    this.#writeOut(queue);
  }

  #writeOut(queue: ZoneQueue): void {
    for (const connection of queue.dirty) {
      connection.isDirty = false;
      this.#pool.flush(connection);
    }
    queue.dirty.length = 0;
    if (queue.probes.length === 0) return;
    const now = this.#now();
    for (const readAt of queue.probes) this.#counters.recordInputToFrame(now - readAt);
    queue.probes.length = 0;
  }

  #queueOf(zoneId: number): ZoneQueue {
    let queue = this.#queues.get(zoneId);
    if (queue === undefined) {
      queue = { dirty: [], probes: [], tickedAt: this.#now() };
      this.#queues.set(zoneId, queue);
    }
    return queue;
  }
}
