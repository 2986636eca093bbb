// What the deploy history says against modules, by hash, for as long as the history is kept: the newest entries alone would forget a module
// that failed long ago.
//
//   judgements.take(entry)               // every entry, in order
//   judgements.of("9f3c…")               // those that earlierRefusal needs to know, oldest first

import { isUnjudged } from "../../protocol/earlier-refusal.ts";
import type { HistoryEntry } from "../../protocol/earlier-refusal.ts";

/** Modules of which something is remembered; the file of the history has room for fewer. */
const MODULES_MAX = 10_000;
/** Of one module, each with other expectations. */
const OF_ONE_MAX = 100;

export class Judgements<Entry extends HistoryEntry> {
  /** Those whose newest entry is oldest come first. */
  readonly #modules = new Map<string, Entry[]>();

  take(entry: Entry): void {
    const { event, from_hash: from, to_hash: to, reason, validation } = entry;
    if (event === "promoted") this.#modules.delete(to);
    else if (event === "rolled_back" && !isUnjudged(reason)) this.#add(from, entry);
    else if (event === "validated" && validation?.verdict === "fail") this.#add(to, entry);
  }

  of(hash: string): readonly Entry[] {
    return this.#modules.get(hash) ?? [];
  }

  /** A newer entry that says the same takes the place of the one before. */
  #add(hash: string, entry: Entry): void {
    const isSame = ({ event, validation }: Entry): boolean =>
      event === entry.event && validation?.expect === entry.validation?.expect;
    const others = this.of(hash).filter((each) => !isSame(each));
    this.#modules.delete(hash);
    this.#modules.set(hash, [...others, entry].slice(-OF_ONE_MAX));
    const [oldest] = this.#modules.keys();
    if (this.#modules.size > MODULES_MAX && oldest !== undefined) this.#modules.delete(oldest);
  }
}
