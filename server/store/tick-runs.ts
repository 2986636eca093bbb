// Which ticks were seen of each zone and epoch, as runs without a gap: a journal of any length fits in memory.
//
//   const runs = new TickRuns()
//   for (const tick of [1, 2, 5, 6]) runs.add({ zone: 1, epoch: 3, tick })
//   runs.gaps(1, new Map([[3, 0]]))     // [[3, 3, 4]]: epoch 3, ticks 3 to 4

interface Run {
  from: number;
  to: number;
}

export class TickRuns {
  readonly #runs = new Map<number, Map<number, Run[]>>();

  /** Ticks may rise or fall from one call to the next. */
  add({ zone, epoch, tick }: { zone: number; epoch: number; tick: number }): void {
    const epochs = this.#runs.get(zone) ?? new Map<number, Run[]>();
    this.#runs.set(zone, epochs);
    const runs = epochs.get(epoch) ?? [];
    epochs.set(epoch, runs);
    const last = runs.at(-1);
    if (last !== undefined && tick === last.to + 1) last.to = tick;
    else if (last !== undefined && tick === last.from - 1) last.from = tick;
    else runs.push({ from: tick, to: tick });
  }

  /** Ticks of a zone. */
  count(zone: number): number {
    const runs = [...(this.#runs.get(zone)?.values() ?? [])].flat();
    return runs.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  }

  /**
   * Epoch, first and last tick of each gap of a zone, from the first snapshot of each epoch on. Ticks before the first snapshot
   * of all are no longer kept, and count as none.
   */
  gaps(zone: number, firstSnapshots: ReadonlyMap<number, number>): [number, number, number][] {
    const gaps: [number, number, number][] = [];
    for (const [epoch, runs] of this.#runs.get(zone) ?? []) {
      let next = (firstSnapshots.get(epoch) ?? (runs[0]?.from ?? 1) - 1) + 1;
      for (const { from, to } of runs.toSorted((one, other) => one.from - other.from)) {
        if (from > next) gaps.push([epoch, next, from - 1]);
        next = Math.max(next, to + 1);
      }
    }
    return gaps;
  }
}
