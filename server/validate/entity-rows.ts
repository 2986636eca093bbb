// Which row each entity has, from before a tick to after it: also for one that enters or leaves in that very tick.
//
//   const rows = new EntityRows(view); rows.refresh(before)      // once a tick, in time that hardly depends on the zone
//   rows.rowOf(1000001)      // 4100, or -1
//   rows.kindOf(1000001)     // OF_CREATURES

import type { Before, StateView } from "./state-view.ts";
import { OF_CREATURES, OF_PLAYERS } from "./vocabulary.ts";

/** The kind of an entity that is in no row. */
const OF_NOBODY = 2;
/** Ids that are remembered. When there are more, all are forgotten, and those of the tick read again. */
const KNOWN_MAX = 65_536;

export class EntityRows {
  readonly #view: StateView;
  readonly #rows = new Map<number, number>();
  /** The id that each row had last. */
  readonly #ids: Uint32Array;

  constructor(view: StateView) {
    this.#view = view;
    this.#ids = new Uint32Array(view.playersMax + view.creaturesMax);
  }

  refresh(before: Before): void {
    if (this.#rows.size > KNOWN_MAX) {
      this.#rows.clear();
      this.#ids.fill(0);
    }
    const { words, at, playersMax, players, creatures } = this.#view;
    const old = before.columns.id;
    this.#read(old, 0, before.players, 0);
    this.#read(old, playersMax, playersMax + before.creatures, 0);
    this.#read(words, 0, players, at.id);
    this.#read(words, playersMax, playersMax + creatures, at.id);
  }

  rowOf(id: number): number {
    return this.#rows.get(id) ?? -1;
  }

  kindOf(id: number): number {
    const row = this.#rows.get(id);
    if (row === undefined) return OF_NOBODY;
    return row < this.#view.playersMax ? OF_PLAYERS : OF_CREATURES;
  }

  /** `base`: index of row 0. */
  #read(words: Uint32Array, from: number, end: number, base: number): void {
    for (let row = from; row < end; row++) {
      const id = words[base + row] ?? 0;
      if (id === 0 || this.#ids[row] === id) continue;
      const last = this.#rows.get(id);
      // It has moved, and may come back to that row.
      if (last !== undefined && this.#ids[last] === id) this.#ids[last] = 0;
      this.#ids[row] = id;
      this.#rows.set(id, row);
    }
  }
}
