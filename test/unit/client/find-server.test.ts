// Which server a command means: flags over --server over WOWSIM_SERVER over this folder's over the usual ports; and that a
// hint which is printed leads there again.

import { expect, test } from "bun:test";
import { registerServerCommand } from "../../../server/main/control/server-command.ts";
import { writeServerFile } from "../../../server/protocol/server-file.ts";
import { findServer } from "../../../tools/client/find-server.ts";
import type { ServerWish } from "../../../tools/client/find-server.ts";
import { DEFAULT_PORTS } from "../../../tools/client/server-name.ts";
import { pasteable } from "../../../tools/client/server-flags.ts";
import { startControl } from "../../helpers/control-server.ts";
import { tempFolder } from "../../helpers/telemetry.ts";

const ALL = ["game", "control", "http", "telemetry"] as const;
const HOST = "127.0.0.1";
const OTHERS = { game: 40_001, http: 40_003, telemetry: 40_004 };

/** A control channel that tells of these ports. */
function startTeller({ forwardedFrom = 0, token = "" } = {}) {
  const control = startControl(token === "" ? {} : { token });
  const { server, port } = control;
  const ports = { ...OTHERS, control: forwardedFrom || port };
  const facts = { host: HOST, ports, version: "0.1.0", tickRateHz: 20, zones: [], dataDir: "/srv" };
  registerServerCommand(server, facts);
  return { port, name: { host: HOST, port }, ports, [Symbol.asyncDispose]: () => server.stop() };
}

const NOTHING: ServerWish = { ports: {} };
const nowhere = { env: {}, dataDir: "/nowhere" };

test("told nothing, it is the one on the usual ports, and hints need no words", async () => {
  const server = await findServer(NOTHING, ALL, nowhere);
  expect(server).toEqual({ host: HOST, ports: DEFAULT_PORTS, told: {}, isNamed: false });
  expect(pasteable("wowsim diagnose", server)).toBe("wowsim diagnose");
});

test("the server of this folder is found by itself", async () => {
  using folder = tempFolder();
  const ports = { game: 1, control: 2, http: 3, telemetry: 4 };
  await writeServerFile(folder.path, { host: "0.0.0.0", ports, version: "0.1.0" });
  const server = await findServer(NOTHING, ALL, { env: {}, dataDir: folder.path });
  expect(server).toMatchObject({ host: HOST, ports });
  // Also where somebody pastes it who is in another folder.
  expect(pasteable("wowsim health", server)).toBe("wowsim health --server 127.0.0.1:2");
  expect(pasteable("wowsim build-kernel --out a.wasm && wowsim deploy a.wasm", server)).toBe(
    "wowsim build-kernel --out a.wasm && wowsim deploy a.wasm --server 127.0.0.1:2",
  );
});

test("a named server tells its other ports by its control port", async () => {
  await using teller = startTeller();
  const around = { env: { WOWSIM_SERVER: `${HOST}:${teller.port}` }, dataDir: "/nowhere" };
  for (const server of [
    await findServer({ server: teller.name, ports: {} }, ALL, nowhere),
    await findServer({ ports: { control: teller.port } }, ALL, nowhere),
    await findServer(NOTHING, ALL, around),
  ]) {
    expect(server.ports).toEqual(teller.ports);
    expect(pasteable("wowsim health --watch", server)).toBe(`wowsim health --watch --server ${HOST}:${teller.port}`);
  }
});

