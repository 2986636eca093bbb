// The commands of a zone without real players. A tick's commands depend only on the seed and the tick number, so that a
// run that continues from tick 700,000 draws the same as a run that started at tick 1.
//
//   const log = commandLog({ world, seed: 1, luggage })
//   log(1)        // every creature, every player
//   log(4_711)    // 3 MOVE near the pack that session 5 fights, 9 CAST at session 2, 14 LEAVE, DESPAWN 1100012, ...
//
// The log has every opcode but the two that kill a kernel, with values that a player, a fault or a broken host may send:
// NaN and infinity, places outside the world, unknown spells, repeated sequence numbers. Players who leave come back, and
// despawned creatures are spawned again, so that the last tick is as busy as the first.

import * as abi from "../../assembly/abi.ts";
import type { Content, Spawn, World } from "../protocol/content/content.ts";
import { seededRandom, seedOf } from "../protocol/seeded-random.ts";
import { LADDER, overloadFields } from "../shared/overload.ts";
import { arrivalRecords } from "../shared/transfer.ts";
import { BatchWriter } from "./batch-writer.ts";
import { at } from "../protocol/assert.ts";

export interface LogOptions {
  /** The world; its first zone is used. */
  world: World;
  seed: number;
  /** The data of players who arrive from another zone: words as a kernel wrote them at a departure (transfer.ts). */
  luggage: readonly Uint32Array[];
}

/** Returns the batch of a tick; it is valid until the next call. */
export type CommandLog = (tick: number) => Uint8Array;

export const SESSIONS = 24;
/** Each player acts once in this many ticks, on average. */
const TICKS_PER_ACTION = 7;
const RECORDS_MAX = 2_048;
/** How far players may be from the spawn where they fight, yards. */
const STRAY_YD = 12;
const FIRST_EXTRA_ID = 2_000_001;
const EXTRAS = 8;
const SENSELESS_COORDINATES = [Number.NaN, Number.POSITIVE_INFINITY, -1e30, 5_000, 1e-40, -0];
const SENSELESS_IDS = [0, 77, 0xffff_ffff, FIRST_EXTRA_ID + EXTRAS];
const SENSELESS_SPELLS = [0, 1, 4_095, 4_096, 0xffff_ffff];
/** Opcodes that must not get random words: they would fill the zone, or corrupt transferred data; and the two deadly ones. */
const NOT_BY_LOT = new Set<number>([abi.OP_JOIN, abi.OP_SPAWN, abi.OP_CARRY, abi.OP_ARRIVE, abi.OP_TRAP, abi.OP_SPIN]);

export function commandLog(options: LogOptions): CommandLog {
  const batch = new BatchWriter(RECORDS_MAX);
  return (tick) => {
    batch.clear();
    const drawn = new Draw(options, tick, batch);
    if (tick === 1) drawn.entrance();
    else drawn.play();
    return batch.bytes();
  };
}

/** Draws the commands of one tick. */
class Draw {
  readonly #content: Content;
  readonly #spawns: readonly Spawn[];
  readonly #luggage: readonly Uint32Array[];
  readonly #tick: number;
  readonly #batch: BatchWriter;
  readonly #random: () => number;

  constructor({ world, seed, luggage }: LogOptions, tick: number, batch: BatchWriter) {
    const [zone] = world.zones;
    if (zone === undefined || zone.spawns.length === 0) throw new RangeError("A world needs a zone with creatures.");
    this.#content = world.content;
    this.#spawns = zone.spawns;
    this.#luggage = luggage;
    this.#tick = tick;
    this.#batch = batch;
    this.#random = seededRandom(seedOf(seed, tick));
  }

