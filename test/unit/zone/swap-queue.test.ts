// Swaps that a worker was asked for, on a real zone: how they use the time between ticks, and what becomes of them when the zone, or
// whoever asked, changes its mind meanwhile.

import { expect, test } from "bun:test";
import { OP_TRAP } from "../../../assembly/abi.ts";
import { createMemory } from "../../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { newTicket, withdrawTicket } from "../../../server/shared/swap-ticket.ts";
import type { SwapTicket } from "../../../server/shared/swap-ticket.ts";
import { SwapQueue } from "../../../server/zone/swap-queue.ts";
import { RunnerBench } from "../../helpers/zone-runner.ts";
import { TEST_FUEL, testKernel, testWorld } from "../../helpers/zone.ts";

const other = async (): Promise<Kernel> => ({ ...(await testKernel()), hash: "0123456789abcdef", label: "other" });

class Play {
  readonly bench: RunnerBench;
  readonly queue: SwapQueue;
  readonly outcomes: unknown[] = [];
  ms = 0;
  steps = 0;
  readonly #kernel: Kernel;

  /** The queue's clock goes on by `stepMs` with each step. */
  static async start(stepMs: number): Promise<Play> {
    const bench = await RunnerBench.start();
    bench.tick(5);
    const { content } = await testWorld();
    return new Play(bench, await other(), content, stepMs);
  }

  private constructor(
    bench: RunnerBench,
    kernel: Kernel,
    content: Awaited<ReturnType<typeof testWorld>>["content"],
    stepMs: number,
  ) {
    this.bench = bench;
    this.#kernel = kernel;
    const scratch = createMemory(kernel);
    this.queue = new SwapQueue({
      fuelPerTick: TEST_FUEL,
      hostPart: { content, tickRateHz: 20 },
      scratch: () => scratch,
      now: () => this.ms,
      deadline: () => this.ms + 1_000,
      onStep: () => {
        this.steps++;
        this.ms += stepMs;
      },
    });
  }

  ask(ticket?: SwapTicket): void {
    const settle = (outcome: () => unknown): void => {
      try {
        this.outcomes.push(outcome());
      } catch (error) {
        this.outcomes.push(String(error));
      }
    };
    this.queue.add({ runner: this.bench.runner, kernel: this.#kernel, ticket, settle });
  }

  get runs(): string {
    return this.bench.runner.zone.kernel.hash;
  }
}

test("with time to spare a swap is done at once", async () => {
  const play = await Play.start(0.01);
  play.ask();
  play.queue.work(play.ms + 1_000);
  expect(play.outcomes).toMatchObject([{ tick: 5, pauseMs: 0 }]);
  expect([play.runs, play.queue.isEmpty]).toEqual(["0123456789abcdef", true]);
});

test("a thread without time to spare goes on with it for some milliseconds at a time", async () => {
  const play = await Play.start(0.1);
  play.ask();
  let calls = 0;
  for (; !play.queue.isEmpty; calls++) play.queue.work(play.ms - 1);
  expect(play.outcomes).toMatchObject([{ tick: 5 }]);
  // The clock stands still in the candidate's ticks here, so there are as many of them as a warm-up may have: 400.
  expect([play.steps > 400, calls < 20]).toEqual([true, true]);
});

test("a zone that goes DOWN meanwhile is not given the module", async () => {
  const play = await Play.start(5);
  play.ask();
  play.queue.work(play.ms - 1);
  expect([play.queue.isEmpty, play.steps]).toEqual([false, 1]);
  for (let tick = 0; tick < 200 && !play.bench.runner.isDown; tick++) {
    for (let command = 0; command < 40; command++) play.bench.give({ op: OP_TRAP, session: 7 });
    play.bench.tick();
  }
  expect(play.bench.runner.isDown).toBe(true);
  play.queue.work(play.ms - 1);
  expect(play.outcomes).toEqual([expect.stringContaining("went DOWN before it could take the module")]);
  expect(play.runs).toBe((await testKernel()).hash);
});

test("one that nobody wants any more ends, and what is asked for afterwards comes after all swaps of the zone", async () => {
  const play = await Play.start(5);
  const withdrawn = newTicket();
  play.ask(withdrawn);
  play.ask();
  play.queue.work(play.ms - 1);
  withdrawTicket(withdrawn);
  play.queue.finish(99);
  expect(play.outcomes).toEqual([]);
  play.queue.finish(play.bench.runner.zone.id);
  expect(play.outcomes).toMatchObject([expect.stringContaining("comes too late for this swap"), { tick: 5 }]);
  expect([play.runs, play.queue.isEmpty]).toEqual(["0123456789abcdef", true]);
});
