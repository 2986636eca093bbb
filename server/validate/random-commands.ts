// Commands that nobody gave: a few more in each tick, from a seed, so that what players of the recording never did is done too. A trap
// on giving up a dead body is found by nobody who has not died.
//
//   const more = new RandomCommands(lane, { seed: 7, perTick: 2 })
//   const batch = more.add(recorded)      // before the tick, the lane's state is looked at; both modules run this batch
//   more.given                            // Map { OP_RELEASE → 31, OP_TRADE_ACCEPT → 12, ... }
//
// All are commands that a client can cause, of players of the recording and of some guests, who come, go, cross over and do nothing else
// but this; and now and then one of the host. Half of them fit the moment (the dead release, who casts cancels, who was offered a trade
// accepts), the others are any command with any values. Sessions and numbers are such as a server gives, so that no kernel can tell what
// is made up: recorded commands move up to make room (command-numbers.ts).

import * as abi from "../../assembly/abi.ts";
import { Command } from "../protocol/game/command.ts";
import type { CommandFields } from "../protocol/game/command.ts";
import { seededRandom } from "../protocol/seeded-random.ts";
import { ARRIVAL_RECORDS, arrivalRecords } from "../shared/transfer.ts";
import type { Lane } from "../lockstep/lane.ts";
import { CommandNumbers } from "./command-numbers.ts";
import { freeSessions } from "./free-sessions.ts";
import { HostCommands } from "./host-commands.ts";
import { travellerWords, tradeOffer } from "./random-stacks.ts";
import { ZoneLook } from "./zone-look.ts";

export interface RandomCommandsOptions {
  seed: number;
  /** Commands that are added to each tick. */
  perTick: number;
  /** All that will be given to `add`: guests get sessions that these do not have. */
  batches: readonly Uint8Array[];
}

const GUESTS_MAX = 6;
const LEVEL_MAX = 20;
const STRAY_YD = 12;
const HEAL_YD = 40;
/** A guest who fights may run from it: further, and for longer, than a creature follows anybody. */
const FLIGHT_YD = 250;
const FLIGHT_SECONDS = 25;
/** A step less than the distance of trades. */
const TRADE_YD = 10;
/** Travellers who wait to arrive again. */
const LUGGAGE_MAX = 4;
/** Of any player. */
const PLAYER_OPS = [
  abi.OP_MOVE,
  abi.OP_CAST,
  abi.OP_CANCEL_CAST,
  abi.OP_ATTACK,
  abi.OP_STOP_ATTACK,
  abi.OP_RELEASE,
  abi.OP_RECLAIM,
  abi.OP_TRADE_OFFER,
  abi.OP_TRADE_ACCEPT,
  abi.OP_TRADE_CANCEL,
];
/** Of guests: they fight and trade more often, and rarely do what would keep a recorded player from going on. */
const GUEST_OPS = [
  ...PLAYER_OPS,
  ...PLAYER_OPS,
  ...PLAYER_OPS,
  ...PLAYER_OPS,
  ...Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? abi.OP_CAST : abi.OP_ATTACK)),
  abi.OP_TRADE_OFFER,
  abi.OP_TRADE_OFFER,
  abi.OP_TRADE_OFFER,
  abi.OP_TRADE_OFFER,
  abi.OP_WATCH,
  abi.OP_UNWATCH,
  abi.OP_LEAVE,
  abi.OP_DEPART,
];

export class RandomCommands {
  /** By opcode, how often it was given; an arrival counts once. */
  readonly given = new Map<number, number>();
  readonly #lane: Lane;
  readonly #look: ZoneLook;
  readonly #random: () => number;
  readonly #perTick: number;
  readonly #command = new Command();
  readonly #bytes: Uint8Array;
  readonly #numbers = new CommandNumbers();
  readonly #host: HostCommands;
  /** Sessions of the guests. */
  readonly #guests: ReadonlySet<number>;
  /** Guests who come or go in this tick. */
  readonly #moving = new Set<number>();
  /** The guest who runs from a creature: one at a time. */
  #fleeing = { id: 0, untilTick: 0 };
  /** Players who wait for the end of their newest spell. */
  readonly #patient = new Set<number>();
  /** By spell, how often it was tried. */
  readonly #casts = new Map<number, number>();
  #luggage: Uint32Array[] = [];
  #length = 0;

