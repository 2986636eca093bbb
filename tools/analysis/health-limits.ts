// Every threshold of a health verdict, in one place.

export const LIMITS = {
  windowS: 10,
  /** `error` lines in the window. */
  errorsDegraded: 1,
  errorsCritical: 5,
  /** Share of the intended tick rate. */
  tickRateDegraded: 0.95,
  tickRateCritical: 0.5,
  /** Share of ticks over budget or dropped; a few single ones happen on a busy machine. */
  lateShareDegraded: 0.02,
  lateTicksDegradedMin: 3,
  /** Silence of a zone that is not DOWN. */
  zoneSilentMs: 2_000,
  /** The same, in tick intervals, where ticks are intentionally far apart. */
  zoneSilentIntervals: 4,
  /** Seconds; a younger server has no tick rate yet. */
  tickRateAfterS: 2,
  /** Half of a zone's ticks wait for the journal for this long, in milliseconds. */
  journalLagMsDegraded: 50,
  anomaliesS: 60,
} as const;
