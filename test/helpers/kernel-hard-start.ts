// A zone in a rare state, reached in few ticks: a crowd around one creature, everybody near death, with auras that will burn on,
// full lists, a creature on its way home. From here random commands (kernel-chaos.ts) get where from an empty zone they never do.
//
//   hardStart(zone, 7, () => coverage.look(zone))    // 7: who is how near to death; called after every tick
//   give(zone, commands); zone.run(); ...

import * as abi from "../../assembly/abi.ts";
import { seededRandom } from "../../server/protocol/seeded-random.ts";
import { give, opening } from "./kernel-chaos.ts";
import type { KernelZone } from "./kernel-zone.ts";

const FIRST_CREATURE = 1_000_001;
const ROOTER = FIRST_CREATURE + 20;
const BURNER = FIRST_CREATURE + 21;
/** More than a threat table holds. */
const CROWD = 30;
const FIRST_OF_CROWD = 101;
/** Of CHAOS_CONTENT: damage over time, healing over time, absorption, a plain blow, and a channel. */
const [BLOW, PLAGUE, RENEW, SHIELD, CHANNEL] = [1, 6, 7, 8, 12];
/** Their templates in CHAOS_CONTENT: they root, and burn. */
const [WEAVER, VIPER] = [4, 5];
/** A point less than a level takes, so that any kill makes one. */
const NEARLY_A_LEVEL = 7_599;

type Run = (ticks?: number) => void;

export function hardStart(zone: KernelZone, seed: number, look: () => void): void {
  const run: Run = (ticks = 1) => {
    for (let done = 0; done < ticks; done++) {
      zone.run();
      look();
    }
  };
  const random = seededRandom(seed);
  give(zone, opening());
  const crowd = Array.from({ length: CROWD }, (_, index) => FIRST_OF_CROWD + index);
  for (const id of crowd) {
    const flags = id % 2 === 0 ? abi.JOIN_GUEST : 0;
    zone.command(abi.OP_JOIN, { session: id, flags, x: id % 6, y: 8 + (id % 5), e: (id % 3) | (10 << 8) });
  }
  zone.command(abi.OP_SPAWN, { a: ROOTER, x: 4, y: 2, e: WEAVER });
  zone.command(abi.OP_SPAWN, { a: BURNER, x: 8, y: 2, e: VIPER });
  run();
  fightAll(zone, run, crowd, true);
  wound(zone, random);
  run(45);
  bringBackSome(zone, run, random);
  fightAll(zone, run, crowd, false);
  sendHome(zone, run, FIRST_CREATURE + 1);
  fillCooldowns(zone, 1);
  duel(zone, run);
  wound(zone, random);
}

/** Everybody on the first creature's table, or off it again; on all others a few; auras on all, stacked by some. */
function fightAll(zone: KernelZone, run: Run, crowd: readonly number[], isShielded: boolean): void {
  for (const id of crowd) zone.cast(id, id % 3 === 0 ? BLOW : PLAGUE, FIRST_CREATURE).attack(id, FIRST_CREATURE);
  run();
  for (const id of crowd) zone.cast(id, RENEW, 1 + (id % 8));
  for (let player = 1; player <= 8; player++) zone.cast(player, PLAGUE, FIRST_CREATURE + player - 1);
  run();
  for (let player = 1; player <= 8; player++) zone.cast(player, PLAGUE, FIRST_CREATURE + player - 1);
  for (let index = 2; index < 8; index++) zone.cast(FIRST_OF_CROWD + index, PLAGUE, FIRST_CREATURE + index);
  for (const id of [10, 11, 12].map((index) => FIRST_OF_CROWD + index)) zone.cast(id, PLAGUE, ROOTER);
  for (const id of [13, 14, 15].map((index) => FIRST_OF_CROWD + index)) zone.cast(id, PLAGUE, BURNER);
  run();
  if (isShielded) for (let player = 1; player <= 8; player++) zone.cast(player, SHIELD, player);
  run();
}

/** Of those who died some are released, as ghosts or alive. */
function bringBackSome(zone: KernelZone, run: Run, random: () => number): void {
  for (const id of zone.rows().keys())
    if (id < FIRST_CREATURE && zone.hasFlag(id, abi.ENTITY_DEAD) && random() < 0.5)
      zone.set(id, "DEATH_TICK", (zone.tick - 60) >>> 0).release(id, random() < 0.5 ? abi.RELEASE_AS_GHOST : 0);
  run();
}

/** Whom a creature hits channels at it; it casts as soon as it may; some are immune to being stunned, some have no power. */
function duel(zone: KernelZone, run: Run): void {
  for (const id of zone.rows().keys()) {
    if (id % 4 === 3 && id < FIRST_CREATURE) zone.set(id, "POWER", 0);
    if (id === 3) zone.set(id, "PLAYER_DIMINISHED", ((zone.tick + 300) << 2) | 3);
    const target = id < FIRST_CREATURE ? 0 : zone.get(id, "TARGET");
    if (target === 0 || zone.row(target) < 0) continue;
    zone
      .set(id, "CREATURE_TIMER", zone.tick + 3)
      .set(id, "SWING_NEXT", zone.tick + 6)
      .cast(target, CHANNEL, id);
    if (id < ROOTER && !zone.hasFlag(target, abi.ENTITY_DEAD)) zone.set(target, "HEALTH", 1);
  }
  run(5);
  for (const id of zone.rows().keys()) if (id < FIRST_CREATURE) zone.move(id, 3, 9).cast(id, BLOW, BURNER);
  run(3);
}

/** Far from its spawn point and from all it hates, a creature that has not been hit for long gives up. */
function sendHome(zone: KernelZone, run: Run, creature: number): void {
  zone.place(creature, 60, 60);
  run();
  zone.set(creature, "CREATURE_LEASH_TICK", (zone.tick - 301) >>> 0);
  for (const player of zone.threat(creature).keys()) zone.leave(player);
  run();
}

/** All places taken by spells that nobody has. */
function fillCooldowns(zone: KernelZone, player: number): void {
  const { layout } = zone.kernel;
  const room = layout.value("COOLDOWNS_MAX");
  if (zone.row(player) < 0) return;
  const first = zone.row(player) * room;
  for (let slot = 0; slot < room; slot++) {
    zone.view.setUint32(layout.value("COOLDOWN_SPELL") + (first + slot) * 4, 3_000 + slot, true);
    zone.view.setUint32(layout.value("COOLDOWN_END") + (first + slot) * 4, zone.tick + 10_000, true);
  }
  zone.set(player, "PLAYER_COOLDOWN_COUNT", room);
}

/** Nearly dead, nearly a level higher, or whole, by chance; the crowd's creature mostly lasts. */
function wound(zone: KernelZone, random: () => number): void {
  const lasts = random() < 0.7;
  for (const id of zone.rows().keys()) {
    if (zone.hasFlag(id, abi.ENTITY_DEAD)) continue;
    const share = random();
    if (id === FIRST_CREATURE && lasts) zone.set(id, "MAX_HEALTH", 4_000).set(id, "HEALTH", 4_000);
    else if (share < 0.6) zone.set(id, "HEALTH", Math.min(1 + Math.floor(random() * 30), zone.get(id, "HEALTH")));
    if (id < FIRST_CREATURE && share > 0.3) zone.set(id, "PLAYER_EXPERIENCE", NEARLY_A_LEVEL);
  }
}
