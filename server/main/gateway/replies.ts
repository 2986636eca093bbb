// Messages to single clients: welcome, answers, errors, a change of zone. Frames take another path (frame-delivery.ts).

import { ByteWriter } from "../../protocol/game/byte-writer.ts";
import type { ServerMessage } from "../../protocol/game/client-messages.ts";
import type { GatewayCounters } from "./gateway-counters.ts";
import type { Connection, Session } from "./session.ts";
import type { WriteQueue } from "./write-queue.ts";

/** Sends a message to a session's client, if one is connected. */
export interface SessionTeller {
  tellSession(session: Session, message: ServerMessage): void;
}

export class Replies implements SessionTeller {
  readonly #queue: WriteQueue;
  readonly #counters: GatewayCounters;
  readonly #writer = new ByteWriter();

  constructor(queue: WriteQueue, counters: GatewayCounters) {
    this.#queue = queue;
    this.#counters = counters;
  }

  /** Sends to clients that said hello or have no player yet; guests never read. */
  tell(connection: Connection, message: ServerMessage): void {
    if (!connection.hears || connection.closing !== null || connection.codec === null) return;
    const writer = this.#writer.reset();
    connection.codec.encode(message, writer);
    if (!this.#queue.queue(connection, writer)) this.#counters.repliesDropped++;
  }

  tellSession(session: Session, message: ServerMessage): void {
    if (session.connection !== null) this.tell(session.connection, message);
  }
}
