// The journal of one zone on the bus: a stream to which only the owner of the zone can write. Each message names the sequence number
// that its writer takes for the newest, so a writer who has been replaced is refused.
//
//   const stream = await ZoneStream.open(bus, names, 3)
//   const { sequence, head } = await stream.last()                  // 812, { kind: RECORDS, epoch: 6, ... }
//   await stream.append(fence, { expected: sequence, ... })         // 813; WowsimError("fenced") when somebody was quicker
//   await stream.read(600, visit)                                   // everything from 600 on
//
// An append whose answer is lost counts or does not. `commit` finds out: it appends the same message again, with the same expected
// number, until the stream says what became of it. So at most one append of a writer is under way, and none is taken twice.

import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import type { Bus } from "./bus.ts";
import { readStreamHead } from "./stream-message.ts";
import type { StreamHead } from "./stream-message.ts";
import { readStretch } from "./stream-reader.ts";
import type { StreamEntry } from "./stream-reader.ts";
import type { BusNames } from "./subjects.ts";

/** An answer that takes longer counts as lost. */
export const ANSWER_MS_MAX = 1_000;
/** After a failure, before the next try. */
const RETRY_MS = 50;

/** The newest message of a stream. */
export interface LastMessage {
  /** 0: none was ever written. */
  sequence: number;
  /** Null when there is none, or a damaged one. */
  head: StreamHead | null;
  /** When the server took it, in milliseconds since 1970; 0 without one. */
  atMs: number;
}

export interface Append {
  kind: "j" | "snap";
  /** The newest sequence number. */
  expected: number;
  /** What whoever hears of the message is told (Ownership): its epoch, and words. */
  told?: Readonly<Record<string, string>>;
}

export interface CommitListener {
  /** The journal takes nothing now; with null it does again. */
  onState?(failing: string | null): void;
  /** Whether it is tried no more: the writer ends. */
  isOver?(): boolean;
}

export class ZoneStream {
  readonly zone: number;
  readonly name: string;
  readonly #bus: Bus;
  readonly #names: BusNames;
  readonly #manager: JetStreamManager;

