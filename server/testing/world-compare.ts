// Whether what players know is what their zones know, at one and the same tick: a zone is looked into over the control port,
// and the model that each of its players has of that tick is held against it, entity by entity.
//
//   const check = new WorldCheck(operator, clients)
//   await check.zone(3)
//   check.result()     // { checks: 1, clients: 625, fewest: 1, entities: 8123, differing: 0, examples: [], unseen: 0, ... }
//
// While a zone is looked into its players look at nothing they are told, so that none is past the tick of the look; then
// each looks up to that tick, no further, and is compared. A look shows up to 400 entities of a zone, the next one others.

import { least, ratio, sum } from "../../tools/analysis/measured.ts";
import type { Measured } from "../../tools/analysis/measured.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { ControlAnswer, ControlClient } from "../../tools/client/control-client.ts";
import type { GameClient } from "../../tools/client/game-client.ts";

const PATIENCE_MS = 3_000;
/** Longer than a look into a zone is given again. */
const LOOK_AGAIN_MS = 250;
const LOOKS_MAX = 5;
/** As many as inspect_zone knows. */
const TURNS = 21;
const LOOK_MS = 10;
const EXAMPLES_MAX = 5;
/** Coordinates come rounded to a hundredth of a yard. */
const ROUNDING_YD = 0.0101;

export interface Comparison {
  /** Looks into a zone. */
  checks: number;
  /** Players who were compared at least once, and how often the one who was least. */
  clients: number;
  fewest: Measured;
  /** What was compared: one of a player's known entities each. */
  entities: number;
  differing: number;
  examples: string[];
  /** Zones that did not let themselves be looked into. */
  unseen: number;
  /** Players who, at a check, had not been told of a later tick in time. */
  behind: number;
  /** Of the players shown, the least share that was in combat at a check. */
  in_combat_min: Measured;
  in_combat: Measured;
}

interface Shown {
  id: number;
  is: string;
  x: number;
  y: number;
  health: number;
  target: number;
  states: string[];
}

interface Look {
  tick: number;
  entities: Map<number, Shown>;
}

export class WorldCheck {
  readonly #operator: ControlClient;
  readonly #clients: readonly GameClient[];
  readonly #timesCompared = new Map<GameClient, number>();
  readonly #looksInto = new Map<number, number>();
  readonly #inCombat: number[] = [];
  readonly #examples: string[] = [];
  #checks = 0;
  #entities = 0;
  #differing = 0;
  #unseen = 0;
  #behind = 0;

  constructor(operator: ControlClient, clients: readonly GameClient[]) {
    this.#operator = operator;
    this.#clients = clients;
  }

  /** Compares all players of a zone who stay in it meanwhile. */
  async zone(zoneId: number): Promise<void> {
    const players = this.#clients.filter((client) => client.zoneId === zoneId && client.isPlaying);
    for (const client of players) client.hold(true);
    try {
      const truth = await this.#lookPast(zoneId, players);
      if (truth === null) {
        this.#unseen++;
        return;
      }
      this.#checks++;
      const stay = (client: GameClient): boolean => client.zoneId === zoneId && client.isPlaying;
      await untilPast(() => players.filter(stay), truth.tick);
      for (const client of players.filter(stay)) this.#compare(client, truth);
    } finally {
      for (const client of players) client.hold(false);
    }
  }

  result(): Comparison {
    const times = this.#clients.map((client) => this.#timesCompared.get(client) ?? 0);
    return {
      checks: this.#checks,
      clients: this.#timesCompared.size,
      fewest: least(times),
      entities: this.#entities,
      differing: this.#differing,
      examples: this.#examples,
      unseen: this.#unseen,
      behind: this.#behind,
      in_combat_min: least(this.#inCombat),
      in_combat: ratio(sum(this.#inCombat), this.#inCombat.length),
    };
  }

  /** A look at a tick that nobody is past: one that took long is answered with the one before it, or not at all. */
  async #lookPast(zoneId: number, players: readonly GameClient[]): Promise<Look | null> {
    const newest = players.reduce((most, { world }) => Math.max(most, world.tick), 0);
    let truth = await this.#look(zoneId);
    for (let tries = 1; (truth === null || truth.tick < newest) && tries < LOOKS_MAX; tries++) {
      await Bun.sleep(LOOK_AGAIN_MS);
      truth = await this.#look(zoneId);
    }
    return truth;
  }

  /** Null when the zone does not let itself be looked into just now. */
  async #look(zoneId: number): Promise<Look | null> {
    const looks = this.#looksInto.get(zoneId) ?? 0;
    const turn = looks % TURNS;
    this.#looksInto.set(zoneId, looks + 1);
    const answer = await this.#ask(zoneId, turn);
    if (answer === null || !answer.success) return null;
    const shown = answer["entities"] as Shown[];
    const players = shown.filter((entity) => entity.is === "player");
    const fighting = players.filter(({ states }) => states.includes("in_combat"));
    if (players.length > 0) this.#inCombat.push(fighting.length / players.length);
    return { tick: Number(answer["tick"]), entities: new Map(shown.map((entity) => [entity.id, entity])) };
  }

  /** Null when no answer comes in time, and from then on: the looks have failed, and the rest is still measured. */
  async #ask(zoneId: number, turn: number): Promise<ControlAnswer | null> {
    try {
      return await this.#operator.request({ command: "inspect_zone", zone_id: zoneId, turn });
    } catch (error) {
      if (error instanceof WowsimError) return null;
      throw error;
    }
  }

  #compare(client: GameClient, truth: Look): void {
    const { world } = client;
    if (client.toldTick <= truth.tick || world.tick > truth.tick) {
      this.#behind++;
      return;
    }
    client.hold(false);
    client.look(truth.tick);
    client.hold(true);
    let compared = 0;
    for (const [id, known] of world.entities) {
      const real = truth.entities.get(id);
      if (real === undefined) continue;
      compared++;
      if (isSame(known, real)) continue;
      this.#differing++;
      if (this.#examples.length < EXAMPLES_MAX)
        this.#examples.push(
          `${client.options.name} has ${id} at ${wordsOf(known)}, the zone at ${wordsOf(real)} (tick ${truth.tick})`,
        );
    }
    this.#entities += compared;
    if (compared > 0) this.#timesCompared.set(client, (this.#timesCompared.get(client) ?? 0) + 1);
  }
}

/** Waits until all have been told of a later tick, or a while. */
async function untilPast(players: () => readonly GameClient[], tick: number): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!players().every(({ toldTick }) => toldTick > tick) && performance.now() < giveUpAt) await Bun.sleep(LOOK_MS);
}

type Compared = Pick<Shown, "x" | "y" | "health" | "target">;

function isSame(known: Compared, real: Compared): boolean {
  const isNear = Math.abs(known.x - real.x) < ROUNDING_YD && Math.abs(known.y - real.y) < ROUNDING_YD;
  return isNear && known.health === real.health && known.target === real.target;
}

function wordsOf({ x, y, health, target }: Compared): string {
  return `${x} ${y} ${health} ${target}`;
}