  entrance(): void {
    for (const spawn of this.#spawns) this.#spawn(spawn);
    for (let session = 1; session <= SESSIONS; session++) this.#join(session);
  }

  play(): void {
    for (let session = 1; session <= SESSIONS; session++) {
      if (this.#random() < 1 / TICKS_PER_ACTION) this.#act(session);
    }
    if (this.#random() < 0.2) this.#actAsHost();
  }

  #act(session: number): void {
    const choice = this.#random();
    const seq = this.#seq();
    const add = this.#batch.add.bind(this.#batch);
    if (choice < 0.3) add(abi.OP_MOVE, { session, seq, ...this.#near(this.#home(session)) });
    else if (choice < 0.32) add(abi.OP_MOVE, { session, seq, x: this.#pick(SENSELESS_COORDINATES), y: this.#stray() });
    else if (choice < 0.56) add(abi.OP_CAST, { session, seq, a: this.#target(session), b: this.#spell(session) });
    else if (choice < 0.6)
      add(abi.OP_CAST, { session, seq, a: this.#target(session), b: this.#oddSpell(), c: this.#word() });
    else if (choice < 0.76) add(abi.OP_ATTACK, { session, seq, a: this.#target(session), b: this.#below(2) * 40 });
    else if (choice < 0.79) add(abi.OP_STOP_ATTACK, { session, seq });
    else if (choice < 0.81) add(abi.OP_CANCEL_CAST, { session, seq });
    else if (choice < 0.85) add(abi.OP_RELEASE, { session, seq, flags: this.#below(2) });
    else if (choice < 0.865) add(abi.OP_RECLAIM, { session, seq });
    else if (choice < 0.88) this.#trade(session, seq);
    else if (choice < 0.9) add(this.#below(2) === 0 ? abi.OP_WATCH : abi.OP_UNWATCH, { session, seq });
    else if (choice < 0.91) add(abi.OP_LEAVE, { session, seq });
    else if (choice < 0.97) this.#join(session);
    else if (choice < 0.99) this.#arrive(session);
    else this.#senseless(session);
  }

  #actAsHost(): void {
    const choice = this.#random();
    const add = this.#batch.add.bind(this.#batch);
    const spawn = this.#pick(this.#spawns);
    const extra = FIRST_EXTRA_ID + this.#below(EXTRAS);
    const anybody = this.#below(2) === 0 ? spawn.entityId : 1 + this.#below(SESSIONS);
    if (choice < 0.5) this.#spawn(spawn);
    else if (choice < 0.55) add(abi.OP_DESPAWN, { a: spawn.entityId });
    else if (choice < 0.65) this.#spawn({ ...spawn, entityId: extra }, this.#below(2));
    else if (choice < 0.75) add(abi.OP_DESPAWN, { a: this.#below(8) === 0 ? this.#pick(SENSELESS_IDS) : extra });
    else if (choice < 0.85) add(abi.OP_NUDGE, { a: anybody, ...this.#near(spawn) });
    else if (choice < 0.88) add(abi.OP_PLACE, { a: anybody, ...this.#near(spawn) });
    else if (choice < 0.9) add(abi.OP_PLACE, { a: anybody, x: this.#pick(SENSELESS_COORDINATES) });
    else if (choice < 0.94) add(abi.OP_SET_OVERLOAD, overloadFields(this.#below(LADDER.length)));
    else if (choice < 0.98) add(abi.OP_DEPART, { a: 1 + this.#below(SESSIONS) });
    else add(abi.OP_CARRY, { a: 0xffff_ffff, b: this.#word() });
  }

  #join(session: number): void {
    const e = this.#classOf(session) | ((5 + this.#below(10)) << 8);
    this.#batch.add(abi.OP_JOIN, { session, flags: this.#below(4), ...this.#near(this.#home(session)), e });
  }

  /** An offer of some gold to somebody near; or an answer to an offer, whose number is a guess. */
  #trade(session: number, seq: number): void {
    const choice = this.#below(3);
    const a = this.#below(4) === 0 ? this.#target(session) : 1 + this.#below(SESSIONS);
    if (choice === 0) {
      const [b, d] = [1 + this.#below(9), this.#below(2) === 0 ? this.#word() : 0];
      this.#batch.add(abi.OP_TRADE_OFFER, { session, seq, a, b, d });
    } else {
      const op = choice === 1 ? abi.OP_TRADE_ACCEPT : abi.OP_TRADE_CANCEL;
      this.#batch.add(op, { session, seq, a, b: this.#below(40) });
    }
  }

  #spawn({ entityId, template, x, y, z }: Spawn, flags = 0): void {
    this.#batch.add(abi.OP_SPAWN, { flags, a: entityId, x, y, z, e: template });
  }

  /** A player arrives from another zone with its data, or without data, as no host would send it. */
  #arrive(session: number): void {
    const words = this.#luggage[this.#below(this.#luggage.length + 1)];
    if (words === undefined) return this.#batch.add(abi.OP_ARRIVE, { session, x: 0, y: 0 });
    const { x, y } = this.#near(this.#home(session));
    this.#batch.append(arrivalRecords({ session, words }, { x, y, z: 0 }, this.#below(2) * abi.JOIN_GUEST + 1));
  }

  #senseless(session: number): void {
    const op = this.#below(3) === 0 ? this.#below(0x1_0000) : this.#below(100);
    if (NOT_BY_LOT.has(op)) return;
    const [a, b, c, d, e] = [this.#word(), this.#word(), this.#word(), this.#word(), this.#word()];
    this.#batch.add(op, {
      session: this.#below(4) === 0 ? this.#word() : session,
      seq: this.#seq(),
      flags: this.#below(4),
      a,
      b,
      c,
      d,
      e,
    });
  }

  /** Increasing numbers, with some repeated ones, and very rarely the highest possible number. */
  #seq(): number {
    const choice = this.#random();
    if (choice < 0.0002) return 0xffff_ffff;
    return choice < 0.03 ? Math.max(0, this.#tick - this.#below(200)) : this.#tick;
  }

  /** Mostly a creature of the near pack, sometimes another entity, sometimes none. */
  #target(session: number): number {
    const choice = this.#random();
    if (choice < 0.7)
      return at(this.#spawns, (this.#homeIndex(session) + this.#below(5)) % this.#spawns.length).entityId;
    if (choice < 0.9) return 1 + this.#below(SESSIONS);
    return choice < 0.95 ? FIRST_EXTRA_ID + this.#below(EXTRAS) : this.#pick(SENSELESS_IDS);
  }

  #spell(session: number): number {
    return this.#pick(this.#content.classes[this.#classOf(session)]?.spells ?? SENSELESS_SPELLS);
  }

  #oddSpell(): number {
    return this.#below(2) === 0 ? this.#pick(SENSELESS_SPELLS) : this.#pick(this.#content.spells).id;
  }

  #classOf(session: number): number {
    return session % this.#content.classes.length;
  }

  /** Three players share each place, so that they help and hinder each other. */
  #homeIndex(session: number): number {
    return (Math.floor(session / 3) * 7) % this.#spawns.length;
  }

  #home(session: number): Spawn {
    return this.#spawns[this.#homeIndex(session)] ?? this.#pick(this.#spawns);
  }

  #near({ x, y }: { x: number; y: number }): { x: number; y: number } {
    return { x: x + this.#stray(), y: y + this.#stray() };
  }

  #stray(): number {
    return (this.#random() * 2 - 1) * STRAY_YD;
  }

  #word(): number {
    return Math.floor(this.#random() * 2 ** 32);
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[this.#below(items.length)];
    if (item === undefined) throw new RangeError("Nothing to pick from.");
    return item;
  }
}
