// A kernel frame (assembly/abi.ts) into a player's world model: what world-model.ts does with the JSON lines, without an
// object for everything that is told.
//
//   const told = applyFrame(client.world, frame)       // frame stands before its first record
//   told.problems      // ["change of unknown 8"]
//   told.position      // where the player itself is now, or null when that has not changed

import {
  CHANGE_CAST,
  CHANGE_FLAGS,
  CHANGE_HEALTH,
  CHANGE_POSITION,
  CHANGE_TARGET,
  ENTITY_PLAYER,
  RECORD_AURAS,
  RECORD_CHANGE,
  RECORD_ENTER,
  RECORD_EVENT,
  RECORD_LEAVE,
  RECORD_RESET,
  RECORD_SELF,
} from "../../assembly/abi.ts";
import type { FrameReader } from "../../server/net/frame-reader.ts";
import { entityFlagNames } from "../../server/net/wire-names.ts";
import type { KnownAura, KnownEntity, Position, SelfState, WorldModel } from "./world-model.ts";

/** What a frame told beside what is in the model now. */
export interface FrameOutcome {
  problems: string[];
  isReset: boolean;
  self: SelfState | null;
  position: Position | null;
}

/** Takes the frame in; `onEvent` sees the reader on each event. */
export function applyFrame(world: WorldModel, frame: FrameReader, onEvent: (frame: FrameReader) => void): FrameOutcome {
  const outcome: FrameOutcome = { problems: [], isReset: frame.isReset, self: null, position: null };
  if (!outcome.isReset && frame.tick <= world.tick)
    outcome.problems.push(`tick ${frame.tick} after tick ${world.tick}`);
  world.tick = frame.tick;
  while (frame.next()) applyRecord(world, frame, outcome, onEvent);
  return outcome;
}

function applyRecord(
  world: WorldModel,
  frame: FrameReader,
  outcome: FrameOutcome,
  onEvent: (frame: FrameReader) => void,
): void {
  switch (frame.kind) {
    case RECORD_CHANGE:
      return applyChange(world, frame, outcome);
    case RECORD_EVENT:
      return onEvent(frame);
    case RECORD_ENTER:
      return enter(world, frame, outcome);
    case RECORD_LEAVE:
      if (!world.entities.delete(frame.word(0))) outcome.problems.push(`leave of unknown ${frame.word(0)}`);
      return;
    case RECORD_SELF:
      world.self = outcome.self = readSelf(frame);
      return;
    case RECORD_AURAS:
      return applyAuras(world, frame, outcome);
    case RECORD_RESET:
      return world.forget();
  }
}

function enter(world: WorldModel, frame: FrameReader, outcome: FrameOutcome): void {
  const id = frame.word(0);
  const flags = frame.word(7) >>> 8;
  if (world.entities.has(id)) outcome.problems.push(`enter of known ${id}`);
  world.entities.set(id, {
    id,
    kind: (flags & ENTITY_PLAYER) === 0 ? "creature" : "player",
    template: frame.info,
    level: frame.word(7) & 0xff,
    x: frame.float(1),
    y: frame.float(2),
    z: frame.float(3),
    health: frame.word(4),
    max_health: frame.word(5),
    target: frame.word(6),
    flags: flagNames(flags),
  });
}

function applyChange(world: WorldModel, frame: FrameReader, outcome: FrameOutcome): void {
  const id = frame.word(0);
  if (id === frame.session) {
    if (frame.info & CHANGE_POSITION) outcome.position = { x: frame.float(1), y: frame.float(2), z: frame.float(3) };
    return;
  }
  const entity = world.entities.get(id);
  if (entity === undefined) outcome.problems.push(`change of unknown ${id}`);
  else changeFields(entity, frame);
}

function changeFields(entity: KnownEntity, frame: FrameReader): void {
  const mask = frame.info;
  let at = 1;
  if (mask & CHANGE_POSITION) {
    entity.x = frame.float(at);
    entity.y = frame.float(at + 1);
    entity.z = frame.float(at + 2);
    at += 3;
  }
  if (mask & CHANGE_HEALTH) {
    entity.health = frame.word(at);
    entity.max_health = frame.word(at + 1);
    at += 2;
  }
  if (mask & CHANGE_FLAGS) {
    entity.level = frame.word(at) & 0xff;
    entity.flags = flagNames(frame.word(at) >>> 8);
    at += 1;
  }
  if (mask & CHANGE_TARGET) {
    entity.target = frame.word(at);
    at += 1;
  }
  if (mask & CHANGE_CAST) {
    entity.cast_spell_id = frame.word(at);
    entity.cast_end_tick = frame.word(at + 1);
  }
}

function applyAuras(world: WorldModel, frame: FrameReader, outcome: FrameOutcome): void {
  const id = frame.word(0);
  if (id === frame.session) return;
  const entity = world.entities.get(id);
  if (entity === undefined) {
    outcome.problems.push(`auras of unknown ${id}`);
    return;
  }
  entity.auras = Array.from({ length: frame.info }, (_, index): KnownAura => {
    const packed = frame.word(1 + index * 3);
    const [end_tick, caster_id] = [frame.word(2 + index * 3), frame.word(3 + index * 3)];
    return { spell_id: packed & 0xffff, stacks: packed >>> 16, end_tick, caster_id };
  });
}

function readSelf(frame: FrameReader): SelfState {
  return {
    health: frame.word(0),
    max_health: frame.word(1),
    power: frame.word(2),
    max_power: frame.word(3),
    target: frame.word(4),
    cast_spell_id: frame.word(5),
    cast_end_tick: frame.word(6),
    gcd_end_tick: frame.word(7),
  };
}

const knownFlags = new Map<number, string[]>();

/** Names of the flags; the same list for the same flags, since there are only so many. */
function flagNames(flags: number): string[] {
  let names = knownFlags.get(flags);
  if (names === undefined) knownFlags.set(flags, (names = entityFlagNames(flags)));
  return names;
}
