// The scenarios included in wowsim, by name. They are bundled as text, so that the single executable has them too.
//
//   LIBRARY.get("latency-spike")       // the text of scenarios/latency-spike.toml

import badHotfix from "./scenarios/bad-hotfix.toml" with { type: "text" };
import cascadingZoneFailure from "./scenarios/cascading-zone-failure.toml" with { type: "text" };
import eventQueueFlood from "./scenarios/event-queue-flood.toml" with { type: "text" };
import latencySpike from "./scenarios/latency-spike.toml" with { type: "text" };
import diskFull from "./scenarios/disk-full.toml" with { type: "text" };
import diskSlow from "./scenarios/disk-slow.toml" with { type: "text" };
import memoryPressure from "./scenarios/memory-pressure.toml" with { type: "text" };
import poisonCommand from "./scenarios/poison-command.toml" with { type: "text" };
import runawayCommand from "./scenarios/runaway-command.toml" with { type: "text" };
import sessionCrash from "./scenarios/session-crash.toml" with { type: "text" };
import slowLeak from "./scenarios/slow-leak.toml" with { type: "text" };
import splitBrain from "./scenarios/split-brain.toml" with { type: "text" };
import thunderingHerd from "./scenarios/thundering-herd.toml" with { type: "text" };

export const LIBRARY: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "latency-spike": latencySpike,
    "slow-leak": slowLeak,
    "event-queue-flood": eventQueueFlood,
    "disk-slow": diskSlow,
    "disk-full": diskFull,
    "memory-pressure": memoryPressure,
    "session-crash": sessionCrash,
    "split-brain": splitBrain,
    "cascading-zone-failure": cascadingZoneFailure,
    "poison-command": poisonCommand,
    "runaway-command": runawayCommand,
    "thundering-herd": thunderingHerd,
    "bad-hotfix": badHotfix,
  } as Record<string, unknown>).map(([name, text]) => [name, String(text)]),
);
