// One server process, from its start to its end, as its parent sees it: the messages it sends, the end of its stderr, and whether
// it still answers.
//
//   const child = new ServerChild({ command: ["wowsim", "serve"], env, onReady, onStderr, onSilent, host, token })
//   child.ask("SIGTERM")
//   await child.ended     // { exitCode: null, signal: "SIGKILL", wasSilent: true, lifeMs: 20_400, ... }
//
// It runs in a session of its own, so a Ctrl-C at the terminal reaches the parent alone, which passes it on. It never outlives the
// parent: it stops when its stdin, of which the parent holds the other end, has ended (--with-parent).

import type { Subprocess } from "bun";
import type { Ending } from "../protocol/endings.ts";
import { endingOf } from "../protocol/endings.ts";
import { ChildMessage } from "../protocol/supervision.ts";
import type { ReadyMessage, StopSignal } from "../protocol/supervision.ts";
import { answers, AnswerWatch, questions } from "./answers.ts";
import { Tail } from "./tail.ts";

/** A server that is not ready after this time hangs. It may have to build the kernel first, and to restore a large world. */
const READY_SECONDS_MAX = 180;
/** A server that was asked to stop is ended after this time; an orderly stop takes 2.5 s at most. */
const STOP_MS_MAX = 5_000;
/** How long the last words on stderr are waited for after the end. */
const LAST_WORDS_MS_MAX = 500;

export interface ServerChildOptions {
  command: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  host: string;
  token?: string | undefined;
  onReady(ready: ReadyMessage, pid: number): void;
  onStderr(bytes: Uint8Array): void;
  /** It is ended now, because it does not answer; in words. */
  onSilent(why: string, pid: number): void;
}

export interface ChildEnd {
  ending: Ending;
  exitCode: number | null;
  signal: string | null;
  /** Why the parent ended it; null when it did not. */
  silent: string | null;
  /** What the server said about its end; null when it said nothing. */
  reason: string | null;
  /** The code of the error that refused its start. */
  code: string | null;
  pid: number;
  lifeMs: number;
  ready: ReadyMessage | null;
  stderr: string[];
}

/** What is known of a server that could not even be started. */
export function notStarted(why: string): ChildEnd {
  const silent = `could not be started: ${why}`;
  const nothing = {
    exitCode: null,
    signal: null,
    reason: null,
    code: null,
    pid: 0,
    lifeMs: 0,
    ready: null,
    stderr: [],
  };
  return { ending: "crash", silent, ...nothing };
}

type Process = Subprocess<"pipe", "inherit", "pipe">;

export class ServerChild {
  readonly ended: Promise<ChildEnd>;
  readonly #options: ServerChildOptions;
  readonly #process: Process;
  readonly #startMs = performance.now();
  readonly #tail = new Tail();
  readonly #isOver = new AbortController();
  #ready: ReadyMessage | null = null;
  #said: Extract<ChildMessage, { type: "ending" }> | null = null;
  #code: string | null = null;
  #silent: string | null = null;
  #stopTimer: Timer | undefined;

  /** Starts it. Throws the system's error. */
  constructor(options: ServerChildOptions) {
    this.#options = options;
    this.#process = Bun.spawn([...options.command], {
      stdin: "pipe",
      stdout: "inherit",
      stderr: "pipe",
      detached: true,
      env: { ...options.env },
      serialization: "json",
      ipc: (message) => this.#hear(message),
    });
    // A stream that breaks has ended.
    const lastWords = this.#readStderr().catch(() => {});
    void this.#watch();
    this.ended = this.#process.exited.then(async () => {
      const lifeMs = performance.now() - this.#startMs;
      this.#isOver.abort();
      clearTimeout(this.#stopTimer);
      await Promise.race([lastWords, Bun.sleep(LAST_WORDS_MS_MAX)]);
      return this.#end(lifeMs);
    });
  }

  /** Passes a signal on; a server that does not end by it in time is ended. */
  ask(signal: StopSignal, msMax = STOP_MS_MAX): void {
    this.#process.kill(signal);
    this.#endIn(msMax);
  }

  #endIn(ms: number): void {
    clearTimeout(this.#stopTimer);
    this.#stopTimer = setTimeout(() => {
      this.#silent ??= "did not stop in time";
      this.#process.kill("SIGKILL");
    }, ms);
  }

  #end(lifeMs: number): ChildEnd {
    const { pid, signalCode } = this.#process;
    const signal = signalCode === null ? null : String(signalCode);
    const exitCode = signal === null ? this.#process.exitCode : null;
    return {
      ending: this.#said?.ending ?? (this.#silent === null ? this.#endingOf(exitCode) : "watchdog"),
      exitCode,
      signal,
      silent: this.#silent,
      reason: this.#said?.reason ?? null,
      code: this.#code,
      pid,
      lifeMs,
      ready: this.#ready,
      stderr: this.#tail.lines(),
    };
  }

  /** An ordinary error after the server was ready refused nothing: it is a crash. */
  #endingOf(exitCode: number | null): Ending {
    const ending = endingOf(exitCode);
    return ending === "refused" && this.#ready !== null ? "crash" : ending;
  }

  #hear(data: unknown): void {
    const message = ChildMessage.safeParse(data).data;
    if (message === undefined) return;
    if (message.type === "ready") {
      this.#ready = message;
      this.#options.onReady(message, this.#process.pid);
    } else if (message.type === "refused") this.#code = message.code;
    else {
      this.#said = message;
      if (this.#stopTimer === undefined) this.#endIn(STOP_MS_MAX);
    }
  }

  async #readStderr(): Promise<void> {
    for await (const chunk of this.#process.stderr) {
      this.#tail.add(chunk);
      this.#options.onStderr(chunk);
    }
  }

  /** Ends the server when it does not become ready, or answers no more. */
  async #watch(): Promise<void> {
    const { signal } = this.#isOver;
    // Seconds are counted one by one, so that those during which this process stood still count as one.
    for (let seconds = 0; this.#ready === null && seconds < READY_SECONDS_MAX && !signal.aborted; seconds++)
      await Bun.sleep(1_000);
    if (signal.aborted) return;
    const ready = this.#ready;
    if (ready === null) return this.#endSilent(`was not ready after ${READY_SECONDS_MAX} s`);
    const { host, token } = this.#options;
    const ask = questions(token);
    const watch = new AnswerWatch({
      ask: async () => {
        const asked = [answers(host, ready.http, ask.http), answers(host, ready.control, ask.control)];
        return (await Promise.all(asked)).some(Boolean);
      },
      now: () => performance.now(),
      sleep: (ms) => Bun.sleep(ms),
    });
    if (await watch.silence(signal)) this.#endSilent("did not answer any more");
  }

  #endSilent(why: string): void {
    // A server that stops is silent towards its end; the one who asked it to has set the time.
    if (this.#stopTimer !== undefined) return;
    this.#silent = why;
    this.#options.onSilent(why, this.#process.pid);
    this.ask("SIGTERM");
  }
}
