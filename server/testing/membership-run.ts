// One run of the membership bench: a stream of everything that can happen to players and zones, drawn from a seed, and looks
// at whether everybody is where they should be.
//
//   const run = new MembershipRun(kernels, 7)
//   run.steps(100_000)         // throws a MembershipFault with the step
//   run.world.counts           // what was reached
//
// A step is one zone's tick, a turn of the main thread, or one thing that happens. While things happen nobody may be wrong for
// longer than WRONG_MS_MAX; every now and then nothing happens any more, and within CALM_MS_MAX everything has to be right:
// each session in one zone and there, each player in a zone with a session, each fault's phantom still where the fault wants it.

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
/** Of nobody: it only takes room in a ring. */
const FILLER = new Command().begin(OP_MOVE, 999_999).bytes;
export const WRONG_MS_MAX = 30_000;
export const CALM_MS_MAX = 20_000;
const PLAYERS_MAX = 16;
/** More than the ladder takes out of one tick: the zone goes DOWN in it. */
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
  /** Longest that something was wrong, while things happened and in a calm, in milliseconds. */
  wrongMsMax = 0;
  calmMsMax = 0;
  readonly #random: () => number;
  readonly #zones: BenchZone[];
  /** What is wrong, and since when. */
  #wrong = new Map<string, number>();
  #turn = 0;
  /** Turns left that the main thread does nothing. */
  #mainStalled = 0;

  readonly #trouble: number;

  /** `trouble`: the share of what kills ticks and zones, which costs most of the time. */
  constructor(kernels: MembershipKernels, seed: number, trouble = 1) {
    this.#trouble = trouble;
    this.world = new BenchWorld(kernels);
    this.#zones = [...this.world.zones.values()];
    this.#random = mulberry32(seed);
  }

  /** Runs so many steps, with a calm every now and then and at the end. Throws MembershipFault. */
  steps(count: number): void {
    const end = this.step + count;
    while (this.step < end) {
      const stretch = Math.min(end, this.step + STRETCH_STEPS);
      while (this.step < stretch) this.#serverTurn(false);
      this.#calm();
    }
    const { misses, ghosts } = this.world.router;
    for (const [why, times] of Object.entries({ ...misses, ghosts })) this.world.counts.set(`mended: ${why}`, times);
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

  /** Something happens. */
  #happen(): void {
    this.step++;
    const { world } = this;
    const zone = this.#pick(this.#zones);
    const dice = this.#random() * 1_000;
    if (dice < 200) {
      if (world.sessions.size < PLAYERS_MAX) world.join(this.#random() < 0.2);
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
  }

  /** What ends a tick, a module or a worker. */
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

  /** A module comes, stays or goes, as deploys have it; the one on trial never stays. */
  #deploy(zone: BenchZone): void {
    if (!zone.isUp) return;
    const { steady, trial } = this.world.kernels;
    const { runner } = zone;
    const isOnTrial = runner.zone.kernel === trial;
    if (!isOnTrial) runner.swap(trial);
    else if (this.#random() < 0.3 && runner.inspect()["canary"] === true) runner.rollback();
    this.world.count(isOnTrial || runner.zone.kernel === steady ? "module kept or taken back" : "module swapped in");
  }

  /** Fills the zone's command ring with what a stranger might send. */
  #flood(zone: BenchZone): void {
    while (!zone.isDead && this.world.send(zone.id, FILLER));
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T;
  }
}

/** Numbers in [0, 1), the same for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What every long enough run has to come to, or it says little. */
export const REACHED: readonly string[] = [
  "rung quarantine",
  "rung rollback",
  "rung down",
  "rollback, crossings under way",
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
];

/** Runs a seed; when it fails, again with fewer steps: the fewest at hand that fail, and what they say. */
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
