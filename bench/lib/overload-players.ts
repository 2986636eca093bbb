// The other end of overload-process.ts: starts it, ends one stretch of time after the other, and reads what each was like.
//
//   await using players = await OverloadPlayers.start(order)       // all are in
//   await Bun.sleep(10_000)
//   const { crowd, clock } = await players.endStretch()            // of these ten seconds
//   const totals = await players.stop()

import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { Percentiles } from "../../tools/client/client-stats.ts";
import type { OverloadOrder } from "./overload-process.ts";

const ROOT = join(import.meta.dir, "../..");

export interface Stretch {
  playing: number;
  /** Round trips of those in the zone that is overloaded. */
  crowd: Percentiles;
  /** The timekeeper's casts: how long in the game, how long by its clock, and the rate of game time at their end. */
  casts: { gameMs: number; clockMs: number; rate: number }[];
  /** Ticks that went by, and how many its clock and the rate it was told make; the lowest rate. */
  clock: { ticks: number; expected: number; rateMin: number };
}

export class OverloadPlayers implements AsyncDisposable {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;
  readonly #kill: () => void;

  /** Resolves when everybody is in. Throws Error when the process ends before. */
  static async start(order: OverloadOrder): Promise<OverloadPlayers> {
    const players = new OverloadPlayers(order);
    await players.#answer();
    return players;
  }

  private constructor(order: OverloadOrder) {
    const command = [process.execPath, "bench/lib/overload-process.ts", JSON.stringify(order)];
    this.#child = Bun.spawn(command, { cwd: ROOT, stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    this.#lines = createInterface({ input: Readable.fromWeb(this.#child.stdout as never) })[Symbol.asyncIterator]();
    this.#kill = () => void this.#child.kill("SIGKILL");
    process.on("exit", this.#kill);
  }

  /** What went by since the last call, or since all were in. */
  async endStretch(): Promise<Stretch> {
    this.#child.stdin.write("\n");
    await this.#child.stdin.flush();
    return (await this.#answer()) as unknown as Stretch;
  }

  /** Lets everybody leave; counts of all of the time. */
  async stop(): Promise<Record<string, number>> {
    await this.#child.stdin.end();
    const totals = (await this.#answer()) as Record<string, number>;
    await this.#child.exited;
    return totals;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    process.off("exit", this.#kill);
    await this.#child.exited;
  }

  async #answer(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`The players ended with ${await this.#child.exited} and no report.`);
    return JSON.parse(value) as Record<string, unknown>;
  }
}
