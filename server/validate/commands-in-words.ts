// What an entity has commanded in a tick, or what others have commanded at it, in words.
//
//   commandsOf(batch, 12, names)          // "cast Fireball at Timber Wolf 1000001; move to 3.5, -4.0"
//   commandsOf(batch, 1000001, names)     // "Ann 12: cast Fireball at Timber Wolf 1000001"

import * as abi from "../../assembly/abi.ts";
import { nameOf, OP_NAMES } from "../protocol/game/wire-names.ts";
import type { ReplayNames } from "../protocol/replay.ts";

/** Commands that are named; a client can send more in a tick. */
const NAMED_MAX = 3;
/** Commands from here on are the host's alone. */
export const FIRST_HOST_OP = abi.OP_SPAWN;

/** Its own, else those of others at it. Null: there are none. */
export function commandsOf(batch: Uint8Array, entity: number, names: ReplayNames): string | null {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const own: string[] = [];
  const atIt: string[] = [];
  for (let at = 0; at + abi.COMMAND_BYTES <= batch.length && own.length < NAMED_MAX; at += abi.COMMAND_BYTES) {
    const session = view.getUint32(at + abi.COMMAND_SESSION, true);
    if (view.getUint16(at + abi.COMMAND_OP, true) >= FIRST_HOST_OP) continue;
    if (session === entity) own.push(inWords(view, at, names));
    else if (atIt.length < NAMED_MAX && isAt(view, at, entity))
      atIt.push(`${names.entity(session)}: ${inWords(view, at, names)}`);
  }
  const found = own.length > 0 ? own : atIt;
  return found.length === 0 ? null : found.join("; ");
}

const AT_SOMEBODY: ReadonlySet<number> = new Set([abi.OP_CAST, abi.OP_ATTACK, abi.OP_TRADE_OFFER, abi.OP_TRADE_ACCEPT]);

function isAt(view: DataView, at: number, entity: number): boolean {
  const isAimed = AT_SOMEBODY.has(view.getUint16(at + abi.COMMAND_OP, true));
  return isAimed && view.getUint32(at + abi.COMMAND_A, true) === entity;
}

function inWords(view: DataView, at: number, names: ReplayNames): string {
  const op = view.getUint16(at + abi.COMMAND_OP, true);
  const word = (offset: number): number => view.getUint32(at + offset, true);
  const yards = (offset: number): string => view.getFloat32(at + offset, true).toFixed(1);
  const name = nameOf(OP_NAMES, op).replaceAll("_", " ");
  switch (op) {
    case abi.OP_MOVE:
      return `move to ${yards(abi.COMMAND_B)}, ${yards(abi.COMMAND_C)}`;
    case abi.OP_CAST: {
      const target = word(abi.COMMAND_A);
      return `cast ${names.spell(word(abi.COMMAND_B))}${target === 0 ? "" : ` at ${names.entity(target)}`}`;
    }
    case abi.OP_ATTACK:
      return `attack ${word(abi.COMMAND_A) === 0 ? "its target" : names.entity(word(abi.COMMAND_A))}`;
    case abi.OP_TRADE_OFFER:
    case abi.OP_TRADE_ACCEPT:
      return `${name}, with ${names.entity(word(abi.COMMAND_A))}`;
    default:
      return name;
  }
}

/** How often each command occurs, by opcode. */
export function countCommands(batch: Uint8Array, into: Map<number, number>): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  for (let at = 0; at + abi.COMMAND_BYTES <= batch.length; at += abi.COMMAND_BYTES) {
    const op = view.getUint16(at + abi.COMMAND_OP, true);
    into.set(op, (into.get(op) ?? 0) + 1);
  }
}

/** How many of them are clients'. */
export function ofClients(counts: Iterable<readonly [op: number, count: number]>): number {
  let sum = 0;
  for (const [op, count] of counts) if (op in OP_NAMES) sum += count;
  return sum;
}
