// Kernel events as JSON lines for the players who see them. Field names are those of the telemetry lines.
//
//   {"type":"event","event":"cast_started","tick":9,"source_id":3,"target_id":1000001,"spell_id":200,"cast_time_ticks":30}
//   {"type":"event","event":"killed","tick":20,"killer_id":3,"target_id":1000001}

import * as abi from "../../../assembly/abi.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { FrameReader } from "./frame-reader.ts";
import {
  AURA_ENDED_NAMES,
  AURA_NAMES,
  AVOIDED_NAMES,
  DAMAGE_NAMES,
  EVENT_NAMES,
  INTERRUPT_NAMES,
  nameOf,
  OP_NAMES,
  OUTCOME_NAMES,
  REFUSED_NAMES,
  TRADE_NAMES,
} from "./wire-names.ts";

// Indexes of the words of an event record: abi.ts, from EVENT_SOURCE on.
const SOURCE = 0;
const TARGET = 1;
const A = 2;
const B = 3;
const C = 4;
const D = 5;
const E = 6;
const F = 7;

/** Appends the event of the current record; an event kind without a name on the wire is left out. */
export function encodeJsonEvent(frame: FrameReader, out: ByteWriter): void {
  const kind = eventKindOf(frame);
  const name = EVENT_NAMES[kind];
  if (name === undefined) return;
  out.text('{"type":"event","event":"').text(name).text('","tick":').uint(frame.tick);
  writeFields(kind, frame, out);
  out.text("}\n");
}

/** Kind of the event in a RECORD_EVENT: the low byte of its info; the high byte is the event's own info. */
export function eventKindOf(frame: FrameReader): number {
  return frame.info & 0xff;
}

function writeFields(kind: number, frame: FrameReader, out: ByteWriter): void {
  const info = frame.info >>> 8;
  switch (kind) {
    case abi.EVENT_CAST_STARTED:
    case abi.EVENT_CAST_COMPLETED:
      return writeCast(frame, out);
    case abi.EVENT_CAST_INTERRUPTED:
      writeCast(frame, out);
      return writeText("reason", nameOf(INTERRUPT_NAMES, info), out);
    case abi.EVENT_CAST_BLOCKED_GCD:
      writeNumber("source_id", frame.word(SOURCE), out);
      writeNumber("spell_id", frame.word(A), out);
      return writeNumber("gcd_expires_tick", frame.word(B), out);
    case abi.EVENT_DAMAGE:
      return writeDamage(frame, info, out);
    case abi.EVENT_KILLED:
      writeNumber("killer_id", frame.word(SOURCE), out);
      return writeNumber("target_id", frame.word(TARGET), out);
    case abi.EVENT_HEALED:
      writeSourceTarget(frame, out);
      writeNumber("amount", frame.word(A), out);
      writeNumber("target_health", frame.word(B), out);
      return writeNumber("spell_id", frame.word(C), out);
    case abi.EVENT_REFUSED:
      writeText("reason", nameOf(REFUSED_NAMES, info), out);
      writeText("action", nameOf(OP_NAMES, frame.word(A)), out);
      writeNumber("seq", frame.word(B), out);
      return writeNumber("subject_id", frame.word(C), out);
    case abi.EVENT_AURA_APPLIED:
      writeSourceTarget(frame, out);
      writeText("aura", nameOf(AURA_NAMES, info), out);
      writeNumber("spell_id", frame.word(A), out);
      writeNumber("end_tick", frame.word(B), out);
      writeNumber("stacks", frame.word(C), out);
      return writeNumber("amount", frame.word(D), out);
    case abi.EVENT_AURA_ENDED:
      writeSourceTarget(frame, out);
      writeText("reason", nameOf(AURA_ENDED_NAMES, info), out);
      return writeNumber("spell_id", frame.word(A), out);
    case abi.EVENT_AVOIDED:
      writeSourceTarget(frame, out);
      writeText("reason", nameOf(AVOIDED_NAMES, info), out);
      return writeNumber("spell_id", frame.word(A), out);
    case abi.EVENT_EXPERIENCE:
      writeNumber("gained", frame.word(A), out);
      writeNumber("experience", frame.word(B), out);
      return writeNumber("next_level", frame.word(C), out);
    case abi.EVENT_LEVEL:
      writeNumber("entity_id", frame.word(SOURCE), out);
      return writeNumber("level", frame.word(A), out);
    case abi.EVENT_LOOT:
      writeNumber("creature_id", frame.word(TARGET), out);
      writeNumber("item", frame.word(A) >>> abi.STACK_KIND_SHIFT, out);
      writeNumber("count", frame.word(A) & abi.STACK_COUNT_MASK, out);
      writeNumber("held", frame.word(B), out);
      out.text(info === abi.LOOT_TAKEN ? ',"taken":true' : ',"taken":false');
      return;
    case abi.EVENT_TRADE:
      return writeTrade(frame, info, out);
    case abi.EVENT_REVIVED:
    case abi.EVENT_EVADED:
      return writeNumber("entity_id", frame.word(SOURCE), out);
    case abi.EVENT_AGGRO:
      return writeSourceTarget(frame, out);
    case abi.EVENT_CORRECTED:
      out.text(',"x":').fixed(frame.float(A)).text(',"y":').fixed(frame.float(B));
      out.text(',"z":').fixed(frame.float(C));
      return;
  }
}

