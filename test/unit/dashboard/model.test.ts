import { expect, test } from "bun:test";
import { LOST_AFTER_MS, Model } from "../../../tools/dashboard/model.ts";
import { Story } from "../../helpers/telemetry-story.ts";

/** A model whose clock goes with a story's lines. */
function modelOf() {
  const clock = { ms: Date.parse("2026-01-01T12:00:00.000Z") };
  const model = new Model({ server: "127.0.0.1:8081", now: () => clock.ms });
  const play = (story: Story): void => {
    for (const line of story.lines.splice(0)) {
      clock.ms = Math.max(clock.ms, Date.parse(line.timestamp));
      model.take(line);
    }
  };
  const notes = (): string[] => model.log.newest({ level: "notable", text: "dashboard" }, 100).map(({ text }) => text);
  return { model, clock, play, notes };
}

/** Ticks with so much damage, by zone. */
const fights = (damage: number[]) => ({
  tick: (_data: unknown, _n: number, zone: number) => ({ total_damage_dealt: damage[zone - 1] ?? 0 }),
});

test("it waits, lives, notices silence, and says when telemetry is back", () => {
  const { model, clock, play, notes } = modelOf();
  expect(model.picture().link.state).toBe("waiting");
  const story = new Story().seconds(5);
  play(story);
  expect(model.picture().link).toMatchObject({ state: "live", returns: 0 });
  clock.ms += LOST_AFTER_MS;
  expect(model.picture().link.state).toBe("lost");
  clock.ms += 5_000;
  story.atMs = clock.ms;
  play(story.seconds(1));
  expect(model.picture().link).toMatchObject({ state: "live", returns: 1 });
  expect(notes()).toEqual([
    "telemetry comes in",
    "telemetry ended, without a word; waiting for the server to come back",
    expect.stringMatching(/^telemetry is back after \d+ s$/),
  ]);
});

test("a server that said it stops is not called lost without a word", () => {
  const { model, clock, play, notes } = modelOf();
  const story = new Story().seconds(2);
  story.say("event", "game_server", "Server stopped", {});
  play(story);
  clock.ms += LOST_AFTER_MS;
  model.look();
  expect(notes().at(-1)).toContain("it reported that it stops");
});

test("health and cause are those of the analysis, and are worked out at most once a second", () => {
  const { model, clock, play } = modelOf();
  const story = new Story().seconds(40).seconds(10, {
    of: [1],
    ticksPerS: 5,
    tick: ({ duration_ms = 0 }) => ({ duration_ms: duration_ms + 200 }),
  });
  play(story);
  const { health, diagnoses } = model.picture();
  expect(health.status).toBe("critical");
  expect(diagnoses[0]).toMatchObject({ cause: "latency-spike", zones: [1] });
  clock.ms += 900;
  expect(model.picture().health).toBe(health);
  clock.ms += 100;
  expect(model.picture().health).not.toBe(health);
});

test("which faults are active does not change what telemetry is said to show", () => {
  const { model, clock, play } = modelOf();
  play(new Story().seconds(20));
  const before = model.picture();
  model.faults = { list: [{ id: "slow-leak", active: true } as never], halted: false };
  clock.ms += 1_000;
  const after = model.picture();
  expect(after.diagnoses).toEqual(before.diagnoses);
  expect(after.health.reasons).toEqual(before.health.reasons);
});

test("lines of before are known, and are no sign of life", () => {
  const { model } = modelOf();
  const story = new Story().seconds(10);
  for (const line of story.lines) model.backfill(line);
  expect(model.picture().link.state).toBe("waiting");
  expect(model.picture().health.zones).toHaveLength(2);
});

test("the busiest zone stays the busiest until another does much more", () => {
  const { model, play } = modelOf();
  const story = new Story();
  const after = (seconds: number, damage: number[]): number => {
    play(story.seconds(seconds, fights(damage)));
    return model.picture().busiestZone;
  };
  expect(after(12, [5, 3])).toBe(1);
  expect(after(12, [5, 8])).toBe(1);
  expect(after(12, [5, 15])).toBe(2);
  expect(after(12, [8, 5])).toBe(2);
});

test("what is left of a fault right after its end is told as that, and not as something unknown", () => {
  const { model, play } = modelOf();
  const slowed = { of: [1], ticksPerS: 5, tick: ({ duration_ms = 0 }) => ({ duration_ms: duration_ms + 200 }) };
  const story = new Story().seconds(40).seconds(10, slowed);
  play(story);
  expect(model.picture()).toMatchObject({ diagnoses: [{ cause: "latency-spike" }], clearing: null });
  const seen: string[] = [];
  for (let second = 0; second < 25; second++) {
    play(story.seconds(1));
    const { diagnoses, clearing } = model.picture();
    const told = clearing === null ? (diagnoses[0]?.cause ?? "none") : `clearing ${clearing.cause}`;
    if (seen.at(-1) !== told) seen.push(told);
  }
  expect(seen).toContain("clearing latency-spike");
  expect(seen).not.toContain("unknown");
  expect(seen.at(-1)).toBe("none");
});
