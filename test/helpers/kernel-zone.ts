// A zone in this thread, for tests of the rules: commands by name, ticks one at a time, every column and event readable.
// It is the real kernel, metered and built from the sources, over content of the test's own.
//
//   const zone = await openZone({ spells: [spell({ id: 7, castS: 1.5, amount: [40, 40] })] })
//   zone.join(1, { x: 0 }).spawn(WOLF, { x: 10 }).run()
//   zone.cast(1, 7, WOLF).run(31)
//   zone.event("damage")            // { kind: "damage", source: 1, target: WOLF, ... } of the last tick
//   zone.get(WOLF, "HEALTH")        // the u32 at ENTITY_HEALTH of the creature's row
//
// Dice: `zone.rig([0, 499], [5000, 9999])` sets the generator so that the next two rolls of 0 to 9,999 fall there.

import * as abi from "../../assembly/abi.ts";
import { Command } from "../../server/protocol/game/command.ts";
import type { CommandFields } from "../../server/protocol/game/command.ts";
import type { Content } from "../../server/protocol/content/content.ts";
import { writeContent } from "../../server/zone/content-tables.ts";
import { ensureKernel } from "../../assembly/toolchain/build.ts";
import { createMemory, instantiate } from "../../assembly/toolchain/instance.ts";
import type { Kernel, KernelExports } from "../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { testContent } from "./kernel-content.ts";
import type { ContentParts } from "./kernel-content.ts";
import { stateThatRolls } from "./kernel-dice.ts";
import { kernelEvents } from "./kernel-events.ts";
import type { KernelEvent } from "./kernel-events.ts";
import { decodeFrames } from "./kernel-frames.ts";
import type { Frame, SeenAura } from "./kernel-frames.ts";

export interface ZoneSetup extends ContentParts {
  content?: Content;
  seed?: number;
  tickRateHz?: number;
}

/** A roll of 0 to 9,999 that neither misses nor is critical. */
export const LANDS: [from: number, to: number] = [5_000, 9_999];
const FUEL = 1n << 40n;
const PLAYER_LEVEL = 10;

let built: Promise<Kernel> | null = null;

/** The kernel as it is built from the sources now, compiled once a process. */
export function testKernel(): Promise<Kernel> {
  built ??= ensureKernel().then(async (path) => loadKernel(await Bun.file(path).bytes(), "test"));
  return built;
}

/** A fresh zone of the test's own content (kernel-content.ts), without anybody in it. */
export async function openZone(setup: ZoneSetup = {}): Promise<KernelZone> {
  return new KernelZone(await testKernel(), setup);
}

export class KernelZone {
  readonly kernel: Kernel;
  readonly content: Content;
  readonly memory: WebAssembly.Memory;
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** Ticks done. */
  tick = 0;
  /** Events and frames of the last tick. */
  events: KernelEvent[] = [];
  frames = new Map<number, Frame>();
  /** Of the last tick. */
  fuelUsed = 0n;
  /** What a tick may burn. */
  fuel = FUEL;
  exports: KernelExports;
  #commands: Uint8Array[] = [];
  /** What rows() read, until the memory changes. */
  #rows: Map<number, number> | null = null;
  #seq = 0;

  constructor(kernel: Kernel, setup: ZoneSetup = {}, memory = createMemory(kernel)) {
    const { seed = 1, tickRateHz = 20 } = setup;
    this.kernel = kernel;
    this.content = setup.content ?? testContent(setup);
    this.memory = memory;
    this.view = new DataView(this.memory.buffer);
    this.bytes = new Uint8Array(this.memory.buffer);
    this.exports = instantiate(kernel, this.memory);
    this.exports.init(seed, 1, tickRateHz);
    writeContent(this.memory, kernel.layout, this.content, tickRateHz);
    this.exports.hash();
  }

  // ---- commands for the next tick ----

