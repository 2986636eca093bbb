// Encodes one kernel frame as JSON lines: a `state` line (the changes in what the session sees), then an `event` line
// for each event that involves the session or that it sees. Writes directly into bytes, see byte-writer.ts.
//
//   {"type":"state","tick":9,"ack":4,"reset":true,"self":{"health":80,...},"position":{"x":1,"y":2,"z":0},
//    "enter":[{"id":1000001,...}],"change":[],"leave":[]}
//   {"type":"event","event":"damage","tick":9,"attacker_id":1000001,"target_id":3,"base_damage":12,...}

import * as abi from "../../../assembly/abi.ts";
import type { ByteWriter } from "../../protocol/game/byte-writer.ts";
import type { EntityNames } from "./codec.ts";
import type { FrameReader } from "../../protocol/game/frame-reader.ts";
import { encodeJsonEvent, writeStack } from "../../protocol/game/json-events.ts";
import { entityFlagNames } from "../../protocol/game/wire-names.ts";

const CHANGES = (1 << abi.RECORD_CHANGE) | (1 << abi.RECORD_AURAS);
const COMMA = 0x2c;
const CLOSE_BRACE = 0x7d;

/** Appends the frame's lines; the reader stands before its first record. */
export function encodeJsonFrame(frame: FrameReader, names: EntityNames, out: ByteWriter, isDurable = true): void {
  const kinds = kindsIn(frame);
  out.text('{"type":"state","tick":').uint(frame.tick);
  if (frame.ack > 0) out.text(',"ack":').uint(frame.ack);
  if (kinds & (1 << abi.RECORD_RESET)) out.text(',"reset":true');
  if (!isDurable) out.text(',"durable":false');
  if (kinds & (1 << abi.RECORD_PACE)) writeEach(frame, abi.RECORD_PACE, () => writePace(frame, out));
  if (kinds & (1 << abi.RECORD_SELF)) writeEach(frame, abi.RECORD_SELF, () => writeSelf(frame, out));
  if (kinds & (1 << abi.RECORD_STACKS)) writeEach(frame, abi.RECORD_STACKS, () => writeInventory(frame, out));
  if (kinds & (1 << abi.RECORD_CHANGE)) writeOwnPosition(frame, out);
  if (kinds & (1 << abi.RECORD_AURAS)) writeOwnAuras(frame, out);
  out.text(',"enter":[');
  if (kinds & (1 << abi.RECORD_ENTER)) writeList(frame, isEnter, out, () => writeEnter(frame, names, out));
  out.text('],"change":[');
  if (kinds & CHANGES) writeList(frame, isChangeOfOther, out, () => writeChangeOrAuras(frame, out));
  out.text('],"leave":[');
  if (kinds & (1 << abi.RECORD_LEAVE)) writeList(frame, isLeave, out, () => out.uint(frame.word(0)));
  out.text("]}\n");
  if (kinds & (1 << abi.RECORD_EVENT)) writeEach(frame, abi.RECORD_EVENT, () => encodeJsonEvent(frame, out));
}

/** Bit n is set when the frame has a record of kind n. */
function kindsIn(frame: FrameReader): number {
  let kinds = 0;
  frame.rewind();
  while (frame.next()) kinds |= 1 << (frame.kind & 31);
  return kinds;
}

function writeEach(frame: FrameReader, kind: number, write: () => void): void {
  frame.rewind();
  while (frame.next()) if (frame.kind === kind) write();
}

const isEnter = (frame: FrameReader): boolean => frame.kind === abi.RECORD_ENTER;
const isLeave = (frame: FrameReader): boolean => frame.kind === abi.RECORD_LEAVE;
const isChangeOfOther = (frame: FrameReader): boolean =>
  (frame.kind === abi.RECORD_CHANGE || frame.kind === abi.RECORD_AURAS) && frame.word(0) !== frame.session;

function writeList(
  frame: FrameReader,
  belongs: (frame: FrameReader) => boolean,
  out: ByteWriter,
  write: () => void,
): void {
  let isFirst = true;
  frame.rewind();
  while (frame.next()) {
    if (!belongs(frame)) continue;
    if (!isFirst) out.byte(COMMA);
    isFirst = false;
    write();
  }
}

function writePace(frame: FrameReader, out: ByteWriter): void {
  out.text(',"pace":{"level":').uint(frame.info);
  out.text(',"rate":').fixed(frame.float(0)).text(',"sight_yd":').fixed(frame.float(1)).byte(CLOSE_BRACE);
}

function writeSelf(frame: FrameReader, out: ByteWriter): void {
  out.text(',"self":{"health":').uint(frame.word(0));
  out.text(',"max_health":').uint(frame.word(1));
  out.text(',"power":').uint(frame.word(2));
  out.text(',"max_power":').uint(frame.word(3));
  out.text(',"target":').uint(frame.word(4));
  out.text(',"cast_spell_id":').uint(frame.word(5));
  out.text(',"cast_end_tick":').uint(frame.word(6));
  out.text(',"gcd_end_tick":').uint(frame.word(7));
  out.byte(CLOSE_BRACE);
}

