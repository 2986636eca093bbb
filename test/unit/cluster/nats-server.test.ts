// Which nats-server a cluster takes, and what it says when there is none that it can take.

import { expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findNatsServer } from "../../../tools/cluster/nats-server.ts";
import { problemsOf } from "../../../tools/cluster/nats-info.ts";
import { TempFolder } from "../../helpers/serve-process.ts";

/** A program that answers so when it is asked for its version. */
function fake(folder: TempFolder, answer: string): string {
  const path = join(folder.path, "nats-server");
  writeFileSync(path, `#!/bin/sh\necho "${answer}"\n`);
  chmodSync(path, 0o755);
  return path;
}

test("NATS_SERVER names the program", async () => {
  using folder = new TempFolder();
  const path = fake(folder, "nats-server: v2.9.10");
  expect(await findNatsServer({ NATS_SERVER: path })).toEqual({ path, version: "2.9.10" });
});

test("a program in PATH is found", async () => {
  using folder = new TempFolder();
  const path = fake(folder, "nats-server: v2.11.0-RC.1");
  expect(await findNatsServer({ PATH: folder.path })).toEqual({ path, version: "2.11.0" });
});

test("what NATS_SERVER names has to be there", async () => {
  const { message, code } = (await findNatsServer({ NATS_SERVER: "/nowhere/nats-server" }).catch(
    (error: unknown) => error,
  )) as { message: string; code: string };
  expect(code).toBe("no_nats_server");
  expect(message).toContain("/nowhere/nats-server");
  expect(message).toContain("apt-get install nats-server");
});

test.each([
  ["nats-server: v2.8.4", "nats_server_old", "2.8.4"],
  ["another program", "nats_server_strange", "another program"],
])("%p is refused, with what to do", async (answer, code, named) => {
  using folder = new TempFolder();
  const error = await findNatsServer({ NATS_SERVER: fake(folder, answer) }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code });
  expect((error as Error).message).toContain(named);
  expect((error as Error).message).toContain("apt-get install nats-server");
});

test("a server that a cluster can not run on is told with what to change", () => {
  const info = {
    version: "2.9.10",
    max_payload: 8_388_608,
    jetstream: true,
    auth_required: false,
    tls_required: false,
  };
  expect(problemsOf(info)).toEqual([]);
  expect(problemsOf({ ...info, jetstream: false })[0]).toContain("jetstream {");
  expect(problemsOf({ ...info, max_payload: 1_048_576 })[0]).toContain("max_payload: 8388608");
  expect(problemsOf({ ...info, version: "2.8.0" })[0]).toContain("2.8.0");
});