function writeCast(frame: FrameReader, out: ByteWriter): void {
  writeSourceTarget(frame, out);
  writeNumber("spell_id", frame.word(A), out);
  writeNumber("cast_time_ticks", frame.word(B), out);
}

function writeDamage(frame: FrameReader, info: number, out: ByteWriter): void {
  writeNumber("attacker_id", frame.word(SOURCE), out);
  writeNumber("target_id", frame.word(TARGET), out);
  writeNumber("base_damage", frame.word(A), out);
  writeNumber("actual_damage", frame.word(B), out);
  writeText("damage_type", nameOf(DAMAGE_NAMES, info & 1), out);
  writeNumber("mitigation", frame.word(C), out);
  writeNumber("target_health", frame.word(D), out);
  writeNumber("spell_id", frame.word(E), out);
  if (frame.word(F) > 0) writeNumber("absorbed", frame.word(F), out);
  if (info & abi.DAMAGE_LANDS_MASK) writeText("outcome", nameOf(OUTCOME_NAMES, info & abi.DAMAGE_LANDS_MASK), out);
  if (info & abi.DAMAGE_PERIODIC) out.text(',"periodic":true');
}

function writeTrade(frame: FrameReader, info: number, out: ByteWriter): void {
  writeText("outcome", nameOf(TRADE_NAMES, info), out);
  writeNumber("maker_id", frame.word(SOURCE), out);
  writeNumber("partner_id", frame.word(TARGET), out);
  writeNumber("offer_id", frame.word(A), out);
  writeSide("gives", frame.word(B), frame.word(C), out);
  writeSide("wants", frame.word(D), frame.word(E), out);
  writeNumber("end_tick", frame.word(F), out);
}

/** One side of a trade: `"gives":[{"item":0,"count":30}]`. */
function writeSide(field: string, first: number, second: number, out: ByteWriter): void {
  out.text(',"').text(field).text('":[');
  if (first !== 0) writeStack(first, out);
  if (first !== 0 && second !== 0) out.text(",");
  if (second !== 0) writeStack(second, out);
  out.text("]");
}

/** A stack (assembly/abi.ts) as `{"item":3,"count":2}`. */
export function writeStack(stack: number, out: ByteWriter): void {
  out.text('{"item":').uint(stack >>> abi.STACK_KIND_SHIFT);
  out
    .text(',"count":')
    .uint(stack & abi.STACK_COUNT_MASK)
    .text("}");
}

function writeSourceTarget(frame: FrameReader, out: ByteWriter): void {
  writeNumber("source_id", frame.word(SOURCE), out);
  writeNumber("target_id", frame.word(TARGET), out);
}

function writeNumber(field: string, value: number, out: ByteWriter): void {
  out.text(',"').text(field).text('":').uint(value);
}

function writeText(field: string, value: string, out: ByteWriter): void {
  out.text(',"').text(field).text('":"').text(value).text('"');
}
