// A zone in which bots play, without a server and as fast as it goes: what they do depends on the seed alone. Its batches are those
// that a server would have journalled.
//
//   const zone = new PlayedZone(kernel, world, { zone: 1, players: 60, seed: 7 })
//   const batch = zone.play()           // one tick
//   zone.lane.hash                      // after it
//
// Players come within the first seconds; some leave again, and others come for them.

import * as abi from "../../assembly/abi.ts";
import { createMemory, instantiate } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { SharedColumns } from "../lockstep/columns.ts";
import { Lane } from "../lockstep/lane.ts";
import { outputBytesOf } from "../lockstep/outputs.ts";
import { at as itemAt } from "../protocol/assert.ts";
import type { World } from "../protocol/content/content.ts";
import { FrameReader } from "../protocol/game/frame-reader.ts";
import { seededRandom, seedOf } from "../protocol/seeded-random.ts";
import { Bot } from "../../tools/client/bot.ts";
import { roleOf } from "../../tools/client/roles.ts";
import type { BehaviourName } from "../../tools/client/roles.ts";
import { SpellBook } from "../../tools/client/spell-book.ts";
import { writeContent } from "../zone/content-tables.ts";
import { BatchWriter } from "./batch-writer.ts";
import { OfflineClient } from "./offline-client.ts";

export interface PlayedZoneOptions {
  zone: number;
  players: number;
  seed: number;
  /** Default: each role in turn, and every fifth player a trader. */
  behaviour?: BehaviourName;
  /** Actions of each player in a second; default 2. */
  actionsHz?: number;
  /** Chance of an action to be a cancelled cast; default 0.01. */
  cancels?: number;
}

const TICK_RATE_HZ = 20;
const LEVEL_MIN = 4;
const LEVELS = 7;
/** A player comes in each of so many ticks until all are there. */
const TICKS_PER_ARRIVAL = 2;
/** Chance of a player to leave for good in a second; another comes for it. */
const LEAVES_A_SECOND = 1 / 300;
/** Records of one tick at most. */
const RECORDS_MAX = 8_192;

interface Player {
  client: OfflineClient;
  bot: Bot<OfflineClient>;
}

export class PlayedZone {
  lane: Lane;
  readonly #world: World;
  readonly #options: Required<PlayedZoneOptions>;
  readonly #random: () => number;
  readonly #book: SpellBook;
  readonly #players = new Map<number, Player>();
  readonly #batch = new BatchWriter(RECORDS_MAX);
  readonly #reader = new FrameReader();
  #arrived = 0;

  constructor(kernel: Kernel, world: World, options: PlayedZoneOptions, memory = createMemory(kernel)) {
    this.#world = world;
    this.#options = { behaviour: "mixed", actionsHz: 2, cancels: 0.01, ...options };
    this.#random = seededRandom(seedOf(options.seed, options.zone));
    this.#book = new SpellBook(world.content);
    instantiate(kernel, memory).init(seedOf(options.seed, options.zone), options.zone, TICK_RATE_HZ);
    writeContent(memory, kernel.layout, world.content, TICK_RATE_HZ);
    this.lane = new Lane(kernel, memory);
    this.lane.adopt(this.lane.state.slice(), 0);
  }

  /** Runs a tick. */
  play(): Uint8Array {
    this.#batch.clear();
    if (this.lane.tick === 0) this.#spawn();
    this.#comeAndGo();
    this.#act();
    const batch = inOrder(this.#batch.bytes());
    this.lane.step(batch);
    this.#look();
    return batch;
  }

  /** From the next tick on another kernel runs the zone. Throws WowsimError("layout_mismatch"). */
  swap(kernel: Kernel): void {
    const before = this.lane;
    this.lane = new Lane(kernel, createMemory(kernel));
    new SharedColumns(before, this.lane).copy(true);
    this.lane.adopt(this.lane.state.slice(), before.tick);
  }

  #spawn(): void {
    const place = this.#world.zones.find(({ id }) => id === this.#options.zone) ?? itemAt(this.#world.zones, 0);
    for (const { entityId, template, x, y, z } of place.spawns)
      this.#batch.add(abi.OP_SPAWN, { a: entityId, x, y, z, e: template });
  }

