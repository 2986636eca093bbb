// docs/TELEMETRY.md against the server's source: no line that is not documented, none documented that nothing emits.
// (test/e2e/diagnosis.test.ts compares the fields with what a real server says.)

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { ROOT } from "../../helpers/command.ts";
import { readTelemetryDoc } from "../../helpers/telemetry-doc.ts";

const { kinds, feedExample } = readTelemetryDoc();
const SOURCES = [...new Glob("server/**/*.ts").scanSync(ROOT)].map((file) =>
  readFileSync(join(ROOT, file), "utf8").replaceAll(/^\s*\/\/.*$/gm, ""),
);

test("every line that the source emits by name is documented", () => {
  const emitted = SOURCES.flatMap((source) => [
    ...source.matchAll(/(?:emit|emitSampled|kind)\(\s*"(\w+)",\s*"(\w+)",\s*"([^"]+)"/g),
  ]).map(([, type, component, message]) => `${type} ${component} ${message}`);
  expect(emitted.length).toBeGreaterThan(30);
  expect(emitted.filter((kind) => !kinds.has(kind))).toEqual([]);
});

test("every documented message stands in the source", () => {
  const missing = [...kinds.keys()]
    .map((kind) => kind.split(" ").slice(2).join(" "))
    .filter((message) => !SOURCES.some((source) => source.includes(`"${message}"`)));
  expect(missing).toEqual([]);
});

test("the example of following the feed is there to be copied", () => {
  expect(feedExample).toContain("port: 9090");
});
