// One process of a cluster, as a child: it says in one line of JSON that it runs, and ends with this process.
//
//   const child = new RoleChild({ name: "host a", args: ["zone-host", "--bus", ...], onSaid: (line) => note(line, "host a") })
//   await child.ready()       // {"ready":true,"pid":4711,...}
//   await child.ended         // "SIGKILL", or "code 70"

import type { Subprocess } from "bun";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { firstLine, spokenOf } from "../client/child-output.ts";
import { selfCommand } from "../ui/self.ts";

/** A machine with few processors starts several at once, and a journal is replayed. */
const START_MS_MAX = 120_000;
const COMPLAINTS_MAX = 5;

export interface RoleChildOptions {
  /** As it is called to people: "host a". */
  name: string;
  /** Subcommand and flags; --with-parent and --format json are added. */
  args: readonly string[];
  env: Record<string, string | undefined>;
  /** The command line of this program with these arguments; default: the program itself. */
  command?: ((...args: string[]) => string[]) | undefined;
  /** Each line of its stderr, in plain words. */
  onSaid(line: string): void;
}

export class RoleChild {
  readonly name: string;
  readonly pid: number;
  /** Resolves with how it ended, when it is gone. */
  readonly ended: Promise<string>;
  readonly #child: Subprocess<"pipe", "pipe", "pipe">;
  readonly #ready: Promise<string>;
  readonly #complaints: string[] = [];
  readonly #said: Promise<void>;

  constructor({ name, args, env, command = selfCommand, onSaid }: RoleChildOptions) {
    this.name = name;
    // In a session of its own: Ctrl-C is for this process, which ends the others in order.
    this.#child = Bun.spawn(command(...args, "--with-parent", "--format", "json"), {
      env,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    this.pid = this.#child.pid;
    this.#ready = firstLine(this.#child.stdout, START_MS_MAX);
    // Somebody may stop it before anybody waits for it.
    this.#ready.catch(() => {});
    this.#said = this.#listen(onSaid);
    this.ended = this.#child.exited.then(async (code) => {
      await this.#said;
      return String(this.#child.signalCode ?? `code ${code}`);
    });
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Its ready line. Throws WowsimError("role_start_failed") with what it complained of. */
  async ready(): Promise<Record<string, unknown>> {
    try {
      return JSON.parse(await this.#ready) as Record<string, unknown>;
    } catch (cause) {
      const how = this.isRunning ? messageOf(cause) : `it ended: ${await this.ended}`;
      const said = this.#complaints.slice(-COMPLAINTS_MAX).join(" ");
      throw new WowsimError("role_start_failed", `${this.name} did not start (${how}). ${said}`.trimEnd(), { cause });
    }
  }

  signal(signal: "SIGTERM" | "SIGKILL"): void {
    if (this.isRunning) this.#child.kill(signal);
  }

  /** In order; by force when that takes too long. */
  async stop(msMax: number): Promise<void> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), msMax);
    await this.ended;
    clearTimeout(timer);
  }

  async #listen(onSaid: (line: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    const say = (lines: readonly string[]): void => {
      for (const line of spokenOf(lines)) {
        this.#complaints.push(line);
        if (this.#complaints.length > COMPLAINTS_MAX) this.#complaints.shift();
        onSaid(line);
      }
    };
    for await (const chunk of this.#child.stderr) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      say(lines);
    }
    say([rest]);
  }
}
