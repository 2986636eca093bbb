// The loop of a zone worker. It waits for the deadline of the next zone, hands out the commands from the command ring, and runs
// the tick. Between two ticks it lets the event loop receive the rare messages: faults, swaps, requests.

import { OP_SPAWN } from "../../assembly/abi.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { ZoneFaultHost } from "./zone-faults.ts";
import { FullCollection } from "../shared/full-collection.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { layoutFrom } from "../../assembly/toolchain/load.ts";
import { RingEmitter } from "../shared/emitter.ts";
import type { ZoneContent } from "../protocol/content/content.ts";
import { Breadcrumb } from "../shared/breadcrumb.ts";
import type { ZoneBatch } from "./command-batch.ts";
import type { FromZoneWorker, ToZoneWorker } from "../shared/zone-messages.ts";
import { Ring } from "../shared/ring.ts";
import { takeTicket } from "../shared/swap-ticket.ts";
import { ownThreadId } from "../shared/thread-times.ts";
import { createMemory } from "../../assembly/toolchain/instance.ts";
import { warmUp } from "./warm-up.ts";
import { assert, entryOf, wordAt } from "../protocol/assert.ts";
import { COMMAND_MESSAGE_BYTES, isCommandLength } from "../shared/ring-records.ts";
import type { ZoneModule, ZoneWorkerStart } from "../shared/zone-start.ts";
import { ZoneOutput } from "./zone-output.ts";
import { ZoneRunner } from "./zone-runner.ts";
import { Command } from "../protocol/game/command.ts";

const command = new Command();

const CENSUS_INTERVAL_MS = 1_000;
/** Delay between the full garbage collections of two threads. The main thread is number 0. */
const COLLECTION_STAGGER_MS = 3_000;

/** Milliseconds since 1970 with the resolution of the monotonic clock, so that threads agree on deadlines. */
const now = (): number => performance.timeOrigin + performance.now();

/**
 * Processor time of this thread in milliseconds. It does not grow while a fault or a disk makes the thread sleep, or while the
 * thread waits for a processor.
 */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

export class ZoneHost {
  readonly #start: ZoneWorkerStart;
  readonly #say: (message: FromZoneWorker) => void;
  readonly #commands: Ring;
  readonly #words: Uint32Array;
  readonly #output: Ring;
  readonly #emitter: RingEmitter;
  readonly #faults: ZoneFaultHost;
  readonly #runners = new Map<number, ZoneRunner>();
  readonly #stop: Int32Array;
  readonly #crumb: Breadcrumb;
  #scratch: WebAssembly.Memory | null = null;
  #censusDueMs = 0;

