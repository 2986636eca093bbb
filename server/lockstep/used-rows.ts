// Compares what two lanes use of their states: the header, rows up to the highest one in use, and what has no rows. That is a
// hundredth of the memory, so it can be compared after each tick.
//
//   const used = new UsedRows(recorded, other, pairs)
//   used.areEqual()        // false when a column differs in a row in use
//   used.differing()       // [{ pair: { name: "ENTITY_HEALTH", ... }, offset: 0, one, other }]
//
// What a module writes beyond these rows only a comparison of the whole state finds (columns.ts).

import { WIDTHS } from "../../assembly/toolchain/layout-areas.ts";
import type { Piece } from "../../assembly/toolchain/layout-state.ts";
import type { Lane } from "./lane.ts";

/** The same column in the layouts of both lanes. */
export interface Pair {
  name: string;
  old: Piece;
  now: Piece;
}

/** The same bytes of a column on both sides. */
export interface View {
  /** Null: the header as a whole, with words that have no name. */
  pair: Pair | null;
  /** Where they begin in the column. */
  offset: number;
  one: Uint8Array;
  other: Uint8Array;
}

/** Names of the numbers of rows. */
export const ROW_COUNTS: readonly string[] = ["ROWS_MAX", "PLAYERS_MAX", "CREATURES_MAX"];

/** Bytes that belong to the first rows of players or of creatures; `stride` 0: bytes that belong to none. */
interface Span {
  pair: Pair | null;
  offset: number;
  old: number;
  now: number;
  stride: number;
  bytes: number;
  ofCreatures: boolean;
}

export class UsedRows {
  readonly #recorded: Lane;
  readonly #other: Lane;
  readonly #spans: readonly Span[];
  /** The bytes of each span, on both sides, for as many rows of players and of creatures. */
  #views: readonly View[] = [];
  #rows = { players: -1, creatures: -1 };

  constructor(recorded: Lane, other: Lane, pairs: readonly Pair[]) {
    this.#recorded = recorded;
    this.#other = other;
    const { playersMax } = recorded.at;
    const spans = pairs.flatMap((pair) => spansOf(pair, other, playersMax));
    this.#spans =
      recorded.kernel.layout.stateHash === other.kernel.layout.stateHash ? [headerOf(other), ...spans] : spans;
  }

  areEqual(): boolean {
    for (const { one, other } of this.#used()) if (Buffer.compare(one, other) !== 0) return false;
    return true;
  }

  differing(): View[] {
    return this.#used().filter(({ one, other }) => Buffer.compare(one, other) !== 0);
  }

  /** Puts the recorded rows in use into the other lane, and frees its rows beyond them. */
  copy(): void {
    for (const { one, other } of this.#used()) other.set(one);
  }

  /** Rows come and go rarely, so the views are mostly those of the tick before. */
  #used(): readonly View[] {
    const players = this.#high("playersHigh", "playersMax");
    const creatures = this.#high("creaturesHigh", "creaturesMax");
    if (players === this.#rows.players && creatures === this.#rows.creatures) return this.#views;
    const [recorded, another] = [this.#recorded.bytes, this.#other.bytes];
    this.#rows = { players, creatures };
    this.#views = this.#spans.map(({ pair, offset, old, now, stride, bytes, ofCreatures }) => {
      const length = stride === 0 ? bytes : stride * (ofCreatures ? creatures : players);
      const [one, other] = [recorded.subarray(old, old + length), another.subarray(now, now + length)];
      return { pair, offset, one, other };
    });
    return this.#views;
  }

  #high(mark: "playersHigh" | "creaturesHigh", most: "playersMax" | "creaturesMax"): number {
    const [one, other] = [this.#recorded, this.#other];
    const high = Math.max(one.view.getUint32(one.at[mark], true), other.view.getUint32(other.at[mark], true));
    return Math.min(high, one.at[most]);
  }
}

/** Elements of one row, in bytes, and the number of rows; null for what has no rows. */
export function rowsOf(
  { bytes, type, rows, group, sizes }: Piece,
  lane: Lane,
): { stride: number; rows: number } | null {
  if (group !== null) return { stride: WIDTHS[type], rows };
  const { value } = lane.kernel.layout;
  const count = sizes.findLast((size) => ROW_COUNTS.includes(size));
  const stride = count === undefined ? 0 : bytes / value(count);
  return count === undefined || stride < 1 ? null : { stride, rows: value(count) };
}

/** The name of the number of a piece's rows; undefined for what has no rows. */
export function rowCountOf({ group, sizes }: Piece): string | undefined {
  return group?.rows ?? sizes.findLast((size) => ROW_COUNTS.includes(size));
}

/** The whole header, with words that have no name. */
function headerOf({ kernel }: Lane): Span {
  const [at, end] = [kernel.layout.value("HEADER_BASE"), kernel.layout.value("HEADER_END")];
  return { pair: null, offset: 0, old: at, now: at, stride: 0, bytes: end - at, ofCreatures: false };
}

function spansOf(pair: Pair, lane: Lane, playersMax: number): Span[] {
  const { old, now } = pair;
  const whole = { pair, offset: 0, old: old.at, now: now.at, stride: 0, bytes: now.bytes, ofCreatures: false };
  const shape = rowsOf(now, lane);
  if (shape === null) return [whole];
  const { stride, rows } = shape;
  const count = rowCountOf(now);
  const arrays = now.bytes / (stride * rows);
  const from = (offset: number, ofCreatures: boolean): Span => {
    return { ...whole, offset, old: old.at + offset, now: now.at + offset, stride, ofCreatures };
  };
  return Array.from({ length: arrays }, (_, array) => array * stride * rows).flatMap((offset) => {
    if (count === "PLAYERS_MAX") return [from(offset, false)];
    if (count === "CREATURES_MAX") return [from(offset, true)];
    return [from(offset, false), from(offset + playersMax * stride, true)];
  });
}
