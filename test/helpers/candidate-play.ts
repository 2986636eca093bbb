// A play in which every rule happens that a candidate of assembly/candidates changes: camps with players of all classes who
// fight, cast, heal, cancel, die and come back; a chase to the end of a leash; ten curses on one creature; trades; in the end a
// crowd. The kernel itself plays it once, and what it is told is the recording.
//
//   const { state, batches } = recordPlay(kernel)      // 740 ticks; the same for the same kernel

import * as abi from "../../assembly/abi.ts";
import { createMemory, instantiate } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadContent } from "../../server/protocol/content/load.ts";
import type { Content } from "../../server/protocol/content/content.ts";
import { seededRandom } from "../../server/protocol/seeded-random.ts";
import { writeContent } from "../../server/zone/content-tables.ts";
import { Lane } from "../../server/lockstep/lane.ts";
import { kernelEvents } from "./kernel-events.ts";
import type { KernelEvent } from "./kernel-events.ts";
import { commandBytes } from "./zone-commands.ts";
import type { Command } from "./zone-commands.ts";

export interface Play {
  /** Before the first tick. */
  state: Uint8Array;
  batches: Uint8Array[];
}

const TICKS = 740;
const TICK_RATE_HZ = 20;
const LEVEL = 10;
const FIRST_CREATURE = 1_000_001;
/** Players in each camp act in turn, each in one tick of so many. */
const ACTS_EVERY = 8;
const CAMPS = 8;
const CAMPERS = 5;
/** Camps lie on a line, so many yards apart; the first one far from where players come back to life. */
const CAMP_YARDS = 70;
/** Somebody who runs from a creature, and the creature. */
const RUNNER = { id: 60, foe: FIRST_CREATURE + 500, x: -300, y: 0 };
const CURSER_IDS = Array.from({ length: 10 }, (_, index) => 70 + index);
const CURSED = { id: FIRST_CREATURE + 600, x: 0, y: -400 };
const CROWD_IDS = Array.from({ length: 70 }, (_, index) => 200 + index);
const CROWD_TICK = TICKS - 80;
const CORRUPTION = 150;
/** A dead player gives up its body after so many ticks. */
const RELEASE_TICKS = 45;

interface Camper {
  id: number;
  classIndex: number;
  x: number;
  y: number;
  foes: number[];
  mates: number[];
}

export function recordPlay(kernel: Kernel): Play {
  const content = loadContent();
  const memory = createMemory(kernel);
  const exports = instantiate(kernel, memory);
  exports.init(7, 1, TICK_RATE_HZ);
  writeContent(memory, kernel.layout, content, TICK_RATE_HZ);
  exports.hash();
  const lane = new Lane(kernel, memory);
  const state = lane.state.slice();
  const director = new Director(content);
  const batches: Uint8Array[] = [];
  let events: KernelEvent[] = [];
  for (let tick = 1; tick <= TICKS; tick++) {
    const batch = commandBytes(director.commands(tick, events));
    lane.step(batch);
    batches.push(batch);
    events = kernelEvents(lane.view, kernel.layout, lane.view.getUint32(lane.at.eventCount, true));
  }
  return { state, batches };
}

class Director {
  readonly #content: Content;
  readonly #random = seededRandom(3);
  readonly #campers: Camper[];
  readonly #releases = new Map<number, number>();
  #seq = 0;

  constructor(content: Content) {
    this.#content = content;
    this.#campers = Array.from({ length: CAMPS * CAMPERS }, (_, index) => this.#camper(index));
  }

