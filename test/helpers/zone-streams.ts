// Random command streams for zones: what players and faults may send, sensible and senseless.

import fc from "fast-check";
import * as abi from "../../assembly/abi.ts";
import type { Command } from "./zone-commands.ts";

const session = fc.integer({ min: 1, max: 6 });
const entity = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1_000_001, max: 1_000_030 }) },
  { weight: 2, arbitrary: session },
  { weight: 1, arbitrary: fc.nat() },
);
const near = fc.integer({ min: -40, max: 40 });
const coordinate = fc.oneof(
  { weight: 12, arbitrary: near },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -1e30, 5_000) },
);
const word = fc.nat({ max: 0xffff_ffff });

const join = fc.record({
  op: fc.constant(abi.OP_JOIN),
  session,
  flags: fc.integer({ min: 0, max: 3 }),
  x: near,
  y: near,
  e: fc.integer({ min: 0, max: 3 }).map((classIndex) => classIndex | (10 << 8)),
});
const move = fc.record({ op: fc.constant(abi.OP_MOVE), session, x: coordinate, y: coordinate, z: coordinate });
const cast = fc.record({
  op: fc.constant(abi.OP_CAST),
  session,
  a: entity,
  b: fc.constantFrom(100, 101, 102, 103, 200, 201, 300, 4_000),
});
const attack = fc.record({ op: fc.constant(abi.OP_ATTACK), session, a: entity, b: fc.nat(50) });
const plain = fc.record({
  op: fc.constantFrom(
    abi.OP_LEAVE,
    abi.OP_CANCEL_CAST,
    abi.OP_STOP_ATTACK,
    abi.OP_RELEASE,
    abi.OP_WATCH,
    abi.OP_UNWATCH,
  ),
  session,
});
const byHost = fc.record({
  op: fc.constantFrom(abi.OP_NUDGE, abi.OP_PLACE, abi.OP_SPAWN, abi.OP_DESPAWN),
  a: fc.oneof(entity, fc.integer({ min: 2_000_001, max: 2_000_004 })),
  x: coordinate,
  y: coordinate,
  e: fc.nat(3),
});
const senseless = fc.record({
  op: fc.nat({ max: 0xffff }).filter((op) => op !== abi.OP_TRAP && op !== abi.OP_SPIN),
  session: fc.oneof(session, word),
  a: word,
  b: word,
  e: word,
});

/** One command that does not kill a kernel. */
export const command: fc.Arbitrary<Command> = fc
  .oneof(
    { weight: 4, arbitrary: join },
    { weight: 8, arbitrary: move },
    { weight: 5, arbitrary: cast },
    { weight: 4, arbitrary: attack },
    { weight: 2, arbitrary: plain },
    { weight: 2, arbitrary: byHost },
    { weight: 1, arbitrary: senseless },
  )
  .map((fields): Command => fields);

/** The commands of one tick. */
export const commands = fc.array(command, { maxLength: 8 });

/** Everybody is there and the creatures' neighbours, so that streams begin in the middle of something. */
export const entrance: Command[] = [1, 2, 3, 4].map((id) => ({
  op: abi.OP_JOIN,
  session: id,
  flags: abi.JOIN_WATCHES,
  x: id * 4,
  y: id * 3,
  e: (id % 3) | (10 << 8),
}));
