// The candidates of assembly/candidates: each is what it says, by measurement. All are run in step with the kernel over one
// recorded play. This is also where it shows when the kernel has moved on and a candidate was left behind.

import { beforeAll, describe, expect, test } from "bun:test";
import { buildKernel, readSources } from "../../../assembly/toolchain/build.ts";
import {
  buildCandidate,
  candidateNames,
  candidateSources,
  parseCandidate,
  readCandidate,
  readCandidates,
} from "../../../assembly/toolchain/candidates.ts";
import { createMemory } from "../../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../../assembly/toolchain/load.ts";
import { Lane } from "../../../server/lockstep/lane.ts";
import { Lockstep } from "../../../server/lockstep/lockstep.ts";
import { readExpectations } from "../../../server/protocol/expectations.ts";
import type { ModuleComparison } from "../../../server/protocol/replay.ts";
import { recordPlay } from "../../helpers/candidate-play.ts";
import type { Play } from "../../helpers/candidate-play.ts";

/** A comparison ends when it has seen this many ticks that differ. */
const DIFFERING_MAX = 30;

/** What is true of a candidate after the play. */
interface Truth {
  /** It gives the kernel's states, events and frames, for so many times the kernel's fuel: from, to. */
  equal?: readonly [from: number, to: number];
  /** Columns that it adds. */
  adds?: readonly string[];
  /** Columns that differ, among others. */
  differs?: readonly string[];
  /** Nothing else in the state differs. */
  only?: true;
  /** The events stay as they are. */
  sameEvents?: true;
  /** The frames stay as they are. */
  sameFrames?: true;
  traps?: string;
}

const SAME_FUEL = [0.999, 1.01] as const;
const TRUTHS: Readonly<Record<string, Truth>> = {
  "added-column": { equal: SAME_FUEL, adds: ["PLAYER_KILLS"] },
  "added-counter": { differs: ["COUNTER_BASE"], only: true, sameEvents: true, sameFrames: true },
  "faster-sight": { equal: [0.8, 0.95] },
  "fireball-buff": { differs: ["ENTITY_HEALTH"] },
  hotfix: { equal: SAME_FUEL },
  "new-column": { differs: ["ENTITY_HEALTH"], only: true, sameEvents: true, adds: ["PLAYER_RESTED"] },
  "other-order": { equal: SAME_FUEL },
  refactoring: { equal: SAME_FUEL },
  "rounding-fix": { differs: ["ENTITY_HEALTH"], only: true, sameEvents: true },

  "armour-sign": { differs: ["ENTITY_HEALTH", "THREAT_VALUE"] },
  "borrowed-row": { differs: ["ENTITY_HEALTH"], only: true, sameEvents: true, sameFrames: true },
  "bulk-memory": { equal: [2, 10] },
  "cold-memory": { equal: SAME_FUEL },
  "crowd-bonus": { differs: ["PLAYER_EXPERIENCE"] },
  crash: { traps: "assertion" },
  "double-damage": { differs: ["ENTITY_HEALTH"] },
  "endless-channel": { traps: "out of time" },
  "extra-draw": { differs: ["HEADER_RANDOM"] },
  "garbage-frames": { traps: "a record of kind 4" },
  "gold-dupe": { differs: ["STACK_BASE"], sameEvents: true },
  "health-999999": { differs: ["ENTITY_HEALTH"], only: true, sameEvents: true },
  "heals-beyond": { differs: ["ENTITY_HEALTH"] },
  hitch: { equal: [2, 100] },
  invulnerable: { differs: ["ENTITY_HEALTH"] },
  late: { differs: ["ENTITY_HEALTH"] },
  "late-levels": { differs: ["ENTITY_LEVEL", "ENTITY_MAX_HEALTH"], sameEvents: true },
  "no-experience": { differs: ["PLAYER_EXPERIENCE"] },
  "no-leash": { differs: ["ENTITY_FLAGS", "ENTITY_TARGET"] },
  "off-by-one": { differs: ["PLAYER_FLAGS"], sameEvents: true },
  "rare-self": { differs: ["HEADER_FRAME_BYTES"], sameEvents: true },
  regression: { equal: [1.3, 10] },
  slower: { equal: [1.15, 1.3] },
  "slower-in-crowds": { equal: [1.02, 1.3] },
  snowball: { differs: ["ENTITY_DAMAGE_MAX"], only: true, sameEvents: true, sameFrames: true },
  "stray-health": { differs: ["ENTITY_HEALTH"], only: true, sameEvents: true, sameFrames: true },
  "threat-leak": { differs: ["THREAT_ROW"], sameEvents: true },
  "trap-on-cancel": { traps: "assertion" },
  "unsent-field": { differs: ["HEADER_FRAME_BYTES"], sameEvents: true },
};
/** Columns that count what is sent: they follow from another difference. */
const FOLLOWING = ["HEADER_FRAME_BYTES"];

let kernel: Kernel;
let play: Play;
let recorded: WebAssembly.Memory;
let other: WebAssembly.Memory;

beforeAll(async () => {
  const { metered, hash } = await buildKernel();
  kernel = loadKernel(metered, "kernel", hash);
  play = recordPlay(kernel);
  [recorded, other] = [createMemory(kernel), createMemory(kernel)];
}, 60_000);

function compare(candidate: Kernel): ModuleComparison {
  new Uint8Array(other.buffer).fill(0);
  const lane = new Lane(kernel, recorded);
  lane.adopt(play.state, 0);
  const lockstep = new Lockstep(candidate, other);
  for (const batch of play.batches) {
    lockstep.follows(lane);
    lane.step(batch);
    lockstep.step(batch);
    const { traps, differing } = lockstep.comparison;
    if (traps > 0 || differing >= DIFFERING_MAX) break;
  }
  lockstep.ends();
  return lockstep.comparison;
}

