// What failed in a run of `bun test`, and why, to be said once more at its end, where it is seen. Read from bun's JUnit file:
// in what it prints, errors and names of tests that run side by side stand in any order.
//
//   <testcase name="adds" file="test/unit/sums.test.ts" line="4" time="0.003" ...>
//     <failure type="AssertionError" ...>AssertionError: expect(received).toBe(expected)&#10;...</failure>
//
//   failedTests(xml)                  // [{ name: "test/unit/sums.test.ts:4 adds (0.003 s)", said: ["AssertionError: ...", ...] }]
//   failureReport(failed, 60)         // FAILED test/unit/sums.test.ts:4 adds (0.003 s)
//                                     //   AssertionError: expect(received).toBe(expected)
//                                     //   Expected: 5
//                                     //   Received: 4

export interface Failure {
  name: string;
  said: string[];
}

const FAILED_CASE = /<testcase ([^>]*[^>/])>\s*<failure ([^>]*?)(?:\/>|>([^<]*)<\/failure>)/g;
const ATTRIBUTE = /([a-z]+)="([^"]*)"/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
/** An error of a whole file, as of one that does not load, is in no case of the JUnit file. */
const UNHANDLED = /^# Unhandled error between tests\n-+\n([\s\S]*?)\n-{10,}$/gm;
/** However many failed, something of each is shown. */
const LINES_PER_TEST_MIN = 3;

/** The tests and hooks that the JUnit file has as failed. */
export function failedTests(xml: string): Failure[] {
  return [...xml.matchAll(FAILED_CASE)].map(([, testCase = "", failure = "", text]) => {
    const { file, line, name, time } = attributesOf(testCase);
    const { type, message } = attributesOf(failure);
    const at = line === undefined ? file : `${file}:${line}`;
    return {
      name: `${at} ${name} (${Number(time).toFixed(3)} s)`,
      said: linesOf(plain(text) || `${type}: ${message}`),
    };
  });
}

/** What went wrong outside of any test, from what bun said on stderr. */
export function unhandledErrors(stderr: string): Failure[] {
  return [...stderr.matchAll(UNHANDLED)].map(([, text = ""]) => ({ name: "between tests", said: linesOf(text) }));
}

/** At most `linesMax` lines, unless too many failed; of each the first that it said. */
export function failureReport(failures: readonly Failure[], linesMax: number): string[] {
  const perFailure = Math.max(LINES_PER_TEST_MIN, Math.floor(linesMax / failures.length) - 2);
  return failures.flatMap(({ name, said }) => {
    const shown = said.slice(0, perFailure).map((line) => `  ${line}`);
    if (said.length > perFailure) shown.push("  ...");
    return [`FAILED ${name}`, ...shown];
  });
}

function attributesOf(tag: string): Record<string, string> {
  return Object.fromEntries([...tag.matchAll(ATTRIBUTE)].map(([, name = "", value]) => [name, plain(value)]));
}

function plain(escaped = ""): string {
  return escaped.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, code?: string, name = "") =>
    code === undefined ? (ENTITIES[name] ?? whole) : String.fromCodePoint(Number(code)),
  );
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}
