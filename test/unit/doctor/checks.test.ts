// What the doctor makes of what it sees; and that it sees who really has a port.

import { describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import packageFile from "../../../package.json";
import { isAtLeast } from "../../../tools/doctor/check.ts";
import { checkBun } from "../../../tools/doctor/install.ts";
import {
  checkFolder,
  checkMemory,
  checkOpenFiles,
  checkProcessors,
  checkTerminal,
} from "../../../tools/doctor/machine.ts";
import { portOwner } from "../../../tools/doctor/port-owner.ts";
import { checkPort } from "../../../tools/doctor/ports.ts";
import { checkProgram } from "../../../tools/doctor/programs.ts";
import { tempFolder } from "../../helpers/telemetry.ts";

const LOOPBACK = "127.0.0.1";

test.each([
  ["1.4.5", "1.4.5", true],
  ["1.4.10", "1.4.5", true],
  ["1.4", "1.4.5", false],
  ["v20.20.2", "20.12", true],
  ["v18.1.0", "20.12", false],
  ["2", "1.9.9", true],
  ["nonsense", "0.1", false],
])("version %p at least %p: %p", (version, least, expected) => {
  expect(isAtLeast(version, least)).toBe(expected);
});

describe("every result that is not ok says how to mend it", () => {
  test.each([
    ["an older Bun", checkBun("1.0.0"), "missing"],
    ["a newer Bun", checkBun("99.0.0"), "warning"],
    ["one processor", checkProcessors(1), "warning"],
    ["little memory", checkMemory(100 * 2 ** 20), "warning"],
    ["hardly any open files", checkOpenFiles(64), "missing"],
    ["few open files", checkOpenFiles(1_024), "warning"],
    ["a file for a folder", checkFolder("data-dir", "/etc/passwd/x", "--data-dir"), "missing"],
    ["a dumb terminal", checkTerminal({ TERM: "dumb" }, true), "warning"],
    ["a terminal without UTF-8", checkTerminal({ TERM: "xterm", LANG: "C" }, true), "warning"],
  ] as const)("%s", (_name, check, state) => {
    expect(check.state).toBe(state);
    expect(check.mend).toMatch(/\w{3,}.*\./);
  });
});

test("what is as it should be is ok", () => {
  const checks = [
    checkBun(packageFile.devDependencies.bun),
    checkProcessors(2),
    checkMemory(2 ** 33),
    checkOpenFiles(20_000),
    checkTerminal({ TERM: "xterm", LANG: "C.UTF-8" }, true),
    checkTerminal({}, false),
  ];
  expect(checks.map(({ state }) => state)).toEqual(checks.map(() => "ok"));
});

test("open files are told as players", () => {
  expect(checkOpenFiles(1_064).found).toContain("1000 players");
});

describe("ports", () => {
  test("one that is taken is told by the pid that has it, TCP and UDP", async () => {
    using tcp = Bun.listen({ hostname: LOOPBACK, port: 0, socket: { data() {} } });
    const udp = await Bun.udpSocket({ hostname: LOOPBACK, port: 0 });
    for (const [protocol, port] of [["tcp", tcp.port] as const, ["udp", udp.port] as const]) {
      expect(await portOwner(protocol, port)).toMatchObject({ pid: process.pid });
      const check = await checkPort(LOOPBACK, { protocol, port, use: "game", flag: "--port" });
      expect(check.state).toBe("warning");
      expect(check.found).toContain(`pid ${process.pid}`);
      expect(check.mend).toContain("--port");
    }
    udp.close();
  });

  test("one that is free again is free", async () => {
    const listener = Bun.listen({ hostname: LOOPBACK, port: 0, socket: { data() {} } });
    const { port } = listener;
    listener.stop(true);
    expect(await portOwner("tcp", port)).toBeNull();
    const check = await checkPort(LOOPBACK, { protocol: "tcp", port, use: "game", flag: "--port" });
    expect(check).toEqual({ id: `port-${port}`, state: "ok", found: "free (game)" });
  });
});

describe("programs", () => {
  const wanted = { name: "frobnicate", versionFlag: "--version", use: "frobnication", apt: "frob", brew: "frob" };
  const withProgram = async (script: string, more: object = {}) => {
    using folder = tempFolder();
    const file = folder.file("frobnicate");
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return await checkProgram({ ...wanted, ...more }, folder.path);
  };

  test("one that is there", async () => {
    expect(await withProgram("echo frobnicate 2.3.1")).toEqual({
      id: "frobnicate",
      state: "ok",
      found: "2.3.1 (frobnication)",
    });
  });

  test.each([
    ["is not there", null, {}, "not installed"],
    ["fails", "echo 1.0; exit 1", {}, "another program of that name"],
    ["is an impostor", "echo failed to install 1.0", { begins: "frobnicate " }, "another program of that name"],
    ["is too old", "echo frobnicate 1.9", { least: "2.0" }, "older than 2.0"],
  ])("one that %s", async (_name, script, more, words) => {
    const check = script === null ? await checkProgram(wanted, "/nowhere") : await withProgram(script, more);
    expect(check).toMatchObject({ state: "warning", mend: expect.stringContaining("apt-get install frob") as string });
    expect(check.found).toContain(words);
  });
});
