// The loop of a zone worker. It waits for the deadline of the next zone, hands out the commands from the command ring, and runs
// the tick. Between two ticks it lets the event loop receive the rare messages: faults, swaps, requests.

import { OP_SPAWN } from "../../assembly/abi.ts";
import { messageOf } from "../protocol/errors.ts";
import { ZoneFaultHost } from "./zone-faults.ts";
import { FullCollection } from "../shared/full-collection.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { layoutFrom } from "../../assembly/toolchain/load.ts";
import { RingEmitter } from "../shared/emitter.ts";
import type { ZoneContent } from "../protocol/content/content.ts";
import { BlackBox } from "../shared/black-box.ts";
import { Breadcrumb } from "../shared/breadcrumb.ts";
import { mapCrumbs } from "../shared/crumb-file.ts";
import type { ZoneBatch } from "./command-batch.ts";
import type { FromZoneWorker, MoveTimes, ToZoneWorker } from "../shared/zone-messages.ts";
import { Ring } from "../shared/ring.ts";
import { Wake } from "../shared/wake.ts";
import { OutputGate } from "./output-gate.ts";
import { RingWriter } from "./ring-writer.ts";
import { NO_JOURNAL } from "./zone-log.ts";
import type { JournalAccess, ZoneWriter } from "../shared/zone-journal.ts";
import { ownThreadId } from "../shared/thread-times.ts";
import { createMemory } from "../../assembly/toolchain/instance.ts";
import { SwapQueue } from "./swap-queue.ts";
import { assert, entryOf, wordAt } from "../protocol/assert.ts";
import { COMMAND_MESSAGE_BYTES, isCommandLength } from "../shared/ring-records.ts";
import type { ZoneModule, ZoneWorkerStart } from "../shared/zone-start.ts";
import { ZoneOutput } from "./zone-output.ts";
import { ZoneRunner } from "./zone-runner.ts";
import { Command } from "../protocol/game/command.ts";

const command = new Command();

