// What a zone's journal gives back: a snapshot, and the ticks after it. server/store reads it from a file; server/zone
// makes a running zone of it (revival.ts).

export interface HistoryTick {
  tick: number;
  /** State hash after the tick, 16 hexadecimal digits. */
  hash: string;
  /** Command records (assembly/abi.ts). */
  batch: Uint8Array;
}

/** The ticks have no gap, and the first one follows the snapshot. */
export interface ZoneHistory {
  snapshot: {
    tick: number;
    hash: string;
    /** By lane, the newest ticket that the zone had answered (tickets.ts). Lanes that are missing had none. */
    tickets: readonly number[];
    /** The state, compressed with zstd. */
    state: Uint8Array;
  };
  ticks: HistoryTick[];
}
