import { expect, test } from "bun:test";
import { LINE_BYTES_MAX, LineEncoder } from "../../../server/shared/telemetry-ring-line.ts";
import { wallClock } from "../../../server/shared/wall-clock.ts";
import { NEW_YEAR_MS } from "../../helpers/telemetry.ts";

const textOf = (lines: LineEncoder, length: number): string => new TextDecoder().decode(lines.bytes.slice(0, length));

test("kinds of one encoder do not get into each other's lines, whoever asks for timestamps in between", () => {
  const lines = new LineEncoder();
  const kinds = ["short", "a much longer message", "é"].map((message) => lines.kind("event", "a", message));
  for (let round = 0; round < 50; round++) {
    const atMs = NEW_YEAR_MS + round * 37;
    const kind = kinds[round % 3]!;
    if (round % 2 === 0) lines.timestamp(atMs - 1000);
    if (round % 5 === 0) lines.timestamp(atMs);
    const text = textOf(lines, lines.encode(kind, { round }, atMs));
    const timestamp = new Date(atMs).toISOString();
    expect(JSON.parse(text)).toEqual({
      v: 1,
      timestamp,
      type: "event",
      component: "a",
      message: kind.message,
      data: { round },
    });
  }
});

test("data of every length near the limit fits whole or is cut, and the line is never too long", () => {
  const lines = new LineEncoder();
  const kind = lines.kind("event", "a", "b");
  let whole = 0;
  for (let length = LINE_BYTES_MAX - 200; length < LINE_BYTES_MAX + 10; length++) {
    const end = lines.encode(kind, { text: "x".repeat(length) }, NEW_YEAR_MS);
    const { data } = JSON.parse(textOf(lines, end));
    expect(end).toBeLessThanOrEqual(LINE_BYTES_MAX);
    if (data.text.length === length) whole++;
    else expect(data.text).toEndWith(`… ${length} characters`);
  }
  expect(whole).toBeGreaterThan(80);
});

test("text outside ASCII is counted in bytes", () => {
  const lines = new LineEncoder();
  const kind = lines.kind("event", "a", "b");
  for (const text of ["é".repeat(8_300), "€".repeat(5_500), "🗡".repeat(4_100)]) {
    const end = lines.encode(kind, { text }, NEW_YEAR_MS);
    expect(end).toBeLessThanOrEqual(LINE_BYTES_MAX);
    expect(JSON.parse(textOf(lines, end)).data.text).not.toBe(text);
  }
});

test("the cheap clock tells the time", () => {
  const now = wallClock();
  for (let round = 0; round < 3; round++) {
    const before = Date.now();
    const told = now();
    expect(told).toBeWithin(before - 2, Date.now() + 3);
  }
});
