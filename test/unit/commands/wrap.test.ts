// Text on a terminal: broken between words by what they take there, and commands never.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { tableLines } from "../../../tools/ui/table.ts";
import { cut, folded, padded, wrapped } from "../../../tools/ui/wrap.ts";

const RED = (text: string): string => `\x1b[31m${text}\x1b[39m`;

test("colours take no room", () => {
  expect(wrapped(`${RED("aaaa")} bbbb`, 9)).toEqual([`${RED("aaaa")} bbbb`]);
});

test("wide characters take two cells, and are broken where there are no blanks", () => {
  expect(wrapped("玩家 玩家 ab", 9)).toEqual(["玩家 玩家", "ab"]);
  expect(wrapped("玩家玩家玩家", 8)).toEqual(["玩家玩家", "玩家"]);
  expect(padded("玩家", 6)).toBe("玩家  ");
  expect(cut("玩家 40", 4)).toBe("玩家");
  expect(cut("玩家 40", 3)).toBe("玩");
});

test("a table's columns stand below each other with wide names", () => {
  const lines = tableLines(
    ["NAME", "N"],
    [
      ["玩家的森林", 1],
      ["Westfall", 20],
    ],
    { hasRule: false },
  );
  expect(lines.map((line) => Bun.stringWidth(line))).toEqual([14, 14, 14]);
});

describe("a line that is too long", () => {
  test("goes on below its text, behind mark, label and indent", () => {
    expect(folded("  degraded  zone 1 is DEGRADED by far", 26)).toBe(
      "  degraded  zone 1 is\n            DEGRADED by\n            far",
    );
    expect(folded("  - one two three", 12)).toBe("  - one two\n    three");
    expect(folded("    one two three", 13)).toBe("    one two\n    three");
  });

  test("is left alone when it is a row of a table", () => {
    const row = "   1  Elwynn Forest  ACTIVE  20  0.06  0.31  0  40";
    expect(folded(row, 30)).toBe(row);
  });
});

describe("a command that is too long is broken so that a shell reads it as one", () => {
  test.each([
    "$ wowsim build-kernel --candidate regression --out regression.wasm && wowsim deploy regression.wasm --server 127.0.0.1:40123",
    "    $ wowsim inject-fault deactivate cascading-zone-failure --server '[fe80::1%eth0]:40123'",
    "End it: wowsim inject-fault deactivate latency-spike --server 127.0.0.1:40123",
    "  wowsim diagnose --file '/a path/with blanks/telemetry.jsonl' --history",
    RED("End it: wowsim inject-fault deactivate latency-spike --server 127.0.0.1:40123"),
  ])("%s", async (line) => {
    const printed = folded(line, 50);
    for (const each of printed.split("\n")) expect(Bun.stringWidth(each)).toBeLessThanOrEqual(50);
    const command = Bun.stripANSI(line).replace(/^.*?(?=wowsim)/, "");
    const pasted = Bun.stripANSI(printed).replace(/^[^]*?(?=wowsim)/, "");
    expect(await readByShell(pasted)).toEqual(await readByShell(command));
  });

  test("unless it must stay whole", () => {
    const line = "$ wowsim inject-fault deactivate latency-spike --server 127.0.0.1:40123";
    expect(folded(line, 40, { breaksCommands: false })).toContain(line.slice(2));
  });

  test("one in a sentence stays whole, with where the server is", () => {
    const lines = wrapped("No zone ticks at all there; see wowsim health --server 127.0.0.1:40123, then say.", 40);
    expect(lines.some((line) => line.includes("wowsim health --server 127.0.0.1:40123"))).toBe(true);
  });
});

/** The words of each command that a shell finds in what is pasted. */
async function readByShell(pasted: string): Promise<string> {
  const script = `wowsim() { printf '<%s>' wowsim "$@"; echo; }\n${pasted}\n`;
  return await Bun.spawn(["bash", "-c", script], { stdout: "pipe" }).stdout.text();
}

test("no line is longer than the terminal but a single word, and nothing is lost", () => {
  const word = fc.oneof(fc.stringMatching(/^[a-z]{1,12}$/), fc.constantFrom("玩家", "日本語", "é", "👩‍🚀", RED("red")));
  let broken = 0;
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), fc.integer({ min: 14, max: 60 }), (words, width) => {
      const lines = folded(words.join(" "), width).split("\n");
      broken += Number(lines.length > 1);
      for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
      expect(lines.join(" ")).toBe(words.join(" "));
    }),
  );
  expect(broken).toBeGreaterThan(20);
});
