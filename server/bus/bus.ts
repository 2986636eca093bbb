// A process's connection to the message bus of its cluster: what is published, heard, asked and answered on it, and its buckets.
//
//   const bus = await Bus.connect({ servers: "nats://127.0.0.1:4222", name: "gateway 1" })
//   const stop = bus.subscribe("w.frm.*.1", (subject, bytes) => ...)
//   bus.publish("w.cmd.3", bytes)                     // may be lost
//   const sessions = await bus.bucket("w_sessions")   // may not
//
// What is published while the connection is down is dropped: it would come late, and in the name of somebody who may have been replaced.

import { Kvm } from "@nats-io/kv";
import { connect, errors } from "@nats-io/transport-node";
import type { MsgHdrs, NatsConnection } from "@nats-io/transport-node";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { Bucket } from "./bucket.ts";

export interface BusOptions {
  servers: string | string[];
  /** For whoever looks at the connections of the server. */
  name: string;
  user?: string | undefined;
  password?: string | undefined;
  /** A certificate to trust, as a file, where the server has TLS. */
  ca?: string | undefined;
}

/** Is told of the connection. */
export interface BusListener {
  lost?(): void;
  back?(): void;
  /** A handler of messages threw: a bug of this process. Without such a listener the process ends. */
  failed?(error: unknown): void;
}

/** Of a message: what its sender wrote above it; "" where there is none. */
export type MessageHead = Pick<MsgHdrs, "get">;

const RECONNECT_MS = 50;
const DIAL_MS_MAX = 3_000;
/** A server that is gone without a word is noticed after three of these. */
const PING_MS = 1_000;
const PINGS_MAX = 3;
const NO_HEAD: MessageHead = { get: () => "" };

export class Bus {
  /** For the rest of server/bus. */
  readonly connection: NatsConnection;
  readonly #listeners: BusListener[] = [];
  #isConnected = true;

  /** Throws WowsimError("bus_unreachable", "bus_refused", "bus_without_jetstream"). */
  static async connect(options: BusOptions): Promise<Bus> {
    const where = [options.servers].flat().join(", ");
    const connection = await dial(options, where);
    if (connection.info?.jetstream === true) return new Bus(connection);
    await connection.close();
    throw new WowsimError(
      "bus_without_jetstream",
      `The nats-server at ${where} keeps nothing: start it with JetStream (-js).`,
    );
  }

  private constructor(connection: NatsConnection) {
    this.connection = connection;
    void this.#watch();
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** The largest message that the server takes, in bytes. */
  get payloadBytesMax(): number {
    return this.connection.info?.max_payload ?? 0;
  }

  /** Returns what takes the listener away again. */
  listen(listener: BusListener): () => void {
    this.#listeners.push(listener);
    return () => {
      const index = this.#listeners.indexOf(listener);
      if (index >= 0) this.#listeners.splice(index, 1);
    };
  }

  /** `bytes` may be changed after the call. */
  publish(subject: string, bytes: Uint8Array): void {
    if (!this.#isConnected || this.connection.isClosed()) return;
    this.connection.publish(subject, copied(bytes));
  }

  /** `bytes` are only valid during the call, and begin anywhere in their buffer. Returns what ends the subscription. */
  subscribe(subject: string, handler: (subject: string, bytes: Uint8Array, head: MessageHead) => void): () => void {
    const subscription = this.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return this.#failed(error);
        // What is thrown here would end the reading of the connection.
        try {
          handler(message.subject, message.data, headOf(message.headers));
        } catch (thrown) {
          this.#failed(thrown);
        }
      },
    });
    return () => subscription.unsubscribe();
  }

  /** Throws WowsimError("no_answer") when nobody answers in time. */
  async request(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    try {
      const answer = await this.connection.request(subject, copied(bytes), { timeout: timeoutMs });
      return copied(answer.data);
    } catch (cause) {
      throw new WowsimError("no_answer", `Nobody answered ${subject}: ${messageOf(cause)}.`, { cause });
    }
  }

  /** Answers requests. What `handler` rejects with is not told: whoever asked hears nothing. */
  answer(subject: string, handler: (bytes: Uint8Array) => Promise<Uint8Array>): () => void {
    const subscription = this.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return this.#failed(error);
        handler(copied(message.data)).then(
          (answer) => this.connection.isClosed() || message.respond(answer),
          () => {},
        );
      },
    });
    return () => subscription.unsubscribe();
  }

  /** Makes the bucket when there is none. */
  async bucket(name: string): Promise<Bucket> {
    return new Bucket(await new Kvm(this.connection).create(name, { history: 1 }));
  }

  /** Resolves when the server has read everything that was published before. */
  async flush(): Promise<void> {
    await this.connection.flush();
  }

  async close(): Promise<void> {
    await this.connection.close();
    this.#isConnected = false;
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === "disconnect" && this.#isConnected) {
        this.#isConnected = false;
        for (const listener of this.#listeners.slice()) listener.lost?.();
      } else if (type === "reconnect") {
        this.#isConnected = true;
        for (const listener of this.#listeners.slice()) listener.back?.();
      }
    }
  }

  #failed(error: unknown): void {
    const told = this.#listeners.filter(({ failed }) => failed !== undefined);
    for (const listener of told) listener.failed?.(error);
    if (told.length > 0) return;
    queueMicrotask(() => {
      throw error;
    });
  }
}

async function dial({ servers, name, user, password, ca }: BusOptions, where: string): Promise<NatsConnection> {
  try {
    return await connect({
      servers,
      name,
      ...(user === undefined ? {} : { user, pass: password ?? "" }),
      ...(ca === undefined ? {} : { tls: { caFile: ca } }),
      timeout: DIAL_MS_MAX,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      reconnectJitter: RECONNECT_MS,
      pingInterval: PING_MS,
      maxPingOut: PINGS_MAX,
      ignoreClusterUpdates: true,
      ignoreAuthErrorAbort: true,
      noAsyncTraces: true,
    });
  } catch (cause) {
    if (cause instanceof errors.AuthorizationError) {
      const message = `The nats-server at ${where} does not let ${user ?? "anybody without a name"} in; give the user and the password of this role.`;
      throw new WowsimError("bus_refused", message, { cause });
    }
    const message = `No nats-server answers at ${where} (${messageOf(cause)}); start one, or name another with --bus.`;
    throw new WowsimError("bus_unreachable", message, { cause });
  }
}

function headOf(headers: MsgHdrs | undefined): MessageHead {
  return headers ?? NO_HEAD;
}

/** Of a Buffer, `slice` gives the same memory. */
function copied(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes);
}
