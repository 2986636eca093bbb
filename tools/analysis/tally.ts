// Counts by key in bounded memory: when there are too many keys, new keys are counted together as "others".
//
//   const tally = new Tally(100)
//   tally.add("player 3", 31)
//   tally.topByAmount(10)      // [{ key: "player 3", count: 1, amount: 31 }]

export interface TallyEntry {
  key: string;
  count: number;
  amount: number;
}

const OTHERS = "others";

export class Tally {
  readonly #keysMax: number;
  readonly #entries = new Map<string, TallyEntry>();

  constructor(keysMax: number) {
    this.#keysMax = keysMax;
  }

  add(key: string, amount = 1): void {
    const entry = this.#entries.get(key) ?? this.#newEntry(key);
    entry.count++;
    entry.amount += amount;
  }

  /** The keys with the highest counts. */
  top(count: number): TallyEntry[] {
    return this.#sorted((a, b) => b.count - a.count, count);
  }

  /** The keys with the highest sums. */
  topByAmount(count: number): TallyEntry[] {
    return this.#sorted((a, b) => b.amount - a.amount, count);
  }

  #sorted(order: (a: TallyEntry, b: TallyEntry) => number, count: number): TallyEntry[] {
    return [...this.#entries.values()].toSorted(order).slice(0, count);
  }

  #newEntry(wanted: string): TallyEntry {
    const key = this.#entries.size < this.#keysMax ? wanted : OTHERS;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry = { key, count: 0, amount: 0 };
    this.#entries.set(key, entry);
    return entry;
  }
}
