// A crowd that nobody saw: more players than the recording has, standing together around some creatures, all casting and fighting. What
// shows only in crowds (slow with many players, lists that run full) is found with a recording of a quiet evening.
//
//   const crowd = new CrowdCommands(lane, { seed: 7, players: 250 })
//   const batch = crowd.add(recorded)      // before each tick
//
// They come within the first ticks, 25 in each, and act once in half a second: the spells of their classes at their creature or at each
// other, a blow, a step.

import * as abi from "../../assembly/abi.ts";
import type { Lane } from "../lockstep/lane.ts";
import { Command } from "../protocol/game/command.ts";
import type { CommandFields } from "../protocol/game/command.ts";
import { seededRandom } from "../protocol/seeded-random.ts";
import { freeSessions } from "./free-sessions.ts";
import { ZoneLook } from "./zone-look.ts";

export interface CrowdOptions {
  seed: number;
  /** As many come as the zone lacks. */
  players: number;
  /** All that will be given to `add`: the crowd gets sessions that these do not have. */
  batches: readonly Uint8Array[];
}

const ARRIVALS_PER_TICK = 25;
/** Players around one creature. */
const CLUSTER = 40;
const SPREAD_YD = 4;
const TICKS_PER_ACTION = 10;
const LEVEL = 12;

interface Member {
  session: number;
  classIndex: number;
  /** Row of the creature that it stands around; -1: there is none. */
  prey: number;
  x: number;
  y: number;
  seq: number;
}

export class CrowdCommands {
  /** By opcode, how often it was given. */
  readonly given = new Map<number, number>();
  readonly #lane: Lane;
  readonly #look: ZoneLook;
  readonly #random: () => number;
  readonly #players: number;
  readonly #sessions: readonly number[];
  readonly #members: Member[] = [];
  readonly #command = new Command();
  readonly #bytes: Uint8Array;
  #length = 0;
  #wanted = -1;

  constructor(lane: Lane, { seed, players, batches }: CrowdOptions) {
    this.#lane = lane;
    this.#look = new ZoneLook(lane);
    this.#random = seededRandom(seed);
    this.#players = players;
    this.#sessions = freeSessions(this.#look, batches, players, this.#random);
    this.#bytes = new Uint8Array(lane.at.commandsMax * abi.COMMAND_BYTES);
  }

  /** The batch with more commands after its own; valid until the next call. */
  add(batch: Uint8Array): Uint8Array {
    this.#bytes.set(batch);
    this.#length = batch.length;
    this.#look.refresh();
    if (this.#wanted < 0) this.#wanted = Math.max(0, this.#players - this.#look.players.length);
    const arrivals = Math.min(ARRIVALS_PER_TICK, this.#wanted - this.#members.length);
    for (const [index, member] of this.#members.entries())
      if ((this.#lane.tick + index) % TICKS_PER_ACTION === 0) this.#act(member);
    for (let count = 0; count < arrivals; count++) this.#enter();
    return this.#bytes.subarray(0, this.#length);
  }

  #enter(): void {
    const index = this.#members.length;
    const prey = this.#preyOf(Math.floor(index / CLUSTER));
    const centre = prey < 0 ? { x: 0, y: 0 } : this.#look.placeOf(prey);
    const { index: classIndex = 0 } = this.#look.classes[index % Math.max(1, this.#look.classes.length)] ?? {};
    const [x, y] = [centre.x + this.#stray(), centre.y + this.#stray()];
    const member = { session: this.#sessions[index] ?? 0, classIndex, prey, x, y, seq: 0 };
    this.#members.push(member);
    const e = classIndex | (LEVEL << 8);
    this.#record(abi.OP_JOIN, { session: member.session, flags: abi.JOIN_WATCHES | abi.JOIN_GUEST, x, y, e });
  }

  /** Each cluster has a creature of its own, as far as there are some. */
  #preyOf(cluster: number): number {
    const { creatures } = this.#look;
    return creatures[(cluster * CLUSTER) % Math.max(1, creatures.length)] ?? -1;
  }

  #act(member: Member): void {
    const choice = this.#random();
    const prey = member.prey < 0 ? 0 : this.#look.idOf(member.prey);
    if (choice < 0.2) {
      const [x, y] = [member.x + this.#stray() / 2, member.y + this.#stray() / 2];
      return this.#give(member, abi.OP_MOVE, { x, y, z: 0 });
    }
    if (choice < 0.35) return this.#give(member, abi.OP_ATTACK, { a: prey });
    const spells = this.#look.classes.find(({ index }) => index === member.classIndex)?.spells ?? [];
    const spell = spells[Math.floor(this.#random() * spells.length)] ?? 1;
    const mate = this.#members[Math.floor(this.#random() * this.#members.length)]?.session ?? 0;
    this.#give(member, abi.OP_CAST, { a: this.#random() < 0.7 ? prey : mate, b: spell });
  }

  #stray(): number {
    return (this.#random() * 2 - 1) * SPREAD_YD;
  }

  #give(member: Member, op: number, fields: CommandFields): void {
    this.#record(op, { session: member.session, seq: ++member.seq, ...fields });
  }

  #record(op: number, fields: CommandFields): void {
    if (this.#length + abi.COMMAND_BYTES > this.#bytes.length) return;
    this.#bytes.set(this.#command.set(op, fields).bytes, this.#length);
    this.#length += abi.COMMAND_BYTES;
    this.given.set(op, (this.given.get(op) ?? 0) + 1);
  }
}
