// Reads a stretch of a stream in one go: the server sends everything, instead of answering a question for each message.
//
//   await readStretch(bus, "W_Z3", { from: 812, to: 1004 }, (message) => ...)

import { AckPolicy, DeliverPolicy, jetstreamManager } from "@nats-io/jetstream";
import { createInbox, nanos } from "@nats-io/transport-node";
import { WowsimError } from "../protocol/errors.ts";
import type { Bus } from "./bus.ts";

export interface StreamEntry {
  sequence: number;
  /** A copy. */
  bytes: Uint8Array;
  /** When the server took it, in milliseconds since 1970. */
  atMs: number;
}

export interface Stretch {
  /** Sequence numbers; both are included. */
  from: number;
  to: number;
  /** Only this subject. */
  subject?: string;
  /** Without their bytes. */
  isBare?: boolean;
}

/** A server that sends nothing for so long is not waited for. */
const QUIET_MS_MAX = 2_000;
/** The server forgets a reader that is gone after this. */
const FORGOTTEN_MS = 5_000;

/** Visits the messages in order. Throws WowsimError("no_answer") when the server stops sending. */
export async function readStretch(
  bus: Bus,
  stream: string,
  stretch: Stretch,
  visit: (entry: StreamEntry) => void,
): Promise<void> {
  const { from, to, subject, isBare } = stretch;
  if (from > to) return;
  const manager = await jetstreamManager(bus.connection, { checkAPI: false });
  const inbox = createInbox();
  const done = Promise.withResolvers<void>();
  const tooQuiet = (): void =>
    done.reject(new WowsimError("no_answer", `The nats-server does not send what stream ${stream} has.`));
  let timer = setTimeout(tooQuiet, QUIET_MS_MAX);
  let delivered = 0;
  const subscription = bus.connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error !== null) return done.reject(error);
      const { sequence, delivery, atMs, pending } = placeOf(message.reply ?? "");
      // What is sent while the connection is down is lost without a word.
      if (delivery !== ++delivered) return tooQuiet();
      clearTimeout(timer);
      timer = setTimeout(tooQuiet, QUIET_MS_MAX);
      try {
        const bytes = Uint8Array.prototype.slice.call(message.data);
        if (sequence <= to) visit({ sequence, bytes, atMs });
      } catch (thrown) {
        done.reject(thrown);
      }
      if (sequence >= to || pending === 0) done.resolve();
    },
  });
  // Both can be late: nobody waits for this promise before the reader exists.
  done.promise.catch(() => {});
  let name: string | null = null;
  try {
    const consumer = await manager.consumers.add(stream, {
      deliver_subject: inbox,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from,
      inactive_threshold: nanos(FORGOTTEN_MS),
      mem_storage: true,
      num_replicas: 1,
      ...(subject === undefined ? {} : { filter_subject: subject }),
      ...(isBare === true ? { headers_only: true } : {}),
    });
    name = consumer.name;
    if (consumer.num_pending === 0 && consumer.delivered.stream_seq < from) done.resolve();
    await done.promise;
  } finally {
    clearTimeout(timer);
    subscription.unsubscribe();
    if (name !== null) manager.consumers.delete(stream, name).catch(() => {});
  }
}

/** Where a message of the server belongs: "$JS.ACK.STREAM.READER.tries.sequence.delivery.nanoseconds.pending", or with a domain. */
function placeOf(reply: string): { sequence: number; delivery: number; atMs: number; pending: number } {
  const words = reply.split(".");
  const [sequence = 0, delivery = 0, nanoseconds = 0, pending = 0] = words.slice(words.length > 9 ? 7 : 5).map(Number);
  return { sequence, delivery, atMs: nanoseconds / 1e6, pending };
}
