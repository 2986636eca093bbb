// Events as a client's owner receives them: in the form of the JSON lines, in either encoding. Most are only
// counted; refusals and the events that the owner asked for become objects.

import { ByteWriter } from "../../server/protocol/game/byte-writer.ts";
import type { FrameReader } from "../../server/protocol/game/frame-reader.ts";
import { encodeJsonEvent, eventKindOf } from "../../server/protocol/game/json-events.ts";
import { EVENT_NAMES, nameOf } from "../../server/protocol/game/wire-names.ts";
import { count } from "./client-stats.ts";
import type { ClientStats } from "./client-stats.ts";
import type { GameEvent } from "./wire.ts";

export interface EventWishes {
  onEvent?(event: GameEvent): void;
  /** Names of the events that onEvent receives; default all. */
  onlyEvents?: ReadonlySet<string>;
}

export function takeEvent(event: GameEvent, { onEvent, onlyEvents }: EventWishes, stats: ClientStats): void {
  stats.events++;
  if (event.event === "refused") count(stats.refusals, String(event["reason"]));
  else count(stats.eventsByName, event.event);
  if (onlyEvents?.has(event.event) ?? true) onEvent?.(event);
}

/** Takes the event at which a frame's reader stands. */
export function takeFrameEvent(frame: FrameReader, wishes: EventWishes, stats: ClientStats): void {
  const { onEvent, onlyEvents } = wishes;
  const name = nameOf(EVENT_NAMES, eventKindOf(frame));
  const isWanted = name === "refused" || (onEvent !== undefined && (onlyEvents?.has(name) ?? true));
  if (isWanted) return takeEvent(toEvent(frame), wishes, stats);
  stats.events++;
  count(stats.eventsByName, name);
}

const eventWriter = new ByteWriter(512);

/** The event in the form of the JSON lines. */
function toEvent(frame: FrameReader): GameEvent {
  eventWriter.reset();
  encodeJsonEvent(frame, eventWriter);
  return JSON.parse(Buffer.from(eventWriter.bytes.buffer, 0, eventWriter.length).toString("latin1")) as GameEvent;
}
