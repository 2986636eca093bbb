// What the demo says when it ran to its end and all of it was true, in plain text.

import { expect } from "bun:test";

const PHASES = ["1 Baseline", "2 Break", "3 Diagnose", "4 Fix", "5 Pipeline", "6 Summary"];
const CLAIMS = [
  /^5 of 5 players are in the world/,
  /^health, from telemetry: healthy/,
  /^a tick takes ×4\.\d its budget/,
  /^latency-spike, \d+ % sure, in zones 1 and 2/,
  /^within budget again/,
  /^the wrong hotfix was refused by what it does in recorded play, in .* and no player met it$/,
  /^what no recording showed was caught in life by what it does/,
  /^what it gave away was taken back/,
  /^the good hotfix runs in zones 1 and 2/,
  /^players dropped: 0; 275 of 275/,
];

/** Returns how many claims it made. */
export function expectWholeDemo(stdout: string): number {
  expect(stdout).not.toContain("[FALSE]");
  const phases = [...stdout.matchAll(/^\[(\d)\/6\] (\w+): /gm)].map(([, number, title]) => `${number} ${title}`);
  expect(phases).toEqual(PHASES);
  const claims = [...stdout.matchAll(/^ +\[true\] +(.*)$/gm)].map(([, text]) => text ?? "");
  expect(stdout).toMatch(new RegExp(`^PASSED: ${claims.length} of ${claims.length} claims true, in \\d+ s$`, "m"));
  for (const claim of CLAIMS) expect(claims).toContainEqual(expect.stringMatching(claim));
  // No colour, no cursor moves: fit for a log.
  expect(stdout).not.toContain("\x1b");
  return claims.length;
}
