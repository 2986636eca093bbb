// The file that tells a folder's tools where its server listens, and when it is not believed.

import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readServerFile, writeServerFile } from "../../../server/protocol/server-file.ts";
import { tempFolder } from "../../helpers/telemetry.ts";

const PLACE = {
  host: "127.0.0.1",
  ports: { game: 40_001, control: 40_002, http: 40_003, telemetry: 40_004 },
  version: "0.1.0",
};

/** The file as another would have left it. */
function tamper(path: string, change: object): void {
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), ...change }));
}

test("it is there while the server runs, whole, and gone afterwards", async () => {
  using folder = tempFolder();
  expect(readServerFile(folder.path)).toBeNull();
  const remove = await writeServerFile(folder.path, PLACE);
  expect(readServerFile(folder.path)).toMatchObject({ pid: process.pid, ...PLACE });
  expect(readdirSync(folder.path)).toEqual(["server.json"]);
  remove();
  remove();
  expect(readdirSync(folder.path)).toEqual([]);
});

test("that of a server that was killed is not believed, and the next server writes over it", async () => {
  using folder = tempFolder();
  const gone = Bun.spawn(["true"]);
  await gone.exited;
  const remove = await writeServerFile(folder.path, PLACE);
  tamper(folder.file("server.json"), { pid: gone.pid });
  expect(readServerFile(folder.path)).toBeNull();
  // Not ours any more, so not ours to remove.
  remove();
  expect(readdirSync(folder.path)).toEqual(["server.json"]);
  await writeServerFile(folder.path, PLACE);
  expect(readServerFile(folder.path)).not.toBeNull();
});

test.each([
  ["another machine's, in a folder they share", { machine: "elsewhere" }],
  ["without its ports", { ports: { game: 1 } }],
  ["with a port that is none", { ports: { ...PLACE.ports, control: 0 } }],
])("%s is not believed either", async (_, change) => {
  using folder = tempFolder();
  await writeServerFile(folder.path, PLACE);
  tamper(folder.file("server.json"), change);
  expect(readServerFile(folder.path)).toBeNull();
});

test("nor is what is no such file at all", () => {
  using folder = tempFolder();
  for (const text of ["", "{", "[]", "null", "\0\0"]) {
    writeFileSync(folder.file("server.json"), text);
    expect(readServerFile(folder.path)).toBeNull();
  }
});
