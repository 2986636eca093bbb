// How a server is named on a command line and in WOWSIM_SERVER.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { hostAndPort, parseServerName, shellWord } from "../../../tools/client/server-name.ts";

test.each([
  ["localhost", "localhost", null],
  ["localhost:9081", "localhost", 9081],
  ["10.0.0.7", "10.0.0.7", null],
  ["game-1.example.com:8081", "game-1.example.com", 8081],
  ["[::1]:9081", "::1", 9081],
  ["[fe80::1%eth0]", "fe80::1%eth0", null],
  ["::1", "::1", null],
  ["2001:db8::7", "2001:db8::7", null],
])("%s", (text, host, port) => {
  expect(parseServerName(text)).toEqual({ host, port });
});

test.each([
  "",
  ":",
  ":8081",
  "8081",
  "a:",
  "a:0",
  "a:65536",
  "a:http",
  "[::1",
  "::1]:2",
  "http://a:1",
  "a b",
  "$(a)",
  "-a",
  "a:1:2",
])("%p is no name, and the reason says what one looks like", (text) => {
  expect(() => parseServerName(text)).toThrow(/^Give HOST or HOST:PORT, where PORT is the control port, such as /);
});

test("a port without a host is told as it would be with one", () => {
  expect(() => parseServerName(":9081")).toThrow("such as 127.0.0.1:9081");
});

test("whatever is named is found again in what is printed, and is one word of a shell", async () => {
  const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
  const seen = { v6: 0, other: 0 };
  const words: string[] = [];
  const names: string[] = [];
  fc.assert(
    fc.property(hosts, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
      const name = hostAndPort(host, port);
      seen[host.includes(":") ? "v6" : "other"]++;
      expect(parseServerName(name)).toEqual({ host, port });
      names.push(name);
      words.push(shellWord(name));
    }),
  );
  expect(Math.min(seen.v6, seen.other)).toBeGreaterThan(10);
  const shell = Bun.spawn(["bash", "-c", `printf '%s\\n' ${words.join(" ")}`], { stdout: "pipe" });
  expect((await shell.stdout.text()).trimEnd().split("\n")).toEqual(names);
});
