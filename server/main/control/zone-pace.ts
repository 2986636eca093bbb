// Whether work beside the zones makes them slower, by the 99th percentile of the duration of their ticks.
//
//   const pace = new ZonePace({ durationsMs, now, ratioMax: 1.1 })      // it knows the last ten seconds
//   pace.look()            // "go on", some times a second
//   pace.look()            // "pause": zones are slower than before; is it the work?
//   pace.look()            // "rest": they were slower each time it went on, and not in the pauses
//
// Zones become slower for many reasons: more players, other programs of the machine. So a rise only causes a pause of two seconds, and the
// zones are compared with what they do then. When they are as slow without the work, that is what later looks are compared with. Only
// when several pauses in a row help does the work rest, longer each time; what piles up in a pause is done afterwards.

export interface ZonePaceOptions {
  /** Durations of ticks of all zones since a time, in milliseconds; of the last ten seconds at most. */
  durationsMs: (sinceMs: number) => readonly number[];
  /** Milliseconds. */
  now: () => number;
  /** The p99 over that before. */
  ratioMax: number;
}

export type Pace = "go on" | "pause" | "rest";

/** Below this rise nobody is harmed: a fiftieth of a tick. */
export const RISE_MS_MIN = 1;
/** Between two looks at what the work does, and the length of a pause. */
const LOOK_MS = 2_000;
const PAUSE_MS = 2_000;
const TICKS_MIN = 30;
/** Pauses in a row that have to help. */
const PAUSES_MIN = 3;
const REST_MS = { min: 5_000, max: 60_000 } as const;
/** Nothing is known from before that. */
const LAST_MS = 10_000;

export class ZonePace {
  readonly #options: ZonePaceOptions;
  /** The p99 without the work; null: too few ticks. */
  #beforeMs: number | null;
  #state: Pace = "go on";
  #sinceMs: number;
  #untilMs: number;
  /** The p99 that led to the pause. */
  #slowMs = 0;
  #helped = 0;
  #restMs: number = REST_MS.min;

  constructor(options: ZonePaceOptions) {
    this.#options = options;
    const nowMs = options.now();
    this.#beforeMs = this.#p99(nowMs - LAST_MS);
    this.#sinceMs = nowMs;
    this.#untilMs = nowMs + LOOK_MS;
  }

  look(): Pace {
    const nowMs = this.#options.now();
    if (nowMs < this.#untilMs) return this.#state;
    switch (this.#state) {
      case "go on":
        return this.#worked(nowMs);
      case "pause":
        return this.#paused(nowMs);
      case "rest":
        this.#beforeMs = this.#p99(this.#sinceMs) ?? this.#beforeMs;
        return this.#enter("go on", nowMs, LOOK_MS);
    }
  }

  #worked(nowMs: number): Pace {
    const p99 = this.#p99(Math.max(this.#sinceMs, nowMs - LAST_MS));
    this.#untilMs = nowMs + LOOK_MS;
    this.#beforeMs ??= p99;
    if (p99 !== null && this.#isSlower(p99, this.#beforeMs)) {
      this.#slowMs = p99;
      return this.#enter("pause", nowMs, PAUSE_MS);
    }
    this.#helped = 0;
    return "go on";
  }

  #paused(nowMs: number): Pace {
    const p99 = this.#p99(this.#sinceMs);
    if (p99 !== null && this.#isSlower(this.#slowMs, p99)) {
      if (++this.#helped < PAUSES_MIN) return this.#enter("go on", nowMs, LOOK_MS);
      this.#helped = 0;
      const restMs = this.#restMs;
      this.#restMs = Math.min(REST_MS.max, restMs * 2);
      return this.#enter("rest", nowMs, restMs);
    }
    this.#helped = 0;
    this.#restMs = REST_MS.min;
    this.#beforeMs = p99 ?? this.#beforeMs;
    return this.#enter("go on", nowMs, LOOK_MS);
  }

  #enter(state: Pace, nowMs: number, ms: number): Pace {
    this.#state = state;
    this.#sinceMs = nowMs;
    this.#untilMs = nowMs + ms;
    return state;
  }

  #isSlower(ms: number, thanMs: number | null): boolean {
    return thanMs !== null && ms > thanMs * this.#options.ratioMax && ms - thanMs >= RISE_MS_MIN;
  }

  #p99(sinceMs: number): number | null {
    const sorted = this.#options.durationsMs(sinceMs).toSorted((one, other) => one - other);
    if (sorted.length < TICKS_MIN) return null;
    return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? null;
  }
}
