// What a memory map says of the state, piece by piece, and the two hashes of a map.
//
//   piecesOf(constants).values()
//   // [{ name: "HEADER_TICK", type: "u32", at: 65540, bytes: 4, rows: 1, ... },
//   //  { name: "ENTITY_HEALTH", type: "u32", at: 287744, bytes: 32768, rows: 8192, ... }, ...]
//
//   state hash    the same: a module takes a zone's memory over as it is. Another: the state is carried over (migration.ts)
//   border hash   the same: host and module mean the same by what they hand each other. Another: the module is refused
//
// Neither looks at scratch, nor at constants that are no part of the map: those are the module's own affair.

import { createHash } from "node:crypto";
import { AREAS, bytesOf, COLUMN_GROUPS, columnsOf, FORMS, typeOf, WIDTHS } from "./layout-areas.ts";
import type { Area, ColumnGroup, Constants, ElementType } from "./layout-areas.ts";

/** A part of the state that is carried over by its name. */
export interface Piece {
  readonly name: string;
  readonly type: ElementType;
  readonly at: number;
  readonly bytes: number;
  /** Of a column: how many rows, and whose. */
  readonly rows: number;
  readonly group: ColumnGroup | null;
  /** Names of the exported numbers that its size comes from. */
  readonly sizes: readonly string[];
}

/** Single values of the header: every address of that prefix in the header. */
const CELL = /^(HEADER|BREADCRUMB|OVERLOAD)_(?!BASE$|END$)/;
/** Offsets and strides in rows that hold several values each. */
const ROW_FIELD = /^(SPELL|TEMPLATE|CLASS|AURA)_(?!BASE$|INDEX_BASE$)/;

/** Whatever a host and a module have to agree on to understand each other. */
export const BORDER_NAMES: readonly string[] = [
  ...new Set(["LAYOUT_VERSION", "MEMORY_PAGES", ...Object.keys(FORMS), ...sizesOf(({ 0: part }) => part === "border")]),
];

function sizesOf(isMeant: (area: Area) => boolean): string[] {
  return AREAS.filter(isMeant).flatMap(([, , , ...factors]) => factors.filter((each) => typeof each === "string"));
}

/** All that is carried over, by name. */
export function piecesOf(constants: Constants): Map<string, Piece> {
  const areas = AREAS.filter(([part]) => part === "state").map((area): Piece => {
    const [, name, type, ...factors] = area;
    const sizes = factors.filter((each) => typeof each === "string");
    return {
      name,
      type,
      at: constants.get(name) ?? Number.NaN,
      bytes: bytesOf(area, constants),
      rows: 1,
      group: null,
      sizes,
    };
  });
  const columns = COLUMN_GROUPS.flatMap((group) => columnPieces(group, constants));
  return new Map([...cells(constants), ...areas, ...columns].map((piece) => [piece.name, piece]));
}

function cells(constants: Constants): Piece[] {
  const [from, end] = [constants.get("HEADER_BASE") ?? Number.NaN, constants.get("HEADER_END") ?? Number.NaN];
  return [...constants]
    .filter(([name, at]) => CELL.test(name) && at >= from && at < end)
    .map(([name, at]) => {
      const type = typeOf(name, constants);
      return { name, type, at, bytes: WIDTHS[type], rows: 1, group: null, sizes: [] };
    });
}

function columnPieces(group: ColumnGroup, constants: Constants): Piece[] {
  const rows = constants.get(group.rows) ?? Number.NaN;
  return columnsOf(group, constants).map((column) => ({ ...column, rows, group, sizes: [group.rows] }));
}

/** Offsets in rows, by name. */
export function rowFields(constants: Constants): [name: string, value: number][] {
  return [...constants].filter(([name]) => ROW_FIELD.test(name));
}

/** 16 hexadecimal digits over everything that has to be the same for a memory to be taken over as it is. */
export function stateHash(constants: Constants, pieces: ReadonlyMap<string, Piece>): string {
  const content = AREAS.filter(([part]) => part === "content").map((area) => [area[1], bytesOf(area, constants)]);
  const places = ["LAYOUT_VERSION", "STATE_BASE", "HEADER_END", "STATE_END", ...content.map(([name]) => String(name))];
  return digest([
    ...Array.from(pieces.values(), ({ name, type, at, bytes }) => `${name} ${type} ${at} ${bytes}`),
    ...[...rowFields(constants), ...content].map(([name, value]) => `${name} = ${value}`),
    ...places.map((name) => `${name} at ${constants.get(name)}`),
  ]);
}

/** 16 hexadecimal digits over what host and module hand each other: how much there is room for, and in which form. Not where. */
export function borderHash(constants: Constants): string {
  return digest(BORDER_NAMES.map((name) => `${name} = ${constants.get(name)}`));
}

function digest(lines: string[]): string {
  return createHash("sha256").update(lines.toSorted().join("\n")).digest("hex").slice(0, 16);
}
