// The journal's disk from telemetry alone: slow, full, refusing; and what health makes of it.

import { expect, test } from "bun:test";
import { diagnose } from "../../../tools/analysis/diagnosis.ts";
import { assessHealth } from "../../../tools/analysis/health.ts";
import { causes, evidence, first } from "../../helpers/diagnosis-stories.ts";
import { Story } from "../../helpers/telemetry-story.ts";
import type { Plot } from "../../helpers/telemetry-story.ts";

const healthy: Plot = { tick: () => ({ durable: true, journal_lag_ms: 0 }) };
const waiting = (ms: number): Plot => ({ tick: () => ({ durable: true, journal_lag_ms: ms }) });
const lost: Plot = { tick: (_, n) => ({ durable: false, journal_lag_ms: 1_000 + n * 50 }) };
const reasons = (story: Story): string[] => assessHealth(story.timeline).reasons.map(({ text }) => text);

const refuses = (story: Story, error: string): void => story.say("error", "journal", "Journal not written", { error });
const loses = (story: Story): void => story.say("error", "journal", "Journal lost", { zones: [1, 2], lag_ms: 1_000 });

test("a journal that keeps up is no news, also of a server that does not say", () => {
  expect(diagnose(new Story().seconds(20, healthy).timeline)).toEqual([]);
  expect(diagnose(new Story().seconds(20).timeline)).toEqual([]);
  expect(assessHealth(new Story().seconds(20, healthy).timeline).status).toBe("healthy");
});

test("single ticks that wait are a busy machine", () => {
  const story = new Story().seconds(20, {
    tick: (_, n) => ({ durable: true, journal_lag_ms: n % 20 === 7 ? 180 : 1 }),
  });
  expect([causes(story), assessHealth(story.timeline).status]).toEqual([[], "healthy"]);
});

test("ticks that wait without any error are a slow disk, before the journal is lost", () => {
  const story = new Story().seconds(20, healthy);
  const beganMs = story.atMs;
  story.seconds(5, waiting(300));
  expect(first(story)).toMatchObject({ cause: "disk-slow", zones: [], confidence: 0.95, sinceMs: beganMs });
  expect(evidence(story)).toContain("journal_lag_ms p50 300");
  story.seconds(5, waiting(300));
  expect(assessHealth(story.timeline).status).toBe("degraded");
  expect(reasons(story)[0]).toContain("wait for the journal, half of them for 300 ms");
});

test("a journal that is lost is critical, and a slow disk when no error is told", () => {
  const story = new Story().seconds(20, healthy).seconds(1, waiting(500));
  loses(story);
  story.seconds(4, lost);
  expect(first(story)).toMatchObject({ cause: "disk-slow", confidence: 0.95 });
  expect(evidence(story)).toContain("The journal of zones 1, 2 is lost since");
  expect(assessHealth(story.timeline).status).toBe("critical");
  expect(reasons(story)[0]).toBe("the journal of zones 1, 2 is lost, so what players are told there is not kept");
});

test.each([
  ["database or disk is full", "disk-full"],
  ["ENOSPC: no space left on device, write", "disk-full"],
  ["disk quota exceeded", "disk-full"],
  ["disk I/O error", "journal-refused"],
  ["attempt to write a readonly database", "journal-refused"],
  [".wowsim/world.sqlite was removed or replaced while the server runs; put it back, or restart.", "journal-refused"],
  ["The journal thread died: out of memory", "journal-refused"],
])("%s", (error, cause) => {
  const story = new Story().seconds(20, healthy);
  refuses(story, error);
  const beganMs = story.atMs;
  story.seconds(1, waiting(500));
  loses(story);
  story.seconds(20, lost);
  expect(first(story)).toMatchObject({ cause, zones: [], confidence: 0.95, sinceMs: beganMs });
  expect(causes(story)).toEqual([cause]);
  expect(evidence(story)).toContain(error);
  expect(reasons(story)[0]).toContain(error);
});

test("a read-only disk is said to be one", () => {
  const story = new Story().seconds(20, healthy);
  refuses(story, "attempt to write a readonly database");
  expect(evidence(story.seconds(2, lost))).toContain("It may not be written to.");
});

test("a disk that refuses writes while nothing is lost yet is critical too", () => {
  const story = new Story().seconds(20, healthy);
  refuses(story, "disk I/O error");
  story.seconds(2, healthy);
  expect([assessHealth(story.timeline).status, reasons(story)[0]]).toEqual([
    "critical",
    "the journal can not be written: disk I/O error",
  ]);
});

test("what is over is named for some seconds more, and then no longer", () => {
  const story = new Story().seconds(20, healthy);
  refuses(story, "database or disk is full");
  story.seconds(5, lost);
  story.say("event", "journal", "Journal written again", {});
  story.say("event", "journal", "Journal back", { zones: [1, 2], lost_ms: 5_000 });
  story.seconds(4, healthy);
  expect(causes(story)).toEqual(["disk-full"]);
  expect(evidence(story)).toContain("The journal is back since");
  story.seconds(15, healthy);
  expect([causes(story), assessHealth(story.timeline).status]).toEqual([[], "healthy"]);
});

test("a server that starts again has nothing of the journal of the one before", () => {
  const story = new Story().seconds(20, healthy);
  refuses(story, "database or disk is full");
  story.seconds(2, lost);
  story.say("event", "server", "Server starting", { version: "0.1.0", tick_rate_hz: 20 });
  expect(causes(story.seconds(5, healthy))).toEqual([]);
});

test("a disk that refuses from before the start on is known from what is told again and again", () => {
  const story = new Story().seconds(20, healthy);
  story.say("error", "journal", "Journal still not written", { error: "world.sqlite is read-only: make it writable" });
  story.seconds(2, healthy);
  expect(first(story)).toMatchObject({ cause: "journal-refused", confidence: 0.95 });
  expect(assessHealth(story.timeline).status).toBe("critical");
});
