// A hostile server and a hostile file, given to every command that reads one: whatever is printed is text, on stdout and on
// stderr, for people and in JSON; nothing of it speaks to the terminal.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { wowsim } from "../helpers/command.ts";
import { HOSTILE, SPEAKS_TO_TERMINALS, startHostileServer, telemetryLines } from "../helpers/hostile-server.ts";
import type { HostileServer } from "../helpers/hostile-server.ts";
import { TempFolder } from "../helpers/serve-process.ts";

setDefaultTimeout(120_000);

let server: HostileServer;
const folder = new TempFolder();
const file = (name: string): string => join(folder.path, name);

beforeAll(async () => {
  server = startHostileServer();
  const startMs = Date.now() - 30_000;
  const lines = Array.from({ length: 600 }, (_, at) => telemetryLines(startMs + at * 50)).flat();
  await Bun.write(file("telemetry.jsonl"), `${lines.join("")}${HOSTILE}\n{"v":1,"${HOSTILE}`);
  await Bun.write(
    file("scenario.toml"),
    `title = "${JSON.stringify(HOSTILE).slice(1, -1)}"\n[[step]]\nwhat = "\\u001b[2J"\n`,
  );
  await Bun.write(file("broken.toml"), `title = "\x1b[2J\n`);
  await Bun.write(
    file("experiment.json"),
    JSON.stringify({ title: HOSTILE, description: HOSTILE, method: [{ type: HOSTILE }] }),
  );
  await Bun.write(file("world.toml"), `[[zone]]\nid = 1\nname = "\\u001b[2J"\n"\\u001b[2J" = 1\n`);
  await Bun.write(file("module.wasm"), `\0asm${HOSTILE}`);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Runs it for people and for scripts. */
async function expectText(args: string[], formats: string[][] = [[], ["--format", "json"]]): Promise<void> {
  for (const { stdout, stderr } of await Promise.all(formats.map((format) => wowsim(...args, ...format)))) {
    expect([args[0], stdout + stderr]).toEqual([args[0], expect.stringMatching(/\S/) as string]);
    expect([args.join(" "), SPEAKS_TO_TERMINALS.exec(stdout + stderr)]).toEqual([args.join(" "), null]);
  }
}

describe("a hostile file", () => {
  test.each([
    ["parse-logs", () => ["parse-logs", file("telemetry.jsonl")]],
    ["parse-logs --anomalies", () => ["parse-logs", "--anomalies", file("telemetry.jsonl")]],
    ["health", () => ["health", "--file", file("telemetry.jsonl")]],
    ["diagnose", () => ["diagnose", "--file", file("telemetry.jsonl")]],
    ["diagnose --history", () => ["diagnose", "--history", "--file", file("telemetry.jsonl")]],
    ["scenario check", () => ["scenario", "check", file("scenario.toml")]],
    ["scenario check, broken", () => ["scenario", "check", file("broken.toml")]],
    ["scenario check, experiment", () => ["scenario", "check", file("experiment.json")]],
    ["serve --world", () => ["serve", "--world", file("world.toml"), "--port", "0", "--control-port", "0"]],
    ["deploy", () => ["deploy", file("module.wasm"), ...server.flags("control-port", "telemetry-port")]],
    ["a name that is hostile itself", () => ["health", "--file", `/no\x1b[2Jsuch\x9bfile\u202e`]],
    ["a word that is hostile itself", () => ["inject-fault", "\x1b[2Jactivate"]],
  ])("%s", async (_, args) => {
    await expectText(args());
  });
});

describe("a hostile server", () => {
  test.each([
    ["health", () => ["health", "--for", "2s", ...server.flags("http-port", "telemetry-port")]],
    ["diagnose", () => ["diagnose", "--watch-for", "2s", ...server.flags("telemetry-port")]],
    ["inject-fault list", () => ["inject-fault", "list", ...server.flags("control-port")]],
    ["inject-fault status", () => ["inject-fault", "status", "latency-spike", ...server.flags("control-port")]],
    ["inject-fault halt", () => ["inject-fault", "halt", ...server.flags("control-port")]],
    ["inject-fault activate", () => ["inject-fault", "activate", "latency-spike", ...server.flags("control-port")]],
    ["doctor", () => ["doctor", ...server.flags("port", "control-port", "http-port", "telemetry-port")]],
  ])("%s", async (_, args) => {
    await expectText(args());
  });

  test("spawn-clients", async () => {
    await expectText(["spawn-clients", "--count", "1", "--duration", "1s", ...server.flags("port")], [[]]);
  });

  test("every port of it was really asked", () => {
    for (const [port, count] of Object.entries(server.asked)) expect([port, count > 0]).toEqual([port, true]);
  });
});
