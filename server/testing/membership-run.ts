// One run of the membership bench: a random stream, from a seed, of everything that can happen to players and zones, with
// checks that every player is where it should be.
//
//   const run = new MembershipRun(kernels, 7)
//   run.steps(100_000)         // throws a MembershipFault with the number of the step
//   run.world.counts           // how often each event happened
//
// A step is one zone's tick, a turn of the main thread, or one event. While events happen, no membership may be wrong for
// longer than WRONG_MS_MAX. From time to time there is a calm without events, and within CALM_MS_MAX everything must be right:
// each session in exactly one zone, each player in a zone with a session, each fault's phantom where the fault wants it, each
// character in the world once or stored. No record of a character may ever have less progress than the one before.

import { OP_MOVE } from "../../assembly/abi.ts";
import { Command } from "../protocol/game/command.ts";
import type { Session } from "../main/gateway/session.ts";
import type { MembershipKernels } from "./membership-kernels.ts";
import { BenchWorld, PORTAL } from "./membership-world.ts";
import { PHANTOM_ID } from "./membership-zone.ts";
import type { BenchZone } from "./membership-zone.ts";

/** Steps between two calms. */
const STRETCH_STEPS = 2_500;
const LOOK_TURNS = 20;
/** A command of no session: it only fills a ring. */
const FILLER = new Command().begin(OP_MOVE, 999_999).bytes;
export const WRONG_MS_MAX = 30_000;
export const CALM_MS_MAX = 20_000;
const PLAYERS_MAX = 16;
/** More traps in one tick than recovery retries allow: the zone goes DOWN in it. */
const DEADLY_TRAPS = 25;

export class MembershipFault extends Error {
  readonly step: number;

  constructor(step: number, message: string) {
    super(`After step ${step}: ${message}`);
    this.step = step;
  }
}

export class MembershipRun {
  readonly world: BenchWorld;
  step = 0;
  /** The longest time that something was wrong, during events and in a calm, in milliseconds. */
  wrongMsMax = 0;
  calmMsMax = 0;
  readonly #random: () => number;
  readonly #zones: BenchZone[];
  /** What is wrong now, and the time since when. */
  #wrong = new Map<string, number>();
  #turn = 0;
  /** The number of turns in which the main thread still does nothing. */
  #mainStalled = 0;

  readonly #trouble: number;

  /** `trouble`: the share of events that kill ticks and zones, which cost most of the time. */
  constructor(kernels: MembershipKernels, seed: number, trouble = 1) {
    this.#trouble = trouble;
    this.world = new BenchWorld(kernels);
    this.#zones = [...this.world.zones.values()];
    this.#random = mulberry32(seed);
  }

  /** Runs this many steps, with a calm from time to time and at the end. Throws MembershipFault. */
  steps(count: number): void {
    const end = this.step + count;
    while (this.step < end) {
      const stretch = Math.min(end, this.step + STRETCH_STEPS);
      while (this.step < stretch) this.#serverTurn(false);
      this.#calm();
    }
    const { misses, ghosts } = this.world.router;
    for (const [why, times] of Object.entries({ ...misses, ghosts })) this.world.counts.set(`mended: ${why}`, times);
    const { players, characters, counts } = this.world;
    counts.set("character: progress recorded", players.store.progressed);
    counts.set("character: not recorded", characters.counts.unrecorded);
  }

