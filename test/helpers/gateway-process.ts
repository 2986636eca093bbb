// `wowsim gateway` as a user starts it: the real program as a child process, on a bus of the test's own.

import { join } from "node:path";
import type { Subprocess } from "bun";
import { RawClient } from "./net.ts";
import type { Message } from "./net.ts";
import { sees } from "./sessions.ts";
import { TempFolder } from "./serve-process.ts";

const ROOT = join(import.meta.dir, "../..");

export interface GatewayReady {
  gateway: number;
  game: number;
  http: number;
  pid: number;
}

export class GatewayProcess implements AsyncDisposable {
  readonly child: Subprocess<"pipe", "pipe", "pipe">;
  readonly ready: GatewayReady;
  readonly #folder: TempFolder;

  static async start(bus: string, ...flags: string[]): Promise<GatewayProcess> {
    const folder = new TempFolder();
    const all = ["gateway", "--bus", bus, "--format", "json", "--data-dir", join(folder.path, "data"), "--with-parent"];
    const child = Bun.spawn([process.execPath, join(ROOT, "server/wowsim.ts"), ...all, ...flags], {
      cwd: folder.path,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    for await (const chunk of child.stdout)
      return new GatewayProcess(child, folder, JSON.parse(new TextDecoder().decode(chunk)) as GatewayReady);
    throw new Error(`the gateway did not start: ${await new Response(child.stderr).text()}`);
  }

  private constructor(child: Subprocess<"pipe", "pipe", "pipe">, folder: TempFolder, ready: GatewayReady) {
    [this.child, this.#folder, this.ready] = [child, folder, ready];
  }

  get port(): number {
    return this.ready.game;
  }

  /** Signals it and waits for its end; returns its exit code. */
  async end(signal: NodeJS.Signals): Promise<number> {
    this.child.kill(signal);
    return await this.child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGCONT");
    await this.end("SIGKILL");
    this.#folder[Symbol.dispose]();
  }
}

/** Says hello and waits for the answer. */
export async function hello(port: number, message: Message = {}): Promise<{ client: RawClient; answer: Message }> {
  const client = await RawClient.connect(port);
  client.send({ type: "hello", v: 1, name: "Ann", ...message });
  const answered = (): Message | undefined => client.last("welcome") ?? client.last("error");
  await sees(() => answered() !== undefined || client.closed);
  return { client, answer: answered() ?? {} };
}

/** Says hello until it is no more "busy", as clients do. */
export async function helloUntil(port: number, message: Message): Promise<{ client: RawClient; answer: Message }> {
  for (;;) {
    const said = await hello(port, message);
    if (said.answer["code"] !== "busy") return said;
    said.client.close();
  }
}
