// A player that plays: keeps near the spawn point, walks up to the nearest living creature, fights it with weapon and
// spells, asks to be revived when it died. It does one thing each time it is asked to act.

import type { GameClient, KnownSpell } from "./game-client.ts";
import type { KnownEntity } from "./world-model.ts";

/** Run speed, yards a second. */
const SPEED = 7;
/** Yards: within a weapon's reach, with a little to spare. */
const MELEE = 4;
/** Share of its health below which it heals itself. */
const HURT = 0.6;
/** It does not go further from the spawn point than this, yards. */
const HOME_RADIUS = 60;
/** Longest stride asked for at once, seconds of running. */
const STRIDE_S_MAX = 1;

export class Bot {
  readonly client: GameClient;
  readonly #random: () => number;
  #movedAt = 0;
  #target = 0;
  #spellTurn = 0;
  #actions = 0;

  /** `random` is uniform in [0, 1). */
  constructor(client: GameClient, random: () => number) {
    this.client = client;
    this.#random = random;
  }

  /** One action, if there is anything to do. `nowMs` of a monotonic clock. */
  act(nowMs: number): void {
    const { client } = this;
    if (!client.isPlaying) return;
    this.#actions++;
    const self = client.world.self;
    if (self !== null && self.health === 0) {
      this.#target = 0;
      client.release();
      return;
    }
    if (self !== null && self.cast_spell_id !== 0 && self.cast_end_tick > client.world.tick) return this.#wait();
    const prey = this.#nearestPrey();
    if (prey === null) return this.#roam(nowMs);
    this.#fight(prey, nowMs);
  }

  #fight(prey: KnownEntity, nowMs: number): void {
    const { client } = this;
    const distance = this.#distanceTo(prey);
    const spell = this.#readySpell(distance);
    if (spell !== null) {
      client.cast(spell.id, spell.effect === "heal" ? client.entityId : prey.id);
      return;
    }
    if (distance > MELEE) return this.#walkTowards(prey.x, prey.y, prey.z, distance - MELEE / 2, nowMs);
    if (this.#target !== prey.id) {
      this.#target = prey.id;
      client.attack(prey.id);
      return;
    }
    this.#wait();
  }

  /** In the middle of something: every now and then a sign of life, so that the way there and back stays measured. */
  #wait(): void {
    if (this.#actions % 4 === 0 && this.#target !== 0) this.client.attack(this.#target);
  }

  #nearestPrey(): KnownEntity | null {
    let nearest: KnownEntity | null = null;
    let nearestDistance = Number.POSITIVE_INFINITY;
    for (const entity of this.client.world.entities.values()) {
      if (!isFightable(entity) || Math.hypot(entity.x, entity.y) > HOME_RADIUS) continue;
      const distance = this.#distanceTo(entity);
      if (distance >= nearestDistance) continue;
      nearest = entity;
      nearestDistance = distance;
    }
    return nearest;
  }

  #roam(nowMs: number): void {
    const { x, y, z } = this.client.position;
    const isFar = Math.hypot(x, y) > HOME_RADIUS;
    const angle = isFar ? Math.atan2(-y, -x) : this.#random() * 2 * Math.PI;
    this.#walkTowards(x + Math.cos(angle) * 10, y + Math.sin(angle) * 10, z, 10, nowMs);
  }

  /** As far as its legs carried it since the last step. */
  #walkTowards(x: number, y: number, z: number, yards: number, nowMs: number): void {
    const { position } = this.client;
    const seconds = Math.min(STRIDE_S_MAX, (nowMs - this.#movedAt) / 1_000);
    this.#movedAt = nowMs;
    const distance = Math.max(0.01, Math.hypot(x - position.x, y - position.y));
    const share = Math.min(yards, SPEED * seconds) / distance;
    this.client.move(position.x + (x - position.x) * share, position.y + (y - position.y) * share, z);
  }

  /** The next of its spells that makes sense now; null while the global cooldown runs, and every other time. */
  #readySpell(distance: number): KnownSpell | null {
    const { spells, world } = this.client;
    const { self } = world;
    // Every other time the weapon has its turn, so that a spell on cooldown does not keep it from hitting.
    if (self === null || self.gcd_end_tick > world.tick || this.#actions % 2 === 0) return null;
    const isHurt = self.health < self.max_health * HURT;
    const useful = spells.filter((spell) => (spell.effect === "heal" ? isHurt : spell.range_yd >= distance));
    return useful[this.#spellTurn++ % Math.max(1, useful.length)] ?? null;
  }

  #distanceTo(entity: KnownEntity): number {
    const { x, y } = this.client.position;
    return Math.hypot(entity.x - x, entity.y - y);
  }
}

/** Alive, and neither on its way home nor a phantom. */
function isFightable(entity: KnownEntity): boolean {
  return entity.kind === "creature" && entity.health > 0 && entity.flags.every((flag) => flag === "in_combat");
}
