// A deployer in front of one real zone: real runner, real kernels, and between them the order in which a worker's port
// hands over requests and words. Nothing is read before the test says so.
//
//   const deployed = new DeployedRunner(await RunnerBench.start(), kernel, [candidate])
//   deployed.deployer.swap(candidate.hash, 1, 30_000)
//   await deployed.work()        // the zone's worker turns to it
//   await deployed.settle()      // everything asked is answered, everything said is read

import { Deployer } from "../../server/main/control/deploy.ts";
import type { ZoneDeployStatus, ZoneMove } from "../../server/main/control/deploy.ts";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { takeTicket } from "../../server/shared/swap-ticket.ts";
import type { RunnerBench } from "./zone-runner.ts";

export class DeployedRunner {
  readonly deployer: Deployer;
  readonly #bench: RunnerBench;
  readonly #kernels: Map<string, Kernel>;
  readonly #status = { kernelHash: "", kernelLabel: "", tick: 0 };
  #inbox: (() => void)[] = [];
  /** Answers, each behind so many of the runner's words. */
  readonly #answers: { after: number; settle: () => void }[] = [];
  #read = 0;

  constructor(bench: RunnerBench, kernel: Kernel, candidates: readonly Kernel[]) {
    this.#bench = bench;
    this.#kernels = new Map([kernel, ...candidates].map((each) => [each.hash, each]));
    this.#status.kernelHash = kernel.hash;
    this.deployer = new Deployer({
      zones: { zones: new Map([[1, this.#status]]), request: (_zoneId, move) => this.#request(move) },
      kernel,
      emitter: bench.emitter,
      newWorker: () => {
        throw new Error("No module is checked here.");
      },
      now: () => bench.ms,
      after: () => () => undefined,
    });
    for (const candidate of candidates) this.deployer.modules.addRunning(candidate);
  }

  get status(): ZoneDeployStatus {
    return this.deployer.status()[0]!;
  }

  /** The zone's worker turns to all requests that have come. */
  async work(): Promise<void> {
    await this.turn();
    for (const request of this.#inbox.splice(0)) request();
  }

  /** Until nothing is asked or said any more. */
  async settle(): Promise<void> {
    for (let round = 0; round < 10; round++) {
      await this.work();
      this.hear();
    }
    await this.turn();
  }

  /** All that the worker has posted is read in one go: what awaits an answer runs after that. */
  hear(): void {
    const { said } = this.#bench;
    for (; this.#read < said.length; this.#read++) {
      this.#settleAnswers();
      const message = said[this.#read]!;
      if (message.type === "rolled_back") this.#status.kernelHash = message.toHash;
      if (message.type === "module") this.#status.kernelHash = message.hash;
      this.deployer.said(message);
    }
    this.#settleAnswers();
  }

  async turn(): Promise<void> {
    for (let turns = 0; turns < 8; turns++) await Promise.resolve();
  }

  #settleAnswers(): void {
    while ((this.#answers[0]?.after ?? Infinity) <= this.#read) this.#answers.shift()?.settle();
  }

  #request(move: ZoneMove): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#inbox.push(() => {
      const error = this.#errorOf(move);
      const settle = (): void => (error === null ? resolve(null) : reject(new WowsimError("zone_refused", error)));
      this.#answers.push({ after: this.#bench.said.length, settle });
    });
    return promise;
  }

  #errorOf(move: ZoneMove): string | null {
    try {
      this.#carryOut(move);
      return null;
    } catch (error) {
      return messageOf(error);
    }
  }

  #carryOut(move: ZoneMove): void {
    const { runner } = this.#bench;
    if (move.type === "rollback") runner.rollback(move.hash);
    else if (move.type === "promote") runner.promote(move.hash);
    else if (!takeTicket(move.ticket)) throw new Error("too late");
    else runner.swap(this.#kernels.get(move.hash)!);
  }
}
