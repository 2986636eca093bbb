// The pieces of the state in a memory map, and the two hashes of a map.
//
//   piecesOf(constants).values()
//   // [{ name: "HEADER_TICK", type: "u32", at: 65540, bytes: 4, rows: 1, ... },
//   //  { name: "ENTITY_HEALTH", type: "u32", at: 287744, bytes: 32768, rows: 8192, ... }, ...]
//
//   state hash    equal: a module takes a zone's memory as it is. Different: the state is migrated (migration.ts)
//   border hash   equal: host and module use the same forms for what they exchange. Different: the module is refused
//
// Neither hash covers scratch, or constants that are not part of the map.

import { createHash } from "node:crypto";
import { AREAS, bytesOf, cellsOf, COLUMN_GROUPS, columnsOf, FORMS } from "./layout-areas.ts";
import type { Area, ColumnGroup, Constants, ElementType } from "./layout-areas.ts";

/** A part of the state that is copied to another layout by its name. */
export interface Piece {
  readonly name: string;
  readonly type: ElementType;
  readonly at: number;
  readonly bytes: number;
  /** For a column: its number of rows, and its group. */
  readonly rows: number;
  readonly group: ColumnGroup | null;
  /** Names of the exported numbers that determine its size. */
  readonly sizes: readonly string[];
}

/** Offsets within rows of several values, and the strides of such rows. */
const ROW_FIELD = /^(SPELL|TEMPLATE|CLASS|ITEM|AURA)_(?!BASE$|INDEX_BASE$)/;

/** Names whose values host and module must share to understand each other. */
export const BORDER_NAMES: readonly string[] = [
  ...new Set(["LAYOUT_VERSION", "MEMORY_PAGES", ...Object.keys(FORMS), ...sizesOf(({ 0: part }) => part === "border")]),
];

function sizesOf(isMeant: (area: Area) => boolean): string[] {
  return AREAS.filter(isMeant).flatMap(([, , , ...factors]) => factors.filter((each) => typeof each === "string"));
}

/** All pieces of the state, by name. */
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
  const cells = cellsOf(constants).map((cell): Piece => ({ ...cell, rows: 1, group: null, sizes: [] }));
  const columns = COLUMN_GROUPS.flatMap((group) => columnPieces(group, constants));
  return new Map([...cells, ...areas, ...columns].map((piece) => [piece.name, piece]));
}

function columnPieces(group: ColumnGroup, constants: Constants): Piece[] {
  const rows = constants.get(group.rows) ?? Number.NaN;
  return columnsOf(group, constants).map((column) => ({ ...column, rows, group, sizes: [group.rows] }));
}

/** Offsets within rows, by name. */
export function rowFields(constants: Constants): [name: string, value: number][] {
  return [...constants].filter(([name]) => ROW_FIELD.test(name));
}

/** 16 hexadecimal digits. They cover everything that must be equal before a module can take a memory as it is. */
export function stateHash(constants: Constants, pieces: ReadonlyMap<string, Piece>): string {
  const content = AREAS.filter(([part]) => part === "content").map((area) => [area[1], bytesOf(area, constants)]);
  const places = ["LAYOUT_VERSION", "STATE_BASE", "HEADER_END", "STATE_END", ...content.map(([name]) => String(name))];
  return digest([
    ...Array.from(pieces.values(), ({ name, type, at, bytes }) => `${name} ${type} ${at} ${bytes}`),
    ...[...rowFields(constants), ...content].map(([name, value]) => `${name} = ${value}`),
    ...places.map((name) => `${name} at ${constants.get(name)}`),
  ]);
}

/** 16 hexadecimal digits. They cover the forms and capacities of what host and module exchange, but not the addresses. */
export function borderHash(constants: Constants): string {
  return digest(BORDER_NAMES.map((name) => `${name} = ${constants.get(name)}`));
}

function digest(lines: string[]): string {
  return createHash("sha256").update(lines.toSorted().join("\n")).digest("hex").slice(0, 16);
}