  /** Makes the stream when there is none. Throws WowsimError("no_answer", "stream_refused"). */
  static async open(bus: Bus, names: BusNames, zone: number): Promise<ZoneStream> {
    const manager = await jetstreamManager(bus.connection, { checkAPI: false, timeout: ANSWER_MS_MAX });
    const stream = new ZoneStream(bus, names, zone, manager);
    await answered(stream.#make());
    return stream;
  }

  private constructor(bus: Bus, names: BusNames, zone: number, manager: JetStreamManager) {
    [this.#bus, this.#names, this.zone, this.#manager] = [bus, names, zone, manager];
    this.name = names.stream(zone);
  }

  /** The newest message. Throws WowsimError("no_answer", "stream_missing"). */
  async last(): Promise<LastMessage> {
    const subject = this.#names.journal(this.zone, "*");
    const stored = await answered(this.#manager.streams.getMessage(this.name, { last_by_subj: subject }));
    if (stored !== null) return { sequence: stored.seq, head: headOf(stored.data), atMs: stored.time.getTime() };
    const { state } = await answered(this.#manager.streams.info(this.name));
    return { sequence: state.last_seq, head: null, atMs: 0 };
  }

  /** The message with the newest snapshot; null when there is none. Throws WowsimError("no_answer"). */
  async newestSnapshot(): Promise<{ sequence: number; bytes: Uint8Array } | null> {
    const subject = this.#names.journal(this.zone, "snap");
    const stored = await answered(this.#manager.streams.getMessage(this.name, { last_by_subj: subject }));
    return stored === null ? null : { sequence: stored.seq, bytes: stored.data };
  }

  /**
   * Appends a message. Throws WowsimError("fenced") when `expected` is not the newest, "append_unknown" when nobody knows whether it
   * counts, and "append_refused" when it does not: the server has no room.
   */
  async append(message: Uint8Array, { kind, expected, told = {} }: Append): Promise<number> {
    if (!this.#bus.isConnected) throw unknown("the connection to the nats-server is down");
    const head = headers();
    for (const [name, value] of Object.entries(told)) head.set(name, value);
    const subject = this.#names.journal(this.zone, kind);
    const expect = { lastSequence: expected, streamName: this.name };
    const publication = jetstream(this.#bus.connection).publish(subject, message, {
      expect,
      headers: head,
      timeout: ANSWER_MS_MAX,
    });
    const lost = Promise.withResolvers<never>();
    const unlisten = this.#bus.listen({ lost: () => lost.reject(unknown("the connection was lost")) });
    try {
      return (await Promise.race([publication, lost.promise])).seq;
    } catch (error) {
      throw appendError(error, this.zone);
    } finally {
      unlisten();
      publication.catch(() => {});
    }
  }

  /**
   * Appends a message for sure, however long the server is away. Throws WowsimError("fenced") when another writer was quicker,
   * "stream_cut" when the stream has lost what it had, and "append_over" when it is told to end.
   */
  async commit(message: Uint8Array, append: Append, listener: CommitListener = {}): Promise<number> {
    const { writer, number } = readStreamHead(message);
    let failing: string | null = null;
    for (;;) {
      try {
        const sequence = await this.append(message, append);
        if (failing !== null) listener.onState?.(null);
        return sequence;
      } catch (error) {
        // A first refusal is final. After that an earlier try may be what stands in the way.
        if (isCode(error, "fenced") && failing === null) throw error;
        if (listener.isOver?.() === true) throw over(this.zone);
        failing = messageOf(error);
        listener.onState?.(failing);
        await Bun.sleep(RETRY_MS);
      }
      const sequence = await this.#foundAfter(append.expected, writer, number, listener);
      if (sequence === null) continue;
      listener.onState?.(null);
      return sequence;
    }
  }

  /** Visits the messages from one sequence number to another. Throws WowsimError("no_answer"). */
  async read(from: number, to: number, visit: (entry: StreamEntry) => void): Promise<void> {
    await readStretch(this.#bus, this.name, { from, to }, visit);
  }

  /** Where the snapshots are, oldest first, and when they were written. Throws WowsimError("no_answer"). */
  async snapshots(): Promise<{ sequence: number; atMs: number }[]> {
    const found: { sequence: number; atMs: number }[] = [];
    const { state } = await answered(this.#manager.streams.info(this.name));
    const stretch = { from: Math.max(1, state.first_seq), to: state.last_seq, isBare: true };
    const subject = this.#names.journal(this.zone, "snap");
    await readStretch(this.#bus, this.name, { ...stretch, subject }, ({ sequence, atMs }) => {
      found.push({ sequence, atMs });
    });
    return found;
  }

  /** How much there is. Throws WowsimError("no_answer"). */
  async size(): Promise<{ first: number; last: number; bytes: number }> {
    const { state } = await answered(this.#manager.streams.info(this.name));
    return { first: state.first_seq, last: state.last_seq, bytes: state.bytes };
  }

  /** Forgets the messages before this one. Throws WowsimError("no_answer"). */
  async purge(sequence: number): Promise<void> {
    await answered(this.#manager.streams.purge(this.name, { seq: sequence }));
  }

  /** What became of an append without an answer: its sequence number; null: nothing. Throws as `commit` does. */
  async #foundAfter(
    expected: number,
    writer: bigint,
    number: number,
    listener: CommitListener,
  ): Promise<number | null> {
    for (;;) {
      try {
        const { sequence } = await this.last();
        if (sequence < expected) throw cut(this.zone, sequence, expected);
        if (sequence === expected) return null;
        const stored = await answered(this.#manager.streams.getMessage(this.name, { seq: expected + 1 }));
        const head = stored === null ? null : headOf(stored.data);
        if (head?.writer === writer && head.number === number) return expected + 1;
        throw fenced(this.zone);
      } catch (error) {
        if (isCode(error, "fenced", "stream_cut")) throw error;
        if (isCode(error, "stream_missing")) throw cut(this.zone, 0, expected);
        if (listener.isOver?.() === true) throw over(this.zone);
        await Bun.sleep(RETRY_MS);
      }
    }
  }

  async #make(): Promise<void> {
    try {
      await this.#manager.streams.info(this.name);
    } catch (error) {
      if (codeOf(error) !== JetStreamApiCodes.StreamNotFound) throw error;
      await this.#manager.streams.add({
        name: this.name,
        subjects: [this.#names.journal(this.zone, "j"), this.#names.journal(this.zone, "snap")],
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        // A full disk refuses what is new. What is old is deleted by its owner alone, behind a snapshot.
        discard: DiscardPolicy.New,
        num_replicas: 1,
        // "Last" is asked of the one that takes the appends.
        allow_direct: false,
        republish: {
          src: this.#names.journal(this.zone, "*"),
          dest: this.#names.heard(this.zone).replace("*", "{{wildcard(1)}}"),
          headers_only: true,
        },
      });
    }
  }
}

function headOf(bytes: Uint8Array): StreamHead | null {
  try {
    return readStreamHead(bytes);
  } catch {
    // A damaged message: the records before and after it still count.
    return null;
  }
}

/** The error of an append, by what is known of it then. */
function appendError(error: unknown, zone: number): WowsimError {
  if (error instanceof WowsimError) return error;
  const code = codeOf(error);
  if (code === JetStreamApiCodes.StreamWrongLastSequence || code === JetStreamApiCodes.StreamWrongLastSequenceUnknown)
    return fenced(zone);
  if (error instanceof JetStreamApiError) {
    const message = `The nats-server does not take what zone ${zone} writes: ${error.message}.`;
    return new WowsimError("append_refused", message, { cause: error });
  }
  return unknown(messageOf(error), error);
}

/** Throws WowsimError: "stream_missing", "stream_refused" for what the server says, "no_answer" when it says nothing. */
async function answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (cause) {
    const code = codeOf(cause);
    if (code === JetStreamApiCodes.StreamNotFound)
      throw new WowsimError("stream_missing", "The nats-server does not have the zone's stream.", { cause });
    const what = cause instanceof JetStreamApiError ? "stream_refused" : "no_answer";
    throw new WowsimError(what, `The nats-server does not answer: ${messageOf(cause)}.`, { cause });
  }
}

/** JetStream's number of an error; null for another error. */
function codeOf(error: unknown): number | null {
  return error instanceof JetStreamApiError ? error.code : null;
}

export function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof WowsimError && codes.includes(error.code);
}

export function fenced(zone: number): WowsimError {
  return new WowsimError("fenced", `Zone ${zone} belongs to another host now.`);
}

function cut(zone: number, sequence: number, expected: number): WowsimError {
  const message = `The stream of zone ${zone} ends at message ${sequence}, and had ${expected}: the nats-server has lost the others.`;
  return new WowsimError("stream_cut", message);
}

function over(zone: number): WowsimError {
  return new WowsimError("append_over", `The host of zone ${zone} ends, and the nats-server does not answer.`);
}

function unknown(why: string, cause?: unknown): WowsimError {
  return new WowsimError("append_unknown", `It is not known whether the journal has the newest records: ${why}.`, {
    cause,
  });
}
