// Completion in the shells themselves: bash and fish are asked what they would offer, zsh is typed at on a terminal. A shell
// that is not installed is not tested, and says so.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { candidateNames } from "../../assembly/toolchain/candidates.ts";
import { FAULTS } from "../../server/protocol/faults/catalogue.ts";
import { commandTree } from "../helpers/program.ts";
import { registerServerCommand } from "../../server/main/control/server-command.ts";
import { LIBRARY } from "../../tools/scenario/library.ts";
import { ROOT, until, wowsim } from "../helpers/command.ts";
import { startControl } from "../helpers/control-server.ts";
import { tempFolder } from "../helpers/telemetry.ts";

setDefaultTimeout(120_000);

const folder = tempFolder();
afterAll(() => folder[Symbol.dispose]());

const SHELLS = ["bash", "zsh", "fish"] as const;
for (const shell of SHELLS) {
  if (Bun.which(shell) !== null) continue;
  process.stderr.write(`NOT TESTED: ${shell} is not installed, so nobody tries its completion.\n`);
}

beforeAll(async () => {
  for (const shell of SHELLS) {
    const { code, stdout, stderr } = await wowsim("completion", shell);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    writeFileSync(folder.file(shell), stdout);
  }
  mkdirSync(folder.file("worlds"));
  for (const name of ["worlds/hard.toml", "kernel one.wasm", "drill.yaml", "lines.jsonl", "notes.txt"])
    writeFileSync(folder.file(name), "");
  mkdirSync(folder.file("bin"));
  symlinkSync(join(ROOT, "tools/wowsim.sh"), folder.file("bin/wowsim"));
});

/** wowsim is on the PATH, and its server is nowhere until a test says where. */
const environment: Record<string, string | undefined> = {
  ...process.env,
  PATH: `${folder.file("bin")}:${process.env["PATH"]}`,
  WOWSIM_SERVER: "127.0.0.1:1",
};