  #serverTurn(isCalm: boolean): void {
    this.#turn++;
    this.world.passTime();
    for (const zone of this.#zones) zone.run();
    if (this.#mainStalled > 0) this.#mainStalled--;
    else this.world.mainTurn(() => isCalm || this.#random() < 0.9, this.#random() < 0.5);
    this.step += this.#zones.length + 1;
    if (!isCalm) for (let left = Math.floor(this.#random() * 4); left > 0; left--) this.#happen();
    if (this.#turn % LOOK_TURNS === 0) this.#look();
  }

  #look(): void {
    const { ms } = this.world.clock;
    const now = new Map<string, number>();
    const [broken] = this.world.players.store.broken;
    if (broken !== undefined) throw new MembershipFault(this.step, broken);
    for (const fault of this.world.faultsOf(false)) {
      const since = this.#wrong.get(fault) ?? ms;
      now.set(fault, since);
      this.wrongMsMax = Math.max(this.wrongMsMax, ms - since);
      if (ms - since > WRONG_MS_MAX) throw new MembershipFault(this.step, `${fault}, for ${ms - since} ms`);
    }
    this.#wrong = now;
  }

  #calm(): void {
    const { world } = this;
    const begunAt = world.clock.ms;
    this.#mainStalled = 0;
    for (const zone of this.#zones) [zone.stalled, zone.traps, zone.overloadLevel] = [0, 0, 0];
    for (;;) {
      this.#serverTurn(true);
      const faults = [...world.faultsOf(true), ...this.#zonesNotUp()];
      const ms = world.clock.ms - begunAt;
      this.calmMsMax = Math.max(this.calmMsMax, ms);
      if (faults.length === 0) break;
      if (ms > CALM_MS_MAX) throw new MembershipFault(this.step, `${faults.join("; ")}, ${ms} ms after the last fault`);
    }
    world.count("calm");
  }

  #zonesNotUp(): string[] {
    return this.#zones.flatMap((zone) => {
      if (!zone.isUp || zone.state === "DOWN") return [`zone ${zone.id} is DOWN`];
      return zone.has(PHANTOM_ID) ? [] : [`the phantom is not in zone ${zone.id}`];
    });
  }

  /** Makes one random event happen. */
  #happen(): void {
    this.step++;
    const { world } = this;
    const zone = this.#pick(this.#zones);
    const dice = this.#random() * 1_000;
    if (dice < 200) {
      if (this.#random() < 0.4) world.players.login(world, this.#random());
      else if (world.sessions.size < PLAYERS_MAX) world.join(this.#random() < 0.2);
    } else if (dice < 280) this.#withSession((session) => world.leave(session));
    else if (dice < 380) this.#withSession((session) => world.loseLink(session));
    else if (dice < 520) this.#withSession((session) => world.resume(session));
    else if (dice < 820) this.#intoPortal();
    else if (dice < 870) {
      if (this.#random() < this.#trouble) this.#harm(zone);
    } else if (dice < 900) zone.stalled = Math.floor(this.#random() * 10);
    else if (dice < 910) this.#mainStalled = Math.floor(this.#random() * 12);
    else if (dice < 911) this.#mainStalled = 80;
    else if (dice < 930) zone.overloadLevel = this.#random() < 0.3 ? 5 : 0;
    else if (dice < 950) this.#flood(zone);
    else this.#withSession((session) => world.players.advance(world, session));
  }

  /** An event that ends a tick, a module or a worker. */
  #harm(zone: BenchZone): void {
    const dice = this.#random() * 50;
    if (dice < 15) zone.traps += 1 + Math.floor(this.#random() * 2);
    else if (dice < 17) zone.traps = DEADLY_TRAPS;
    else if (dice < 19) this.world.killWorker(zone);
    else this.#deploy(zone);
  }

  #withSession(act: (session: Session) => void): void {
    const { sessions } = this.world;
    if (sessions.size === 0) return;
    let skip = Math.floor(this.#random() * sessions.size);
    for (const session of sessions.values()) if (skip-- === 0) return act(session);
  }

  #intoPortal(): void {
    this.#withSession(({ id, zoneId }) => this.world.zones.get(zoneId)?.places.push({ session: id, ...PORTAL }));
  }

  /** Swaps a module in, keeps it, rolls it back or undoes it, as a deploy does; the one on trial is never promoted. */
  #deploy(zone: BenchZone): void {
    const { steady, trial } = this.world.kernels;
    const { runner } = zone;
    if (!zone.isUp || runner.undo.isRunning) return;
    const isOnTrial = runner.zone.kernel === trial;
    if (!isOnTrial && runner.undo.look().open !== null && this.#random() < 0.7) {
      runner.undo.start({ isDry: false, reason: "" });
      return this.world.count("undo begun");
    }
    if (!isOnTrial) runner.swap(trial);
    else if (this.#random() < 0.3 && runner.inspect()["canary"] === true) runner.rollback();
    this.world.count(isOnTrial || runner.zone.kernel === steady ? "module kept or taken back" : "module swapped in");
  }

  /** Fills the zone's command ring with messages that an attacker might send. */
  #flood(zone: BenchZone): void {
    while (!zone.isDead && this.world.send(zone.id, FILLER));
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T;
  }
}

/** Numbers in [0, 1), the same for the same seed (the mulberry32 generator). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The events that a long run must have reached to prove much. */
export const REACHED: readonly string[] = [
  "step quarantine",
  "step rollback",
  "step down",
  "rollback, crossings under way",
  "undo begun",
  "undone",
  "undone, players differ",
  "undone, with leavers",
  "worker death",
  "worker death, crossings under way",
  "full command ring",
  "frames lost",
  "no zone for a newcomer",
  "leave while crossing",
  "link lost while crossing",
  "resumed while crossing",
  "mended: refused",
  "mended: quarantined",
  "mended: undone",
  "mended: absent",
  "mended: ghosts",
  "login with a record",
  "login during the logout",
  "character: progress recorded",
  "character: not recorded",
];

/** Repeats a failed seed with fewer steps: returns the shortest failing run found, and its faults. */
export function shortest(kernels: MembershipKernels, seed: number, trouble: number, failed: MembershipFault): string {
  let [good, bad] = [0, failed.step];
  let { message } = failed;
  while (bad - good > 16) {
    const middle = (good + bad) >> 1;
    try {
      new MembershipRun(kernels, seed, trouble).steps(middle);
      good = middle;
    } catch (error) {
      if (!(error instanceof MembershipFault)) throw error;
      [bad, message] = [middle, error.message];
    }
  }
  return `seed ${seed}, ${bad} steps: ${message}`;
}