test("flags win over --server, that over WOWSIM_SERVER, that over this folder", async () => {
  await using one = startTeller();
  await using two = startTeller();
  using folder = tempFolder();
  await writeServerFile(folder.path, {
    host: HOST,
    ports: { game: 1, control: 2, http: 3, telemetry: 4 },
    version: "",
  });
  const around = { env: { WOWSIM_SERVER: `${HOST}:${two.port}` }, dataDir: folder.path };
  const control = async (wish: ServerWish) => (await findServer(wish, ALL, around)).ports.control;
  expect(await control({ server: one.name, ports: { control: two.port } })).toBe(two.port);
  expect(await control({ server: one.name, ports: {} })).toBe(one.port);
  expect(await control(NOTHING)).toBe(two.port);
  expect((await findServer(NOTHING, ALL, { env: {}, dataDir: folder.path })).ports.control).toBe(2);
  const told = await findServer({ server: one.name, ports: { telemetry: 5 } }, ALL, around);
  expect(told.ports).toEqual({ ...one.ports, telemetry: 5 });
  expect(pasteable("wowsim diagnose", told)).toBe(`wowsim diagnose --server ${HOST}:${one.port} --telemetry-port 5`);
  // An address is another server's, of which this folder knows nothing.
  expect(await findServer({ host: "10.0.0.7", ports: {} }, ALL, around)).toMatchObject({
    host: "10.0.0.7",
    ports: DEFAULT_PORTS,
  });
});

test("nobody is asked who need not be", async () => {
  const silent = { server: { host: HOST, port: 1 }, ports: OTHERS };
  expect((await findServer(silent, ALL, nowhere)).ports).toEqual({ ...OTHERS, control: 1 });
  expect((await findServer({ ...silent, ports: {} }, ["control"], nowhere)).ports.control).toBe(1);
});

test("ports alone are told on as they were told", async () => {
  const server = await findServer({ ports: { http: 3, telemetry: 4 } }, ["http", "telemetry"], nowhere);
  expect(pasteable("wowsim diagnose", server)).toBe("wowsim diagnose --telemetry-port 4");
  const elsewhere = await findServer({ host: "::1", ports: { telemetry: 4 } }, ["telemetry"], nowhere);
  expect(pasteable("wowsim diagnose", elsewhere)).toBe("wowsim diagnose --host ::1 --telemetry-port 4");
});

test("brackets of an address are quoted, since a shell would take them for a pattern", async () => {
  const server = await findServer({ server: { host: "::1", port: 9081 }, ports: {} }, ["control"], nowhere);
  expect(pasteable("wowsim inject-fault halt", server)).toBe("wowsim inject-fault halt --server '[::1]:9081'");
});

test("a token is shown to the server, also one from WOWSIM_TOKEN, and never printed", async () => {
  await using teller = startTeller({ token: "open sesame" });
  const wish = { server: teller.name, ports: {} };
  const right = { env: { WOWSIM_TOKEN: "open sesame" }, dataDir: "/nowhere" };
  const server = await findServer(wish, ALL, right);
  expect(server).toMatchObject({ ports: teller.ports, token: "open sesame" });
  expect(pasteable("wowsim health", server)).not.toContain("sesame");
  expect(findServer(wish, ALL, nowhere)).rejects.toMatchObject({ code: "token_required" });
  expect(findServer({ ...wish, token: "x" }, ALL, right)).rejects.toMatchObject({ code: "wrong_token" });
});

test("what can not be found says what to do", async () => {
  expect(findServer({ server: { host: HOST, port: 1 }, ports: {} }, ALL, nowhere)).rejects.toMatchObject({
    code: "control_unreachable",
    message: expect.stringContaining("--server"),
  });
  expect(findServer(NOTHING, ALL, { env: { WOWSIM_SERVER: "http://a" }, dataDir: "" })).rejects.toMatchObject({
    code: "usage",
    message: expect.stringMatching(/^WOWSIM_SERVER is "http:\/\/a"\. Give HOST or HOST:PORT/),
  });
});

test("behind a port map the other ports have to be told, by those flags that are missing", async () => {
  await using teller = startTeller({ forwardedFrom: 8081 });
  const wish = { server: teller.name, ports: { game: 7 } };
  expect(findServer(wish, ["game", "telemetry"], nowhere)).rejects.toMatchObject({
    code: "usage",
    message: expect.stringMatching(/is forwarded to port 8081.*with --telemetry-port\.$/),
  });
  expect((await findServer(wish, ["game"], nowhere)).ports.game).toBe(7);
});

test("a server that is too old to tell has the usual ports", async () => {
  await using old = startControl();
  const server = await findServer({ server: { host: HOST, port: old.port }, ports: {} }, ALL, nowhere);
  expect(server.ports).toEqual({ ...DEFAULT_PORTS, control: old.port });
});
