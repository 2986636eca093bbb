import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLines } from "../../../tools/analysis/line-stream.ts";

const line = (n: number): string =>
  JSON.stringify({
    v: 1,
    timestamp: "2026-01-01T12:00:00.000Z",
    type: "event",
    component: "zone",
    message: "m",
    data: { n },
  });

test("of a file's end only whole lines are read, and of a shorter file everything", async () => {
  const folder = mkdtempSync(join(tmpdir(), "wowsim-test-"));
  try {
    const path = join(folder, "telemetry.jsonl");
    writeFileSync(path, Array.from({ length: 50 }, (_, n) => `${line(n)}\n`).join(""));
    const read = async (tailBytes: number | undefined): Promise<unknown[]> => {
      const found: unknown[] = [];
      await readLines(path, { tailBytes, onLine: ({ data }) => found.push(data["n"]) });
      return found;
    };
    expect(await read(undefined)).toHaveLength(50);
    expect(await read(1e9)).toHaveLength(50);
    expect(await read(line(49).length * 3)).toEqual([48, 49]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
