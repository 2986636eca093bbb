// Puts one command for a zone into the ring to its worker (wire.ts): the zone, then the record of assembly/abi.ts.

import {
  COMMAND_A,
  COMMAND_B,
  COMMAND_C,
  COMMAND_D,
  COMMAND_E,
  COMMAND_FLAGS,
  COMMAND_OP,
  COMMAND_SEQ,
  COMMAND_SESSION,
} from "../../../assembly/abi.ts";
import type { Ring } from "../../shared/ring.ts";
import { COMMAND_MESSAGE_BYTES } from "../../shared/ring-records.ts";

/** With b, c, d as f32; false when the ring is full. */
export function writeCommand(
  ring: Ring,
  zoneId: number,
  op: number,
  session: number,
  seq: number,
  flags: number,
  a: number,
  x: number,
  y: number,
  z: number,
  e: number,
): boolean {
  const at = ring.reserve(COMMAND_MESSAGE_BYTES);
  if (at < 0) return false;
  writeHead(ring.view, at, zoneId, op, session, seq, flags, a, e);
  ring.view.setFloat32(at + 4 + COMMAND_B, x, true);
  ring.view.setFloat32(at + 4 + COMMAND_C, y, true);
  ring.view.setFloat32(at + 4 + COMMAND_D, z, true);
  ring.commit();
  return true;
}

/** With b, c, d as u32; false when the ring is full. */
export function writeCommandInts(
  ring: Ring,
  zoneId: number,
  op: number,
  session: number,
  seq: number,
  flags: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
): boolean {
  const at = ring.reserve(COMMAND_MESSAGE_BYTES);
  if (at < 0) return false;
  writeHead(ring.view, at, zoneId, op, session, seq, flags, a, e);
  ring.view.setUint32(at + 4 + COMMAND_B, b, true);
  ring.view.setUint32(at + 4 + COMMAND_C, c, true);
  ring.view.setUint32(at + 4 + COMMAND_D, d, true);
  ring.commit();
  return true;
}

function writeHead(
  view: DataView,
  at: number,
  zoneId: number,
  op: number,
  session: number,
  seq: number,
  flags: number,
  a: number,
  e: number,
): void {
  view.setUint32(at, zoneId, true);
  view.setUint16(at + 4 + COMMAND_OP, op, true);
  view.setUint16(at + 4 + COMMAND_FLAGS, flags, true);
  view.setUint32(at + 4 + COMMAND_SESSION, session, true);
  view.setUint32(at + 4 + COMMAND_SEQ, seq, true);
  view.setUint32(at + 4 + COMMAND_A, a, true);
  view.setUint32(at + 4 + COMMAND_E, e, true);
}