  /** The lane whose states are looked at; it has content tables. */
  constructor(lane: Lane, { seed, perTick, batches }: RandomCommandsOptions) {
    this.#lane = lane;
    this.#look = new ZoneLook(lane);
    this.#random = seededRandom(seed);
    this.#perTick = perTick;
    this.#guests = new Set(freeSessions(this.#look, batches, GUESTS_MAX, this.#random));
    this.#host = new HostCommands(lane, this.#look, this.#random);
    this.#bytes = new Uint8Array(lane.at.commandsMax * abi.COMMAND_BYTES);
  }

  /** The batch with more commands after its own; valid until the next call. One without room gets none. */
  add(batch: Uint8Array): Uint8Array {
    this.#bytes.set(batch);
    this.#length = batch.length;
    this.#numbers.renumber(this.#bytes.subarray(0, batch.length));
    this.#look.refresh();
    this.#collectLuggage();
    this.#moving.clear();
    for (let index = 0; index < this.#perTick; index++) this.#one();
    return this.#bytes.subarray(0, this.#length);
  }

  #one(): void {
    const hosts = this.#host.next();
    if (hosts !== null) return this.#record(hosts.op, hosts.fields);
    const guests = this.#look.players.filter((row) => this.#isGuest(row));
    if (guests.length < GUESTS_MAX && this.#below(guests.length < 2 ? 2 : 12) === 0) return this.#enter(guests);
    const isGuest = guests.length > 0 && this.#below(2) === 0;
    const row = this.#pick((isGuest ? guests : this.#look.players).filter((each) => this.#isFree(each)));
    if (row === undefined) return this.#enter(guests);
    if (this.#below(2) === 0 && this.#fitting(row)) return;
    this.#any(row, this.#pick(this.#isGuest(row) ? GUEST_OPS : PLAYER_OPS) ?? abi.OP_MOVE);
  }

  /** What this player would do now; false when nothing special suggests itself. */
  #fitting(row: number): boolean {
    const look = this.#look;
    const flags = look.flagsOf(row);
    const offerer = look.offererOf(row);
    if ((flags & abi.ENTITY_GHOST) !== 0) {
      if (this.#below(2) === 0) this.#give(row, abi.OP_RECLAIM);
      else this.#give(row, abi.OP_MOVE, { ...look.bodyOf(row), z: 0 });
    } else if ((flags & abi.ENTITY_DEAD) !== 0)
      this.#give(row, abi.OP_RELEASE, { flags: this.#below(2) * abi.RELEASE_AS_GHOST });
    else if (look.isCasting(row)) this.#give(row, abi.OP_CANCEL_CAST);
    else if (offerer >= 0) {
      const op = this.#below(4) === 0 ? abi.OP_TRADE_CANCEL : abi.OP_TRADE_ACCEPT;
      this.#give(row, op, { a: look.idOf(offerer), b: look.offerOf(offerer) });
    } else if (look.offerOf(row) !== 0 && this.#below(4) === 0)
      this.#give(row, abi.OP_TRADE_CANCEL, { b: look.offerOf(row) });
    else if (look.offerOf(row) === 0 && this.#goodsOf(row) > 1 && this.#below(3) === 0) this.#offer(row);
    else return false;
    return true;
  }

  #any(row: number, op: number): void {
    switch (op) {
      case abi.OP_MOVE:
        if (this.#mayFlee(row) && this.#below(2) === 0) return this.#flee(row);
        return this.#give(row, op, this.#placeNear(row));
      case abi.OP_CAST:
        return this.#cast(row);
      case abi.OP_ATTACK:
        return this.#give(row, op, { a: this.#target(row), b: this.#below(3) * 20, c: this.#below(2) });
      case abi.OP_RELEASE:
        return this.#give(row, op, { flags: this.#below(2) });
      case abi.OP_WATCH:
      case abi.OP_LEAVE:
        return this.#give(row, op, { flags: this.#below(2), seq: 0 });
      case abi.OP_UNWATCH:
        return this.#give(row, op, { seq: 0 });
      case abi.OP_TRADE_OFFER:
        return this.#offer(row);
      case abi.OP_TRADE_ACCEPT:
      case abi.OP_TRADE_CANCEL: {
        const offerer = this.#pick(this.#look.players) ?? row;
        return this.#give(row, op, { a: this.#look.idOf(offerer), b: this.#look.offerOf(offerer) || this.#below(99) });
      }
      case abi.OP_DEPART:
        return this.#give(row, op, { a: this.#look.idOf(row), session: 0, seq: 0 });
      default:
        return this.#give(row, op);
    }
  }

  #mayFlee(row: number): boolean {
    return this.#isGuest(row) && !this.#isFleeing && (this.#look.flagsOf(row) & abi.ENTITY_IN_COMBAT) !== 0;
  }

  /** In a straight line; until it is over this guest does nothing else. */
  #flee(row: number): void {
    const { view, kernel, tick } = this.#lane;
    const rateHz = view.getUint32(kernel.layout.value("HEADER_TICK_RATE"), true);
    const { x, y } = this.#look.placeOf(row);
    const angle = this.#random() * 2 * Math.PI;
    this.#fleeing = { id: this.#look.idOf(row), untilTick: tick + FLIGHT_SECONDS * rateHz };
    this.#give(row, abi.OP_MOVE, { x: x + FLIGHT_YD * Math.cos(angle), y: y + FLIGHT_YD * Math.sin(angle), z: 0 });
  }

  /** Half of the spells are left alone until they are over: else none that takes its time would ever take effect. */
  #isFree(row: number): boolean {
    const id = this.#look.idOf(row);
    if (this.#isFleeing && id === this.#fleeing.id) return false;
    return !this.#look.isCasting(row) || !this.#patient.has(id);
  }

  get #isFleeing(): boolean {
    return this.#fleeing.untilTick > this.#lane.tick;
  }

  /** A spell of the player's book, rather one that was not cast yet; now and then any spell, or one that does not exist. */
  #cast(row: number): void {
    const { classes, spells } = this.#look;
    const book = classes.find(({ index }) => index === this.#look.kindOf(row))?.spells ?? [];
    const choice = this.#below(10);
    const spell = (choice === 0 ? this.#below(4_096) : choice === 1 ? this.#pick(spells) : this.#rarest(book)) ?? 1;
    this.#casts.set(spell, (this.#casts.get(spell) ?? 0) + 1);
    if (this.#below(2) === 0) this.#patient.add(this.#look.idOf(row));
    else this.#patient.delete(this.#look.idOf(row));
    const a = this.#look.helpful.has(spell) && this.#below(4) !== 0 ? this.#woundedNear(row) : this.#target(row);
    this.#give(row, abi.OP_CAST, { a, b: spell, c: this.#below(40) });
  }

  /** Of two spells the one that was cast less often. */
  #rarest(book: readonly number[]): number | undefined {
    const [one, other] = [this.#pick(book), this.#pick(book)];
    if (one === undefined || other === undefined) return one;
    return (this.#casts.get(one) ?? 0) <= (this.#casts.get(other) ?? 0) ? one : other;
  }

  /** Of the players in reach, itself included, the one who lacks most health. */
  #woundedNear(row: number): number {
    const look = this.#look;
    const inReach = [row, ...look.withinOf(row, look.players, HEAL_YD)];
    return look.idOf(inReach.toSorted((one, other) => look.woundOf(other) - look.woundOf(one))[0] ?? row);
  }

  /** A near creature most of the time; somebody near, itself, or nobody. */
  #target(row: number): number {
    const look = this.#look;
    const choice = this.#below(10);
    const other =
      choice < 6 ? look.nearOf(row, look.creatures, this.#random) : look.nearOf(row, look.players, this.#random);
    if (choice === 9 || other < 0) return 0;
    return look.idOf(choice === 8 ? row : other);
  }

  /** To somebody in reach, who has the most of them half of the time. */
  #offer(row: number): void {
    const { players } = this.#look;
    const inReach = this.#look.withinOf(row, players, TRADE_YD);
    const richest = inReach.toSorted((one, other) => this.#goodsOf(other) - this.#goodsOf(one))[0];
    const somebody = this.#below(2) === 0 ? richest : this.#pick(inReach);
    const partner = somebody ?? this.#look.nearOf(row, players, this.#random);
    this.#give(row, abi.OP_TRADE_OFFER, tradeOffer(this.#look, row, partner, this.#random));
  }

  #goodsOf(row: number): number {
    return this.#look.stacksOf(row).length;
  }

  /** A guest comes beside another one, a creature or a player: new, from another zone, or with what it had when it left. */
  #enter(guests: readonly number[]): void {
    const session = this.#pick([...this.#guests]) ?? 0;
    if (this.#look.rowOf(session) >= 0 || this.#moving.has(session)) return;
    this.#moving.add(session);
    const anybody = this.#below(2) === 0 ? this.#look.creatures : this.#look.players;
    const beside = this.#pick(this.#below(2) === 0 ? guests : anybody) ?? this.#pick(anybody) ?? 0;
    const place = this.#placeNear(beside);
    const flags = abi.JOIN_WATCHES | (this.#below(2) * abi.JOIN_GUEST);
    if (this.#below(4) !== 0) {
      if (!this.#hasRoom(ARRIVAL_RECORDS)) return;
      const left = this.#below(2) === 0 ? this.#luggage.shift() : undefined;
      const words = left ?? travellerWords(this.#look, this.#random);
      this.#append(arrivalRecords({ session, words }, place, flags));
      return this.#note(abi.OP_ARRIVE);
    }
    const { index = 0 } = this.#pick(this.#look.classes) ?? {};
    this.#record(abi.OP_JOIN, { session, flags, ...place, e: index | ((1 + this.#below(LEVEL_MAX)) << 8) });
  }

  /** What guests took along who left in the last tick. */
  #collectLuggage(): void {
    const { view, words, at } = this.#lane;
    const count = Math.min(view.getUint32(at.departureCount, true), at.departuresMax);
    for (let index = 0; index < count && this.#luggage.length < LUGGAGE_MAX; index++) {
      const first = at.departures / 4 + index * abi.DEPARTURE_WORDS;
      const state = first + abi.DEPARTURE_WORDS - abi.TRANSFER_WORDS;
      if (this.#guests.has(words[first] ?? 0)) this.#luggage.push(words.slice(state, state + abi.TRANSFER_WORDS));
    }
  }

  #placeNear(row: number): { x: number; y: number; z: number } {
    const { x, y } = this.#look.placeOf(row);
    const stray = (): number => (this.#random() * 2 - 1) * STRAY_YD;
    return { x: x + stray(), y: y + stray(), z: 0 };
  }

  #isGuest(row: number): boolean {
    return this.#guests.has(this.#look.idOf(row));
  }

  /** With the session's next number, unless the fields have another one: 0, for what the server commands for its player. */
  #give(row: number, op: number, fields: CommandFields = {}): void {
    if (!this.#hasRoom(1)) return;
    const session = this.#look.idOf(row);
    const seq = fields.seq ?? this.#numbers.next(session, this.#look.ackOf(row));
    this.#record(op, { session, ...fields, seq });
  }

  #record(op: number, fields: CommandFields): void {
    if (!this.#hasRoom(1)) return;
    this.#append(this.#command.set(op, fields).bytes);
    this.#note(op);
  }

  #hasRoom(records: number): boolean {
    return this.#length + records * abi.COMMAND_BYTES <= this.#bytes.length;
  }

  #append(records: Uint8Array): void {
    this.#bytes.set(records, this.#length);
    this.#length += records.length;
  }

  #note(op: number): void {
    this.given.set(op, (this.given.get(op) ?? 0) + 1);
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[this.#below(items.length)];
  }
}
