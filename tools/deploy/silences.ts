// How long each zone has been silent while the feed spoke: a zone that stands still, and not a feed that is lost. By the server's clock,
// because this process may read lines late.
//
//   const silences = new Silences()
//   silences.heard(line.timestamp, 2)       // a tick of zone 2
//   silences.heard(line.timestamp, null)    // another line
//   silences.longestMs(2)

/** The most that one line proves of the time since the line before: lines that are missing say nothing. */
const STEP_MS_MAX = 300;

export class Silences {
  #newestMs: number | null = null;
  /** How long the feed spoke: a zone that was never heard has been silent for so long. */
  #spokenMs = 0;
  readonly #zones = new Map<number, { ms: number; longestMs: number }>();

  /** `zoneId`: whose tick the line is. */
  heard(timestamp: string, zoneId: number | null): void {
    const atMs = Date.parse(timestamp);
    if (!Number.isFinite(atMs)) return;
    const stepMs = Math.min(STEP_MS_MAX, Math.max(0, atMs - (this.#newestMs ?? atMs)));
    this.#newestMs = Math.max(this.#newestMs ?? atMs, atMs);
    this.#spokenMs += stepMs;
    for (const silence of this.#zones.values()) {
      silence.ms += stepMs;
      silence.longestMs = Math.max(silence.longestMs, silence.ms);
    }
    if (zoneId === null) return;
    const own = this.#zones.get(zoneId);
    if (own === undefined) this.#zones.set(zoneId, { ms: 0, longestMs: this.#spokenMs });
    else own.ms = 0;
  }

  /** Silences that are over count no more. */
  forget(): void {
    for (const silence of this.#zones.values()) silence.longestMs = silence.ms;
  }

  /** For a zone that was never heard, since the first line. */
  longestMs(zoneId: number): number {
    return this.#zones.get(zoneId)?.longestMs ?? this.#spokenMs;
  }
}
