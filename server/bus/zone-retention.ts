// How much of a zone's stream is kept: everything back to a snapshot, as long and as large as allowed. The two newest snapshots are
// always kept, with what follows them: a zone that nobody has run for a month is still there.
//
//   const retention = new ZoneRetention({ hours: 24, megabytes: 512 })
//   retention.wrote(900_000, 4_711, Date.now(), true)     // message 4711, with a snapshot, is 900 kB long
//   retention.due(Date.now())                             // 3_912: what is before that message can go; null: nothing

const SNAPSHOTS_MIN = 2;
/** A zone of a busy month; older ones of them are then not told apart. */
const SNAPSHOTS_MAX = 16_384;
const MS_PER_HOUR = 3_600_000;
const BYTES_PER_MB = 2 ** 20;

interface KeptSnapshot {
  sequence: number;
  atMs: number;
  /** Of everything before it, since the beginning of the count. */
  bytesBefore: number;
}

export class ZoneRetention {
  readonly #ageMsMax: number;
  readonly #bytesMax: number;
  /** Oldest first. */
  #snapshots: KeptSnapshot[] = [];
  #bytes = 0;
  /** What is left begins here. */
  #first = 0;

  constructor({ hours, megabytes }: { hours: number; megabytes: number }) {
    this.#ageMsMax = hours * MS_PER_HOUR;
    this.#bytesMax = megabytes * BYTES_PER_MB;
  }

  /** What earlier owners wrote. How large a stretch of it is, is estimated from how many messages it has. */
  found(
    snapshots: readonly { sequence: number; atMs: number }[],
    { first, last, bytes }: { first: number; last: number; bytes: number },
  ): void {
    const each = bytes / Math.max(1, last - first + 1);
    const own = this.#snapshots.filter(({ sequence }) => sequence > last);
    const earlier = snapshots.map(({ sequence, atMs }) => ({
      sequence,
      atMs,
      bytesBefore: (sequence - last - 1) * each,
    }));
    this.#snapshots = [...earlier.filter(({ sequence }) => sequence <= last), ...own].slice(-SNAPSHOTS_MAX);
    this.#first = first;
  }

  wrote(bytes: number, sequence: number, atMs: number, isSnapshot: boolean): void {
    if (isSnapshot) this.#snapshots.push({ sequence, atMs, bytesBefore: this.#bytes });
    if (this.#snapshots.length > SNAPSHOTS_MAX) this.#snapshots.splice(1, 1);
    this.#bytes += bytes;
  }

  /** Sequence number of the oldest message that is needed, when there are others before it. */
  due(nowMs: number): number | null {
    const { length } = this.#snapshots;
    const oldest = this.#snapshots.findIndex(
      ({ atMs, bytesBefore }, index) =>
        index >= length - SNAPSHOTS_MIN ||
        (nowMs - atMs <= this.#ageMsMax && this.#bytes - bytesBefore <= this.#bytesMax),
    );
    if (oldest <= 0) return null;
    const { sequence = 0 } = this.#snapshots[oldest] ?? {};
    return sequence > this.#first ? sequence : null;
  }

  /** Everything before the message was deleted. */
  purged(sequence: number): void {
    this.#first = sequence;
    this.#snapshots = this.#snapshots.filter((snapshot) => snapshot.sequence >= sequence);
  }
}
