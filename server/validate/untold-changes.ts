// Whether each client was told, in this tick, what changed in it: its own numbers, and those of the entities that it knows. The protocol
// promises both, and players act on them. A kernel says of each watcher up to which tick it is told everything (PLAYER_TOLD);
// who is said to be up to date has to be.
//
//   player 12 has PLAYER_TOLD 4001, lost 31 health in tick 4001, and its frame has no SELF      untold.report(...) reports 12

import * as abi from "../../assembly/abi.ts";
import { outputBytesOf } from "../lockstep/outputs.ts";
import type { EntityRows } from "./entity-rows.ts";
import type { Before, ColumnName, StateView } from "./state-view.ts";

const HEADER_WORDS = abi.FRAME_HEADER_BYTES / 4;
const NO_FRAME = -1;
/** What an ENTER or a SELF tells. */
const EVERYTHING = 0xffff;

/** The columns that each bit of a CHANGE stands for. */
const FIELDS: readonly [bit: number, columns: readonly ColumnName[]][] = [
  [abi.CHANGE_POSITION, ["x", "y", "z"]],
  [abi.CHANGE_HEALTH, ["health", "maxHealth"]],
  [abi.CHANGE_FLAGS, ["level", "flags"]],
  [abi.CHANGE_TARGET, ["target"]],
];
const OF_SELF: readonly ColumnName[] = ["health", "maxHealth", "power", "maxPower", "target"];

export class UntoldChanges {
  readonly #view: StateView;
  readonly #rows: EntityRows;
  /** By row of a player: index of the word at which its frame begins. */
  readonly #frames: Int32Array;
  /** By row: the watcher who was told last, plus one, and the bits of what it was told. */
  readonly #watcher: Uint32Array;
  readonly #told: Uint16Array;

  constructor(view: StateView, rows: EntityRows) {
    this.#view = view;
    this.#rows = rows;
    this.#frames = new Int32Array(view.playersMax).fill(NO_FRAME);
    this.#watcher = new Uint32Array(view.playersMax + view.creaturesMax);
    this.#told = new Uint16Array(view.playersMax + view.creaturesMax);
  }

  /** `report` gets each entity whose change a client was not told, once for each client. */
  report(before: Before, report: (entity: number) => void): void {
    const { words, at, lane, players } = this.#view;
    this.#watcher.fill(0);
    this.#frames.fill(NO_FRAME);
    this.#findFrames();
    for (let row = 0; row < players; row++) {
      const id = words[at.id + row] ?? 0;
      if (id === 0 || words[at.told + row] !== lane.tick) continue;
      this.#readFrame(row, id);
      if (!this.#isTold(row, row) && this.#hasChanged(before, row, OF_SELF)) report(id);
      if (words[at.toldFar + row] === lane.tick) this.#reportKnown(before, row, report);
    }
  }

  #reportKnown(before: Before, watcher: number, report: (entity: number) => void): void {
    const { words, halves, at, knownMax, knownRow } = this.#view;
    const count = Math.min(words[at.knownCount + watcher] ?? 0, knownMax);
    for (let index = watcher * knownMax; index < watcher * knownMax + count; index++) {
      const row = halves[knownRow + index] ?? 0;
      if (row >= this.#told.length || words[at.id + row] !== words[at.knownId + index]) continue;
      const told = this.#watcher[row] === watcher + 1 ? (this.#told[row] ?? 0) : 0;
      if (told === EVERYTHING) continue;
      if (FIELDS.some(([bit, columns]) => (told & bit) === 0 && this.#hasChanged(before, row, columns)))
        report(words[at.id + row] ?? 0);
    }
  }

  #isTold(row: number, watcher: number): boolean {
    return this.#watcher[row] === watcher + 1 && this.#told[row] === EVERYTHING;
  }

  /** False for a row in which somebody else was before the tick. */
  #hasChanged(before: Before, row: number, columns: readonly ColumnName[]): boolean {
    const { words, at } = this.#view;
    if (before.columns.id[row] !== words[at.id + row]) return false;
    return columns.some((column) => before.columns[column][row] !== words[at[column] + row]);
  }

  #findFrames(): void {
    const { lane, words, playersMax } = this.#view;
    const first = lane.at.frames / 4;
    const end = first + outputBytesOf(lane, "frames") / 4;
    for (let at = first; at < end;) {
      const next = this.#endOf(at);
      if (next < at + HEADER_WORDS || next > end) return;
      const row = this.#rows.rowOf(words[at + abi.FRAME_SESSION / 4] ?? 0);
      if (row >= 0 && row < playersMax) this.#frames[row] = at;
      at = next;
    }
  }

  #readFrame(watcher: number, id: number): void {
    const { words } = this.#view;
    const at = this.#frames[watcher] ?? NO_FRAME;
    if (at === NO_FRAME) return;
    const end = this.#endOf(at);
    for (let record = at + HEADER_WORDS; record < end;) {
      const head = words[record] ?? 0;
      const length = (head >>> 8) & 0xff;
      if (length === 0) return;
      const [kind, entity] = [head & 0xff, words[record + 1] ?? 0];
      if (kind === abi.RECORD_SELF) this.#note(watcher, this.#rows.rowOf(id), EVERYTHING);
      else if (kind === abi.RECORD_ENTER) this.#note(watcher, this.#rows.rowOf(entity), EVERYTHING);
      else if (kind === abi.RECORD_CHANGE) this.#note(watcher, this.#rows.rowOf(entity), head >>> 16);
      record += length;
    }
  }

  #note(watcher: number, row: number, told: number): void {
    if (row < 0) return;
    const earlier = this.#watcher[row] === watcher + 1 ? (this.#told[row] ?? 0) : 0;
    this.#watcher[row] = watcher + 1;
    this.#told[row] = earlier | told;
  }

  #endOf(frame: number): number {
    return frame + ((this.#view.words[frame + abi.FRAME_LENGTH / 4] ?? 0) >>> 2);
  }
}
