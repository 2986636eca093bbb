// Programs that an experiment runs, really run: what they get of our environment, and what becomes of all they say.

import { afterAll, expect, test } from "bun:test";
import { runProvider } from "../../../tools/scenario/chaos/providers.ts";
import type { ProviderTools } from "../../../tools/scenario/chaos/providers.ts";
import { fromRoot, inOwnProcess } from "../../helpers/own-process.ts";

const OUTPUT_BYTES = 300e6;
const GROWTH_BYTES_MAX = 100e6;

const tools = (environment: Record<string, string> = {}): ProviderTools =>
  ({ context: { signal: new AbortController().signal }, environment }) as unknown as ProviderTools;

const run = (script: string, env: Record<string, string> = {}, given: Record<string, string> = {}) =>
  runProvider({ type: "process", path: "sh", arguments: ["-c", script], env }, false, tools(given)) as Promise<{
    status: number;
    stdout: string;
    stderr: string;
  }>;

test("a program that says a lot is read to its end, and only the begin is kept", async () => {
  const seen = await inOwnProcess<{ status: number; stderr: string; length: number; grew: number }>(`
    import { runProvider } from ${fromRoot("tools/scenario/chaos/providers.ts")};
    const tools = { context: { signal: new AbortController().signal }, environment: {} };
    const command = "head -c ${OUTPUT_BYTES} /dev/zero | tr '\\\\0' x; echo ok >&2; exit 3";
    const before = process.memoryUsage.rss();
    const ended = await runProvider({ type: "process", path: "sh", arguments: ["-c", command], env: {} }, false, tools);
    const grew = process.memoryUsage.rss() - before;
    console.log(JSON.stringify({ status: ended.status, stderr: ended.stderr, length: ended.stdout.length, grew }));
  `);
  expect(seen).toMatchObject({ status: 3, stderr: "ok\n", length: 100_000 });
  expect(seen.grew).toBeLessThan(GROWTH_BYTES_MAX);
});

test("a program has what it needs, what the experiment names, and nothing else of our environment", async () => {
  process.env["WOWSIM_TEST_SECRET"] = "hush";
  process.env["WOWSIM_TOKEN"] = "hush";
  const { stdout } = await run("env", { MINE: "1" }, { NAMED: "2" });
  const names = stdout
    .trim()
    .split("\n")
    .map((line) => line.split("=")[0]);
  expect(names).toContain("PATH");
  expect(names).toContain("MINE");
  expect(names).toContain("NAMED");
  expect(stdout).not.toContain("hush");
});
afterAll(() => {
  delete process.env["WOWSIM_TEST_SECRET"];
  delete process.env["WOWSIM_TOKEN"];
});

test("an answer that says it is JSON and never ends is told, and not kept", async () => {
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => {
      const chunk = new TextEncoder().encode(`"${"x".repeat(65_536)}",`);
      const body = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
      return new Response(body, { headers: { "content-type": "application/json" } });
    },
  });
  const provider = { type: "http", url: server.url.href, method: "GET", headers: {}, verify_tls: true } as const;
  await expect(runProvider(provider, false, tools())).rejects.toThrow("has more than 1048576 bytes");
});