  command(op: number, fields: CommandFields = {}): this {
    return this.raw(new Command().set(op, { seq: fields.seq ?? ++this.#seq, ...fields }).bytes);
  }

  /** A record as it is. */
  raw(record: Uint8Array): this {
    this.#commands.push(record);
    return this;
  }

  /** A player enters: watching unless said otherwise. */
  join(id: number, options: JoinOptions = {}): this {
    const { x = 0, y = 0, z = 0, level = PLAYER_LEVEL, guest = false, watches = true } = options;
    const classIndex = this.content.classes.findIndex(({ name }) => name === (options.class ?? "Hero"));
    if (classIndex < 0) throw new Error(`The test's content has no class ${options.class}.`);
    const flags = (watches ? abi.JOIN_WATCHES : 0) | (guest ? abi.JOIN_GUEST : 0);
    return this.command(abi.OP_JOIN, { session: id, flags, x, y, z, e: classIndex | (level << 8) });
  }

  spawn(id: number, options: { kind?: string; x?: number; y?: number; z?: number; phantom?: boolean } = {}): this {
    const { kind = "Wolf", x = 0, y = 0, z = 0, phantom = false } = options;
    const template = this.content.creatures.findIndex(({ name }) => name === kind);
    if (template < 0) throw new Error(`The test's content has no creature ${kind}.`);
    return this.command(abi.OP_SPAWN, { flags: phantom ? abi.SPAWN_PHANTOM : 0, a: id, x, y, z, e: template });
  }

  leave(session: number): this {
    return this.command(abi.OP_LEAVE, { session });
  }

  move(session: number, x: number, y = 0, z = 0): this {
    return this.command(abi.OP_MOVE, { session, x, y, z });
  }

  cast(session: number, spell: number, target = 0, ticks = 0): this {
    return this.command(abi.OP_CAST, { session, a: target, b: spell, c: ticks });
  }

  /** The spell is cast in the next tick, and lands: an instant one neither misses nor is critical. */
  land(session: number, spell: number, target: number): this {
    return this.rig(LANDS, LANDS).cast(session, spell, target).run();
  }

  cancel(session: number): this {
    return this.command(abi.OP_CANCEL_CAST, { session });
  }

  attack(session: number, target: number, bound = 0, type = abi.DAMAGE_PHYSICAL): this {
    return this.command(abi.OP_ATTACK, { session, a: target, b: bound, c: type });
  }

  release(session: number, flags = 0): this {
    return this.command(abi.OP_RELEASE, { session, flags });
  }

  /** Puts an entity somewhere without a speed check. */
  place(id: number, x: number, y = 0, z = 0): this {
    return this.command(abi.OP_PLACE, { a: id, x, y, z });
  }

  // ---- time ----

  /** So many ticks; the commands given so far are in the first of them. Throws what the kernel traps with. */
  run(ticks = 1): this {
    for (let done = 0; done < ticks; done++) this.#step(this.#take());
    return this;
  }

  /** Runs until the last tick has such an event; throws after `ticksMax` without one. */
  runUntil(kind: string, ticksMax = 2_000): this {
    for (let done = 0; done < ticksMax; done++) if (this.run().has(kind)) return this;
    throw new Error(`No ${kind} in ${ticksMax} ticks.`);
  }

  #take(): Uint8Array[] {
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  #step(commands: Uint8Array[]): void {
    const { layout } = this.kernel;
    const base = layout.value("COMMAND_BASE");
    commands.forEach((command, index) => this.bytes.set(command, base + index * abi.COMMAND_BYTES));
    this.view.setUint32(layout.value("HEADER_COMMAND_COUNT"), commands.length, true);
    this.exports.fuel.value = this.fuel;
    this.#rows = null;
    try {
      this.exports.tick(this.tick + 1);
    } finally {
      this.fuelUsed = this.fuel - BigInt(this.exports.fuel.value as bigint);
    }
    this.tick++;
    this.events = kernelEvents(this.view, this.kernel.layout, this.header("EVENT_COUNT"));
    this.frames = decodeFrames(this.bytes, layout.value("FRAME_BASE"), this.header("FRAME_BYTES"));
  }

  // ---- what is there ----

  /** u32 of the header or of the note: `header("TICK")`. */
  header(name: string): number {
    return this.view.getUint32(this.kernel.layout.value(`HEADER_${name}`), true);
  }

  note(name: "PHASE" | "COMMAND" | "SESSION" | "ENTITY" | "SPELL"): number {
    return this.view.getUint32(this.kernel.layout.value(`BREADCRUMB_${name}`), true);
  }

  get hash(): string {
    return [this.header("HASH_HI"), this.header("HASH_LO")].map((part) => part.toString(16).padStart(8, "0")).join("");
  }

  /** Of the last tick: `counter("DAMAGE")`. */
  counter(name: string): number {
    const index = (abi as unknown as Record<string, number>)[`COUNTER_${name}`];
    if (index === undefined) throw new Error(`There is no COUNTER_${name}.`);
    return this.view.getUint32(this.kernel.layout.value("COUNTER_BASE") + index * 4, true);
  }

  refused(reason: number): number {
    return this.view.getUint32(this.kernel.layout.value("COUNTER_BASE") + (abi.COUNTER_REFUSED + reason) * 4, true);
  }

  /** The row of an entity, -1 when it is not here. */
  row(id: number): number {
    return this.rows().get(id) ?? -1;
  }

  /** Entity id to row, of all that are here, read from the id column. */
  rows(): Map<number, number> {
    if (this.#rows !== null) return this.#rows;
    const { layout } = this.kernel;
    const players = layout.value("PLAYERS_MAX");
    const rows = new Map<number, number>();
    const read = (first: number, count: number): void => {
      for (let row = first; row < first + count; row++) {
        const id = this.view.getUint32(layout.value("ENTITY_ID") + row * 4, true);
        if (id !== 0) rows.set(id, row);
      }
    };
    read(0, this.header("PLAYERS_HIGH"));
    read(players, this.header("CREATURES_HIGH"));
    this.#rows = rows;
    return rows;
  }

  /** u32 of an entity: `get(7, "HEALTH")` reads ENTITY_HEALTH, `get(7, "PLAYER_ACK")` and `"CREATURE_STATE"` as named. */
  get(id: number, column: string): number {
    return this.view.getUint32(this.#cell(id, column), true);
  }

  getFloat(id: number, column: string): number {
    return this.view.getFloat32(this.#cell(id, column), true);
  }

  /** Writes a column behind the kernel's back. */
  set(id: number, column: string, value: number): this {
    this.view.setUint32(this.#cell(id, column), value, true);
    return this;
  }

  position(id: number): [x: number, y: number, z: number] {
    return [this.getFloat(id, "X"), this.getFloat(id, "Y"), this.getFloat(id, "Z")];
  }

  has(kind: string): boolean {
    return this.events.some((event) => event.kind === kind);
  }

  hasFlag(id: number, flag: number): boolean {
    return (this.get(id, "FLAGS") & flag) !== 0;
  }

  /** The one event of this kind in the last tick; throws when there are none or several. */
  event(kind: string): KernelEvent {
    const found = this.events.filter((event) => event.kind === kind);
    if (found.length === 1 && found[0]) return found[0];
    throw new Error(`${found.length} ${kind} events in tick ${this.tick}: ${JSON.stringify(this.events)}`);
  }

  /** Threat of each player on a creature's table, by entity id. */
  threat(creature: number): Map<number, number> {
    const { layout } = this.kernel;
    const index = this.row(creature) - layout.value("PLAYERS_MAX");
    const slots = layout.value("THREAT_MAX");
    const table = new Map<number, number>();
    for (let slot = 0; slot < this.get(creature, "CREATURE_THREAT_COUNT"); slot++) {
      const row = this.view.getUint16(layout.value("THREAT_ROW") + (index * slots + slot) * 2, true);
      const id = this.view.getUint32(layout.value("ENTITY_ID") + row * 4, true);
      table.set(id, this.view.getFloat32(layout.value("THREAT_VALUE") + (index * slots + slot) * 4, true));
    }
    return table;
  }

  /** The auras on an entity, oldest first. */
  auras(id: number): SeenAura[] {
    const { layout } = this.kernel;
    const bytes = layout.value("AURA_BYTES");
    const first = layout.value("AURA_BASE") + this.row(id) * layout.value("AURAS_MAX") * bytes;
    return Array.from({ length: this.get(id, "AURA_COUNT") }, (_, slot) => {
      const at = first + slot * bytes;
      return {
        spell: this.view.getUint16(at + layout.value("AURA_SPELL"), true),
        stacks: this.view.getUint16(at + layout.value("AURA_STACKS"), true),
        end: this.view.getUint32(at + layout.value("AURA_END"), true),
        caster: this.view.getUint32(at + layout.value("AURA_CASTER"), true),
      };
    });
  }

  // ---- as a value ----

  /** The state between two ticks. */
  snapshot(): Uint8Array {
    const { layout } = this.kernel;
    return this.bytes.slice(layout.value("STATE_BASE"), layout.value("STATE_END"));
  }

  /** Puts a state into a fresh instance, with everything outside of it overwritten by noise. */
  restore(state: Uint8Array): this {
    const { layout } = this.kernel;
    this.bytes.fill(0xa5, layout.value("STATE_BASE"));
    this.bytes.set(state, layout.value("STATE_BASE"));
    this.exports = instantiate(this.kernel, this.memory);
    this.tick = this.header("TICK");
    this.#rows = null;
    return this;
  }

  /** Sets the generator so that the next rolls of 0 to 9,999 fall into these ranges, both ends included. */
  rig(...ranges: [from: number, to: number][]): this {
    const state = stateThatRolls(ranges);
    this.view.setBigUint64(this.kernel.layout.value("HEADER_RANDOM"), state, true);
    return this;
  }

  #cell(id: number, column: string): number {
    const { layout } = this.kernel;
    const row = this.row(id);
    if (row < 0) throw new Error(`Entity ${id} is not in the zone.`);
    if (column.startsWith("CREATURE_")) return layout.value(column) + (row - layout.value("PLAYERS_MAX")) * 4;
    return layout.value(column.startsWith("PLAYER_") ? column : `ENTITY_${column}`) + row * 4;
  }
}

export interface JoinOptions {
  class?: string;
  level?: number;
  x?: number;
  y?: number;
  z?: number;
  guest?: boolean;
  watches?: boolean;
}
