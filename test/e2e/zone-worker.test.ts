// A zone worker that hangs, in a real server over real sockets, where nobody can end it: no surface calls its zone ACTIVE, it
// goes on from its journal with its players, nobody else notices, and what asks for the server's health is told.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { ControlClient } from "../../tools/client/control-client.ts";
import { firstLine } from "../../tools/client/child-output.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { DEFAULT_PORTS } from "../../tools/client/server-name.ts";
import { until } from "../helpers/control-live.ts";
import { RawClient } from "../helpers/net.ts";
import type { Message } from "../helpers/net.ts";
import { execForm, readDockerfile } from "../helpers/packaging.ts";
import { TempFolder } from "../helpers/serve-process.ts";

setDefaultTimeout(120_000);

const ROOT = join(import.meta.dir, "../..");
/** Slow ticks, so that a zone is DOWN for long enough to look around: 20 of them are its probation. */
const TICK_RATE_HZ = 5;

const folder = new TempFolder();
let child: Subprocess<"pipe", "pipe", "inherit">;
let ports: { game: number; control: number; http: number; telemetry: number };

beforeAll(async () => {
  const options = JSON.stringify({ dataDir: folder.path, tickRateHz: TICK_RATE_HZ });
  child = Bun.spawn([process.execPath, join(ROOT, "test/helpers/mortal-server.ts"), options], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  ports = JSON.parse(await firstLine(child.stdout, 60_000)) as typeof ports;
});
afterAll(async () => {
  child.kill("SIGKILL");
  await child.exited;
  folder[Symbol.dispose]();
});

const ready = async (query: string) => {
  const response = await fetch(`http://127.0.0.1:${ports.http}/readyz${query}`);
  return { status: response.status, ...((await response.json()) as { reasons: string[]; zones: Message[] }) };
};

/** The exit code of the image's health check, asked of this server. */
async function healthCheck(): Promise<number> {
  const check = readDockerfile(join(ROOT, "Dockerfile")).find(({ name }) => name === "HEALTHCHECK")?.rest ?? "";
  const [, ...words] = execForm(check).map((word) => word.replace(`:${DEFAULT_PORTS.http}/`, `:${ports.http}/`));
  return await Bun.spawn([process.execPath, ...words], { stdout: "ignore", stderr: "ignore" }).exited;
}

/** What telemetry has so far, without a line that is only half there. */
function told(): TelemetryLine[] {
  const text = readFileSync(join(folder.path, "telemetry.jsonl"), "utf8");
  const lines = text.slice(0, text.lastIndexOf("\n")).split("\n");
  return lines.map((line) => JSON.parse(line) as TelemetryLine);
}

async function player(name: string, zone: number): Promise<RawClient> {
  const client = await RawClient.connect(ports.game);
  client.send({ type: "hello", v: 1, name, zone });
  await until("the player is in the zone", () => client.last("welcome")?.["zone_id"] === zone);
  return client;
}

/** The newest action that the server has told it to have done. */
const ack = (client: RawClient): number =>
  Math.max(0, ...client.received.map((message) => Number(message["ack"] ?? 0)));
const zones = (client: RawClient): unknown[] =>
  client.received.filter(({ type }) => type === "zone").map(({ zone_id, reason }) => [zone_id, reason]);

test("a process that was stopped for a while ends none of its workers, and says for how long it stood still", async () => {
  child.kill("SIGSTOP");
  await Bun.sleep(2_000);
  child.kill("SIGCONT");
  const stoodMs = (): number[] =>
    told()
      .filter(({ message }) => message === "Server stood still")
      .map(({ data }) => Number(data["stood_ms"]));
  await until("it is told", () => stoodMs().some((ms) => ms > 1_500));
  // Long after the watchdog's limit nobody was ended.
  const ticks = (): number => told().filter(({ message }) => message === "Tick completed").length;
  const before = ticks();
  await until("the server ticks on", () => ticks() > before + 2 * TICK_RATE_HZ);
  expect(told().filter(({ message }) => message === "Zone worker lost")).toEqual([]);
});

test("what a tool asked of a stopped server and gave up on is not done when the server goes on", async () => {
  const place = { host: "127.0.0.1", port: ports.control };
  child.kill("SIGSTOP");
  const impatient = await ControlClient.connect({ ...place, timeoutMs: 200 });
  const activate = { command: "activate", fault_id: "latency-spike", params: { delay_ms: 1 } };
  await expect(impatient.request(activate)).rejects.toMatchObject({ message: expect.stringContaining("is withdrawn") });
  child.kill("SIGCONT");
  await using control = await ControlClient.connect(place);
  const isActive = async (): Promise<unknown> =>
    (await control.ask({ command: "deactivate", fault_id: activate.fault_id }))["was_active"];
  expect(await isActive()).toBe(false);
  await control.ask(activate);
  expect(await isActive()).toBe(true);
});

test("a zone whose worker hangs goes on from its journal, with its players, and nothing acknowledged is lost", async () => {
  const [one, two] = [await player("One", 1), await player("Two", 2)];
  expect(await healthCheck()).toBe(0);
  const move = (seq: number): void => one.send({ type: "movement", seq, position: { x: seq / 10, y: 0, z: 0 } });
  for (let seq = 1; seq <= 5; seq++) move(seq);
  await until("they are acknowledged", () => ack(one) === 5);
  child.stdin.write("end wasm 0\n");
  await child.stdin.flush();
  // What is sent while nobody ticks the zone is not lost either.
  move(6);
  await until("zone 1 is missed", async () => (await ready("?zone=1")).status === 503);
  move(7);
  await until("both are acknowledged", () => ack(one) === 7);
  await until("the zone is well again", async () => (await ready("?zone=all")).status === 200);
  expect([one.closed, two.closed, zones(one), zones(two)]).toEqual([false, false, [], []]);
  expect(await healthCheck()).toBe(0);
  // Since nobody knows what the client was told last, it was told everything anew.
  const resets = one.received.filter(({ type, reset }) => type === "state" && reset === true);
  expect(resets.length).toBe(2);

  const page = await (await fetch(`http://127.0.0.1:${ports.http}/metrics`)).text();
  expect(page).toContain('wowsim_zone_worker_restarts_total{reason="hung"} 1\n');
  expect(page).toContain("wowsim_zone_worker_threads_burning 1\n");

  const ofOne = told().filter(({ data }) => data["zone_id"] === 1);
  const moves = ofOne.filter(({ message }) => message === "Zone state changed");
  expect(moves.map(({ data }) => [data["from_state"], data["to_state"]]).slice(0, 2)).toEqual([
    ["ACTIVE", "CRASHED"],
    ["CRASHED", "DEGRADED"],
  ]);
  expect(ofOne.find(({ message }) => message === "Zone worker lost")?.data).toMatchObject({
    how: "hung",
    stage: "messages",
  });
  expect(ofOne.find(({ message }) => message === "Zone revived")?.data).toMatchObject({ lost_ticks: 0 });
  expect(ofOne.find(({ message }) => message === "Zone ticks lost")).toBeUndefined();
  // The zone's line is the new worker's, through a ring of its own, and its ticks go on counting.
  const ticks = ofOne
    .filter(({ message }) => message === "Zone tick completed")
    .map(({ data }) => Number(data["tick"]));
  expect(ticks).toEqual(ticks.toSorted((a, b) => a - b));
  expect(new Set(ticks).size).toBe(ticks.length);
});

test("a thread that can not be ended does not keep the server from stopping", async () => {
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  expect(told().at(-1)?.message).toBe("Server stopped");
});
