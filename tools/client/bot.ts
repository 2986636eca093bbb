// A player that plays: each time it may act, it asks its behaviour for the next action and does it. It handles
// what every behaviour needs: it does not move while it casts, remembers which spells were refused, and asks to be revived
// when it has died.

import { distanceBetween, isCasting, isHarmful, MELEE } from "./behaviour.ts";
import type { Action, Behaviour, View } from "./behaviour.ts";
import { playAlone } from "./behaviours/alone.ts";
import type { KnownSpell } from "./game-client-options.ts";
import type { GameClient } from "./game-client.ts";
import type { GameEvent } from "./wire.ts";
import { acceptOf, cancelOf, offerTo } from "./trades.ts";
import type { Goods, Offer } from "./trades.ts";
import { SpellBook } from "./spell-book.ts";
import type { SpellFacts } from "./spell-book.ts";
import type { SelfState } from "./world-model.ts";

/** Run speed, yards a second. */
const SPEED = 7;
/** The longest distance of one move request, as seconds of running. */
const STRIDE_S_MAX = 1;
/** After a refusal for one of these reasons, the spell is not used for a while, milliseconds. */
const SPELL_REFUSALS = new Set(["on_cooldown", "no_power", "locked_out"]);
const REFUSED_SPELL_MS = 2_000;
/** Usual maximum number of ticks between a cast request and its handling. */
const ASKED_TICKS = 3;
/** While dead, it asks to be revived this often, milliseconds. */
const RELEASE_EVERY_MS = 1_000;

const NO_OFFERS: readonly Offer[] = [];

/** A spell that its class has the power for. */
interface Castable {
  spell: KnownSpell;
  facts: SpellFacts;
}

/** What a bot needs of a client: another one may stand for the one with a socket. */
export type BotClient = Pick<
  GameClient,
  | "look"
  | "isPlaying"
  | "world"
  | "zoneId"
  | "entityId"
  | "position"
  | "portals"
  | "spells"
  | "playerClass"
  | "tickRateHz"
  | "ackedSeq"
  | "lastSeq"
  | "move"
  | "cast"
  | "attack"
  | "stopAttack"
  | "trade"
  | "release"
>;

export class Bot<Client extends BotClient = GameClient> {
  readonly client: Client;
  readonly #behave: Behaviour;
  readonly #book: SpellBook;
  readonly #random: () => number;
  /** By spell id: the tick until which the spell is not used, because it is on cooldown or was refused. */
  readonly #notBefore = new Map<number, number>();
  /** Computed from the client's spells once the server has sent them. */
  #spells: readonly KnownSpell[] | null = null;
  #castable: Castable[] = [];
  #rangeYd = 0;
  /** Offers of a trade to it, by their makers: each has one at most. */
  readonly #offers = new Map<number, Offer>();
  #nowMs = 0;
  #movedAt = 0;
  #releasedAt = Number.NEGATIVE_INFINITY;
  #prey = 0;
  #attacking = 0;
  /** Number of the newest cast action; until it is acknowledged, it is not known whether the cast runs. */
  #castSeq = 0;
  #turn = 0;
  /** The zone of its last action, and the time since which it is there. */
  #zoneId = 0;
  #inZoneSinceMs = 0;

  /** `random` is uniform in [0, 1). Without a `book` it learns cooldowns and costs from refusals. */
  constructor(client: Client, random: () => number, behave: Behaviour = playAlone, book = new SpellBook()) {
    this.client = client;
    this.#random = random;
    this.#behave = behave;
    this.#book = book;
  }

  /** Handles an event that its client received; see GameClientOptions.onEvent. */
  onEvent(event: GameEvent): void {
    if (event.event === "trade") return this.#onTrade(event);
    if (event.event !== "refused" || event["action"] !== "cast") return;
    if (!SPELL_REFUSALS.has(String(event["reason"]))) return;
    this.#leaveAlone(Number(event["subject_id"]), event.tick, REFUSED_SPELL_MS);
  }

  #onTrade({ outcome, maker_id, partner_id, offer_id, gives, wants, end_tick }: GameEvent): void {
    if (partner_id !== this.client.entityId) return;
    const [maker, offer, endTick] = [Number(maker_id), Number(offer_id), Number(end_tick)];
    if (outcome !== "offered") this.#offers.delete(maker);
    else this.#offers.set(maker, { maker, offer, endTick, gives: gives as Goods[], wants: wants as Goods[] });
  }

  /** The cooldown counts from the request. An interrupted spell is left unused just as long, which does no harm. */
  #coolDown(spellId: number): void {
    const spell = this.client.spells.find(({ id }) => id === spellId);
    if (spell === undefined) return;
    const { castMs, cooldownMs } = this.#book.factsOf(spell);
    if (cooldownMs > 0) this.#leaveAlone(spellId, this.client.world.tick + ASKED_TICKS, castMs + cooldownMs);
  }

  #leaveAlone(spellId: number, tick: number, ms: number): void {
    this.#notBefore.set(spellId, tick + Math.ceil((ms / 1_000) * this.client.tickRateHz));
  }

  /** Does exactly one action; false when it can not act, because it is not in the world. `nowMs` is of a monotonic clock. */
  act(nowMs: number): boolean {
    this.client.look();
    const { self } = this.client.world;
    if (!this.client.isPlaying || self === null) return false;
    this.#nowMs = nowMs;
    this.#turn++;
    if (this.client.zoneId !== this.#zoneId) this.#enterZone(nowMs);
    if (self.health === 0) return this.#lieDead();
    if (this.#isCastUnknown() || isCasting(self, this.client.world.tick)) return this.#hold();
    return this.#do(this.#behave(this.#view(self)));
  }

  #enterZone(nowMs: number): void {
    [this.#zoneId, this.#inZoneSinceMs] = [this.client.zoneId, nowMs];
    this.#offers.clear();
  }

  /** True from a cast request until the server has answered it; a broken link also ends this. */
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
      inventory: world.inventory,
      offers: this.#offers.size === 0 ? NO_OFFERS : [...this.#offers.values()],
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

  /** The spells that are not on cooldown and cost no more than `power`. */
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
      case "offer":
        return client.trade(offerTo(action.target, action.give, action.want));
      case "accept":
      case "decline":
        this.#offers.delete(action.maker);
        return client.trade((action.do === "accept" ? acceptOf : cancelOf)(action.maker, action.offer));
      case "hold":
        return this.#hold();
    }
  }

  /** An action that changes nothing: continues the weapon attack if the target is in reach, else stops it. */
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

  /** Walks as far as it could run since the last step. */
  #walk(x: number, y: number, stopAt: number): boolean {
    const { position } = this.client;
    const seconds = Math.min(STRIDE_S_MAX, (this.#nowMs - this.#movedAt) / 1_000);
    this.#movedAt = this.#nowMs;
    const distance = Math.max(0.01, Math.hypot(x - position.x, y - position.y));
    const share = Math.min(Math.max(0, distance - stopAt), SPEED * seconds) / distance;
    return this.client.move(position.x + (x - position.x) * share, position.y + (y - position.y) * share, position.z);
  }
}
