// The record of a deploy: who deployed which module and why, each stage with its gate, numbers and time, and how it ended. The tool
// that drives the deploy tells it with deploy_begin, deploy_stage, deploy_alive and deploy_end; the server keeps it, and
// deploy_show answers with it.
//
//   {"deploy":7,"hash":"9f3c…","label":"fix.wasm","source":"fix.wasm","by":"anna@desk","force":"","expect":"","policy":{},"dry_run":false,
//    "started_at":"2026-01-01T00:00:00.000Z","ended_at":"2026-01-01T00:01:10.000Z","outcome":"promoted","reason":"…",
//    "stages":[{"stage":"validate","ok":true,"text":"pass: …","took_ms":4100,"at":"2026-01-01T00:00:06.000Z","data":{…}}]}
//
// A stage's data is free. What a report shows of it has the names of StageEvidence.

import { z } from "zod";
import { ShownTerm, ValidationReport } from "./deploy-validation.ts";
import { ShadowReport } from "./shadow.ts";

/** Bounds of what a tool may tell. Longer texts are cut, larger data is left out, further stages are counted only. */
export const RECORD_LIMITS = {
  labelLengthMax: 100,
  sourceLengthMax: 500,
  policyBytesMax: 16_384,
  stageNameLengthMax: 40,
  textLengthMax: 2_000,
  /** JSON of one stage's data. */
  dataBytesMax: 262_144,
  /** JSON of the data of all stages, so that a whole record fits into an answer. */
  allDataBytesMax: 3 * 2 ** 20,
  stagesMax: 500,
} as const;

/** A tool that drives a deploy tells that it is alive; after this time without a word the server ends the deploy. */
export const ALIVE_EVERY_MS = 2_000;
export const SILENCE_MS_MAX = 30_000;

/** What a tool says of the end. */
export const TOLD_OUTCOMES = ["promoted", "rolled_back", "refused", "interrupted", "aborted", "validated"] as const;
/** Abandoned: its tool fell silent, and the server ended it. */
export const DEPLOY_OUTCOMES = [...TOLD_OUTCOMES, "abandoned"] as const;
export type ToldOutcome = (typeof TOLD_OUTCOMES)[number];
export type DeployOutcome = (typeof DEPLOY_OUTCOMES)[number];

