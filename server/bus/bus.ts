// A process's connection to the message bus of its cluster: what is published, heard, asked and answered on it, and its buckets.
//
//   const bus = await Bus.connect({ servers: "nats://127.0.0.1:4222", name: "gateway 1" })
//   const stop = bus.subscribe("w.frm.*.1", (subject, bytes) => ...)
//   bus.publish("w.cmd.3", bytes)                     // may be lost
//   const sessions = await bus.bucket("w_sessions")   // may not
//
// What is published while the connection is down is dropped: it would come late, and in the name of somebody who may have been replaced.

import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { Bucket } from "./bucket.ts";

export interface BusOptions {
  servers: string | string[];
  /** For whoever looks at the connections of the server. */
  name: string;
  user?: string;
  password?: string;
}

/** Is told of the connection. */
export interface BusListener {
  lost?(): void;
  back?(): void;
}

const RECONNECT_MS = 50;

export class Bus {
  readonly #connection: NatsConnection;
  readonly #listeners: BusListener[] = [];
  #isConnected = true;

  /** Throws WowsimError("bus_unreachable"). */
  static async connect({ servers, name, user, password }: BusOptions): Promise<Bus> {
    try {
      return new Bus(
        await connect({
          servers,
          name,
          ...(user === undefined ? {} : { user, pass: password ?? "" }),
          maxReconnectAttempts: -1,
          reconnectTimeWait: RECONNECT_MS,
          reconnectJitter: RECONNECT_MS,
          ignoreClusterUpdates: true,
        }),
      );
    } catch (cause) {
      const where = [servers].flat().join(", ");
      const message = `No nats-server answers at ${where} (${messageOf(cause)}); start one, or name another with --bus.`;
      throw new WowsimError("bus_unreachable", message, { cause });
    }
  }

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
    void this.#watch();
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  listen(listener: BusListener): void {
    this.#listeners.push(listener);
  }

  /** Keeps `bytes` until they are written: do not change them. */
  publish(subject: string, bytes: Uint8Array): void {
    if (this.#isConnected) this.#connection.publish(subject, bytes);
  }

  /** `bytes` are only valid during the call. Returns what ends the subscription. */
  subscribe(subject: string, handler: (subject: string, bytes: Uint8Array) => void): () => void {
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) handler(message.subject, message.data);
      },
    });
    return () => subscription.unsubscribe();
  }

  /** Rejects when nobody answers in time. */
  async request(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    try {
      const answer = await this.#connection.request(subject, bytes, { timeout: timeoutMs });
      return Uint8Array.prototype.slice.call(answer.data);
    } catch (cause) {
      throw new WowsimError("no_answer", `Nobody answered ${subject}: ${messageOf(cause)}.`, { cause });
    }
  }

  /** Answers requests. What `handler` rejects with is not told: whoever asked hears nothing. */
  answer(subject: string, handler: (bytes: Uint8Array) => Promise<Uint8Array>): () => void {
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return;
        handler(Uint8Array.prototype.slice.call(message.data)).then(
          (answer) => message.respond(answer),
          () => {},
        );
      },
    });
    return () => subscription.unsubscribe();
  }

  /** Makes the bucket when there is none. */
  async bucket(name: string): Promise<Bucket> {
    return new Bucket(await new Kvm(this.#connection).create(name, { history: 1 }));
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === "disconnect" && this.#isConnected) {
        this.#isConnected = false;
        for (const { lost } of this.#listeners) lost?.();
      } else if (type === "reconnect") {
        this.#isConnected = true;
        for (const { back } of this.#listeners) back?.();
      }
    }
  }
}
