// Compares the states of two lanes, column by column, also when the columns lie at different places.
//
//   const columns = new SharedColumns(recorded, other)
//   columns.differences(true)      // [{ column: "ENTITY_HEALTH", values: 1, entity: 12, was: 138, is: 120 }]
//   columns.each(true, (value) => true)      // each value that differs, until the visitor has seen enough
//   columns.copy()             // the other lane has the recorded state again
//
// The hash in the header only says that something else differs. It is a difference of its own when nothing else is one.

import { AREAS, bytesOf, WIDTHS } from "../../assembly/toolchain/layout-areas.ts";
import type { ElementType } from "../../assembly/toolchain/layout-areas.ts";
import type { KernelLayout } from "../../assembly/toolchain/kernel.ts";
import { rowFields } from "../../assembly/toolchain/layout-state.ts";
import type { Piece } from "../../assembly/toolchain/layout-state.ts";
import { planMigration } from "../../assembly/toolchain/migration.ts";
import type { Migration } from "../../assembly/toolchain/migration.ts";
import type { ColumnDifference } from "../protocol/replay.ts";
import type { Lane } from "./lane.ts";
import { rowCountOf, rowsOf, UsedRows } from "./used-rows.ts";
import type { Pair, View } from "./used-rows.ts";

const HASH = /^HEADER_HASH_/;
const TABLES = ["SPELL", "TEMPLATE", "CLASS", "ITEM"] as const;
/** Words beside all columns are looked for in pieces of this size. */
const PIECE_BYTES = 4_096;

/** A value that is not the same in both lanes. */
export interface DifferingValue {
  /** Null: it lies in no column, where no module should write; `address` says where. */
  column: string | null;
  address: number;
  /** The row that it belongs to, creatures' rows after those of all players; null: it belongs to none. */
  row: number | null;
  /** The entity in that row; null: there is none. */
  entity: number | null;
  was: number | string;
  is: number | string;
}

export class SharedColumns {
  readonly #recorded: Lane;
  readonly #other: Lane;
  readonly #isSame: boolean;
  readonly #migration: Migration;
  readonly #used: UsedRows;
  readonly #whole: readonly View[];

