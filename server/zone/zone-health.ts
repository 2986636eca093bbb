// Keeps a zone's last recoveries, overruns and waits for the journal, and decides from them when the zone is DEGRADED and when it has too many
// recoveries.
//
//   health.overran(900); health.overran(930); health.overran(950)
//   health.at(951)         // "ticks overrun their budget", until tick 1100
//   health.at(1100)        // null: not DEGRADED

/** A zone is DEGRADED for this many ticks after a recovery, and while its last three overruns all lie within this many ticks. */
export const DEGRADED_TICKS = 200;
export const OVERRUNS_TO_DEGRADE = 3;
/** Of the last LAG_WINDOW_TICKS ticks, this many waited for the journal: the zone is DEGRADED. Single ones happen on a busy machine. */
export const LAGS_TO_DEGRADE = 10;
export const LAG_WINDOW_TICKS = 20;
/** Recoveries that a zone may have within RECOVERY_WINDOW_TICKS. One trap a second stays well below this limit. */
export const RECOVERIES_MAX = 24;
export const RECOVERY_WINDOW_TICKS = 200;

export class ZoneHealth {
  /** Ticks of the newest recoveries and overruns, oldest first, bounded. */
  #recoveries: number[] = [];
  #overruns: number[] = [];
  #lags: number[] = [];

  /** A tick trapped. False when the zone now has more than RECOVERIES_MAX recoveries in the window. */
  trapped(tick: number): boolean {
    this.#recoveries = this.#recoveries.filter((at) => at > tick - RECOVERY_WINDOW_TICKS);
    this.#recoveries.push(tick);
    return this.#recoveries.length <= RECOVERIES_MAX;
  }

  overran(tick: number): void {
    this.#overruns.push(tick);
    if (this.#overruns.length > OVERRUNS_TO_DEGRADE) this.#overruns.shift();
  }

  /** A tick has waited for the journal for too long. */
  lagged(tick: number): void {
    this.#lags.push(tick);
    if (this.#lags.length > LAGS_TO_DEGRADE) this.#lags.shift();
  }

  /** Why the zone is DEGRADED at that tick; null when it is not. */
  at(tick: number): string | null {
    if (this.#overruns.length === OVERRUNS_TO_DEGRADE && isRecent(this.#overruns[0], tick)) {
      return "ticks overrun their budget";
    }
    if (this.#hasLagged(tick)) return "ticks wait for the journal";
    return isRecent(this.#recoveries.at(-1), tick) ? "recovered not long ago" : null;
  }

  /** True from ten such ticks in a row, or almost in a row, until a second after the last of them. */
  #hasLagged(tick: number): boolean {
    const [first] = this.#lags;
    const last = this.#lags.at(-1);
    if (first === undefined || last === undefined || this.#lags.length < LAGS_TO_DEGRADE) return false;
    return last - first < LAG_WINDOW_TICKS && tick - last < LAG_WINDOW_TICKS;
  }

  /** Forgets everything, after a restart. */
  forget(): void {
    this.#recoveries = [];
    this.#overruns = [];
    this.#lags = [];
  }
}

function isRecent(at: number | undefined, tick: number): boolean {
  return at !== undefined && tick - at < DEGRADED_TICKS;
}
