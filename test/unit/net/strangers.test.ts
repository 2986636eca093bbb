// What keeps strangers from taking what everybody needs: places with a reserve, wrong tokens that cost time, and whom an
// address counts as.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { addressKey, isLoopback } from "../../../server/shared/address.ts";
import { openToStrangers } from "../../../server/main/exposure.ts";
import { Places } from "../../../server/main/sockets/places.ts";
import { seededRandom } from "../../../server/protocol/seeded-random.ts";
import { Secret } from "../../../server/shared/secret.ts";
import { WrongTokens } from "../../../server/shared/wrong-tokens.ts";

describe("places", () => {
  test("a newcomer always gets in, strangers never get the last ones, an address no more than its share", () => {
    const reached = { evictedKnown: 0, evictedStranger: 0, evictedOwn: 0 };
    const step = fc.record({
      does: fc.constantFrom("take", "take", "take", "take", "know", "know", "know", "know", "use", "leave"),
      address: fc.constantFrom("a", "b", "c"),
      who: fc.nat(40),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 60, maxLength: 120 }), (steps) => {
        const places = new Places<number>({ max: 8, reserved: 3, strangersPerAddressMax: 4 });
        const model = new Map<number, { address: string; isKnown: boolean }>();
        let next = 0;
        for (const { does, address, who: at } of steps) {
          const who = [...model.keys()][at % Math.max(1, model.size)] ?? -1;
          if (does === "take") {
            const evicted = places.take(next, address);
            if (evicted !== null) {
              const gone = model.get(evicted)!;
              if (gone.isKnown) reached.evictedKnown++;
              else if (gone.address === address) reached.evictedOwn++;
              else reached.evictedStranger++;
              // Somebody who is known goes only when there is no stranger.
              if (gone.isKnown) expect([...model.values()].every((each) => each.isKnown)).toBe(true);
              model.delete(evicted);
            }
            model.set(next++, { address, isKnown: false });
          } else if (does === "know" && model.has(who)) {
            places.know(who);
            model.get(who)!.isKnown = true;
          } else if (does === "use") places.use(who);
          else if (does === "leave") {
            places.leave(who);
            model.delete(who);
          }
          const strangers = [...model.values()].filter((each) => !each.isKnown);
          expect(places.size).toBe(model.size);
          expect(places.size).toBeLessThanOrEqual(8);
          expect(strangers.length).toBeLessThanOrEqual(5);
          for (const each of ["a", "b", "c"])
            expect(strangers.filter((stranger) => stranger.address === each).length).toBeLessThanOrEqual(4);
        }
      }),
      { numRuns: 300 },
    );
    for (const count of Object.values(reached)) expect(count).toBeGreaterThan(10);
  });

  test("are given up first by those of the address that showed something wrong, then by the address that has most", () => {
    // Where chance decides, it falls on the oldest.
    const places = new Places<string>({ max: 6, reserved: 1, strangersPerAddressMax: 3 }, () => 0.999);
    for (const who of ["a1", "a2", "a3"]) expect(places.take(who, "a")).toBeNull();
    places.suspect("a2");
    expect(places.take("a4", "a")).toBe("a2");
    expect(places.take("a5", "a")).toBe("a1");
    expect(places.take("b1", "b")).toBeNull();
    expect(places.take("b2", "b")).toBeNull();
    expect(places.take("c1", "c")).toBe("a3");
  });

  test("a stranger who opens a share of connections while a token travels pushes its bearer out by chance only", () => {
    const random = seededRandom(1);
    let lasted = 0;
    for (let round = 0; round < 1_000; round++) {
      const places = new Places<string>({ max: 64, reserved: 8, strangersPerAddressMax: 32 }, random);
      for (let silent = 0; silent < 32; silent++) places.take(`silent ${silent}`, "a");
      places.take("operator", "a");
      let isIn = true;
      for (let silent = 32; silent < 64; silent++)
        if (places.take(`silent ${silent}`, "a") === "operator") isIn = false;
      if (isIn) lasted++;
    }
    // (31/32)^32 is 0.362.
    expect(lasted / 1_000).toBeGreaterThan(0.3);
    expect(lasted / 1_000).toBeLessThan(0.42);
  });

  test("need one that is not reserved", () => {
    expect(() => new Places({ max: 4, reserved: 4, strangersPerAddressMax: 1 })).toThrow(RangeError);
  });
});

describe("wrong tokens", () => {
  test("are free five times, then are answered later and later, one after the other, and forgiven after a minute of quiet", () => {
    const clock = { now: 0 };
    const guesses = new WrongTokens(() => clock.now);
    const wrong = (times: number): number[] => Array.from({ length: times }, () => guesses.wrong("203.0.113.7"));
    expect(wrong(10)).toEqual([0, 0, 0, 0, 0, 10, 30, 70, 120, 170]);
    expect(wrong(100).at(-1)).toBe(1_000);
    expect(guesses.wrong("203.0.113.8")).toBe(0);
    clock.now += 1_000;
    expect(wrong(2)).toEqual([50, 100]);
    clock.now += 60_001;
    expect(wrong(1)).toEqual([0]);
  });

  test("of any number of addresses take a bounded place", () => {
    const guesses = new WrongTokens(() => 0);
    for (let address = 0; address < 10_000; address++) guesses.wrong(`10.0.${address >> 8}.${address & 255}`);
    expect(guesses.size).toBe(4_096);
  });

  test("are compared whole", () => {
    const secret = Secret.of("hush");
    const wrong = ["hus", "hush ", "", undefined, 4, {}, "hush".repeat(10_000)];
    expect(["hush", ...wrong].map((given) => secret?.matches(given))).toEqual([true, ...wrong.map(() => false)]);
    expect([Secret.of(undefined), Secret.of("")]).toEqual([null, null]);
  });
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:aaaa::1", "2001:db8:1:2"],
  ["2001:db8:1:2:bbbb:1:2:3", "2001:db8:1:2"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["::1", "::1"],
])("%s counts as %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});

test("a mapped loopback address is loopback", () => {
  expect(["::ffff:127.0.0.1", "::ffff:10.0.0.1", "[::1]"].map(isLoopback)).toEqual([true, false, true]);
});

const told = (token: string, playerToken?: string): string =>
  openToStrangers("0.0.0.0", { token, playerToken }).join("\n");

test("a token that can be guessed is told at the start, off loopback, without being printed", () => {
  expect(told("hush", "x")).toContain("operators' token has 4 characters");
  expect(told("hush", "x")).toContain("players' token has 1 character,");
  expect(told("hush")).toContain("Anybody who reaches the game port may play");
  expect(told("0123456789abcdef", "0123456789abcdef")).not.toContain("characters");
  expect(told("hush", "x")).not.toContain("hush");
  expect(openToStrangers("127.0.0.1", { token: "hush" })).toEqual([]);
});
