// The fuzzer is as nasty as it says, and the same for the same seed.

import { describe, expect, test } from "bun:test";
import { fuzzSource } from "../../../server/testing/fuzz-messages.ts";
import type { FuzzMessage, FuzzPort } from "../../../server/testing/fuzz-messages.ts";
import { seededRandom } from "../../../server/protocol/seeded-random.ts";

function messagesOf(port: FuzzPort, seed: number, count: number): FuzzMessage[] {
  const draw = fuzzSource(port, seededRandom(seed));
  return Array.from({ length: count }, draw);
}

const digest = (messages: FuzzMessage[]): string => messages.map(({ bytes }) => Bun.hash(bytes)).join();

describe.each(["game", "control"] as const)("for the %s port", (port) => {
  test("every kind turns up", () => {
    const kinds = new Set(messagesOf(port, 1, 3_000).map(({ kind }) => kind));
    expect(kinds.size).toBe(11);
  });

  test("each message is one line", () => {
    for (const { bytes } of messagesOf(port, 2, 2_000)) expect(bytes.indexOf(0x0a)).toBe(bytes.length - 1);
  });

  test("the same seed draws the same messages, another one others", () => {
    expect(digest(messagesOf(port, 3, 200))).toBe(digest(messagesOf(port, 3, 200)));
    expect(digest(messagesOf(port, 3, 200))).not.toBe(digest(messagesOf(port, 4, 200)));
  });

  test("valid ones are valid JSON; nested ones are deep, long ones long", () => {
    for (const { kind, bytes } of messagesOf(port, 5, 4_000)) {
      if (kind === "valid") expect(() => JSON.parse(new TextDecoder().decode(bytes))).not.toThrow();
      if (kind === "long line") expect(bytes.length).toBeGreaterThan(32_000);
    }
    const nested = messagesOf(port, 6, 4_000).filter(({ kind }) => kind === "nested");
    expect(Math.max(...nested.map(({ bytes }) => bytes.length))).toBeGreaterThan(3_000);
  });
});