  #comeAndGo(): void {
    const { players } = this.#options;
    const leaving = [...this.#players.keys()].filter(() => this.#random() < LEAVES_A_SECOND / TICK_RATE_HZ);
    for (const session of leaving) {
      this.#players.delete(session);
      this.#batch.add(abi.OP_LEAVE, { session });
    }
    if (this.#players.size >= players || this.lane.tick % TICKS_PER_ARRIVAL !== 0) return;
    const session = ++this.#arrived;
    const player = this.#newPlayer(session);
    const e = this.#classOf(session) | ((LEVEL_MIN + (session % LEVELS)) << 8);
    const [x, y] = [this.#random() * 20 - 10, this.#random() * 20 - 10];
    this.#batch.add(abi.OP_JOIN, { session, flags: abi.JOIN_WATCHES, x, y, e });
    player.client.position = { x, y, z: 0 };
    this.#players.set(session, player);
  }

  #roleOf(session: number): ReturnType<typeof roleOf> {
    const { behaviour } = this.#options;
    const name = behaviour === "mixed" && session % 5 === 0 ? "trader" : behaviour;
    return roleOf(name, session, this.#world.content);
  }

  #classOf(session: number): number {
    const { classes } = this.#world.content;
    const { playerClass } = this.#roleOf(session);
    const wanted = classes.findIndex(({ name }) => name === playerClass);
    return wanted < 0 ? session % classes.length : wanted;
  }

  #newPlayer(session: number): Player {
    const { content } = this.#world;
    const client = new OfflineClient(session, this.#classOf(session), content, TICK_RATE_HZ);
    const random = seededRandom(seedOf(this.#options.seed, this.#options.zone, "bot", session));
    const bot = new Bot(client, random, this.#roleOf(session).behave, this.#book);
    client.onEvent = (event) => bot.onEvent(event);
    return { client, bot };
  }

  /** Each player acts in its turn; actions go into the batch by session. */
  #act(): void {
    const every = Math.max(1, Math.round(TICK_RATE_HZ / this.#options.actionsHz));
    for (const [session, { client, bot }] of this.#players) {
      if ((this.lane.tick + session) % every !== 0) continue;
      if (this.#random() < this.#options.cancels && client.isPlaying) client.cancelCast();
      else bot.act((this.lane.tick * 1_000) / TICK_RATE_HZ);
      for (const record of client.take()) this.#batch.append(record);
    }
  }

  #look(): void {
    const { lane } = this;
    const end = lane.at.frames + outputBytesOf(lane, "frames");
    for (let at = lane.at.frames; at < end;) {
      const length = lane.view.getUint32(at + abi.FRAME_LENGTH, true);
      const session = lane.view.getUint32(at + abi.FRAME_SESSION, true);
      this.#players.get(session)?.client.see(this.#reader.open(lane.bytes, at, length));
      at += length;
    }
  }
}

/** A copy in the order of a server's batches: by session, then by number. */
function inOrder(batch: Uint8Array): Uint8Array {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const word = (record: number, offset: number): number => view.getUint32(record * abi.COMMAND_BYTES + offset, true);
  const records = Array.from({ length: batch.length / abi.COMMAND_BYTES }, (_, record) => record).toSorted(
    (one, other) =>
      word(one, abi.COMMAND_SESSION) - word(other, abi.COMMAND_SESSION) ||
      word(one, abi.COMMAND_SEQ) - word(other, abi.COMMAND_SEQ),
  );
  const copy = new Uint8Array(batch.length);
  for (const [index, record] of records.entries()) {
    const from = record * abi.COMMAND_BYTES;
    copy.set(batch.subarray(from, from + abi.COMMAND_BYTES), index * abi.COMMAND_BYTES);
  }
  return copy;
}