describe("each candidate is what it says", () => {
  test("and there are enough of both", async () => {
    const candidates = await readCandidates();
    const labelled = (wanted: string): string[] =>
      candidates.flatMap(({ name, label }) => (label === wanted ? name : []));
    expect(labelled("good").length).toBeGreaterThanOrEqual(8);
    expect(labelled("bad").length).toBeGreaterThanOrEqual(16);
    expect(Object.keys(TRUTHS).toSorted()).toEqual(candidateNames());
  });

  test.each(candidateNames())(
    "%s",
    async (name) => {
      const { metered, hash } = await buildCandidate(name);
      const candidate = loadKernel(metered, name, hash);
      expect(candidate.hash).not.toBe(kernel.hash);
      const comparison = compare(candidate);
      const { equal, adds = [], differs, only, sameEvents, sameFrames, traps } = TRUTHS[name] ?? {};
      expect(comparison.added).toEqual([...adds]);
      expect(comparison.dropped).toEqual([]);
      if (traps === undefined) expect(comparison.traps).toBe(0);
      else expect(comparison.first?.trap?.message).toContain(traps);
      if (equal !== undefined) {
        expect(comparison).toMatchObject({ ticks: play.batches.length, differing: 0, first: null });
        expect(comparison.fuelRatio).toBeWithin(...equal);
      }
      if (differs === undefined) return;
      const columns = comparison.columns.map(({ column }) => column);
      expect(columns).toEqual(expect.arrayContaining([...differs]) as string[]);
      if (only === true) expect(columns.filter((column) => !FOLLOWING.includes(column))).toEqual([...differs]);
      expect([comparison.eventTicks === 0, comparison.frameTicks === 0]).toEqual([
        sameEvents === true,
        sameFrames === true,
      ]);
    },
    60_000,
  );
});

describe("a candidate's file", () => {
  const GOOD = 'label = "good"\nabout = "Does the same."\n';
  const EDIT = '[[edit]]\nfile = "index.ts"\nbefore = "a"\nafter = "b"\n';

  test("is read whole", () => {
    expect(parseCandidate("one", GOOD + EDIT)).toEqual({
      name: "one",
      label: "good",
      about: "Does the same.",
      stage: null,
      edits: [{ file: "index.ts", before: "a", after: "b" }],
    });
  });

  test.each([
    ["no TOML", "label = \n", "line 1: Missing value"],
    ["without a label", 'about = "Does it."\n' + EDIT, "label: "],
    ["a bad one without a stage", 'label = "bad"\nabout = "Does it."\n' + EDIT, "stage: "],
    ["a good one with a stage", `${GOOD}stage = "cost"\n${EDIT}`, 'there is no field "stage" here'],
    [
      "a stage that there is not",
      `label = "bad"\nabout = "Does it."\nstage = "canry"\n${EDIT}`,
      'stage: "canry" is none of validate,',
    ],
    ["no sentence", 'label = "good"\nabout = "does it"\n' + EDIT, "about: is no sentence"],
    ["without edits", GOOD, "edit: is missing"],
    [
      "an edit without text",
      `${GOOD}[[edit]]\nfile = "index.ts"\nbefore = ""\nafter = ""\n`,
      "edit 1: before: is empty",
    ],
    ["an edit with a wrong field", `${GOOD}${EDIT}instead = "b"\n`, 'edit 1: there is no field "instead" here'],
  ])("that is wrong is refused with what is wrong: %s", (_what, toml, words) => {
    expect(() => parseCandidate("one", toml)).toThrow(`assembly/candidates/one.toml: ${words}`);
  });

  test("whose text the kernel no longer has, or has twice, is refused by name", async () => {
    const hotfix = await readCandidate("hotfix");
    const edited = (file: string, before: string) =>
      candidateSources({ ...hotfix, edits: [...hotfix.edits, { file, before, after: "" }] });
    expect(edited("space/space.ts", "no such text")).rejects.toThrow(
      "assembly/candidates/hotfix.toml: edit 2: space/space.ts does not have the text before",
    );
    expect(edited("space/space.ts", "export function")).rejects.toThrow(/edit 2: .* has the text before \d+ times/);
    expect(edited("space/grids.ts", "a")).rejects.toThrow("edit 2: there is no space/grids.ts in assembly/");
  });

  test("that is not there is refused, with the name that was meant", () => {
    expect(readCandidate("hotfx")).rejects.toThrow('There is no candidate hotfx. Did you mean "hotfix"?');
    expect(readCandidate("../server")).rejects.toThrow("There is no candidate ../server.");
  });

  test("may have expectations beside it, which can be read", async () => {
    const candidates = await readCandidates();
    const expected = candidates.filter(({ expectations }) => expectations !== null);
    expect(expected.map(({ name }) => name)).toEqual([
      "fireball-buff",
      "new-column",
      "rare-self",
      "rounding-fix",
      "snowball",
    ]);
    for (const { expectations } of expected)
      expect((await readExpectations(expectations ?? ""))?.length).toBeGreaterThan(0);
  });

  test("changes few lines of few files", async () => {
    const kernelSources = await readSources();
    for (const candidate of await readCandidates()) {
      const sources = await candidateSources(candidate);
      const changed = [...sources].filter(([path, text]) => kernelSources.get(path) !== text);
      const lines = candidate.edits.reduce((sum, { after }) => sum + after.split("\n").length, 0);
      expect([candidate.name, changed.length <= 3, lines <= 50]).toEqual([candidate.name, true, true]);
    }
  });
});
