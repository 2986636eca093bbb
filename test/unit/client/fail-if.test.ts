// Conditions under which a load fails: what may be written, what holds, and that nothing measured is no pass.

import { describe, expect, test } from "bun:test";
import { ClientStats } from "../../../tools/client/client-stats.ts";
import { metricLines, parseFailIf, verdictOf } from "../../../tools/client/fail-if.ts";
import { GuestStats } from "../../../tools/client/guest-load.ts";
import { LiveLine, LiveLook, measuresOf } from "../../../tools/client/load-measures.ts";

const STATE = { elapsedS: 10, playing: 4, count: 5 };

/** A load with a hundred round trips of 1 to 100 ms. */
function played(): ClientStats {
  const stats = new ClientStats();
  for (let ms = 1; ms <= 100; ms++) stats.recordRoundTrip(ms);
  stats.actions = 100;
  stats.acks = 95;
  stats.drops = 2;
  return stats;
}

describe("a condition", () => {
  test.each([
    ["p99>100ms", { metric: "p99", operator: ">", limit: 100 }],
    [" p50 >= 0.2 s ", { metric: "p50", operator: ">=", limit: 200 }],
    ["max > 1500", { metric: "max", operator: ">", limit: 1_500 }],
    ["drops!=0", { metric: "drops", operator: "!=", limit: 0 }],
    ["acked<99.5%", { metric: "acked", operator: "<", limit: 99.5 }],
    ["rate<50/s", { metric: "rate", operator: "<", limit: 50 }],
    ["out==1", { metric: "out", operator: "==", limit: 1 }],
  ])("%p is read", (text, expected) => {
    expect(parseFailIf(text)).toMatchObject({ ...expected, text: text.trim() });
  });

  test.each([
    ["p98>3", 'There is no metric "p98"; choose from p50, p90, p99, max, ping_p50'],
    ["constructor>3", "There is no metric"],
    ["p99", "is no condition; give a metric"],
    ["p99>", "is no condition"],
    ["p99>-3ms", "is no condition"],
    [">3", "is no condition"],
    ["", "is no condition"],
    ["p99>100%", "p99 is in ms, s, us, µs, not in %."],
    ["p99>1m", "p99 is in ms"],
    ["drops>3ms", "drops is a count and takes no unit."],
    ["p99=100ms", "one of >= <= != == > <"],
  ])("%p is refused with what may be given", (text, words) => {
    expect(() => parseFailIf(text)).toThrow(words);
  });

  test.each([
    ["p50>49ms", true],
    ["p50>51ms", false],
    ["p99>0.098s", true],
    ["max<=99", false],
    ["drops>1", true],
    ["drops>2", false],
    ["drops>=2", true],
    ["errors>0", false],
    ["acked<99%", true],
    ["out>0", true],
    ["rate<11/s", true],
    ["rate>10/s", false],
  ])("%p fails: %p", (text, failed) => {
    expect(verdictOf(parseFailIf(text), measuresOf(played(), STATE)).failed).toBe(failed);
  });

  test("says what was seen", () => {
    expect(verdictOf(parseFailIf("p50 > 10ms"), measuresOf(played(), STATE))).toMatchObject({
      condition: "p50 > 10ms",
      failed: true,
      said: "p50 is 50 ms",
    });
  });

  test.each(["p99>100ms", "p99<100ms", "ping_p50>1s", "acked<0%"])(
    "%p fails when nothing was measured, and says so",
    (text) => {
      const { metric } = parseFailIf(text);
      for (const nothing of [new ClientStats(), new GuestStats()]) {
        const verdict = verdictOf(parseFailIf(text), measuresOf(nothing, STATE));
        expect(verdict).toEqual({ condition: text, value: null, failed: true, said: `${metric} was not measured` });
      }
    },
  );

  test("has a line of help for every metric", () => {
    const names = metricLines().map((line) => line.trim().split(/ +/)[0] ?? "");
    for (const name of names) expect(parseFailIf(`${name}>1`).metric).toBe(name as never);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("the line while it runs", () => {
  test("tells rate and round trips since the last one, and drops in all", () => {
    const seen = played();
    const look = new LiveLook(seen);
    expect(look.text(10, 4)).toBe("4 playing, 10/s, p50 50 p99 99 ms, 2 drops");
    seen.actions += 30;
    for (let times = 0; times < 30; times++) seen.recordRoundTrip(5);
    expect(look.text(20, 5)).toBe("5 playing, 3.0/s, p50 5 p99 5 ms, 2 drops");
    expect(look.text(30, 5)).toBe("5 playing, 0.0/s, no answers, 2 drops");
    expect(seen.roundTripMs.count).toBe(130);
  });

  test("fits beside the bar on a terminal of 80 columns", () => {
    const seen = played();
    seen.actions = 800;
    expect(`players ${"█".repeat(20)} 60 s, ${new LiveLook(seen).text(10, 40)}`.length).toBeLessThan(80);
  });

  test("of guests has no round trips", () => {
    const guests = new GuestStats();
    guests.messages = 40;
    expect(new LiveLook(guests).text(10, 5)).toBe("5 playing, 4.0/s, 0 drops");
  });

  test("is drawn once a second on a terminal, and said every ten seconds elsewhere", () => {
    for (const [hasTerminal, texts, said] of [
      [true, 31, []],
      [false, 4, ["10 s", "20 s", "30 s"]],
    ] as const) {
      const load = { playing: 3, stats: played() };
      const lines: string[] = [];
      const live = new LiveLine(load, hasTerminal ? null : (line) => void lines.push(line));
      const drawn = new Set<string>();
      for (let ms = 0; ms <= 30_000; ms += 100) {
        load.stats.actions++;
        drawn.add(live.look(ms).replace(/^\d+ s, /, ""));
      }
      expect(drawn.size).toBeLessThanOrEqual(texts);
      expect(lines.map((line) => line.split(",")[0])).toEqual([...said]);
    }
  });
});

test.each([
  ["rate<1/s", { rate: 0.996 }, "rate is 0.996/s"],
  ["p99>100ms", { p99: 100.04 }, "p99 is 100.04 ms"],
  ["p99>100ms", { p99: 143.24 }, "p99 is 143.2 ms"],
  ["p99>=100ms", { p99: 100 }, "p99 is 100 ms"],
])("%s that fails says a figure that is not its limit's: %p", (text, measures, said) => {
  expect(verdictOf(parseFailIf(text), measures)).toMatchObject({ failed: true, said });
});

test.each([768.031, 690.757, 0.4])("a percentile of round trips is at most the longest of them: %p ms", (ms) => {
  const stats = new ClientStats();
  stats.recordRoundTrip(ms);
  const { p50, p99, max } = stats.roundTripMs;
  expect(p50).toBeLessThanOrEqual(max!);
  expect(p99).toBeLessThanOrEqual(max!);
});

test("percentiles of no round trip are missing, in JSON too, and not 0 ms", () => {
  const { roundTripMs } = new ClientStats();
  expect(JSON.stringify(roundTripMs)).toBe('{"count":0,"p50":null,"p90":null,"p99":null,"max":null}');
});
