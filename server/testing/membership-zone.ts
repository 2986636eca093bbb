// One zone of the membership bench: the real runner with the real rings, on the bench's clock. It simulates the worker around
// the runner, and its failures: commands that trap, players put into a portal, a worker that dies with its zone's memory.
//
//   const zone = new BenchZone(content, kernel, clock)
//   zone.tick()                   // commands from the ring, a tick, sometimes a census
//   zone.die(); ... zone.revive() // its rings and memory are lost; a new runner starts

import { OP_PLACE, OP_SPAWN, OP_TRAP, SPAWN_PHANTOM } from "../../assembly/abi.ts";
import type { Content, ZoneContent } from "../protocol/content/content.ts";
import type { CommandBatch } from "../protocol/faults/fault.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { FromZoneWorker, ZoneState } from "../shared/zone-messages.ts";
import { Ring } from "../shared/ring.ts";
import { COMMAND_MESSAGE_BYTES } from "../shared/ring-records.ts";
import { spawnCreatures } from "../zone/zone-host.ts";
import { ZoneOutput } from "../zone/zone-output.ts";
import { ZoneRunner } from "../zone/zone-runner.ts";
import { Command } from "../protocol/game/command.ts";

const command = new Command();

export const TICK_MS = 50;
/** Small, so that the rings are often full. */
const COMMAND_RING_BYTES = 4_096;
const OUTPUT_RING_BYTES = 16_384;
const CENSUS_TICKS = 20;
const FUEL = 20_000_000n;
/** An entity that lives in all zones at once, as with the fault split-brain. */
export const PHANTOM_ID = 2_000_001;

export interface BenchClock {
  ms: number;
}

export class BenchZone {
  readonly id: number;
  readonly name: string;
  /** The state that the main thread knows. */
  state: ZoneState = "ACTIVE";
  tick = 0;
  overloadLevel = 0;
  /** The number of ticks in which the zone still does nothing. */
  stalled = 0;
  commands = new Ring(Ring.allocate(COMMAND_RING_BYTES));
  output = new Ring(Ring.allocate(OUTPUT_RING_BYTES));
  /** Messages that the main thread has not read yet. */
  messages: FromZoneWorker[] = [];
  runner: ZoneRunner;
  isDead = false;
  /** For the next tick: the number of commands that trap, and the players to put somewhere. */
  traps = 0;
  places: { session: number; x: number; y: number }[] = [];
  readonly #content: ZoneContent;
  readonly #rules: Content;
  readonly #kernel: Kernel;
  readonly #clock: BenchClock;
  #words!: Uint32Array;
  #ticks = 0;
  #deadSince = "";

  constructor(zone: ZoneContent, rules: Content, kernel: Kernel, clock: BenchClock) {
    [this.id, this.name] = [zone.id, zone.name];
    [this.#content, this.#rules, this.#kernel, this.#clock] = [zone, rules, kernel, clock];
    this.runner = this.#begin(null);
  }

  /** One turn of the worker. */
  run(): void {
    if (this.isDead) return;
    if (this.stalled > 0) {
      this.stalled--;
      return;
    }
    while (this.runner.clock.deadline <= this.#clock.ms) {
      this.commands.drain((offset, length) => {
        const at = offset / 4;
        if (length === COMMAND_MESSAGE_BYTES) this.runner.accept(this.#words, at + 1);
        else this.runner.acceptArrival(this.#words.subarray(at + 1, at + length / 4));
      });
      this.runner.runTick();
      if (++this.#ticks % CENSUS_TICKS === 0) this.runner.writeCensus();
    }
    if (this.runner.undo.isRunning) this.runner.undoSome(this.#clock.ms);
  }

  /** The zone's real state, whatever the main thread knows. */
  get isUp(): boolean {
    return !this.isDead && this.runner.inspect()["state"] !== "DOWN";
  }

  has(session: number): boolean {
    return this.isUp && this.runner.zone.entities.positionOf(session) !== null;
  }

  eachPlayer(visit: (session: number) => void): void {
    if (this.isUp) this.runner.zone.entities.eachPlayer((session) => visit(session));
  }

  /** The worker dies, and all uncommitted output is lost. The caller reads the committed output and reports the zone as DOWN. */
  die(): void {
    this.isDead = true;
    this.#deadSince = "its worker died";
  }

  /** A new worker replaces it, with new rings. */
  revive(): void {
    this.isDead = false;
    this.commands = new Ring(Ring.allocate(COMMAND_RING_BYTES));
    this.output = new Ring(Ring.allocate(OUTPUT_RING_BYTES));
    this.messages = [];
    this.runner = this.#begin({ tick: this.tick, reason: this.#deadSince });
  }

  #begin(after: { tick: number; reason: string } | null): ZoneRunner {
    this.#words = new Uint32Array(
      this.commands.bytes.buffer,
      this.commands.bytes.byteOffset,
      this.commands.capacityBytes / 4,
    );
    const clock = this.#clock;
    return new ZoneRunner({
      zone: this.#content,
      content: this.#rules,
      kernel: this.#kernel,
      tickRateHz: 1_000 / TICK_MS,
      seed: 1,
      fuelPerTick: FUEL,
      now: () => clock.ms,
      emitter: { emit: () => undefined, emitSampled: () => undefined },
      faults: {
        commands: (batch) => this.#addFaults(batch),
        beforeStep: () => undefined,
        afterStep: () => undefined,
      },
      output: new ZoneOutput(new Ring(this.output.buffer)),
      say: (message) => void this.messages.push(message),
      startMs: clock.ms,
      spawn: (batch) => spawnCreatures(batch, this.#content),
      cpuMs: () => 0,
      share: () => 1,
      after,
    });
  }

  #addFaults(batch: CommandBatch): void {
    for (const { session: a, x, y } of this.places) batch.push(command.set(OP_PLACE, { a, x, y, z: 0 }));
    for (; this.traps > 0; this.traps--) batch.push(command.set(OP_TRAP, {}));
    if (this.places.length > 0) this.places = [];
    if (batch.positionOf(PHANTOM_ID) === null)
      batch.push(command.set(OP_SPAWN, { a: PHANTOM_ID, flags: SPAWN_PHANTOM }));
  }
}
