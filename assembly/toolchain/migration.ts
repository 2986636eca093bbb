// Moves a zone's state from one module's layout to another's. Each piece is found by its name and copied from its old place to
// its new one. A new piece starts with the default that the module exports, or with 0. A piece that the new layout does not
// have is dropped and named.
//
//   const migration = planMigration(before.layout, after.layout)
//   migration.added                    // ["PLAYER_RESTED"]
//   migration.carry(snapshot, state)   // 1 ms for 6 MB
//
// Nothing is converted. When a piece has another width, type or count, the meaning of its values is unknown, so the module is
// refused and the message names the difference. Content tables are left empty: the host writes them (content-tables.ts).

import { WowsimError } from "../../server/protocol/errors.ts";
import type { KernelLayout } from "./kernel.ts";
import { AREAS, bytesOf, WIDTHS } from "./layout-areas.ts";
import type { Constants } from "./layout-areas.ts";
import { BORDER_NAMES, rowFields } from "./layout-state.ts";
import type { Piece } from "./layout-state.ts";
import { ofPair } from "./of-pair.ts";

/** Differences that one message names. */
const NAMED_MAX = 3;
/** Most bytes that alignment can leave between two pieces. */
const ALIGNMENT_BYTES_MAX = 8;

export interface Migration {
  readonly added: readonly string[];
  readonly dropped: readonly string[];
  /** Writes all of `to` from a state in the old layout. Both arrays begin at the STATE_BASE of their layout. */
  carry(from: Uint8Array, to: Uint8Array): void;
}

/** Throws WowsimError("layout_mismatch") with the pieces that can not be copied. A plan is made once for two layouts. */
export const planMigration = ofPair(plan);

function plan(before: KernelLayout, after: KernelLayout): Migration {
  const problems = differences(before, after);
  if (problems.length > 0) throw new WowsimError("layout_mismatch", inWords(problems));
  const [old, now] = [before.pieces, after.pieces];
  const [oldBase, newBase] = [before.value("STATE_BASE"), after.value("STATE_BASE")];
  const kept = [...now.values()].filter(({ name }) => old.has(name));
  const added = [...now.values()].filter(({ name }) => !old.has(name));
  const copies = kept
    .map(({ name, at, bytes }) => ({ from: (old.get(name)?.at ?? 0) - oldBase, to: at - newBase, bytes }))
    .toSorted((one, other) => one.to - other.to);
  return {
    added: added.map(({ name }) => name),
    dropped: [...old.keys()].filter((name) => !now.has(name)),
    carry(from, to) {
      let end = 0;
      for (const copy of copies) {
        to.fill(0, end, copy.to);
        to.set(from.subarray(copy.from, copy.from + copy.bytes), copy.to);
        end = copy.to + copy.bytes;
      }
      to.fill(0, end);
      for (const piece of added) fill(piece, after, to);
    },
  };
}

/**
 * The differences, in words, for which a module with layout `after` can not take a zone with layout `before`; empty when it
 * can.
 */
export const differences: (before: KernelLayout, after: KernelLayout) => readonly string[] = ofPair(allDifferences);

function allDifferences(before: KernelLayout, after: KernelLayout): string[] {
  const border = BORDER_NAMES.flatMap((name) => ofValue(name, before.constants, after.constants));
  if (before.stateHash === after.stateHash) return border;
  const kept = [...before.pieces.values()].flatMap((old) => {
    const piece = after.pieces.get(old.name);
    return piece === undefined ? [] : ofPiece(old, piece, before.constants, after.constants);
  });
  const names = new Set([...rowFields(before.constants), ...rowFields(after.constants)].map(([name]) => name));
  const fields = [...names].filter((name) => name.startsWith("AURA_"));
  const rows = fields.flatMap((name) => ofValue(name, before.constants, after.constants));
  return [...new Set([...border, ...kept, ...rows, ...unknown(before, "here"), ...unknown(after, "in the module")])];
}

function ofPiece(old: Piece, now: Piece, before: Constants, after: Constants): string[] {
  const sizes = old.sizes.flatMap((name) => ofValue(name, before, after));
  if (sizes.length > 0) return sizes;
  if (old.type !== now.type) return [`${old.name} is ${old.type} here, ${now.type} in the module`];
  if (old.bytes === now.bytes) return [];
  return [`${old.name} is ${old.bytes / old.rows} bytes wide here, ${now.bytes / now.rows} in the module`];
}

function ofValue(name: string, before: Constants, after: Constants): string[] {
  const [here, there] = [before.get(name), after.get(name)];
  return here === there ? [] : [`${name} is ${here ?? "not there"} here, ${there ?? "not there"} in the module`];
}

/** Reports state without a name that this host knows. It could not be copied, and must not be lost. */
function unknown({ constants, pieces, value }: KernelLayout, where: string): string[] {
  const content = AREAS.filter(([part]) => part === "content").map((area) => {
    return { name: area[1], at: value(area[1]), bytes: bytesOf(area, constants) };
  });
  const header = { name: "HEADER_BASE", at: value("HEADER_BASE"), bytes: value("HEADER_END") - value("HEADER_BASE") };
  const sorted = [header, ...content, ...pieces.values()].toSorted((one, other) => one.at - other.at);
  const found: string[] = [];
  let end = value("STATE_BASE");
  let last = "STATE_BASE";
  for (const { name, at, bytes } of [...sorted, { name: "STATE_END", at: value("STATE_END"), bytes: 0 }]) {
    const gap = at - end;
    if (gap > ALIGNMENT_BYTES_MAX)
      found.push(`${gap} bytes of the state ${where}, after ${last}, are nothing that this server knows`);
    if (at + bytes > end) [end, last] = [at + bytes, name];
  }
  return found;
}

/** Gives every existing entity the default of a new piece. A free row stays 0, as in a fresh zone. */
function fill({ name, type, at, bytes, rows, group }: Piece, { value, has }: KernelLayout, state: Uint8Array): void {
  if (!has(`DEFAULT_${name}`)) return;
  const view = new DataView(state.buffer, state.byteOffset, state.byteLength);
  const base = value("STATE_BASE");
  const bits = value(`DEFAULT_${name}`);
  const width = WIDTHS[type];
  const put = (address: number): void => view.setUint32(address - base, bits, true);
  if (group === null) return put(at);
  const ids = value("ENTITY_ID") - base + (group.isOfCreatures ? value("PLAYERS_MAX") * 4 : 0);
  for (let row = 0; row < rows; row++) {
    if (view.getUint32(ids + row * 4, true) === 0) continue;
    for (let array = 0; array < bytes; array += rows * width) put(at + array + row * width);
  }
}

/** The first NAMED_MAX problems in words, and how many more there are. */
export function inWords(problems: readonly string[]): string {
  const more = problems.length - NAMED_MAX;
  return `${problems.slice(0, NAMED_MAX).join("; ")}${more > 0 ? `; and ${more} more differences` : ""}`;
}