const CENSUS_INTERVAL_MS = 1_000;
/** Milliseconds that the end of the worker waits for the journal, and between two looks at it. */
const STOP_MS_MAX = 300;
const POLL_MS = 5;
/** Messages that come so shortly before a tick wait until after it: a roll-back may take so long. Milliseconds. */
const MESSAGES_MS_LEAST = 12;
/** Milliseconds of an undo between two looks at the clock. */
const UNDO_SLICE_MS = 4;
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
  readonly #wake: Wake;
  /** No tick is run while the journal is lost. */
  readonly #stalls: boolean;
  readonly #gate: OutputGate;
  readonly #writer: ZoneWriter;
  /** By zone: up to which place of the command ring its commands are in ticks that have left. */
  readonly #left = new Map<number, number>();
  /** By zone: how long its newest tick that has left waited for the journal. */
  readonly #heldMs = new Map<number, number>();
  readonly #crumb: Breadcrumb;
  readonly #blackBox: BlackBox;
  readonly #swaps: SwapQueue;
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
    this.#wake = new Wake(start.wake);
    const { name: source, origin } = start;
    this.#emitter = new RingEmitter(new Ring(start.telemetryRing), { now: Date.now, source, origin });
    const zones = start.zones.map(({ zone }) => zone.id);
    const copy = start.crumbFile === null ? null : mapCrumbs(start.crumbFile.path, start.crumbFile.worker);
    this.#crumb = new Breadcrumb(start.breadcrumb, copy);
    this.#writer = start.journal === null ? NO_JOURNAL : writerOf(start.journal);
    this.#blackBox = new BlackBox(start.blackBox);
    this.#stalls = start.journal?.stalls ?? false;
    this.#gate = new OutputGate({
      output: this.#output,
      writer: this.#writer,
      zones: start.zones.length,
      staysClosed: start.journal?.staysClosed ?? false,
      stalls: this.#stalls,
      post: say,
      onLeft: (zoneId, commands, heldMs) => {
        this.#heldMs.set(zoneId, heldMs);
        this.#freeCommands(zoneId, commands);
      },
      onLoss: (isLost, ms) => this.#say({ type: "journal", zones: [...this.#runners.keys()], isLost, ms }),
      onRoom: (hasRoom) => {
        for (const { log } of this.#runners.values()) log.isSilent = !hasRoom;
      },
      now,
    });
    this.#faults = new ZoneFaultHost({
      block: start.faultBlock,
      zones,
      emitter: this.#emitter,
      onPause: (zoneId, ms) => {
        // Other threads read no telemetry of this zone before the tick ends, unless it is flushed now.
        if (this.#runners.get(zoneId)?.pauses(ms) === true) this.#emitter.flush(true);
      },
    });
    const { content, tickRateHz } = start;
    this.#swaps = new SwapQueue({
      ...start,
      hostPart: { content, tickRateHz },
      scratch: (kernel) => this.#scratchMemory(kernel),
      deadline: () => this.#next().clock.deadline,
      onStep: () => this.#crumb.enter("swap"),
      now,
      cpuMs,
    });
    this.#crumb.claimed(this.#faults.thread, ownThreadId());
    for (const zone of start.zones) {
      this.#left.set(zone.zone.id, this.#commands.position);
      this.#runners.set(zone.zone.id, this.#newRunner(zone));
    }
  }

  /** Runs ticks until the stop flag is set. */
  async run(): Promise<void> {
    const revived = [...this.#runners.values()].flatMap(({ revival }) => (revival === null ? [] : [revival]));
    this.#say({ type: "ready", zones: [...this.#runners.keys()], faultThread: this.#faults.thread, revived });
    const delayMs = COLLECTION_STAGGER_MS * this.#faults.thread;
    const collection = new FullCollection({ delayMs });
    while (!this.#wake.isStopping) {
      if (this.#stalls && this.#gate.isLost) {
        await this.#waitForStream();
        continue;
      }
      const runner = this.#next();
      const { deadline } = runner.clock;
      this.#swapSome(deadline);
      this.#crumb.waits(deadline);
      collection.runWithin(deadline - now());
      this.#undoSome(deadline);
      while (!this.#waitFor(deadline)) {
        this.#crumb.enter("messages");
        await turn();
        this.#swapSome(deadline, 0);
        this.#crumb.waits(deadline);
      }
      if (this.#wake.isStopping) break;
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
    this.#waitForJournal();
    this.#say({ type: "stopped" });
  }

  /** Sleeps until the deadline; false: messages have come in good time before. Meanwhile it lets out what the journal has made safe. */
  #waitFor(deadline: number): boolean {
    for (let waitMs = deadline - now(); waitMs > 0 && !this.#wake.isStopping; waitMs = deadline - now()) {
      if (waitMs > MESSAGES_MS_LEAST && this.#wake.takeMail()) return false;
      this.#wake.sleep(waitMs);
      this.#gate.open();
    }
    this.#gate.open();
    return true;
  }

  /** Goes on with swaps that were asked for. */
  #swapSome(deadline: number, leastMs?: number): void {
    if (this.#swaps.isEmpty) return;
    this.#swaps.work(deadline, leastMs);
    this.#gate.open();
  }

  /** Goes on with undos until the deadline, or for a little while when there is no time left. What is safe leaves meanwhile. */
  #undoSome(deadline: number): void {
    const untilMs = Math.max(deadline - UNDO_SLICE_MS, now() + UNDO_SLICE_MS);
    const next = (): ZoneRunner | undefined => this.#runners.values().find(({ undo }) => undo.isRunning);
    let runner = next();
    if (runner === undefined) return;
    for (; runner !== undefined && now() < untilMs && !this.#wake.isStopping; runner = next()) {
      runner.undoSome(now() + UNDO_SLICE_MS);
      this.#gate.open();
    }
    this.#crumb.waits(deadline);
  }

  /** Nothing is run that nobody may be told of. */
  async #waitForStream(): Promise<void> {
    this.#crumb.waits(now() + POLL_MS);
    this.#wake.sleep(POLL_MS);
    this.#gate.open();
    await turn();
  }

  /** Before the end: what was told to leave should leave, but a disk that hangs does not hold up the end for long. */
  #waitForJournal(): void {
    const untilMs = now() + STOP_MS_MAX;
    while (this.#gate.isHolding && now() < untilMs) {
      this.#wake.sleep(POLL_MS);
      this.#gate.open();
    }
  }

  /** The commands that all zones have in ticks that have left are not needed any more. */
  #freeCommands(zoneId: number, commands: number): void {
    this.#left.set(zoneId, commands);
    let oldest = commands;
    for (const place of this.#left.values()) if (((place - oldest) | 0) < 0) oldest = place;
    this.#commands.freeTo(oldest);
  }

  /** A message from the main thread, between two ticks. */
  receive(message: ToZoneWorker): void {
    if (message.type === "fault_activate") return this.#faults.activate(message);
    if (message.type === "fault_deactivate") return this.#faults.deactivate(message.activation);
    if (message.type === "stop") return;
    const { request, zoneId } = message;
    // What changes the zone is answered after what the zone says of it, which may wait for the journal.
    const isUndoLook = message.type === "undo" && message.order === null;
    const isLook = isUndoLook || message.type === "inspect" || message.type === "view";
    const answer = (told: FromZoneWorker): void => (isLook ? this.#say(told) : this.#gate.say(told));
    const settle = (outcome: () => unknown): void => {
      try {
        answer({ type: "answer", request, ok: true, data: outcome() });
      } catch (error) {
        answer({ type: "answer", request, ok: false, error: messageOf(error) });
      }
    };
    const runner = this.#runners.get(zoneId);
    if (runner === undefined)
      return settle(() => {
        throw new RangeError(`This worker has no zone ${zoneId}.`);
      });
    if (message.type === "swap") {
      const { ticket, isReturn = false } = message;
      return this.#swaps.add({ runner, kernel: kernelOf(message), ticket, isReturn, settle });
    }
    // What is asked for after a swap comes after it.
    const beganMs = now();
    if (!isLook) this.#swaps.finish(zoneId);
    settle(() => this.#carryOut(runner, message, beganMs));
  }

  #carryOut(
    runner: ZoneRunner,
    message: Exclude<Extract<ToZoneWorker, { request: number }>, { type: "swap" }>,
    beganMs: number,
  ): unknown {
    switch (message.type) {
      case "rollback": {
        const startMs = now();
        const { tick } = runner.rollback(message.hash);
        const endMs = now();
        const pauseMs = Math.max(0, endMs - Math.max(this.#next().clock.deadline, beganMs));
        return { tick, beganMs, warmUpMs: 0, moveMs: endMs - startMs, pauseMs } satisfies MoveTimes;
      }
      case "promote":
        return runner.promote(message.hash);
      case "undo":
        return message.order === null ? runner.undo.look() : runner.undo.start(message.order);
      case "undo_keep":
        return message.isKept ? runner.undo.keep() : runner.undo.gaveUp();
      case "inspect":
        return runner.inspect();
      case "view":
        return runner.view(message.turn);
    }
  }

  #newRunner(start: ZoneWorkerStart["zones"][number]): ZoneRunner {
    const { zone, seed, startMs, after, earlier, revived, epoch } = start;
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
      output: new ZoneOutput(this.#output, (place) => this.#gate.close(zone.id, place, this.#commands.position)),
      say: (message) => this.#gate.say(message),
      startMs,
      after,
      revived: revived === null ? null : { ...revived, ran: kernelOf(revived.ran) },
      writer: this.#writer,
      epoch,
      durability: () => {
        // The tick may have taken long: what became safe meanwhile does not wait.
        this.#gate.open();
        return { isDurable: !this.#gate.isLost, lagMs: this.#gate.lagMs, heldMs: this.#heldMs.get(zone.id) ?? 0 };
      },
      watchdogMs,
      crumb: this.#crumb,
      blackBox: this.#blackBox,
      spawn: (batch) => spawnCreatures(batch, zone),
      cpuMs,
      aside: () => {
        this.#swaps.yieldScratch();
        return this.#scratch === null ? null : new Uint8Array(this.#scratch.buffer);
      },
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
    this.#commands.read((offset, length) => {
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

function writerOf({ ring, bell, isFenced }: JournalAccess): ZoneWriter {
  return new RingWriter(new Ring(ring), new Wake(bell), isFenced);
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
