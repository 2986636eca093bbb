// Applies a kernel frame (assembly/abi.ts) to a player's world model: the same as world-model.ts does with the JSON lines, but
// without creating an object for each record.
//
//   applyFrame(client.world, frame, onEvent, told)       // the frame's reader stands before the first record
//   told.problems      // ["change of unknown 8"]
//   told.position      // where the player itself is now, when told.isMoved
//
// Thousands of players each receive twenty frames a second, so a frame about known entities only creates no objects.

import * as abi from "../../assembly/abi.ts";
import { RECORD_NOT_DURABLE } from "../../server/protocol/game/binary-wire.ts";
import type { FrameReader } from "../../server/protocol/game/frame-reader.ts";
import { entityFlagNames } from "../../server/protocol/game/wire-names.ts";
import type { KnownAura, KnownEntity, Position, SelfState, WorldModel } from "./world-model.ts";

/** What a frame reported beside the changes of the model; the object is reused for the next frame. */
export class FrameOutcome {
  readonly problems: string[] = [];
  isReset = false;
  /** The frame had the player's own numbers. */
  isSelfTold = false;
  /** The frame had the player's own position. */
  isMoved = false;
  readonly position: Position = { x: 0, y: 0, z: 0 };

  clear(): this {
    if (this.problems.length > 0) this.problems.length = 0;
    this.isReset = false;
    this.isSelfTold = false;
    this.isMoved = false;
    return this;
  }
}

/** Applies the frame; `onEvent` is called with the reader at each event. Returns `outcome`, filled. */
export function applyFrame(
  world: WorldModel,
  frame: FrameReader,
  onEvent: (frame: FrameReader) => void,
  outcome = new FrameOutcome(),
): FrameOutcome {
  outcome.clear();
  outcome.isReset = frame.isReset;
  if (!outcome.isReset && frame.tick <= world.tick)
    outcome.problems.push(`tick ${frame.tick} after tick ${world.tick}`);
  world.tick = frame.tick;
  world.durable = true;
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
    case abi.RECORD_CHANGE:
      return applyChange(world, frame, outcome);
    case abi.RECORD_EVENT:
      return onEvent(frame);
    case abi.RECORD_ENTER:
      return enter(world, frame, outcome);
    case abi.RECORD_LEAVE:
      if (!world.entities.delete(frame.word(0))) outcome.problems.push(`leave of unknown ${frame.word(0)}`);
      return;
    case abi.RECORD_SELF:
      outcome.isSelfTold = true;
      return applySelf(world, frame);
    case abi.RECORD_PACE:
      world.pace = { level: frame.info, rate: frame.float(0), sight_yd: frame.float(1) };
      return;
    case abi.RECORD_STACKS:
      world.inventory.clear();
      for (let index = 0; index < Math.min(frame.info, frame.fieldCount); index++)
        world.inventory.set(frame.word(index) >>> abi.STACK_KIND_SHIFT, frame.word(index) & abi.STACK_COUNT_MASK);
      return;
    case abi.RECORD_AURAS:
      return applyAuras(world, frame, outcome);
    case abi.RECORD_RESET:
      return world.forget();
    case RECORD_NOT_DURABLE:
      world.durable = false;
  }
}

function enter(world: WorldModel, frame: FrameReader, outcome: FrameOutcome): void {
  const id = frame.word(0);
  const flags = frame.word(7) >>> 8;
  if (world.entities.has(id)) outcome.problems.push(`enter of known ${id}`);
  world.entities.set(id, {
    id,
    kind: (flags & abi.ENTITY_PLAYER) === 0 ? "creature" : "player",
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
    if (frame.info & abi.CHANGE_POSITION) applyPosition(frame, outcome);
    return;
  }
  const entity = world.entities.get(id);
  if (entity === undefined) outcome.problems.push(`change of unknown ${id}`);
  else changeFields(entity, frame);
}

function applyPosition(frame: FrameReader, outcome: FrameOutcome): void {
  const { position } = outcome;
  outcome.isMoved = true;
  position.x = frame.float(1);
  position.y = frame.float(2);
  position.z = frame.float(3);
}

function changeFields(entity: KnownEntity, frame: FrameReader): void {
  const mask = frame.info;
  let at = 1;
  if (mask & abi.CHANGE_POSITION) {
    entity.x = frame.float(at);
    entity.y = frame.float(at + 1);
    entity.z = frame.float(at + 2);
    at += 3;
  }
  if (mask & abi.CHANGE_HEALTH) {
    entity.health = frame.word(at);
    entity.max_health = frame.word(at + 1);
    at += 2;
  }
  if (mask & abi.CHANGE_FLAGS) {
    entity.level = frame.word(at) & 0xff;
    entity.flags = flagNames(frame.word(at) >>> 8);
    at += 1;
  }
  if (mask & abi.CHANGE_TARGET) {
    entity.target = frame.word(at);
    at += 1;
  }
  if (mask & abi.CHANGE_CAST) {
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
  const auras = (entity.auras ??= []);
  for (let index = 0; index < frame.info; index++) {
    const aura = (auras[index] ??= newAura());
    const packed = frame.word(1 + index * 3);
    aura.spell_id = packed & 0xffff;
    aura.stacks = packed >>> 16;
    aura.end_tick = frame.word(2 + index * 3);
    aura.caster_id = frame.word(3 + index * 3);
  }
  auras.length = frame.info;
}

function newAura(): KnownAura {
  return { spell_id: 0, stacks: 0, end_tick: 0, caster_id: 0 };
}

function applySelf(world: WorldModel, frame: FrameReader): void {
  const self = (world.self ??= newSelf());
  self.health = frame.word(0);
  self.max_health = frame.word(1);
  self.power = frame.word(2);
  self.max_power = frame.word(3);
  self.target = frame.word(4);
  self.cast_spell_id = frame.word(5);
  self.cast_end_tick = frame.word(6);
  self.gcd_end_tick = frame.word(7);
}

/** The state of a player before the first numbers. */
export function newSelf(): SelfState {
  return {
    health: 0,
    max_health: 0,
    power: 0,
    max_power: 0,
    target: 0,
    cast_spell_id: 0,
    cast_end_tick: 0,
    gcd_end_tick: 0,
  };
}

const knownFlags = new Map<number, string[]>();

/** Names of the flags; the same array for the same flags, because there are only a few combinations. */
function flagNames(flags: number): string[] {
  let names = knownFlags.get(flags);
  if (names === undefined) knownFlags.set(flags, (names = entityFlagNames(flags)));
  return names;
}
