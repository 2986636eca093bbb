// The wizard's state: the current drill, the user's choices, and the scenario that they form.

import type { Measured } from "../analysis/measured.ts";
import { shown } from "../analysis/measures.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { Drill, Where } from "../scenario/drill.ts";
import { measureOf } from "../scenario/measures.ts";
import type { MeasureName } from "../scenario/measures.ts";
import { pasteable } from "../client/server-flags.ts";
import type { ServerPlace } from "../client/server-flags.ts";

/** A step of the scenario that can be saved at the end, in the form of the file. */
export type SavedStep = Record<string, unknown>;

export interface Tokens {
  token?: string | undefined;
  playerToken?: string | undefined;
}

export interface WizardState {
  drill: Drill | null;
  /** The user wants a running server, but its address is not given yet. */
  isElsewhere: boolean;
  /** A server that was named at the start, or that has its data in this folder; null when there is none. */
  found: { name: string; where(): Promise<Where> } | null;
  /** The tokens for a server, as far as flags gave them. */
  tokens: Tokens;
  players: number;
  fault: string;
  /** The fault is hidden from the user until telemetry has shown it. */
  isSurprise: boolean;
  strength: number;
  /** 0: all zones. */
  zone: number;
  guess: string;
  /** Milliseconds since 1970, by this process's clock. */
  activatedAtMs: number;
  diagnosedAtMs: number;
  mendedAtMs: number;
  before: Figures | null;
  during: Figures | null;
  after: Figures | null;
  diagnosis: string;
  /** The wizard's faults that ended by themselves. */
  lost: Set<string>;
  /** The result of each deploy, by its step. */
  deploys: Map<string, string>;
  /** A kernel of the wizard runs in every zone. */
  isPromoted: boolean;
  /** By the step that did it, so that going back removes it. */
  saved: Map<string, SavedStep[]>;
  savedAs: string;
  /** In [0, 1): picks the surprise. */
  random: () => number;
  /** The folder where a scenario is saved. */
  folder: string;
}

/** The figures shown for a stretch of time. */
export interface Figures {
  tickMs: { zone: number; p50: Measured; max: Measured }[];
  tickRateHz: Measured;
  roundTripMs: Measured;
  drops: Measured;
  playing: Measured;
}

export function newState(
  options: { random: () => number; folder: string } & Partial<Pick<WizardState, "found" | "tokens">>,
): WizardState {
  return {
    drill: null,
    found: null,
    tokens: {},
    isElsewhere: false,
    players: 0,
    fault: "",
    isSurprise: false,
    strength: 0,
    zone: 0,
    guess: "",
    activatedAtMs: 0,
    diagnosedAtMs: 0,
    mendedAtMs: 0,
    before: null,
    during: null,
    after: null,
    diagnosis: "",
    lost: new Set(),
    deploys: new Map(),
    isPromoted: false,
    saved: new Map(),
    savedAs: "",
    ...options,
  };
}

export function drillOf({ drill }: WizardState): Drill {
  if (drill !== null) return drill;
  throw new WowsimError("no_server", "There is no server yet; go back to the first step.");
}

/** The wizard's server as printed hints name it. */
export function placeOf(state: WizardState): ServerPlace {
  return drillOf(state).place;
}

/** A command with the flags for the wizard's server. */
export function commandAt(state: WizardState, commandLine: string): string {
  return pasteable(commandLine, placeOf(state));
}

/** The figures of the time since the drill's last mark. */
export function figuresOf(state: WizardState): Figures {
  const drill = drillOf(state);
  const { timeline, step, feltSince } = drill.view();
  const felt = feltSince(step);
  const look = {
    timeline,
    fromMs: step.atMs,
    toMs: (timeline.nowMs ?? step.atMs) + 1,
    zone: null as number | null,
    felt,
  };
  const read = (name: MeasureName, zone: number | null = null): Measured => measureOf(name).read({ ...look, zone });
  return {
    tickMs: [...timeline.zones.keys()]
      .toSorted((a, b) => a - b)
      .map((zone) => ({ zone, p50: read("tick_ms_p50", zone), max: read("tick_ms_max", zone) })),
    tickRateHz: read("tick_rate_hz"),
    roundTripMs: read("round_trip_ms_p50"),
    drops: felt?.drops ?? null,
    playing: felt?.playing ?? null,
  };
}

/** One line for each figure, with the earlier value if `before` is given. */
export function figureLines(now: Figures, before: Figures | null = null): string[] {
  const was = (value: Measured | undefined, unit: string): string =>
    before === null || value === undefined ? "" : `, was ${shownMs(value)}${unit}`;
  return [
    ...now.tickMs.map(({ zone, p50, max }) => {
      const old = before?.tickMs.find((each) => each.zone === zone)?.p50;
      return `zone ${zone}      tick p50 ${shownMs(p50)} ms of 50, slowest ${shownMs(max)}${was(old, "")}`;
    }),
    `round trip  p50 ${shownMs(now.roundTripMs)} ms${was(before?.roundTripMs, "")}`,
    `players     ${shown(now.playing)} in the world, ${shown(now.drops)} links lost in this time`,
  ];
}

const shownMs = (value: Measured): string => (value !== null ? value.toFixed(value < 10 ? 1 : 0) : "not measured");
