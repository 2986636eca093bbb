// An exit code means the same in every command: a script that sees 2 knows that a server is critical, and not that
// somebody mistyped a flag.

import { describe, expect, spyOn, test } from "bun:test";
import { commandTree } from "../../helpers/program.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathOf, withSubcommands } from "../../../tools/ui/help.ts";
import { EXIT } from "../../../tools/ui/output.ts";
import { ROOT, wowsim } from "../../helpers/command.ts";

test("every exit code has one meaning", () => {
  const codes = Object.values(EXIT);
  expect(new Set(codes).size).toBe(codes.length);
});

test("wrong usage is 64 in every command, and never the code of critical", () => {
  const exit = spyOn(process, "exit").mockImplementation((code) => {
    throw new Ended(Number(code));
  });
  const program = commandTree();
  const all = withSubcommands(program);
  for (const command of all) command.configureOutput({ writeErr: () => {}, outputError: () => {} });
  const paths = all.map((command) => pathOf(command).split(" ").slice(1));
  expect(paths.length).toBeGreaterThan(30);
  for (const path of paths) {
    const run = () => program.parse([...path, "--no-such-flag"], { from: "user" });
    expect([path.join(" "), thrownBy(run)]).toEqual([path.join(" "), new Ended(EXIT.usage)]);
  }
  exit.mockRestore();
});

class Ended extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe("a file that is not there is 4", () => {
  test.each<[string[]]>([
    [["health", "--file", "/nowhere.jsonl"]],
    [["diagnose", "--file", "/nowhere.jsonl"]],
    [["diagnose", "--file", "/nowhere.jsonl", "--history"]],
    [["parse-logs", "/nowhere.jsonl"]],
    [["deploy", "/nowhere.wasm"]],
    [["scenario", "check", "/nowhere.toml"]],
    [["scenario", "run", "/nowhere.toml"]],
    [["serve", "--scratch", "--world", "/nowhere.toml"]],
  ])("in %p", async (args) => {
    const { code, stderr } = await wowsim(...args);
    expect({ code, stderr }).toEqual({ code: EXIT.nothing, stderr: expect.stringContaining("/nowhere") as string });
  });
});

describe("output that can not be written is one line on stderr, and exit code 1", () => {
  test
    .skipIf(!existsSync("/dev/full"))
    .each<[string]>([
      ["--help"],
      ["deploy --help"],
      ["completion bash"],
      ["scenario list"],
      ["scenario list --format json"],
    ])("%s", async (args) => {
    const child = Bun.spawn([process.execPath, join(ROOT, "server/wowsim.ts"), ...args.split(" ")], {
      stdin: "ignore",
      stdout: Bun.file("/dev/full"),
      stderr: "pipe",
    });
    const [stderr, code] = await Promise.all([child.stderr.text(), child.exited]);
    const message = "The output can not be written (ENOSPC). Free space there, or send it somewhere else.";
    const told = args.includes("json")
      ? JSON.stringify({ error: { code: "output_failed", message } })
      : `wowsim: ${message}`;
    expect({ code, stderr }).toEqual({ code: EXIT.degraded, stderr: `${told}\n` });
  });
});

describe("with --format json an error is one JSON line on stderr, and stdout has only results", () => {
  test.each<[string[], number, string, string]>([
    [["health", "--nope"], EXIT.usage, "usage", "unknown option '--nope'"],
    [["deploy"], EXIT.usage, "usage", "missing required argument 'source'"],
    [["inject-fault", "activate"], EXIT.usage, "usage", "latency-spike"],
    [["demnstrate"], EXIT.usage, "usage", "unknown command 'demnstrate'"],
    [["serve", "--port", "70000"], EXIT.usage, "usage", "from 0 to 65535"],
    [["serve", "--durability", "none", "--on-journal-loss", "stop"], EXIT.usage, "usage", "process or power"],
    [["diagnose", "--history"], EXIT.usage, "usage", "--file"],
    [["parse-logs", "/nowhere.jsonl"], EXIT.nothing, "file_unreadable", "/nowhere.jsonl can not be read"],
    [["deploy", "/nowhere.wasm"], EXIT.nothing, "no_such_file", "wowsim build-kernel --out kernel.wasm"],
    [["deploy", "hotfx"], EXIT.nothing, "no_such_file", 'Did you mean "hotfix"?'],
    [["deploy", "docs"], EXIT.degraded, "kernel_source", "has no .ts files"],
    [["build-kernel", "--out", "-", "--variant", "hotfx"], EXIT.nothing, "no_such_file", 'Did you mean "hotfix"?'],
    [["build-kernel", "--out", "-", "--variant", "a", "--candidate", "b"], EXIT.usage, "usage", "cannot be used with"],
    [["build-kernel", "--out", "-", "--candidate", "hotfx"], EXIT.nothing, "no_such_file", 'Did you mean "hotfix"?'],
    [["scenario", "run", "zone-trap"], EXIT.nothing, "no_such_file", 'Did you mean "poison-command"?'],
    [["scenario", "check", "zone-runaway"], EXIT.nothing, "no_such_file", 'Did you mean "runaway-command"?'],
    [["validate", "hotfix", "--expect", "bunfig.toml"], EXIT.usage, "expectations_invalid", "bunfig.toml: "],
    [["validate", "hotfix", "--policy", "bunfig.toml"], EXIT.usage, "policy_invalid", "bunfig.toml: "],
    [["scenario", "check", "package.json"], EXIT.usage, "scenario_invalid", "package.json: title: is missing"],
    [["inject-fault", "list", "--control-port", "1"], EXIT.unreachable, "control_unreachable", "wowsim serve"],
    [["benchmark", "--world", "/nowhere.toml"], EXIT.nothing, "world_unreadable", "/nowhere.toml"],
    [["health", "--http-port", "1", "--telemetry-port", "1"], EXIT.unreachable, "unreachable", "wowsim serve"],
  ])("%p", async (args, exitCode, errorCode, words) => {
    const { code, stdout, stderr } = await wowsim(...args, "--format", "json");
    expect({ code, error: JSON.parse(stderr) }).toEqual({
      code: exitCode,
      error: { error: { code: errorCode, message: expect.stringContaining(words) as string } },
    });
    expect(stdout).toBe("");
  });
});
