import { describe, expect, test } from "bun:test";
import type { Picture } from "../../../tools/dashboard/picture.ts";
import { suggest } from "../../../tools/dashboard/suggestion.ts";
import { DEPLOYS, faultsWith, pictureOf, withFaults } from "../../helpers/dashboard-picture.ts";
import { Story } from "../../helpers/telemetry-story.ts";

const healthy = (): Story => new Story().seconds(30);
const slow = (): Story =>
  new Story()
    .seconds(45)
    .seconds(8, { ticksPerS: 5, tick: ({ duration_ms = 0 }) => ({ duration_ms: duration_ms + 200 }) });

const tried = faultsWith().map((fault) => (fault.id === "slow-leak" ? { ...fault, activations: 1 } : fault));
const LOST = { hash: "9f3c", label: "hotfix", promoted_at: "2026-01-01T12:00:00.000Z", by: "anna", zones: [1, 2] };
const run = { label: "hotfix", stages: [], progress: "", outcome: null };

describe("what to try next", () => {
  const CASES: [name: string, picture: () => Picture, says: RegExp, command: object | undefined][] = [
    [
      "no server",
      () => pictureOf(healthy(), { link: { state: "waiting", sinceMs: 0, returns: 0 } }),
      /wowsim serve/,
      undefined,
    ],
    [
      "nothing heard as yet",
      () => {
        const picture = pictureOf(healthy());
        return { ...picture, link: { state: "waiting", sinceMs: picture.nowMs - 500, returns: 0 } };
      },
      /^Listening to 127\.0\.0\.1:8081\.$/,
      undefined,
    ],
    [
      "a server that refuses the token",
      () => pictureOf(healthy(), { refusal: "no", link: { state: "waiting", sinceMs: 0, returns: 0 } }),
      /refuses this token.*--token or WOWSIM_TOKEN/,
      undefined,
    ],
    [
      "what is left of a fault",
      () => pictureOf(slow(), { clearing: { cause: "latency-spike", atMs: 0 } }),
      /^latency-spike is over; its traces clear/,
      undefined,
    ],
    [
      "a promotion that a restart lost",
      () => pictureOf(healthy(), { deploys: { ...DEPLOYS, lost: [LOST] } }),
      /^hotfix was promoted and lost in a restart/,
      { do: "open", dialog: "deploy" },
    ],
    [
      "server gone",
      () => pictureOf(healthy(), { link: { state: "lost", sinceMs: 0, returns: 0 } }),
      /gone or stuck/,
      undefined,
    ],
    [
      "no control",
      () => pictureOf(healthy(), { control: { ok: false, error: "wrong token" } }),
      /wrong token/,
      undefined,
    ],
    [
      "nobody plays",
      () => pictureOf(new Story().seconds(30, { traffic: () => ({ in_world: 0 }) })),
      /players in: s/,
      { do: "open", dialog: "spawn" },
    ],
    [
      "players of whom nothing is told",
      () => pictureOf(new Story().seconds(30, { traffic: () => ({ in_world: null }) })),
      /^All is well/,
      { do: "open", dialog: "faults" },
    ],
    ["all is well", () => pictureOf(healthy()), /Break something .*f$/, { do: "open", dialog: "faults" }],
    [
      "a fault that nothing shows of",
      () => pictureOf(healthy(), withFaults("slow-leak")),
      /slow-leak is active.*c ends it/,
      { do: "open", dialog: "clear" },
    ],
    [
      "a fault that is told right",
      () => pictureOf(slow(), withFaults("latency-spike")),
      /latency-spike \(\d+ %\), and is right/,
      { do: "open", dialog: "clear" },
    ],
    [
      "a fault that is told wrong",
      () => pictureOf(slow(), withFaults("slow-leak")),
      /what do you say/,
      { do: "open", dialog: "clear" },
    ],
    ["something wrong without a fault", () => pictureOf(slow()), /looks like latency-spike/, undefined],
    [
      "the kill switch is on",
      () => pictureOf(healthy(), { faults: { list: faultsWith(), halted: true } }),
      /K allows them/,
      { do: "open", dialog: "halt" },
    ],
    [
      "a deploy of ours runs",
      () => pictureOf(healthy(), { run }),
      /hotfix is under way/,
      { do: "view", view: "deploy" },
    ],
    [
      "somebody's canary runs",
      () => pictureOf(healthy(), { deploys: { ...DEPLOYS, zones: [{ ...DEPLOYS.zones[0]!, phase: "canary" }] } }),
      /Zone 1 is a canary/,
      { do: "view", view: "deploy" },
    ],
    [
      "well again",
      () => pictureOf(healthy(), { faults: { list: tried, halted: false } }),
      /bad hotfix: p/,
      { do: "open", dialog: "deploy" },
    ],
  ];
  test.each(CASES)("%s", (_name, picture, says, command) => {
    const suggestion = suggest(picture());
    expect(suggestion.text).toMatch(says);
    expect(suggestion.command).toEqual(command as never);
    expect(`Next: ${suggestion.text}`.length).toBeLessThanOrEqual(80);
  });
});
