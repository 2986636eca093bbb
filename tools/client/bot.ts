// A player that plays: asks its behaviour what to do next and does it, one action each time it is asked to act. Takes care
// of what every behaviour needs: it does not move while it casts, remembers which spells were refused, and when it has
// died asks to be revived.

import { distanceBetween, isCasting, isHarmful, MELEE } from "./behaviour.ts";
import type { Action, Behaviour, View } from "./behaviour.ts";
import { playAlone } from "./behaviours/alone.ts";
import type { KnownSpell } from "./game-client-options.ts";
import type { GameClient } from "./game-client.ts";
import type { GameEvent } from "./wire.ts";
import { SpellBook } from "./spell-book.ts";
import type { SpellFacts } from "./spell-book.ts";
import type { SelfState } from "./world-model.ts";

/** Run speed, yards a second. */
const SPEED = 7;
/** Longest stride asked for at once, seconds of running. */
const STRIDE_S_MAX = 1;
/** Reasons for which a spell is not asked for again for a while, and for how long, milliseconds. */
const SPELL_REFUSALS = new Set(["on_cooldown", "no_power", "locked_out"]);
const REFUSED_SPELL_MS = 2_000;
/** Ticks from asking for a spell to its being looked at, at most, as a rule. */
const ASKED_TICKS = 3;
/** While dead, so often it asks to be revived, milliseconds. */
const RELEASE_EVERY_MS = 1_000;

/** A spell that its class has the power for. */
interface Castable {
  spell: KnownSpell;
  facts: SpellFacts;
}

export class Bot {
  readonly client: GameClient;
  readonly #behave: Behaviour;
  readonly #book: SpellBook;
  readonly #random: () => number;
  /** Spells by id, and until which tick they are left alone: on cooldown, or refused. */
  readonly #notBefore = new Map<number, number>();
  /** Made from the client's spells when it was told them. */
  #spells: readonly KnownSpell[] | null = null;
  #castable: Castable[] = [];
  #rangeYd = 0;
  #nowMs = 0;
  #movedAt = 0;
  #releasedAt = Number.NEGATIVE_INFINITY;
  #prey = 0;
  #attacking = 0;
  /** Number of the cast that was asked for last; until it is acknowledged nobody knows whether it runs. */
  #castSeq = 0;
  #turn = 0;
  /** The zone it was in when it acted last, and since when. */
  #zoneId = 0;
  #inZoneSinceMs = 0;

  /** `random` is uniform in [0, 1). Without a `book` it learns cooldowns and costs by being refused. */
  constructor(client: GameClient, random: () => number, behave: Behaviour = playAlone, book = new SpellBook()) {
    this.client = client;
    this.#random = random;
    this.#behave = behave;
    this.#book = book;
  }

  /** What its client was told; see GameClientOptions.onEvent. */
  onEvent(event: GameEvent): void {
    if (event.event !== "refused" || event["action"] !== "cast") return;
    if (!SPELL_REFUSALS.has(String(event["reason"]))) return;
    this.#leaveAlone(Number(event["subject_id"]), event.tick, REFUSED_SPELL_MS);
  }

