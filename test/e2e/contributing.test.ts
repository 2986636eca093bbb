// docs/CONTRIBUTING.md is true: its fault, its command and its figure are put into a copy of the tree as it says, and played.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyCheckout } from "../helpers/clone.ts";
import { ROOT, until } from "../helpers/command.ts";
import { RawClient } from "../helpers/net.ts";

setDefaultTimeout(180_000);

const copy = mkdtempSync(join(tmpdir(), "wowsim-contributing-"));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** The blocks of the page, in order. */
const page = readFileSync(join(ROOT, "docs/CONTRIBUTING.md"), "utf8");
const [fault = "", action = "", codec = "", kernel = "", figure = ""] = [...page.matchAll(/^```ts\n([^]*?)^```/gm)].map(
  ([, block]) => block ?? "",
);

/** Puts text behind the first place that has `after`. */
function put(file: string, after: string, text: string): void {
  const path = join(copy, file);
  const before = readFileSync(path, "utf8");
  if (!before.includes(after)) throw new Error(`${file} has no ${after}`);
  writeFileSync(
    path,
    before.replace(after, () => `${after}\n${text}`),
  );
}

const run = (...words: string[]): { code: number; said: string } => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, ...words], { cwd: copy });
  return { code: exitCode, said: `${stdout.toString()}${stderr.toString()}` };
};

beforeAll(() => {
  copyCheckout(copy);
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  const build = "assembly/build";
  if (existsSync(join(ROOT, build))) cpSync(join(ROOT, build), join(copy, build), { recursive: true });
  writeFileSync(join(copy, "server/protocol/faults/slow-door.ts"), fault);
  const catalogue = "server/protocol/faults/catalogue.ts";
  put(catalogue, 'import { slowLeak } from "./slow-leak.ts";', 'import { slowDoor } from "./slow-door.ts";');
  put(catalogue, "FAULTS: readonly FaultDefinition[] = [", "  slowDoor,");
  const actions = "server/protocol/game/actions.ts";
  put("assembly/abi.ts", "export const OP_RECLAIM = 11;", "/** A salute. */\nexport const OP_SALUTE = 15;");
  put(actions, "export const ACTIONS = {", action);
  put("server/main/gateway/json-codec.ts", "const ACTION_TYPES: Readonly<Record<string, Decoder>> = {", codec);
  const commands = "assembly/players/commands.ts";
  put(commands, "  COUNTER_COMMANDS,", "  COUNTER_REVIVED,");
  put(commands, "  OP_RELEASE,", "  OP_SALUTE,");
  put(commands, "  else if (op == OP_RECLAIM) handleReclaim(at, row);", `  ${kernel}`);
  put("server/shared/tick-report.ts", "export const COUNTERS_SHOWN: readonly ShownCounter[] = [", figure);
});

test("types, layers and the kernel's build take them", () => {
  const commands = [
    ["check", "--no-script", "-p", "tsconfig.json"],
    ["check", "--no-script", "-p", "assembly/tsconfig.json"],
    ["test/layers.ts"],
    ["assembly/toolchain/build.ts"],
  ];
  for (const words of commands) {
    const { code, said } = run(...words);
    expect([words.join(" "), code, code === 0 ? "" : said]).toEqual([words.join(" "), 0, ""]);
  }
});

test("the fault is injected, the command done, the figure told", async () => {
  const telemetry = join(copy, "telemetry.jsonl");
  const ports = ["--port", "--control-port", "--http-port", "--telemetry-port"].flatMap((flag) => [flag, "0"]);
  const flags = [...ports, "--scratch", "--with-parent", "--format", "json", "--telemetry-file", telemetry];
  const server = Bun.spawn([process.execPath, "server/wowsim.ts", "serve", ...flags], {
    cwd: copy,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    const { value } = await server.stdout.getReader().read();
    const { game, control } = JSON.parse(new TextDecoder().decode(value)) as { game: number; control: number };
    for (const [verb, says] of [
      ["activate", "slow-door is active"],
      ["deactivate", "slow-door is ended"],
    ] as const) {
      const words = ["inject-fault", verb, "slow-door", "--server", `127.0.0.1:${control}`];
      expect(run("server/wowsim.ts", ...words)).toEqual({ code: 0, said: expect.stringContaining(says) as string });
    }
    const client = await RawClient.connect(game);
    client.send({ type: "hello", v: 1, name: "Sal" });
    await until(() => client.last("welcome") !== undefined, "let in");
    client.send({ type: "salute", seq: 1 });
    await until(() => readFileSync(telemetry, "utf8").includes('"revived":1,'), "a tick's line that has the salute");
    await until(
      () => client.received.some((message) => message.type === "state" && message["ack"] === 1),
      "acknowledged",
    );
  } finally {
    server.kill("SIGTERM");
    await server.exited;
  }
});
