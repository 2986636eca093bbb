// What `wowsim validate` asks of the server's parts, what it hears meanwhile, and what it gets in the end.
//
//   const result = await validate({ dataDir: ".wowsim", source: "hotfix.wasm", lastMs: 300_000 }, {})
//   result.verdict      // "fail"
//   result.reason       // "Fireball damage +12 % (n 4,120) is not expected, everything else equal in 38,400 ticks"

import type { DeployPolicy } from "./deploy-policy.ts";
import type { BehaviourTerm } from "./behaviour.ts";
import type { Expectation } from "./expectations.ts";

export interface ValidationOptions {
  /** The folder with the journal; not read when there is a `file`. */
  dataDir: string;
  /** A recording. */
  file?: string | undefined;
  /** The candidate: a .wasm file, a folder with kernel sources, or the name of a candidate of this tree. */
  source: string;
  /** The candidate itself, as it was compiled; then `source` is only its name. */
  given?: { wasm: Uint8Array; label: string } | undefined;
  /** Default: all zones. */
  zone?: number | undefined;
  /** How much of each zone's newest history is run, in milliseconds of game time; default: the policy's minutes. */
  lastMs?: number | undefined;
  /** TOML with what the candidate is meant to change; default: the file beside the source, if there is one. */
  expect?: string | undefined;
  /** The same, read already. */
  expectations?: readonly Expectation[] | undefined;
  /** TOML with limits (deploy-policy.ts), or read already; default: the defaults. */
  policy?: string | DeployPolicy | undefined;
  /** Of all that is drawn here: random commands, perturbed generators. */
  seed?: number | undefined;
  /** False: time is not measured; next to other work of the machine it is of no use. */
  time?: boolean | undefined;
  /** Threads; default: one a core, at most one a zone. */
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
}

export const VALIDATION_VERDICTS = ["pass", "fail", "inconclusive"] as const;
/** Inconclusive: nothing speaks against the candidate, and too little was seen to speak for it. */
export type ValidationVerdict = (typeof VALIDATION_VERDICTS)[number];

/** How a candidate compares with the incumbent, from harmless to bad (docs/VALIDATION.md). */
export const BEHAVIOUR_CLASSES = ["identical", "added", "draw_order", "changed", "corrupt", "trap"] as const;
export type BehaviourClass = (typeof BEHAVIOUR_CLASSES)[number];

/** One line of a verdict. */
export interface ValidationCheck {
  name: string;
  /** Null: it can not be told. Then the verdict is no pass. */
  holds: boolean | null;
  /** Values, limits and numbers of samples, in words. */
  shown: string;
}

/** What no tick of the recording had, nor random commands brought about, so nothing is known of it. */
export interface NotExercised {
  /** Names of clients' commands. */
  commands: string[];
  /** Names of spells of the content that were never cast. */
  spells: string[];
  /** Names of kinds of events. */
  events: string[];
  /** Levels of overload, forms of trades, what only the host commands: "overload of level 3". */
  situations: string[];
}

/** A tick in which the candidate trapped, or wrote what no server would take. */
export interface CandidateTrap {
  zone: number;
  tick: number;
  message: string;
  phase: string;
  /** Name of the command that it was handling; null: none. */
  command: string | null;
  session: number;
  entity: number;
  spell: number;
}

export interface ValidatedZone {
  zone: number;
  fromTick: number;
  toTick: number;
  /** Ticks that both kernels ran from the same state. */
  ticks: number;
  /** Ticks after which states, events and frames were equal, byte by byte. */
  equal: number;
  /** Ticks that the journal should have, and that could not be run. */
  lost: number;
  /** Most players at a time. */
  players: number;
  /** Commands of players. */
  commands: number;
  problems: string[];
}

export interface ValidationResult {
  verdict: ValidationVerdict;
  /** The verdict and what decided it, in one line. */
  reason: string;
  class: BehaviourClass;
  candidate: { module: string; label: string };
  /** The modules that it was compared with. */
  incumbents: { module: string; label: string }[];
  zones: ValidatedZone[];
  ticks: number;
  equal: number;
  /** Random numbers that both drew; `ticks`: in how many they drew another number of them. */
  draws: { incumbent: number; candidate: number; ticks: number };
  /** The candidate's fuel over the incumbent's, over all ticks. */
  fuelRatio: number;
  /** All terms that occurred, those that differ first. */
  terms: BehaviourTerm[];
  /** What decided stands first. */
  checks: ValidationCheck[];
  traps: { count: number; first: CandidateTrap | null };
  notExercised: NotExercised;
  /** Columns that only one of the layouts has. */
  added: string[];
  dropped: string[];
  /** Problems of the journal as a whole. */
  problems: string[];
  seconds: number;
  interrupted: boolean;
}

export interface ValidationObserver {
  /** Called some times a second; `what`: what is being done, in words. `share`: 0 to 1. */
  onProgress?(share: number, what: string): void;
}

/** Throws WowsimError (no_journal, nothing_recorded, module_refused, expectations_invalid, ...). */
export interface ValidationHost {
  validate(options: ValidationOptions, observer: ValidationObserver): Promise<ValidationResult>;
}