  /** What happens in a tick, given the events of the tick before: the host's commands, then the players' by session. */
  commands(tick: number, events: readonly KernelEvent[]): Command[] {
    const host = [...(tick === 1 ? this.#creatures() : []), ...runs(tick)];
    const players = [...this.#joins(tick), ...this.#answers(tick, events), ...this.#acts(tick), ...this.#curses(tick)];
    if (tick === 20) players.push({ op: abi.OP_ATTACK, session: RUNNER.id, a: RUNNER.foe });
    if (tick === 25) players.push({ op: abi.OP_STOP_ATTACK, session: RUNNER.id });
    players.sort((one, other) => (one.session ?? 0) - (other.session ?? 0));
    return [...host, ...players].map((command) => ({ seq: ++this.#seq, ...command }));
  }

  #camper(index: number): Camper {
    const camp = Math.floor(index / CAMPERS);
    const first = camp * CAMPERS + 1;
    return {
      id: index + 1,
      classIndex: index % this.#content.classes.length,
      x: CAMP_YARDS * (camp + 2) + 2,
      y: index % CAMPERS,
      foes: [0, 1, 2].map((foe) => FIRST_CREATURE + camp * 3 + foe),
      mates: Array.from({ length: CAMPERS }, (_, mate) => first + mate).filter((id) => id !== index + 1),
    };
  }

  #creatures(): Command[] {
    const spawn = (id: number, kind: string, x: number, y: number): Command => {
      return { op: abi.OP_SPAWN, a: id, x, y, e: this.#content.creatures.findIndex(({ name }) => name === kind) };
    };
    const kinds = this.#content.creatures.map(({ name }) => name);
    const camps = Array.from({ length: CAMPS * 3 }, (_, index) => {
      const kind = kinds[index % kinds.length] ?? "";
      return spawn(FIRST_CREATURE + index, kind, CAMP_YARDS * (Math.floor(index / 3) + 2), index % 3);
    });
    const chaser = spawn(RUNNER.foe, "Young Boar", RUNNER.x + 2, RUNNER.y);
    return [...camps, chaser, spawn(CURSED.id, "Hogger", CURSED.x, CURSED.y)];
  }

  #joins(tick: number): Command[] {
    if (tick === CROWD_TICK) return CROWD_IDS.map((id) => join(id, 0, CAMP_YARDS * 2 + (id % 10), Math.floor(id / 10)));
    if (tick !== 2) return [];
    const warlock = this.#content.classes.findIndex(({ spells }) => spells.includes(CORRUPTION));
    return [
      ...this.#campers.map(({ id, classIndex, x, y }) => join(id, classIndex, x, y)),
      join(RUNNER.id, 0, RUNNER.x, RUNNER.y),
      ...CURSER_IDS.map((id) => join(id, warlock, CURSED.x + 24, CURSED.y + (id % 5))),
    ];
  }

  /** The dead release; who has looted gold offers a coin; who is offered something accepts. */
  #answers(tick: number, events: readonly KernelEvent[]): Command[] {
    const commands: Command[] = [];
    for (const { kind, info, source, target, a } of events) {
      const mate = this.#campers[source - 1]?.mates[0];
      if (kind === "killed" && target < FIRST_CREATURE) this.#releases.set(target, tick + RELEASE_TICKS);
      if (kind === "loot" && a >> abi.STACK_KIND_SHIFT === abi.ITEM_GOLD && mate !== undefined)
        commands.push({ op: abi.OP_TRADE_OFFER, session: source, a: mate, b: 1 });
      if (kind === "trade" && info === abi.TRADE_OFFERED)
        commands.push({ op: abi.OP_TRADE_ACCEPT, session: target, a: source, b: a });
    }
    for (const [session, due] of this.#releases) {
      if (due !== tick) continue;
      commands.push({ op: abi.OP_RELEASE, session });
      this.#releases.delete(session);
    }
    return commands;
  }

  #acts(tick: number): Command[] {
    if (tick < 10) return [];
    return this.#campers.filter(({ id }) => (tick + id) % ACTS_EVERY === 0).map((camper) => this.#act(camper));
  }

  #act({ id: session, classIndex, x, y, foes, mates }: Camper): Command {
    const foe = this.#one(foes);
    const choice = this.#random();
    if (choice < 0.45) {
      const spell = this.#one(this.#content.classes[classIndex]?.spells ?? []);
      const effect = this.#content.spells.find(({ id }) => id === spell)?.effect;
      const isKind = effect === "heal" || effect === "help";
      return { op: abi.OP_CAST, session, a: isKind ? this.#one([session, ...mates]) : foe, b: spell };
    }
    if (choice < 0.75) return { op: abi.OP_ATTACK, session, a: foe };
    if (choice < 0.8) return { op: abi.OP_CANCEL_CAST, session };
    return { op: abi.OP_MOVE, session, x: x + this.#random() * 4 - 2, y: y + this.#random() * 4 - 2 };
  }

  #curses(tick: number): Command[] {
    if (tick < 30 || tick > 110) return [];
    return CURSER_IDS.filter((id) => (tick + id) % 40 === 0).map((session) => {
      return { op: abi.OP_CAST, session, a: CURSED.id, b: CORRUPTION };
    });
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!;
  }
}

function join(session: number, classIndex: number, x: number, y: number): Command {
  return { op: abi.OP_JOIN, session, flags: abi.JOIN_WATCHES, x, y, e: classIndex | (LEVEL << 8) };
}

/** The runner keeps its distance from the creature, which is faster than its fear. */
function runs(tick: number): Command[] {
  const isFirst = tick === 30;
  if (!isFirst && (tick <= 30 || tick % 60 !== 0)) return [];
  const seconds = (tick - 30) / TICK_RATE_HZ;
  return [{ op: abi.OP_PLACE, a: RUNNER.id, x: RUNNER.x - 40 - seconds * 6, y: RUNNER.y }];
}
