// Kernel frames as plain objects, read with the gateway's own reader, and what one watcher knows from them.
//
//   decodeFrames(bytes, base, length)   // Map { session => { tick: 9, ack: 4, reset: true, enter: [...], ... } }
//   const model = new WatcherModel(); model.apply(frame)   // ["change of unknown 8"], [] when nothing is wrong

import * as abi from "../../assembly/abi.ts";
import { FrameReader } from "../../server/protocol/game/frame-reader.ts";

export interface SeenEntity {
  id: number;
  template: number;
  x: number;
  y: number;
  z: number;
  health: number;
  maxHealth: number;
  target: number;
  level: number;
  flags: number;
  castSpell?: number;
  castEnd?: number;
  auras?: SeenAura[];
}

export interface SeenAura {
  spell: number;
  stacks: number;
  end: number;
  caster: number;
}

export interface SelfNumbers {
  health: number;
  maxHealth: number;
  power: number;
  maxPower: number;
  target: number;
  castSpell: number;
  castEnd: number;
  gcdEnd: number;
}

export interface Frame {
  session: number;
  tick: number;
  ack: number;
  reset: boolean;
  self: SelfNumbers | null;
  enter: SeenEntity[];
  change: (Partial<SeenEntity> & { id: number })[];
  leave: number[];
  events: { kind: number; info: number; words: number[] }[];
  /** What the player holds, where the frame says it. */
  stacks?: number[];
  /** Where the frame says it. */
  pace?: { level: number; rate: number; sightYd: number };
}

/** The frames in `length` bytes from `base`, by session. */
export function decodeFrames(bytes: Uint8Array, base: number, length: number): Map<number, Frame> {
  const reader = new FrameReader();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const frames = new Map<number, Frame>();
  for (let at = base; at < base + length;) {
    const frameBytes = view.getUint32(at + abi.FRAME_LENGTH, true);
    const frame = decodeFrame(reader.open(bytes, at, frameBytes));
    if (frames.has(frame.session)) throw new Error(`Two frames for session ${frame.session} in tick ${frame.tick}.`);
    frames.set(frame.session, frame);
    at += frameBytes;
  }
  return frames;
}

function decodeFrame(reader: FrameReader): Frame {
  const { session, tick, ack } = reader;
  const frame: Frame = { session, tick, ack, reset: false, self: null, enter: [], change: [], leave: [], events: [] };
  while (reader.next()) {
    if (reader.kind === abi.RECORD_RESET) frame.reset = true;
    else if (reader.kind === abi.RECORD_SELF) frame.self = readSelf(reader);
    else if (reader.kind === abi.RECORD_ENTER) frame.enter.push(readEnter(reader));
    else if (reader.kind === abi.RECORD_CHANGE) frame.change.push(readChange(reader));
    else if (reader.kind === abi.RECORD_LEAVE) frame.leave.push(reader.word(0));
    else if (reader.kind === abi.RECORD_AURAS) frame.change.push({ id: reader.word(0), auras: readAuras(reader) });
    else if (reader.kind === abi.RECORD_PACE)
      frame.pace = { level: reader.info, rate: reader.float(0), sightYd: reader.float(1) };
    else if (reader.kind === abi.RECORD_STACKS)
      frame.stacks = Array.from({ length: reader.info }, (_, index) => reader.word(index));
    else if (reader.kind === abi.RECORD_EVENT) {
      const words = Array.from({ length: 9 }, (_, index) => reader.word(index));
      frame.events.push({ kind: reader.info & 0xff, info: reader.info >>> 8, words });
    } else throw new Error(`Unknown record kind ${reader.kind}.`);
  }
  return frame;
}

function readSelf(reader: FrameReader): SelfNumbers {
  const [health, maxHealth, power, maxPower, target, castSpell, castEnd, gcdEnd] = Array.from(
    { length: 8 },
    (_, index) => reader.word(index),
  ) as [number, number, number, number, number, number, number, number];
  return { health, maxHealth, power, maxPower, target, castSpell, castEnd, gcdEnd };
}

function readAuras(reader: FrameReader): SeenAura[] {
  return Array.from({ length: reader.info }, (_, index) => {
    const [packed, end, caster] = [0, 1, 2].map((word) => reader.word(1 + index * 3 + word)) as [
      number,
      number,
      number,
    ];
    return { spell: packed & 0xffff, stacks: packed >>> 16, end, caster };
  });
}

function readEnter(reader: FrameReader): SeenEntity {
  return {
    id: reader.word(0),
    template: reader.info,
    x: reader.float(1),
    y: reader.float(2),
    z: reader.float(3),
    health: reader.word(4),
    maxHealth: reader.word(5),
    target: reader.word(6),
    level: reader.word(7) & 0xff,
    flags: reader.word(7) >>> 8,
  };
}

function readChange(reader: FrameReader): Partial<SeenEntity> & { id: number } {
  let at = 1;
  const word = (): number => reader.word(at++);
  const float = (): number => reader.float(at++);
  const mask = reader.info;
  const change: Partial<SeenEntity> & { id: number } = { id: reader.word(0) };
  if (mask & abi.CHANGE_POSITION) Object.assign(change, { x: float(), y: float(), z: float() });
  if (mask & abi.CHANGE_HEALTH) Object.assign(change, { health: word(), maxHealth: word() });
  if (mask & abi.CHANGE_FLAGS) {
    const levelAndFlags = word();
    Object.assign(change, { level: levelAndFlags & 0xff, flags: levelAndFlags >>> 8 });
  }
  if (mask & abi.CHANGE_TARGET) Object.assign(change, { target: word() });
  if (mask & abi.CHANGE_CAST) Object.assign(change, { castSpell: word(), castEnd: word() });
  return change;
}

/** What one session knows, put together from its frames. */
export class WatcherModel {
  readonly entities = new Map<number, SeenEntity>();
  self: SelfNumbers | null = null;
  /** What it holds. */
  stacks: number[] = [];
  /** Where the session's own entity is, as it was told. */
  own: { x?: number; y?: number; z?: number; auras?: SeenAura[] } = {};
  isReset = false;

  /** Takes a frame in; what was wrong with it. */
  apply(frame: Frame): string[] {
    const problems: string[] = [];
    if (frame.reset) {
      this.entities.clear();
      this.stacks = [];
      this.isReset = true;
    } else if (!this.isReset) problems.push("a first frame without a reset");
    if (frame.self !== null) this.self = frame.self;
    if (frame.stacks !== undefined) this.stacks = frame.stacks;
    for (const id of frame.leave) if (!this.entities.delete(id)) problems.push(`leave of unknown ${id}`);
    for (const entity of frame.enter) {
      if (this.entities.has(entity.id)) problems.push(`enter of known ${entity.id}`);
      this.entities.set(entity.id, entity);
    }
    for (const change of frame.change) {
      const known = change.id === frame.session ? this.own : this.entities.get(change.id);
      if (known === undefined) problems.push(`change of unknown ${change.id}`);
      else Object.assign(known, change);
    }
    return problems;
  }
}