async function outputOf(command: string[], cwd = folder.path): Promise<string> {
  const child = Bun.spawn(command, { cwd, env: environment, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect({ command, code: await child.exited, stderr }).toMatchObject({ code: 0, stderr: "" });
  return stdout;
}

/** What bash offers for the line; "" after it means a new word. */
async function bashOffers(...words: string[]): Promise<string[]> {
  const script = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wowsim; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const offered = await outputOf(["bash", "--norc", "-c", script, folder.file("bash"), "wowsim", ...words]);
  return offered.split("\n").filter((word) => word !== "");
}

/** What fish offers for the line, without the descriptions. */
async function fishOffers(...words: string[]): Promise<string[]> {
  const line = ["wowsim", ...words].join(" ");
  const offered = await outputOf(["fish", "--no-config", "-c", `source ${folder.file("fish")}; complete -C '${line}'`]);
  return offered.split("\n").flatMap((text) => text.split("\t")[0] || []);
}

type Offers = (...words: string[]) => Promise<string[]>;

async function sorted(offers: Offers, ...words: string[]): Promise<string[]> {
  return (await offers(...words)).toSorted();
}

const commands = commandTree()
  .commands.map((command) => command.name())
  .toSorted();
const faults = FAULTS.map(({ id }) => id).toSorted();

for (const [shell, offers] of [
  ["bash", bashOffers],
  ["fish", fishOffers],
] as const) {
  describe.if(Bun.which(shell) !== null)(shell, () => {
    test("offers all subcommands, and those that begin as typed", async () => {
      expect(await sorted(offers, "")).toEqual(commands);
      expect(await sorted(offers, "spawn")).toEqual(["spawn-clients"]);
    });

    test("goes all the way down", async () => {
      expect(await sorted(offers, "inject-fault", "activate", "")).toEqual([...faults, "help"].toSorted());
      expect(await sorted(offers, "inject-fault", "activate", "latency-spike", "--del")).toEqual(["--delay-ms"]);
    });

    test("offers values: of arguments, and of flags that have a choice", async () => {
      expect(await sorted(offers, "inject-fault", "status", "")).toEqual(expect.arrayContaining(faults) as string[]);
      expect(await sorted(offers, "completion", "")).toEqual(expect.arrayContaining([...SHELLS]) as string[]);
      expect(await sorted(offers, "serve", "--format", "")).toEqual(["json", "text"]);
    });

    test("offers subcommands where a file may stand as well", async () => {
      const subcommands = ["status", "history", "show", "abort", "promote", "freeze", "thaw", "rollback", "undo"];
      expect(await offers("deploy", "")).toEqual(expect.arrayContaining(subcommands) as string[]);
      expect(await sorted(offers, "deploy", "his")).toEqual(["history"]);
      expect(await offers("deploy", "show", "")).toEqual(expect.arrayContaining(["latest"]) as string[]);
      expect(await sorted(offers, "deploy", "show", "--re")).toEqual(["--report"]);
      expect(await sorted(offers, "deploy", "rollback", "--zo")).toEqual(["--zone"]);
    });

    test("is not led astray by flags and their values", async () => {
      expect(await sorted(offers, "serve", "--port", "8080", "--wor")).toEqual(["--workers", "--world"]);
      // "inject-fault" is the value of --data-dir here, not a subcommand.
      expect(await sorted(offers, "serve", "--data-dir", "inject-fault", "--se")).toEqual(["--seed"]);
    });

    test("offers candidates, scenarios with files beside them, and other files by how their names end", async () => {
      expect(await sorted(offers, "build-kernel", "--candidate", "")).toEqual(candidateNames());
      expect(await offers("deploy", "")).toEqual(expect.arrayContaining(candidateNames()) as string[]);
      const scenarios = [...LIBRARY.keys(), "drill.yaml"];
      expect(await sorted(offers, "scenario", "run", "")).toEqual(expect.arrayContaining(scenarios) as string[]);
      expect(await offers("scenario", "check", "dr")).toEqual(["drill.yaml"]);
      expect(await offers("deploy", "ke")).toEqual([expect.stringMatching(/^kernel\\?[ ]one\.wasm$/)]);
      for (const words of [["health", "--file"], ["diagnose", "--file"], ["parse-logs"]])
        expect((await offers(...words, "")).filter((word) => word.includes("."))).toEqual(["lines.jsonl"]);
      expect(await offers("serve", "--world", "worlds/h")).toEqual(["worlds/hard.toml"]);
    });

    test("offers the zones of the server, and the built-in world's where none answers", async () => {
      expect(await sorted(offers, "deploy", "k.wasm", "--canary-zone", "")).toEqual(["1", "2"]);
      await using control = startControl();
      const zones = [7, 9].map((id) => ({ id, name: `Zone ${id}` }));
      const ports = { game: 1, control: control.port, http: 1, telemetry: 1 };
      const facts = { host: "127.0.0.1", ports, version: "", tickRateHz: 20, zones, dataDir: "" };
      registerServerCommand(control.server, facts);
      environment["WOWSIM_SERVER"] = `127.0.0.1:${control.port}`;
      try {
        expect(await sorted(offers, "spawn-clients", "--zone", "")).toEqual(["7", "9"]);
      } finally {
        environment["WOWSIM_SERVER"] = "127.0.0.1:1";
      }
    });

    test("where a number is wanted it offers no flags", async () => {
      expect((await offers("serve", "--port", "")).filter((word) => word.startsWith("-"))).toEqual([]);
    });
  });
}

describe.if(Bun.which("fish") !== null)("fish", () => {
  test("offers files where a file is wanted, and describes what it offers", async () => {
    expect(await fishOffers("serve", "--world", "wor")).toEqual(["worlds/"]);
    const line = "complete -C 'wowsim ser'";
    expect(await outputOf(["fish", "--no-config", "-c", `source ${folder.file("fish")}; ${line}`])).toStartWith(
      "serve\tRun the game server until Ctrl-C or SIGTERM",
    );
  });
});

/** A shell on a terminal, with completion loaded, to be typed at. */
async function typeAt(command: string[], setUp: string, ready: string) {
  let drawn = "";
  const child = Bun.spawn(command, {
    cwd: folder.path,
    env: { ...process.env, HOME: folder.path, TERM: "xterm", PS1: "> ", HISTFILE: undefined },
    terminal: { cols: 120, rows: 60, data: (_terminal, data) => (drawn += new TextDecoder().decode(data)) },
  });
  child.terminal?.write(`${setUp}; echo ${ready}''ready\n`);
  const isDrawn = (what: string): Promise<void> =>
    until(
      () => Bun.stripANSI(drawn).includes(what),
      () => `"${what}" in: ${drawn}`,
    );
  await isDrawn(`${ready}ready`);
  return {
    async draws(keys: string, what: string): Promise<void> {
      drawn = "";
      child.terminal?.write(keys);
      await isDrawn(what);
    },
    clear: () => void child.terminal?.write("\x15"),
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill("SIGKILL");
      await child.exited;
      child.terminal?.close();
    },
  };
}

test.if(Bun.which("bash") !== null)("bash completes files where a file is wanted, on a terminal", async () => {
  await using shell = await typeAt(["bash", "--norc", "-i"], "source ./bash", "bash");
  await shell.draws("wowsim inject-f\t", "wowsim inject-fault ");
  shell.clear();
  await shell.draws("wowsim serve --world wor\t", "worlds/");
});

test.if(Bun.which("zsh") !== null)(
  "zsh completes subcommands, flags, values and files, with descriptions",
  async () => {
    const setUp = "autoload -Uz compinit; compinit -u -D; source ./zsh";
    await using shell = await typeAt(["zsh", "-f", "-i"], setUp, "zsh");
    await shell.draws("wowsim inject-f\t", "wowsim inject-fault ");
    await shell.draws("activate lat\t", "latency-spike ");
    await shell.draws("--del\t", "--delay-ms ");
    shell.clear();
    await shell.draws("wowsim serve --format j\t", "json");
    shell.clear();
    await shell.draws("wowsim serve --world wor\t", "worlds/");
    shell.clear();
    await shell.draws("wowsim scenario run dril\t", "drill.yaml");
    shell.clear();
    await shell.draws("wowsim build-kernel --candidate reg\t", "regression");
    shell.clear();
    await shell.draws("wowsim deploy ker\t", "kernel\\ one.wasm");
    shell.clear();
    await shell.draws("wowsim \t", "Run the game server until Ctrl-C or SIGTERM");
  },
);

test("another shell is refused with those there are", async () => {
  const { code, stderr } = await wowsim("completion", "tcsh");
  expect(code).toBe(64);
  expect(stderr).toContain("bash, zsh, fish");
  // What the scripts themselves ask for is no shell.
  expect(stderr).not.toContain("zones");
  expect((await wowsim("completion", "--help")).stdout).not.toContain('zones"');
});