export const DeployStage = z.object({
  stage: z.string(),
  /** Null: it says something and decides nothing. */
  ok: z.boolean().nullable(),
  /** One line for people. */
  text: z.string(),
  took_ms: z.number(),
  /** ISO 8601, when the server heard of it. */
  at: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type DeployStage = z.infer<typeof DeployStage>;

export const DeployRecord = z.object({
  /** Counted from 1 on this server, across restarts. */
  deploy: z.number().int().min(1),
  hash: z.string(),
  label: z.string(),
  /** What the operator named: a file, a folder, or a candidate. */
  source: z.string(),
  /** "anna@desk"; the server does not check it. */
  by: z.string(),
  /** Why to go on whatever speaks against it; "": it is not forced. */
  force: z.string(),
  /** TOML with what the module is meant to change; "": nothing. */
  expect: z.string(),
  /** The policy, as the tool tells it. */
  policy: z.record(z.string(), z.unknown()),
  /** It ends before anything is swapped. */
  dry_run: z.boolean(),
  started_at: z.string(),
  /** Null with `outcome`: it is under way. */
  ended_at: z.string().nullable(),
  outcome: z.enum(DEPLOY_OUTCOMES).nullable(),
  /** What decided; "" while it is under way. */
  reason: z.string(),
  stages: z.array(DeployStage),
  /** The stage that runs now; absent when none does, and in what is kept. */
  stage: z.string().optional(),
  /** Stages that were told and not kept, and lines of the file that could not be read. */
  lost_stages: z.number().default(0),
});
export type DeployRecord = z.infer<typeof DeployRecord>;

/** A deploy in deploy_history. */
export const DeploySummary = DeployRecord.pick({
  deploy: true,
  hash: true,
  label: true,
  by: true,
  started_at: true,
  ended_at: true,
  outcome: true,
  reason: true,
});
export type DeploySummary = z.infer<typeof DeploySummary>;

/** A check with its value and limit, in words (`shown`) and, where there are any, in numbers. */
export const EvidenceCheck = z.object({
  name: z.string(),
  holds: z.boolean().nullable(),
  shown: z.string(),
  value: z.number().nullable().optional(),
  limit: z.number().nullable().optional(),
  /** Number of samples. */
  n: z.number().nullable().optional(),
});
export type EvidenceCheck = z.infer<typeof EvidenceCheck>;

/** One plot: lines over the same seconds. A report draws the candidate's lines in its accent colour, and plots of `time_blocks` by itself. */
export const EvidenceSeries = z.object({
  /** "kernel time, zone 1" */
  title: z.string(),
  /** "ms" */
  unit: z.string(),
  /** Seconds since the stage began, rising. */
  seconds: z.array(z.number()),
  /** As many values as seconds; null where nothing was measured. */
  lines: z.array(
    z.object({
      /** "candidate p50", "candidate p99", "shadow p50", "shadow p99" */
      name: z.string(),
      of: z.enum(["candidate", "incumbent"]),
      values: z.array(z.number().nullable()),
    }),
  ),
});
export type EvidenceSeries = z.infer<typeof EvidenceSeries>;

/** What a report shows of a stage's data; each part may be missing. */
export const StageEvidence = z.object({
  /** Of a validation, or of a shadow: that has also `shadow`. */
  report: ValidationReport.extend({ shadow: ShadowReport.shape.shadow.optional().catch(undefined) })
    .nullable()
    .optional()
    .catch(undefined),
  checks: z.array(EvidenceCheck).optional().catch(undefined),
  terms: z.array(ShownTerm).optional().catch(undefined),
  series: z.array(EvidenceSeries).optional().catch(undefined),
});
export type StageEvidence = z.infer<typeof StageEvidence>;

export const Frozen = z.object({ reason: z.string(), by: z.string(), since: z.string() });
export type Frozen = z.infer<typeof Frozen>;

/** The deploy that is under way. */
export const DeployInFlight = z.object({
  deploy: z.number(),
  hash: z.string(),
  label: z.string(),
  /** The stage that runs now; of a tool that does not say so, the last one that ended. "" before the first. */
  stage: z.string(),
  by: z.string(),
  since: z.string(),
});
export type DeployInFlight = z.infer<typeof DeployInFlight>;

export const FreezeAnswer = z.object({
  frozen: Frozen.nullable(),
  /** Whether it was frozen before; only a thaw tells it. */
  was_frozen: z.boolean().optional(),
  /** False: it holds, and a restart would forget it, because the disk does not take it. */
  kept: z.boolean(),
});
export type FreezeAnswer = z.infer<typeof FreezeAnswer>;

export const DeployBegun = z.object({ deploy: z.number() });
/** A deploy that promotes what another one, or a tool that begins none, has on trial. */
export const DeployAdopted = z.object({
  deploy: z.number(),
  hash: z.string(),
  label: z.string(),
  /** Zones with the module on trial. */
  zones: z.array(z.number()),
});
export type DeployAdopted = z.infer<typeof DeployAdopted>;
export const DeployShown = z.object({ record: DeployRecord });
export const DeployAborted = z.object({
  deploy: z.number(),
  /** Zones that go back to the module before. */
  zones: z.array(z.number()),
});
export type DeployAborted = z.infer<typeof DeployAborted>;

/** What deploy_status says besides modules and zones; an older server says none of it. */
export const DeployGateStatus = z.object({
  frozen: Frozen.nullable().default(null),
  deploy: DeployInFlight.nullable().default(null),
  /** What is wrong with zones or journal just now, a sentence each: no deploy begins without force. */
  incidents: z.array(z.string()).default([]),
});
export type DeployGateStatus = z.infer<typeof DeployGateStatus>;
/** What deploy_history says besides its entries; an older server does not. Newest last. */
export const DeployHistory = z.object({
  deploys: z.array(DeploySummary).default([]),
  /** Files of records that can not be read. */
  damaged_records: z.number().default(0),
});
