// The events of a lane's last tick as objects, with the fields of their JSON lines.
//
//   eventsOf(lane)          // [{ type: "event", event: "damage", tick: 4711, attacker_id: 1000001, target_id: 12, ... }]
//   eventsOf(lane, 12)      // only those in which entity 12 takes part
//
// Events of kinds without a JSON line are left out: EVENT_MOVED, of which there is one for each step of each entity.

import * as abi from "../../assembly/abi.ts";
import { ByteWriter } from "../protocol/game/byte-writer.ts";
import { FrameReader } from "../protocol/game/frame-reader.ts";
import { encodeJsonEvent } from "../protocol/game/json-events.ts";
import type { ReplayedEvent } from "../protocol/replay.ts";
import type { Lane } from "./lane.ts";

const HEADER_WORDS = abi.FRAME_HEADER_BYTES / 4;
/** Words of an event from its source on. */
const FIELD_WORDS = (abi.EVENT_BYTES - abi.EVENT_SOURCE) / 4;
const FRAME_WORDS = HEADER_WORDS + 1 + FIELD_WORDS;
/** Kinds whose JSON line goes to their own player, and so does not name it. */
const PRIVATE: ReadonlySet<number> = new Set([
  abi.EVENT_REFUSED,
  abi.EVENT_EXPERIENCE,
  abi.EVENT_CORRECTED,
  abi.EVENT_LOOT,
]);

const frame = new Uint32Array(FRAME_WORDS);
const bytes = new Uint8Array(frame.buffer);
const reader = new FrameReader();
const writer = new ByteWriter(512);

/** Number of events of the last tick. */
export function eventCountOf({ view, at }: Lane): number {
  return Math.min(view.getUint32(at.eventCount, true), at.eventsMax);
}

/** `entity`: only events that have it as source or target. */
export function eventsOf(lane: Lane, entity: number | null = null): ReplayedEvent[] {
  const events: ReplayedEvent[] = [];
  for (let index = 0; index < eventCountOf(lane); index++) {
    const event = entity === null || takesPart(lane, index, entity) ? eventAt(lane, index) : null;
    if (event !== null) events.push(event);
  }
  return events;
}

/** The event at that place; null when it has no JSON line. */
export function eventAt(lane: Lane, index: number): ReplayedEvent | null {
  const at = lane.at.events + index * abi.EVENT_BYTES;
  const kind = lane.view.getUint16(at + abi.EVENT_KIND, true);
  const info = lane.view.getUint16(at + abi.EVENT_INFO, true);
  frame[abi.FRAME_LENGTH / 4] = bytes.length;
  frame[abi.FRAME_TICK / 4] = lane.tick;
  frame[HEADER_WORDS] = abi.RECORD_EVENT | ((1 + FIELD_WORDS) << 8) | ((kind & 0xff) << 16) | ((info & 0xff) << 24);
  const source = (at + abi.EVENT_SOURCE) / 4;
  frame.set(lane.words.subarray(source, source + FIELD_WORDS), HEADER_WORDS + 1);
  reader.open(bytes, 0, bytes.length).next();
  writer.reset();
  encodeJsonEvent(reader, writer);
  if (writer.length === 0) return null;
  const event = parsed(Buffer.from(writer.bytes.buffer, 0, writer.length).toString("latin1"), lane.tick);
  return PRIVATE.has(kind) ? { ...event, entity_id: reader.word(0) } : event;
}

function parsed(text: string, tick: number): ReplayedEvent {
  try {
    return JSON.parse(text) as ReplayedEvent;
  } catch {
    // A position that is no number, from a module that writes garbage: JSON has no word for it.
    return { event: "unreadable", tick };
  }
}

function takesPart({ words, at }: Lane, index: number, entity: number): boolean {
  const place = (at.events + index * abi.EVENT_BYTES) / 4;
  return words[place + abi.EVENT_SOURCE / 4] === entity || words[place + abi.EVENT_TARGET / 4] === entity;
}