  constructor(start: ZoneWorkerStart, say: (message: FromZoneWorker) => void) {
    this.#start = start;
    this.#say = say;
    this.#commands = new Ring(start.commandRing);
    this.#words = new Uint32Array(
      this.#commands.bytes.buffer,
      this.#commands.bytes.byteOffset,
      this.#commands.capacityBytes / 4,
    );
    this.#output = new Ring(start.outputRing);
    this.#stop = new Int32Array(start.stop);
    this.#emitter = new RingEmitter(new Ring(start.telemetryRing), { now: Date.now, source: start.name });
    const zones = start.zones.map(({ zone }) => zone.id);
    this.#crumb = new Breadcrumb(start.breadcrumb);
    this.#faults = new ZoneFaultHost({
      block: start.faultBlock,
      zones,
      emitter: this.#emitter,
      onPause: (zoneId, ms) => {
        // Other threads read no telemetry of this zone before the tick ends, unless it is flushed now.
        if (this.#runners.get(zoneId)?.pauses(ms) === true) this.#emitter.flush(true);
      },
    });
    this.#crumb.claimed(this.#faults.thread, ownThreadId());
    for (const zone of start.zones) this.#runners.set(zone.zone.id, this.#newRunner(zone));
  }

  /** Runs ticks until the stop flag is set. */
  async run(): Promise<void> {
    this.#say({ type: "ready", zones: [...this.#runners.keys()], faultThread: this.#faults.thread });
    const stopped = (): boolean => Atomics.load(this.#stop, 0) === 1;
    const delayMs = COLLECTION_STAGGER_MS * this.#faults.thread;
    const collection = new FullCollection({ delayMs });
    while (!stopped()) {
      const runner = this.#next();
      this.#crumb.waits(runner.clock.deadline);
      collection.runWithin(runner.clock.deadline - now());
      const waitMs = runner.clock.deadline - now();
      if (waitMs > 0) Atomics.wait(this.#stop, 0, 0, waitMs);
      if (stopped()) break;
      const { zone, clock } = runner;
      this.#crumb.beginsTick(zone.id, zone.tick + 1, Math.max(now(), clock.deadline) + clock.intervalMs);
      this.#deliver();
      runner.runTick();
      this.#crumb.enter("census");
      this.#takeCensus();
      this.#emitter.flush();
      this.#crumb.enter("messages");
      await turn();
    }
    this.#emitter.flush(true);
    this.#say({ type: "stopped" });
  }

  /** A message from the main thread, between two ticks. */
  receive(message: ToZoneWorker): void {
    if (message.type === "fault_activate") return this.#faults.activate(message);
    if (message.type === "fault_deactivate") return this.#faults.deactivate(message.activation);
    if (message.type === "stop") return;
    const { request, zoneId } = message;
    try {
      const runner = this.#runners.get(zoneId);
      if (runner === undefined) throw new RangeError(`This worker has no zone ${zoneId}.`);
      this.#say({ type: "answer", request, ok: true, data: this.#carryOut(runner, message) });
    } catch (error) {
      this.#say({ type: "answer", request, ok: false, error: messageOf(error) });
    }
  }

  #carryOut(runner: ZoneRunner, message: Extract<ToZoneWorker, { request: number }>): unknown {
    switch (message.type) {
      case "swap": {
        this.#crumb.enter("swap");
        const kernel = kernelOf(message);
        runner.assertCanTake(kernel);
        // The journal of a zone that is DOWN ends with the tick that took it DOWN, so a warm-up with it would trap as well.
        if (!runner.isDown) {
          const { fuelPerTick, timeLimitMs } = this.#start;
          warmUp(runner.zone, kernel, this.#scratchMemory(kernel), { fuelPerTick, timeLimitMs, now, cpuMs });
        }
        if (message.ticket !== undefined && !takeTicket(message.ticket))
          throw new WowsimError(
            "too_late",
            `Zone ${message.zoneId} comes too late for this swap; nothing was swapped.`,
          );
        return runner.swap(kernel);
      }
      case "rollback":
        return runner.rollback(message.hash);
      case "promote":
        return runner.promote(message.hash);
      case "inspect":
        return runner.inspect();
      case "view":
        return runner.view(message.turn);
    }
  }

  #newRunner(start: ZoneWorkerStart["zones"][number]): ZoneRunner {
    const { zone, seed, startMs, after, earlier } = start;
    const { content, tickRateHz, fuelPerTick, timeLimitMs, watchdogMs } = this.#start;
    const runner: ZoneRunner = new ZoneRunner({
      zone,
      content,
      kernel: kernelOf(start.module),
      earlier: earlier.map(kernelOf),
      tickRateHz,
      seed,
      fuelPerTick,
      timeLimitMs,
      now,
      emitter: this.#emitter,
      faults: this.#faults,
      output: new ZoneOutput(this.#output),
      say: this.#say,
      startMs,
      after,
      watchdogMs,
      crumb: this.#crumb,
      spawn: (batch) => spawnCreatures(batch, zone),
      cpuMs,
      share: () => this.#shareOf(runner),
    });
    return runner;
  }

  /** The share of this thread's time that a zone may use: an equal part, or more when the other zones use less. */
  #shareOf(runner: ZoneRunner): number {
    let others = 0;
    for (const other of this.#runners.values()) if (other !== runner) others += other.threadShare;
    return Math.max(1 / this.#runners.size, 1 - others);
  }

  /** The zone whose deadline comes first. */
  #next(): ZoneRunner {
    let next: ZoneRunner | undefined;
    for (const runner of this.#runners.values()) {
      if (next === undefined || runner.clock.deadline < next.clock.deadline) next = runner;
    }
    if (next === undefined) throw new RangeError("A zone worker needs at least one zone.");
    return next;
  }

  /** Gives every command in the ring to its zone. */
  #deliver(): void {
    this.#commands.drain((offset, length) => {
      assert(isCommandLength(length), "a zone is sent whole command records");
      const at = offset / 4;
      const runner = entryOf(this.#runners, wordAt(this.#words, at));
      if (length === COMMAND_MESSAGE_BYTES) runner.accept(this.#words, at + 1);
      else runner.acceptArrival(this.#words.subarray(at + 1, at + length / 4));
    });
  }

  #takeCensus(): void {
    const nowMs = now();
    if (nowMs < this.#censusDueMs) return;
    this.#censusDueMs = nowMs + CENSUS_INTERVAL_MS;
    for (const runner of this.#runners.values()) runner.writeCensus();
  }

  /** Memory in which candidates are warmed up. Every module that a zone can take needs the same size. */
  #scratchMemory(kernel: Kernel): WebAssembly.Memory {
    this.#scratch ??= createMemory(kernel);
    return this.#scratch;
  }
}

function kernelOf({ module, hash, label, layout }: ZoneModule): Kernel {
  return { module, hash, label, layout: layoutFrom(layout) };
}

/** Adds one spawn command for each creature of the zone to the batch of its first tick. */
export function spawnCreatures(batch: ZoneBatch, zone: ZoneContent): void {
  for (const { entityId, template, x, y, z } of zone.spawns)
    batch.push(command.set(OP_SPAWN, { a: entityId, x, y, z, e: template }));
}

/** Lets the event loop run once, so that it receives the messages that have arrived. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
