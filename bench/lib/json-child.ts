// A process of our own that works for a measurement and reports in one line of JSON, its last: its work is not the server's.
//
//   const report = await runJsonChild(["server/wowsim.ts", "spawn-clients", "--count", "50", "--format", "json"])

import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

/**
 * Runs a script of this tree to its end, with Bun or another `program`; what it reported. Throws Error with what it said when
 * it reports nothing.
 */
export async function runJsonChild(script: string[], program = process.execPath): Promise<Record<string, unknown>> {
  const command = [program, ...script];
  const child = Bun.spawn(command, { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const kill = (): void => void child.kill("SIGKILL");
  process.on("exit", kill);
  const [answer, complaint] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const code = await child.exited;
  process.off("exit", kill);
  const line = answer.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`${script[0]} ended with ${code} and no report: ${complaint.trim()}`);
  return JSON.parse(line) as Record<string, unknown>;
}