  /** From asking for it on; one that is interrupted is left alone as long, which does no harm. */
  #coolDown(spellId: number): void {
    const spell = this.client.spells.find(({ id }) => id === spellId);
    if (spell === undefined) return;
    const { castMs, cooldownMs } = this.#book.factsOf(spell);
    if (cooldownMs > 0) this.#leaveAlone(spellId, this.client.world.tick + ASKED_TICKS, castMs + cooldownMs);
  }

  #leaveAlone(spellId: number, tick: number, ms: number): void {
    this.#notBefore.set(spellId, tick + Math.ceil((ms / 1_000) * this.client.tickRateHz));
  }

  /** Exactly one action; false when it can not act, because it is not in the world. `nowMs` of a monotonic clock. */
  act(nowMs: number): boolean {
    this.client.look();
    const { self } = this.client.world;
    if (!this.client.isPlaying || self === null) return false;
    this.#nowMs = nowMs;
    this.#turn++;
    if (this.client.zoneId !== this.#zoneId) [this.#zoneId, this.#inZoneSinceMs] = [this.client.zoneId, nowMs];
    if (self.health === 0) return this.#lieDead();
    if (this.#isCastUnknown() || isCasting(self, this.client.world.tick)) return this.#hold();
    return this.#do(this.#behave(this.#view(self)));
  }

  /** True from asking for a cast until the server has said what became of it; a link that broke meanwhile ends that. */
  #isCastUnknown(): boolean {
    return this.client.ackedSeq < this.#castSeq && this.#castSeq <= this.client.lastSeq;
  }

  #view(self: SelfState): View {
    const { entityId, position, world, spells, portals } = this.client;
    if (spells !== this.#spells) this.#learn(spells);
    return {
      self,
      entityId,
      position,
      tick: world.tick,
      entities: world.entities,
      portals,
      inZoneMs: this.#nowMs - this.#inZoneSinceMs,
      spells: this.#ready(self.power),
      rangeYd: this.#rangeYd,
      prey: this.#prey,
      attacking: this.#attacking,
      turn: this.#turn,
      random: this.#random,
    };
  }

  #learn(spells: readonly KnownSpell[]): void {
    const castable = this.#book.castable(this.client.playerClass, spells);
    this.#spells = spells;
    this.#castable = castable.map((spell) => ({ spell, facts: this.#book.factsOf(spell) }));
    this.#rangeYd = Math.max(0, ...castable.filter(isHarmful).map(({ range_yd }) => range_yd));
  }

  /** Neither on cooldown nor too dear. */
  #ready(power: number): KnownSpell[] {
    const { tick } = this.client.world;
    const ready: KnownSpell[] = [];
    for (const { spell, facts } of this.#castable) {
      if (facts.cost <= power && (this.#notBefore.get(spell.id) ?? 0) <= tick) ready.push(spell);
    }
    return ready;
  }

  #do(action: Action): boolean {
    const { client } = this;
    switch (action.do) {
      case "cast":
        if (action.target !== client.entityId) this.#prey = action.target;
        if (!client.cast(action.spell, action.target)) return false;
        this.#castSeq = client.lastSeq;
        this.#coolDown(action.spell);
        return true;
      case "attack":
        this.#prey = this.#attacking = action.target;
        return client.attack(action.target);
      case "walk":
        return this.#walk(action.x, action.y, action.stopAt);
      case "hold":
        return this.#hold();
    }
  }

  /** A sign of life that changes nothing: strikes on where it can strike, else lets its weapon rest. */
  #hold(): boolean {
    const target = this.client.world.entities.get(this.#attacking);
    if (target !== undefined && target.health > 0 && distanceBetween(this.client.position, target) <= MELEE)
      return this.client.attack(target.id);
    this.#attacking = 0;
    return this.client.stopAttack();
  }

  #lieDead(): boolean {
    this.#prey = this.#attacking = 0;
    if (this.#nowMs - this.#releasedAt < RELEASE_EVERY_MS) return this.client.stopAttack();
    this.#releasedAt = this.#nowMs;
    return this.client.release();
  }

  /** As far as its legs carried it since the last step. */
  #walk(x: number, y: number, stopAt: number): boolean {
    const { position } = this.client;
    const seconds = Math.min(STRIDE_S_MAX, (this.#nowMs - this.#movedAt) / 1_000);
    this.#movedAt = this.#nowMs;
    const distance = Math.max(0.01, Math.hypot(x - position.x, y - position.y));
    const share = Math.min(Math.max(0, distance - stopAt), SPEED * seconds) / distance;
    return this.client.move(position.x + (x - position.x) * share, position.y + (y - position.y) * share, position.z);
  }
}