  /** Throws WowsimError("layout_mismatch") when the other module can not take the state over. */
  constructor(recorded: Lane, other: Lane) {
    const [before, after] = [recorded.kernel.layout, other.kernel.layout];
    this.#recorded = recorded;
    this.#other = other;
    this.#isSame = before.stateHash === after.stateHash;
    this.#migration = planMigration(before, after);
    const pairs = [...after.pieces.values()].flatMap((now) => {
      const old = before.pieces.get(now.name);
      return old === undefined ? [] : [{ name: now.name, old, now }];
    });
    const compared = pairs.filter(({ name }) => !HASH.test(name) || this.#isSame);
    this.#used = new UsedRows(recorded, other, compared);
    this.#whole = compared.map((pair) => ({
      pair,
      offset: 0,
      one: recorded.bytes.subarray(pair.old.at, pair.old.at + pair.old.bytes),
      other: other.bytes.subarray(pair.now.at, pair.now.at + pair.now.bytes),
    }));
  }

  get added(): readonly string[] {
    return this.#migration.added;
  }

  get dropped(): readonly string[] {
    return this.#migration.dropped;
  }

  /** Puts the recorded state under the other module. Columns that only this module has keep their values, unless `anew`. */
  copy(anew = false): void {
    const [from, to] = [this.#recorded, this.#other];
    if (this.#isSame) to.state.set(from.state);
    else {
      const kept = anew ? [] : this.#addedBytes().map((piece) => piece.slice());
      this.#migration.carry(from.state, to.state);
      copyTables(from, to);
      for (const [index, piece] of this.#addedBytes().entries()) if (kept[index] !== undefined) piece.set(kept[index]);
    }
    to.resumes(from.tick);
  }

  /** The same for the rows in use alone, of lanes with the same layout: a tenth of the time. What lies beyond them stays. */
  copyUsed(): void {
    if (!this.#isSame) return this.copy();
    this.#used.copy();
    this.#other.resumes(this.#recorded.tick);
  }

  /** True when no value differs; `whole`: also beyond the rows in use. */
  areEqual(whole: boolean): boolean {
    if (!this.#used.areEqual()) return false;
    if (!whole) return true;
    if (this.#isSame) return Buffer.compare(this.#recorded.state, this.#other.state) === 0;
    return this.#whole.every(({ one, other }) => Buffer.compare(one, other) === 0);
  }

  /**
   * Each value that differs, the state's hash aside, until `visit` returns false. `whole`: also beyond the rows in use, and in
   * no column; of these the first alone.
   */
  each(whole: boolean, visit: (value: DifferingValue) => boolean): void {
    for (const view of whole ? this.#whole : this.#used.differing()) {
      if (view.pair === null || HASH.test(view.pair.name)) continue;
      if (whole && Buffer.compare(view.one, view.other) === 0) continue;
      if (!this.#eachOf(view, view.pair, visit)) return;
    }
    if (!this.#isSame) return;
    const address = this.#unnamed(whole);
    if (address === null) return;
    const [was, is] = [this.#recorded, this.#other].map(({ view }) => view.getUint32(address, true));
    visit({ column: null, address, row: null, entity: null, was: was ?? 0, is: is ?? 0 });
  }

  /** Empty when both lanes have the same state; `whole`: also beyond the rows in use. */
  differences(whole: boolean): ColumnDifference[] {
    if (this.areEqual(whole)) return [];
    const found = this.#whole.flatMap((view) => this.#differenceOf(view) ?? []);
    if (found.length > 0 || !this.#isSame) return found;
    const address = this.#unnamed(true);
    if (address === null) return this.#hashes();
    const [was, is] = [this.#recorded, this.#other].map(({ view }) => view.getUint32(address, true));
    return [{ column: `no column, address ${address}`, values: 1, entity: null, was: was ?? 0, is: is ?? 0 }];
  }

  /** How many values of a column differ, and the first of them. */
  #differenceOf({ pair, one, other }: View): ColumnDifference | null {
    if (pair === null || HASH.test(pair.name) || Buffer.compare(one, other) === 0) return null;
    const { name, old, now } = pair;
    const width = WIDTHS[now.type];
    let values = 0;
    let first = 0;
    for (let at = one.length - width; at >= 0; at -= width) {
      if (isEqual(one, other, at, width)) continue;
      values++;
      first = at;
    }
    const row = this.#rowAt(now, first);
    return {
      column: name,
      values,
      entity: row === null ? null : this.#entityIn(row),
      was: valueOf(this.#recorded.view, old.at + first, old.type),
      is: valueOf(this.#other.view, now.at + first, now.type),
    };
  }

  /** The state's hash as a difference of its own, when nothing else is one. */
  #hashes(): ColumnDifference[] {
    const [one, other] = [this.#recorded.hash, this.#other.hash];
    return one === other ? [] : [{ column: "HEADER_HASH", values: 1, entity: null, was: one, is: other }];
  }

  #eachOf({ offset, one, other }: View, pair: Pair, visit: (value: DifferingValue) => boolean): boolean {
    const { old, now, name } = pair;
    const width = WIDTHS[now.type];
    for (let at = 0; at < one.length; at += width) {
      if (isEqual(one, other, at, width)) continue;
      const [from, until] = [old.at + offset + at, now.at + offset + at];
      const row = this.#rowAt(now, offset + at);
      const goesOn = visit({
        column: name,
        address: until,
        row,
        entity: row === null ? null : this.#entityIn(row),
        was: valueOf(this.#recorded.view, from, old.type),
        is: valueOf(this.#other.view, until, now.type),
      });
      if (!goesOn) return false;
    }
    return true;
  }

  /** Address of the first difference in no column; null when there is none. `whole`: of the state, else of the header. */
  #unnamed(whole: boolean): number | null {
    const { kernel, at } = this.#recorded;
    const [first, last] = [at.stateBase, whole ? at.stateEnd : kernel.layout.value("HEADER_END")];
    for (let piece = first; piece < last; piece += PIECE_BYTES) {
      const end = Math.min(piece + PIECE_BYTES, last);
      const [one, other] = [this.#recorded.bytes.subarray(piece, end), this.#other.bytes.subarray(piece, end)];
      if (Buffer.compare(one, other) === 0) continue;
      for (let word = 0; word < one.length; word += 4)
        if (!isEqual(one, other, word, 4) && !this.#isNamed(piece + word)) return piece + word;
    }
    return null;
  }

  #isNamed(address: number): boolean {
    return this.#whole.some(({ pair }) => {
      return pair !== null && address >= pair.now.at && address < pair.now.at + pair.now.bytes;
    });
  }

  #addedBytes(): Uint8Array[] {
    const { pieces } = this.#other.kernel.layout;
    return this.added.flatMap((name) => {
      const piece = pieces.get(name);
      return piece === undefined ? [] : [this.#other.bytes.subarray(piece.at, piece.at + piece.bytes)];
    });
  }

  /** The row to which the value at that offset of a column belongs. */
  #rowAt(piece: Piece, offset: number): number | null {
    const shape = rowsOf(piece, this.#other);
    if (shape === null) return null;
    // A column has one array after the other, each with one element for each row; a list has all of a row's elements together.
    const index = Math.floor(offset / shape.stride) % shape.rows;
    return index + (rowCountOf(piece) === "CREATURES_MAX" ? this.#other.at.playersMax : 0);
  }

  #entityIn(row: number): number | null {
    const id = [this.#recorded, this.#other].map((lane) => lane.words[lane.at.entityId / 4 + row] ?? 0);
    return id.find((each) => each !== 0) ?? null;
  }
}

function isEqual(one: Uint8Array, other: Uint8Array, at: number, width: number): boolean {
  for (let byte = at; byte < at + width; byte++) if (one[byte] !== other[byte]) return false;
  return true;
}

/** A 64-bit value is shown as 16 hexadecimal digits, because a number can not hold it. */
function valueOf(view: DataView, at: number, type: ElementType): number | string {
  switch (type) {
    case "u8":
      return view.getUint8(at);
    case "u16":
      return view.getUint16(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "f32":
      return view.getFloat32(at, true);
    case "u64":
      return view.getBigUint64(at, true).toString(16).padStart(16, "0");
  }
}

/** Copies the content tables, which a migration leaves empty, field by field: the journal's content counts, not today's. */
function copyTables(from: Lane, to: Lane): void {
  const [before, after] = [from.kernel.layout, to.kernel.layout];
  for (const table of TABLES) {
    const [oldStride, newStride] = [before.value(`${table}_STRIDE`), after.value(`${table}_STRIDE`)];
    const [oldFields, newFields] = [fieldsOf(before, table, oldStride), fieldsOf(after, table, newStride)];
    const rows = Math.min(tableRowsOf(before, table), tableRowsOf(after, table));
    for (let row = 0; row < rows; row++) {
      const [source, target] = [
        before.value(`${table}_BASE`) + row * oldStride,
        after.value(`${table}_BASE`) + row * newStride,
      ];
      for (const [name, field] of newFields) {
        const old = oldFields.get(name);
        if (old === undefined) continue;
        const bytes = Math.min(old.bytes, field.bytes);
        to.bytes.set(from.bytes.subarray(source + old.at, source + old.at + bytes), target + field.at);
      }
    }
  }
  const [old, now] = [before, after].map((layout) => layout.value("SPELL_INDEX_BASE"));
  const bytes = 2 * Math.min(before.value("SPELL_IDS_MAX"), after.value("SPELL_IDS_MAX"));
  to.bytes.set(from.bytes.subarray(old, (old ?? 0) + bytes), now);
}

function tableRowsOf({ constants, value }: KernelLayout, table: string): number {
  const area = AREAS.find(([, name]) => name === `${table}_BASE`);
  return area === undefined ? 0 : Math.floor(bytesOf(area, constants) / value(`${table}_STRIDE`));
}

/** The fields of a table's row; each reaches to the next one. */
function fieldsOf(
  { constants }: KernelLayout,
  table: string,
  stride: number,
): Map<string, { at: number; bytes: number }> {
  const fields = rowFields(constants)
    .filter(([name]) => name.startsWith(`${table}_`) && name !== `${table}_STRIDE`)
    .toSorted(([, one], [, other]) => one - other);
  return new Map(
    fields.map(([name, at], index) => [name, { at, bytes: Math.max(0, (fields[index + 1]?.[1] ?? stride) - at) }]),
  );
}
