// A child process of our own that is asked in lines of JSON, and answers each with a line.
//
//   await using child = await AskedChild.start(["bench/lib/kill-process.ts", "{...}"])
//   await child.ask({ do: "compare" })

import { join } from "node:path";
import type { Subprocess } from "bun";
import { lastLines } from "../../tools/client/child-output.ts";

const ROOT = join(import.meta.dir, "../..");

export class AskedChild implements AsyncDisposable {
  readonly #child: Subprocess<"pipe", "pipe", "pipe">;
  readonly #lines: AsyncIterator<string>;
  readonly #complaints: () => string[];
  readonly #onExit = (): void => this.#child.kill("SIGKILL");

  /** Resolves when its first line has come. */
  static async start(script: readonly string[]): Promise<AskedChild> {
    const child = new AskedChild(script);
    await child.#answer();
    return child;
  }

  private constructor(script: readonly string[]) {
    this.#child = Bun.spawn([process.execPath, ...script], {
      cwd: ROOT,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#complaints = lastLines(this.#child.stderr);
    this.#lines = linesOf(this.#child.stdout);
    process.on("exit", this.#onExit);
  }

  /** Throws Error when it ended instead of answering. One question at a time. */
  async ask(question: object): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    await this.#child.stdin.flush();
    return await this.#answer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    process.off("exit", this.#onExit);
  }

  async #answer(): Promise<unknown> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error(`A child process ended instead of answering: ${this.#complaints().join("\n")}`);
    return JSON.parse(value) as unknown;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
