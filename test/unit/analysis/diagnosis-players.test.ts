// Each rule about players on made-up telemetry: the cause it names, a look-alike it does not, and where it begins.

import { describe, expect, test } from "bun:test";
import { Story } from "../../helpers/telemetry-story.ts";
import { causes, first, evidence, lose, except } from "../../helpers/diagnosis-stories.ts";

describe("split-brain", () => {
  test("is what the census counts; the ids and zones are those of the error line", () => {
    const story = new Story().seconds(5);
    story.seconds(1, { census: () => ({ duplicates: 2 }) });
    expect(first(story)).toMatchObject({ cause: "split-brain", zones: [], confidence: 0.9 });
    const data = { entity_ids: [2_000_001, 2_000_002], zones: [2, 1], count: 2 };
    story.say("error", "audit", "Entity in more than one zone", data);
    expect(first(story)).toMatchObject({ zones: [1, 2], confidence: 0.98 });
    expect(evidence(story)).toContain("ids 2000001, 2000002 are in zones 1 and 2");
  });

  test("is over with the first clean census", () => {
    const story = new Story().seconds(5, { census: () => ({ duplicates: 2 }) });
    expect(causes(story.seconds(1))).toEqual([]);
  });
});

describe("lost links", () => {
  test("of more players than were counted before are no share of them", () => {
    const story = new Story().seconds(5);
    lose(story, 9);
    story.seconds(1, { traffic: () => ({ connected: 0, disconnected: 9 }) });
    expect(evidence(story)).toMatch(/^9 connected players \(8 by the count before\) lost their links/);
  });

  test("all at once are a thundering herd, surer when they come back", () => {
    const story = new Story().seconds(5);
    lose(story, 8);
    story.seconds(1, { traffic: () => ({ connected: 0, disconnected: 8 }) });
    expect(first(story)).toMatchObject({ cause: "thundering-herd", zones: [1, 2], confidence: 0.85 });
    story.seconds(1, { traffic: () => ({ connected: 8, accepted: 8, resumed: 8 }) });
    expect(first(story)).toMatchObject({ cause: "thundering-herd", confidence: 0.97 });
    expect(evidence(story)).toContain("8 of 8 connected players");
    expect(evidence(story)).toContain("8 connections accepted, 8 sessions resumed");
  });

  test("more than the sampled lines tell are counted by the traffic line", () => {
    const story = new Story().seconds(5, { traffic: () => ({ connected: 1_000 }) });
    lose(story, 200);
    story.seconds(1, { traffic: () => ({ connected: 0, disconnected: 1_000, accepted: 0 }) });
    expect(evidence(story)).toContain("1,000 of 1,000 connected players");
  });

  test("one alone is a session crash, with the ticks around it", () => {
    const story = new Story().seconds(5);
    lose(story, 1);
    story.seconds(2, { traffic: (_data, second) => ({ disconnected: second === 0 ? 1 : 0, resumed: second }) });
    expect(first(story)).toMatchObject({ cause: "session-crash", zones: [2], confidence: 0.9 });
    expect(evidence(story)).toContain("session 1 lost the link");
    expect(causes(story)).toEqual(["session-crash"]);
  });

  test("the only player there is may be one or all, and is said to be one, not surely", () => {
    const story = new Story().seconds(5, { traffic: () => ({ connected: 1 }) });
    lose(story, 1);
    story.seconds(1, { traffic: () => ({ connected: 0, disconnected: 1 }) });
    expect(first(story)).toMatchObject({ cause: "session-crash", confidence: 0.54 });
  });

  test("a quarter of the players is neither", () => {
    const story = new Story().seconds(5);
    lose(story, 3);
    story.seconds(1, { traffic: () => ({ connected: 5, disconnected: 3 }) });
    expect(causes(story)).toEqual([]);
  });

  test("one after the other are not one player's alone", () => {
    const story = new Story().seconds(5);
    for (let n = 0; n < 3; n++) {
      lose(story, 1);
      story.seconds(1, { traffic: () => ({ disconnected: 1 }) });
    }
    expect(causes(story)).toEqual([]);
  });

  test("are of the past after some seconds", () => {
    const story = new Story().seconds(5);
    lose(story, 1);
    story.seconds(1, { traffic: () => ({ disconnected: 1 }) });
    expect(causes(story)).toEqual(["session-crash"]);
    expect(causes(story.seconds(12))).toEqual([]);
  });

  test("that the server itself ended are no lost links", () => {
    for (const reason of ["limit:idle", "superseded", "shutdown", "client_closed", ""]) {
      const story = new Story().seconds(5);
      lose(story, 8, reason);
      story.seconds(1, { traffic: () => ({ connected: 0, disconnected: 8 }) });
      expect(causes(story)).toEqual([]);
    }
  });
});

describe("poison commands", () => {
  test.each([
    ["zone-trap", "kernel trap: Unreachable code should not be executed (evaluating 'exports.tick(tick)')", 96],
    ["zone-runaway", "fuel exhausted", 97],
  ])("%s: the exception's text tells it, the quarantine who did it", (cause, error, op) => {
    const story = new Story().seconds(5);
    for (const tick of [100, 120]) {
      except(story, 2, tick, error, op);
      story.seconds(1, { tick: () => ({ recoveries: 1 }) });
    }
    expect(first(story)).toMatchObject({ cause, zones: [2], confidence: 0.95 });
    expect(causes(story)).toEqual([cause]);
    expect(evidence(story)).toContain(`2 commands quarantined, op ${op}`);
    expect(causes(story.seconds(12))).toEqual([]);
  });

  test("an exception without a named command is less sure", () => {
    const story = new Story().seconds(5);
    const data = { zone_id: 1, tick: 100, error: "kernel trap: out of bounds" };
    story.say("error", "zone", "Zone tick exception", data);
    expect(first(story.seconds(1))).toMatchObject({ cause: "zone-trap", confidence: 0.6 });
  });

  test("a worker that died is no poison command", () => {
    const story = new Story().seconds(5);
    story.say("error", "zone", "Zone tick exception", { zone_id: 1, tick: 100, error: "zone worker died: exit 1" });
    expect(causes(story)).toEqual(["zone-standstill"]);
  });
});