/** All that the player holds, in place of what was told before. */
function writeInventory(frame: FrameReader, out: ByteWriter): void {
  out.text(',"inventory":[');
  // The number of stacks that are really in the record, whatever its count says.
  const count = Math.min(frame.info, frame.fieldCount);
  for (let index = 0; index < count; index++) {
    if (index > 0) out.byte(COMMA);
    writeStack(frame.word(index), out);
  }
  out.text("]");
}

/** A session's own entity never enters its view; its position is sent as a change. */
function writeOwnPosition(frame: FrameReader, out: ByteWriter): void {
  writeEach(frame, abi.RECORD_CHANGE, () => {
    if (frame.word(0) !== frame.session || (frame.info & abi.CHANGE_POSITION) === 0) return;
    out.text(',"position":{"x":').fixed(frame.float(1)).text(',"y":').fixed(frame.float(2));
    out.text(',"z":').fixed(frame.float(3)).byte(CLOSE_BRACE);
  });
}

/** A session's own auras are sent beside its position: `"auras":[{"spell_id":7,...}]`. */
function writeOwnAuras(frame: FrameReader, out: ByteWriter): void {
  writeEach(frame, abi.RECORD_AURAS, () => {
    if (frame.word(0) !== frame.session) return;
    writeAuras(frame, out);
  });
}

function writeAuras(frame: FrameReader, out: ByteWriter): void {
  out.text(',"auras":[');
  // The number of auras that are really in the record, whatever its count says.
  const count = Math.min(frame.info, Math.floor((frame.fieldCount - 1) / 3));
  for (let index = 0; index < count; index++) {
    const packed = frame.word(1 + index * 3);
    if (index > 0) out.byte(COMMA);
    out
      .text('{"spell_id":')
      .uint(packed & 0xffff)
      .text(',"stacks":')
      .uint(packed >>> 16);
    out
      .text(',"end_tick":')
      .uint(frame.word(2 + index * 3))
      .text(',"caster_id":')
      .uint(frame.word(3 + index * 3));
    out.byte(CLOSE_BRACE);
  }
  out.text("]");
}

function writeChangeOrAuras(frame: FrameReader, out: ByteWriter): void {
  if (frame.kind === abi.RECORD_CHANGE) return writeChange(frame, out);
  out.text('{"id":').uint(frame.word(0));
  writeAuras(frame, out);
  out.byte(CLOSE_BRACE);
}

function writeEnter(frame: FrameReader, names: EntityNames, out: ByteWriter): void {
  const id = frame.word(0);
  const flags = frame.word(7) >>> 8;
  const isPlayer = (flags & abi.ENTITY_PLAYER) !== 0;
  const name = isPlayer ? names.player(id) : names.creature(frame.info);
  out
    .text('{"id":')
    .uint(id)
    .text(isPlayer ? ',"kind":"player"' : ',"kind":"creature"');
  if (name !== null) out.text(',"name":').text(name);
  out
    .text(',"template":')
    .uint(frame.info)
    .text(',"level":')
    .uint(frame.word(7) & 0xff);
  writePosition(frame, 1, out);
  out.text(',"health":').uint(frame.word(4)).text(',"max_health":').uint(frame.word(5));
  out.text(',"target":').uint(frame.word(6));
  writeFlags(flags, out);
  out.byte(CLOSE_BRACE);
}

function writeChange(frame: FrameReader, out: ByteWriter): void {
  const mask = frame.info;
  let at = 1;
  out.text('{"id":').uint(frame.word(0));
  if (mask & abi.CHANGE_POSITION) {
    writePosition(frame, at, out);
    at += 3;
  }
  if (mask & abi.CHANGE_HEALTH) {
    out
      .text(',"health":')
      .uint(frame.word(at))
      .text(',"max_health":')
      .uint(frame.word(at + 1));
    at += 2;
  }
  if (mask & abi.CHANGE_FLAGS) {
    out.text(',"level":').uint(frame.word(at) & 0xff);
    writeFlags(frame.word(at) >>> 8, out);
    at += 1;
  }
  if (mask & abi.CHANGE_TARGET) {
    out.text(',"target":').uint(frame.word(at));
    at += 1;
  }
  if (mask & abi.CHANGE_CAST) {
    out
      .text(',"cast_spell_id":')
      .uint(frame.word(at))
      .text(',"cast_end_tick":')
      .uint(frame.word(at + 1));
  }
  out.byte(CLOSE_BRACE);
}

function writePosition(frame: FrameReader, at: number, out: ByteWriter): void {
  out.text(',"x":').fixed(frame.float(at));
  out.text(',"y":').fixed(frame.float(at + 1));
  out.text(',"z":').fixed(frame.float(at + 2));
}

/** JSON lists of flag names, created once: the number of combinations is small. */
const flagLists: string[] = Array.from(
  { length: 64 },
  (_, flags) => `,"flags":${JSON.stringify(entityFlagNames(flags))}`,
);

function writeFlags(flags: number, out: ByteWriter): void {
  out.text(flagLists[flags & 63] ?? ',"flags":[]');
}
