// Reads from a zone's stream what whoever goes on with the zone needs: the newest snapshot, the ticks after it, and the players who have
// left and not arrived yet.
//
//   const { found, crossings, snapshot } = await findZone(stream, last)
//   found.history            // { snapshot: { tick: 4600, ... }, ticks: [4601 ... 4710] }
//   found.problems           // ["Ticks 4655 to 4656 of zone 3 are missing."]
//
// A snapshot that can not be read is passed over for the one before it.

import { messageOf } from "../protocol/errors.ts";
import { CROSSING, hexOf, SNAPSHOT, TICK } from "../shared/journal-records.ts";
import type { FoundZone } from "../shared/journal-messages.ts";
import type { ZoneHistory } from "../shared/zone-history.ts";
import type { Crossing } from "../shared/transfer.ts";
import { eachStreamRecord, readStreamHead, RECORDS, SETTLED } from "./stream-message.ts";
import type { ZoneStream } from "./zone-stream.ts";

/** A player who left the zone in this tick. */
export interface OpenCrossing extends Crossing {
  tick: number;
}

export interface FoundStream {
  found: FoundZone;
  /** Players who are on their way, oldest first. */
  crossings: OpenCrossing[];
  /** Sequence number of the message with the snapshot; 0 without one. */
  snapshot: number;
}

/** What the stream has up to this sequence number. Throws WowsimError("no_answer"). */
export async function findZone(stream: ZoneStream, last: number): Promise<FoundStream> {
  const newest = await stream.newestSnapshot();
  const first = await read(stream, newest, last);
  if (newest === null || first.found.history !== null) return first;
  const problems = [...first.found.problems, `The newest snapshot of zone ${stream.zone} can not be used.`];
  for (const { sequence } of (await stream.snapshots()).toReversed()) {
    if (sequence >= newest.sequence) continue;
    const earlier = await read(stream, { sequence: sequence - 1, bytes: null }, last);
    if (earlier.found.history === null) continue;
    const found = { ...earlier.found, problems: [...problems, ...earlier.found.problems] };
    return { ...earlier, found, snapshot: sequence };
  }
  return { ...first, found: { ...first.found, problems } };
}

async function read(
  stream: ZoneStream,
  after: { sequence: number; bytes: Uint8Array | null } | null,
  last: number,
): Promise<FoundStream> {
  const reading = new HistoryReading(stream.zone);
  if (after?.bytes) reading.take(after.bytes);
  await stream.read((after?.sequence ?? 0) + 1, last, ({ bytes }) => reading.take(bytes));
  return { found: reading.found(), crossings: reading.crossings, snapshot: after?.sequence ?? 0 };
}

/** Puts a history together, message by message. */
export class HistoryReading {
  readonly #zone: number;
  readonly #crossings = new Map<number, OpenCrossing>();
  readonly #problems: string[] = [];
  #history: ZoneHistory | null = null;
  #module = "";
  /** Of the worker's journal, which counts its beginnings; not of the owners. */
  #epoch = 0;
  #newestEpoch = 0;
  #newestTick = 0;
  /** A tick is missing: what follows can not be used. */
  #isBroken = false;

  constructor(zone: number) {
    this.#zone = zone;
  }

  get crossings(): OpenCrossing[] {
    return [...this.#crossings.values()];
  }

  take(message: Uint8Array): void {
    try {
      if (readStreamHead(message).kind !== RECORDS) return;
      eachStreamRecord(message, (view, at, length) => this.#record(view, message, at, length));
    } catch (error) {
      this.#problems.push(messageOf(error));
    }
  }

  found(): FoundZone {
    const history = this.#history;
    const last = history?.ticks.at(-1)?.tick ?? history?.snapshot.tick ?? 0;
    return {
      zone: this.#zone,
      epoch: this.#newestEpoch,
      history,
      module: history === null ? "" : this.#module,
      lostTicks: Math.max(0, this.#newestTick - last),
      problems: this.#problems,
    };
  }

  #record(view: DataView, bytes: Uint8Array, at: number, length: number): void {
    switch (view.getUint32(at, true)) {
      case TICK.kind:
        return this.#tick(view, bytes, at, length);
      case SNAPSHOT.kind:
        return this.#snapshot(view, bytes, at, length);
      case CROSSING.kind: {
        const crossing = CROSSING.read(view, at, length, CROSSING.empty());
        this.#crossings.delete(crossing.session);
        return void this.#crossings.set(crossing.session, crossing);
      }
      case SETTLED.kind: {
        const { session, tick } = SETTLED.read(view, at, length, SETTLED.empty());
        if ((this.#crossings.get(session)?.tick ?? Infinity) <= tick) this.#crossings.delete(session);
      }
    }
  }

  #snapshot(view: DataView, bytes: Uint8Array, at: number, length: number): void {
    const { epoch, tick, hash, module, tickets } = SNAPSHOT.read(view, at, length, SNAPSHOT.empty());
    const state = bytes.slice(at + SNAPSHOT.bytes, at + length);
    this.#history = { snapshot: { tick, hash: hexOf(hash), tickets: [...tickets], state }, ticks: [] };
    this.#module = hexOf(module);
    this.#epoch = epoch;
    this.#newestEpoch = Math.max(epoch, this.#newestEpoch);
    this.#newestTick = tick;
    this.#isBroken = false;
  }

  #tick(view: DataView, bytes: Uint8Array, at: number, length: number): void {
    const { epoch, tick, hash } = TICK.read(view, at, length, TICK.empty());
    this.#newestEpoch = Math.max(epoch, this.#newestEpoch);
    this.#newestTick = tick;
    if (this.#history === null || this.#isBroken) return;
    const { snapshot, ticks } = this.#history;
    // The tick whose state is the snapshot: it stands there for an undo.
    if (ticks.length === 0 && epoch === this.#epoch && tick === snapshot.tick) return;
    const next = (ticks.at(-1)?.tick ?? snapshot.tick) + 1;
    if (epoch !== this.#epoch || tick !== next) {
      this.#isBroken = true;
      this.#problems.push(`Tick ${next} of zone ${this.#zone} is missing.`);
      return;
    }
    ticks.push({ tick, hash: hexOf(hash), batch: bytes.slice(at + TICK.bytes, at + length) });
  }
}
