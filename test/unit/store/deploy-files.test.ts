// Records of deploys on the disk: no line waits for the next one.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DeployFiles } from "../../../server/store/deploy-files.ts";
import { eventually, tempFolder } from "../../helpers/telemetry.ts";

test("a line that comes while the disk keeps the ones before is written too", async () => {
  using folder = tempFolder();
  const files = new DeployFiles({ folder: folder.path, now: () => performance.now(), onState: () => {} });
  const read = (deploy: number): string => {
    try {
      return readFileSync(join(folder.path, `${deploy}.jsonl`), "utf8");
    } catch {
      // Not begun yet.
      return "";
    }
  };
  for (let deploy = 1; deploy <= 40; deploy++) {
    files.append(deploy, '{"line":"stage"}');
    // Later from time to time, so that it meets each moment of the write and of the sync after it.
    await Bun.sleep((deploy % 10) / 4);
    files.append(deploy, '{"line":"ended"}');
    await eventually(() => read(deploy) === '{"line":"stage"}\n{"line":"ended"}\n');
  }
  files.append(41, '{"line":"stage"}');
  await Bun.sleep(0.5);
  files.append(41, '{"line":"ended"}');
  await files.close();
  expect(read(41)).toBe('{"line":"stage"}\n{"line":"ended"}\n');
});
