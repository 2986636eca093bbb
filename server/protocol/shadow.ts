// A live shadow, as the control port tells it: a module that runs beside the zones on their own journal while that grows, and what both
// did. Names in snake_case.
//
//   > {"command":"shadow_module","hash":"9f3c…","zone_ids":[],"ticks":400,"role":"candidate"}
//   < {"success":true,"command":"shadow_module","shadow":1,"state":"running"}
//   > {"command":"shadow_status","shadow":1}
//   < {"success":true,"command":"shadow_status","shadow":1,"state":"running","share":0.4,"report":{"verdict":"pass",...},...}

import { z } from "zod";
import { ValidationReport } from "./deploy-validation.ts";

/** Ticks of each zone; a day at 20 ticks a second. 0: until it is aborted. */
export const SHADOW_TICKS = { min: 0, max: 1_728_000, default: 400 } as const;
/** Zones of one shadow. */
export const SHADOW_ZONES_MAX = 64;
/** Differing terms of a report. */
export const SHADOW_TERMS_MAX = 40;
/** Compared ticks of one block of `time_blocks`, and how many of the newest blocks a report has. */
export const TIME_BLOCK_TICKS = 20;
/** Compared ticks of all zones before the first block: the engine still compiles. */
export const TIME_WARM_UP_TICKS = 200;
export const TIME_BLOCKS_MAX = 200;

/**
 * `candidate`: zones run their own module, and the shadow's runs beside them. `incumbent`: zones run a module on trial, and the
 * shadow's, the one before it, runs beside them; the report is turned around, so that in it the incumbent is the shadow's module.
 */
export const SHADOW_ROLES = ["candidate", "incumbent"] as const;
export type ShadowRole = (typeof SHADOW_ROLES)[number];

const ShadowedZone = z.object({
  zone_id: z.number(),
  /** The first and the newest tick that was looked at; both 0: none yet. */
  from_tick: z.number(),
  to_tick: z.number(),
  /** Ticks that both modules ran from the same state, and those of them after which everything was equal, byte by byte. */
  compared: z.number(),
  equal: z.number(),
  /** Ticks that went by uncompared: to yield, because the shadow fell behind, or because the journal does not have them. */
  skipped: z.number(),
  /** Ticks that the journal has, and that were not looked at yet. */
  behind: z.number(),
  /** Recorded ticks that did not give the recorded state. */
  mismatched: z.number(),
  /** Ticks that the zone ran with the shadow's module itself; there is nothing to compare with. */
  own: z.number(),
});
export type ShadowedZone = z.infer<typeof ShadowedZone>;

const TimeBlock = z.object({
  /** Number of the block, from 0 on; over all zones. */
  n: z.number(),
  /** Median over the ticks of the block: log of the candidate's kernel time over the incumbent's. */
  log_ratio: z.number(),
  /** Medians of the kernel time of a tick, in microseconds. */
  incumbent_us: z.number(),
  candidate_us: z.number(),
  /** The slowest tick of the block of each, in microseconds: a hitch does not show in medians. */
  incumbent_max_us: z.number(),
  candidate_max_us: z.number(),
});
export type TimeBlock = z.infer<typeof TimeBlock>;

export const ShadowReport = ValidationReport.extend({
  shadow: z.object({
    zones: z.array(ShadowedZone),
    /** How often the shadow rested because zones became slower, and the ticks that it left out for that. */
    yielded: z.object({ times: z.number(), ticks: z.number() }),
    /** Terms that differ, those first that nothing else explains. */
    terms: z.array(
      z.object({
        what: z.string(),
        incumbent: z.number(),
        candidate: z.number(),
        /** In how many ticks they differ. */
        ticks: z.number(),
        /** Contributions to the sum. */
        n: z.number(),
      }),
    ),
    /** Kernel time of the candidate over that of the incumbent, in the same ticks, thread and alternating order; null: too few ticks. */
    time_ratio: z.number().nullable(),
    /** The newest blocks, oldest first. */
    time_blocks: z.array(TimeBlock),
    /** Share of a core that the shadow's thread took, from its first tick on; null: not known yet. */
    core_share: z.number().nullable(),
    /** What is missing or damaged, one sentence each. */
    problems: z.array(z.string()),
  }),
});
export type ShadowReport = z.infer<typeof ShadowReport>;

export const ShadowStatus = z.object({
  shadow: z.number(),
  hash: z.string(),
  role: z.enum(SHADOW_ROLES),
  /** Done: `report` is final; with an `error` it was ended early, and tells what was seen by then. Failed: there is no report. */
  state: z.enum(["running", "done", "failed"]),
  /** 0 to 1; of a shadow without an end always 0. */
  share: z.number(),
  doing: z.string(),
  /** While it runs, the newest; null until there is one. */
  report: ShadowReport.nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type ShadowStatus = z.infer<typeof ShadowStatus>;
