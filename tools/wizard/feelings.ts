// The faults as players would describe them, and the strength that the wizard suggests for each.
//
//   FEELINGS[0]     // { fault: "latency-spike", feels: "Everything answers late, ...", strength: "delay_ms", suggested: 150, ... }

export interface Feeling {
  fault: string;
  /** The effect in a player's words. */
  feels: string;
  /** The parameter for its strength; null: it has none. */
  strength: string | null;
  /** The suggested value of that parameter. */
  suggested: number;
  /** Parameters that differ from their defaults, so that the effect shows within seconds. */
  params?: Readonly<Record<string, number>>;
  /** Whether the wizard asks for a zone. */
  hasZone: boolean;
}

export const FEELINGS: readonly Feeling[] = [
  {
    fault: "latency-spike",
    feels: "Everything answers late, all of a sudden",
    strength: "delay_ms",
    suggested: 150,
    hasZone: true,
  },
  {
    fault: "slow-leak",
    feels: "It gets slower and slower",
    strength: "increment_ms",
    suggested: 5,
    params: { increment_every: 10 },
    hasZone: true,
  },
  {
    fault: "event-queue-flood",
    feels: "Everybody jitters about",
    strength: "multiplier",
    suggested: 30,
    hasZone: true,
  },
  { fault: "session-crash", feels: "One of us is thrown out", strength: null, suggested: 0, hasZone: true },
  {
    fault: "thundering-herd",
    feels: "All of us are thrown out at once",
    strength: "reconnect_delay_ticks",
    suggested: 20,
    hasZone: true,
  },
  {
    fault: "cascading-zone-failure",
    feels: "Our zone is gone, and we are in another",
    strength: "flood_multiplier",
    suggested: 5,
    hasZone: false,
  },
  {
    fault: "split-brain",
    feels: "A creature is somewhere else for others",
    strength: "phantom_count",
    suggested: 3,
    hasZone: false,
  },
  {
    fault: "memory-pressure",
    feels: "Nothing yet; an operator would see it",
    strength: "megabytes",
    suggested: 256,
    hasZone: false,
  },
  {
    fault: "zone-trap",
    feels: "Nothing at all: the zone dies, and mends itself",
    strength: "every_ticks",
    suggested: 20,
    hasZone: true,
  },
  {
    fault: "zone-runaway",
    feels: "A short hitch now and then, and nothing else",
    strength: "every_ticks",
    suggested: 20,
    hasZone: true,
  },
  {
    fault: "disk-slow",
    feels: "A short wait once, then nothing: what we are told is not kept",
    strength: "delay_ms",
    suggested: 2_000,
    hasZone: false,
  },
  {
    fault: "disk-full",
    feels: "The same wait, and an operator would see a full disk",
    strength: null,
    suggested: 0,
    hasZone: false,
  },
];

export function feelingOf(fault: string): Feeling {
  const feeling = FEELINGS.find((each) => each.fault === fault);
  if (feeling === undefined) throw new Error(`Nobody has said what ${fault} feels like.`);
  return feeling;
}
