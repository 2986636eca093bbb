// What the stages of a deploy share.

import type { DeployPolicy } from "../../server/protocol/deploy-policy.ts";
import type { DeployOutcome } from "../../server/protocol/deploy-record.ts";
import type { FeedWindow, LineFeed } from "./feed-window.ts";
import type { DeployRecorder } from "./record.ts";
import type { Control, DeployRemote } from "./remote.ts";
import type { StageReport, Stages } from "./stages.ts";
import type { ValidateWish } from "./validate-stage.ts";
import type { Verdict } from "./verdict.ts";
import type { Waiting } from "./watch.ts";

export interface CanaryOptions {
  /** An unmetered kernel binary. */
  wasm: Uint8Array;
  label: string;
  /** What the operator named, for the record; default: the label. */
  source?: string;
  /** Undefined: as the policy says, or of the zones with players the one with the fewest. */
  zoneId?: number | undefined;
  policy: DeployPolicy;
  /** How long the canary is watched, in milliseconds; undefined: `canary.ticks` of the policy. */
  durationMs?: number | undefined;
  /** What the server's own judgement by its journal is to be; absent: the module is not validated. */
  validate?: Pick<ValidateWish, "lastMs">;
  /** TOML with what the module is meant to change; default: nothing. */
  expect?: string;
  /** Why to go on whatever validation and shadow say; null: they decide. */
  force?: string | null;
  /** Goes on where too little is played to judge by. */
  allowIdle?: boolean;
  /** Ends before the swap. */
  isDry?: boolean;
  /** Every roll-back also undoes what the module did, and not only one for what it did. */
  undo?: boolean;
}

export interface CanaryTools {
  control: Control;
  feed: LineFeed;
  /** Aborted: the deploy is rolled back. */
  signal: AbortSignal;
  report(stage: StageReport): void;
  /** Called a few times a second while waiting; `share` is the finished part of the wait, from 0 to 1. */
  progress?(share: number, text: string): void;
}

export interface CanaryResult {
  /** Validated: a dry run ended as it should. Aborted: an operator ended it. Abandoned: the server did, because this tool was silent. */
  outcome: DeployOutcome;
  /** The verdict's reason, or the reason of a refusal. */
  reason: string;
  hash: string;
  /** The number of its record on the server; null: there is none. */
  deploy: number | null;
  /** The first canary zone. */
  zoneId: number | null;
  /** All canary zones. */
  zoneIds: readonly number[];
  verdict: Verdict | null;
  /** What the module did was undone, in every zone that ran it. */
  undone: boolean;
  /** From the first swap to the decision to promote or roll back; null when nothing was swapped. */
  watchedMs: number | null;
  /** From that decision to every zone confirmed on the module it should run. */
  settledMs: number | null;
  /** Sessions that lost their connection between swap and end, by telemetry. */
  sessionsLost: number;
}

export interface DeployContext {
  options: CanaryOptions;
  tools: CanaryTools;
  hash: string;
  window: FeedWindow;
  remote: DeployRemote;
  stages: Stages;
  /** Null before the server knows of the deploy. */
  recorder: DeployRecorder | null;
}

/** What waiting stages need. */
export function waitingOf({ tools, recorder }: DeployContext): Waiting {
  const { signal, progress } = tools;
  return {
    signal,
    assertGoesOn: () => recorder?.assertGoesOn(),
    progress: (share, text) => progress?.(share, text),
  };
}
