// Which rules a run of a zone came to, counted: a property that never reaches a rule says nothing about it.
//
//   const coverage = new RuleCoverage()
//   zone.run(); coverage.look(zone)        // after every tick
//   coverage.missing()                     // ["a dead player's aura kills"]

import * as abi from "../../assembly/abi.ts";
import { AVOIDED_NAMES, AURA_ENDED_NAMES, INTERRUPT_NAMES } from "../../server/protocol/game/wire-names.ts";
import type { KernelEvent } from "./kernel-events.ts";
import type { KernelZone } from "./kernel-zone.ts";

/** What is known of the tick before. */
interface Before {
  dead: Set<number>;
  rows: Map<number, number>;
  full: Map<number, Set<number>>;
  fullOfAuras: Set<number>;
}

type Rule = (zone: KernelZone, before: Before) => number;

const isPlayer = (id: number): boolean => id > 0 && id < 1_000_000;
const isPeriodic = ({ info }: KernelEvent): boolean => (info & abi.DAMAGE_PERIODIC) !== 0;
const events =
  (kind: string, holds: (event: KernelEvent, zone: KernelZone, before: Before) => boolean = () => true): Rule =>
  (zone, before) =>
    zone.events.filter((event) => event.kind === kind && holds(event, zone, before)).length;
const each = (what: string, kind: string, names: Record<number, string>, skip: string[] = []): [string, Rule][] =>
  Object.entries(names)
    .filter(([, name]) => !skip.includes(name))
    .map(([info, name]) => [`${what} ${name}`, events(kind, (event) => event.info === Number(info))]);
const landed = (bit: number): Rule => events("damage", ({ info }) => (info & abi.DAMAGE_LANDS_MASK) === bit);
const refused = (reason: number): Rule => events("refused", ({ info }) => info === reason);
const burns = ({ source }: KernelEvent, _: KernelZone, before: Before): boolean => before.dead.has(source);

/** Every rule by name. A new one goes here, and then the property has to reach it. */
export const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  [
    "a dead player's aura burns a creature",
    events("damage", (e, z, b) => isPeriodic(e) && isPlayer(e.source) && burns(e, z, b)),
  ],
  [
    "... while others fight it",
    events(
      "damage",
      (e, z, b) =>
        isPeriodic(e) && burns(e, z, b) && z.row(e.target) >= 0 && !isPlayer(e.target) && z.threat(e.target).size > 0,
    ),
  ],
  ["a dead player's aura heals", events("healed", burns)],
  [
    "... one who is fought",
    events("healed", (e, z, b) => burns(e, z, b) && z.row(e.target) >= 0 && z.get(e.target, "HATED") > 0),
  ],
  ["a dead player's aura kills", events("killed", (e, z, b) => isPlayer(e.source) && burns(e, z, b))],
  [
    "a dead creature's aura burns",
    events("damage", (e, z, b) => isPeriodic(e) && !isPlayer(e.source) && burns(e, z, b)),
  ],
  ["a creature is killed", events("killed", ({ target }) => !isPlayer(target))],
  ["a player is killed", events("killed", ({ target }) => isPlayer(target))],
  ["a creature comes back", events("revived", ({ source }) => !isPlayer(source))],
  ["a player comes back", events("revived", ({ source }) => isPlayer(source))],
  ["a player is a ghost", (zone) => count(zone, (id) => zone.hasFlag(id, abi.ENTITY_GHOST))],
  ["a threat table is full", (_, { full }) => full.size],
  ["the least hated gives way", (zone, { full }) => gaveWay(zone, full)],
  ["somebody has all the auras there is room for", (_, { fullOfAuras }) => fullOfAuras.size],
  [
    "an aura gives way to another",
    events(
      "aura_ended",
      (e, z, b) => e.info === abi.AURA_ENDED_REMOVED && b.fullOfAuras.has(e.target) && z.row(e.source) >= 0,
    ),
  ],
  ["an aura stacks", events("aura_applied", ({ c }) => c > 1)],
  ["absorption takes a blow", events("damage", ({ f }) => f > 0)],
  ["a creature gives up", events("evaded")],
  ["a creature turns on somebody", events("aggro")],
  ["a creature flees", (zone) => count(zone, (id) => !isPlayer(id) && zone.get(id, "CREATURE_FLEE_TICK") > zone.tick)],
  ["a level is gained", events("level")],
  ["a cast waits in the queue", (zone) => count(zone, (id) => isPlayer(id) && zone.get(id, "PLAYER_REQUEST") === 3)],
  ["a cast is blocked by the global cooldown", events("cast_blocked_gcd")],
  ["a cooldown finds no place", (zone) => noPlace(zone)],
  ["a row is given away in the tick in which it was left", (zone, { rows }) => reused(zone, rows)],
  ["a critical blow", landed(abi.DAMAGE_CRITICAL)],
  ["a blocked blow", landed(abi.DAMAGE_BLOCKED)],
  ["a glancing blow", landed(abi.DAMAGE_GLANCING)],
  ...each("avoided by", "avoided", AVOIDED_NAMES),
  ...each("interrupted by", "cast_interrupted", INTERRUPT_NAMES),
  ...each("an aura ended", "aura_ended", AURA_ENDED_NAMES),
  ["refused: dead", refused(abi.REFUSED_DEAD)],
  ["refused: target dead", refused(abi.REFUSED_TARGET_DEAD)],
  ["refused: stunned", refused(abi.REFUSED_STUNNED)],
  ["refused: silenced", refused(abi.REFUSED_SILENCED)],
  ["refused: rooted", refused(abi.REFUSED_ROOTED)],
  ["refused: on cooldown", refused(abi.REFUSED_ON_COOLDOWN)],
  ["refused: no power", refused(abi.REFUSED_NO_POWER)],
  ["refused: moved", refused(abi.REFUSED_MOVED)],
  ["refused: out of range", refused(abi.REFUSED_OUT_OF_RANGE)],
]);

export class RuleCoverage {
  readonly counts = new Map<string, number>([...RULES.keys()].map((name) => [name, 0]));
  #before: Before | null = null;

  /** Call after every tick of one zone; `begin` when another is looked at. */
  look(zone: KernelZone): void {
    const before = this.#before;
    if (before !== null)
      for (const [name, rule] of RULES) this.counts.set(name, (this.counts.get(name) ?? 0) + rule(zone, before));
    this.#before = remember(zone);
  }

  begin(zone: KernelZone): void {
    this.#before = remember(zone);
  }

  missing(): string[] {
    return [...this.counts].filter(([, times]) => times === 0).map(([name]) => name);
  }
}

function remember(zone: KernelZone): Before {
  const { layout } = zone.kernel;
  const ids = [...zone.rows().keys()];
  const creatures = ids.filter((id) => !isPlayer(id));
  const full = creatures.filter((id) => zone.get(id, "CREATURE_THREAT_COUNT") === layout.value("THREAT_MAX"));
  return {
    dead: new Set(ids.filter((id) => zone.hasFlag(id, abi.ENTITY_DEAD))),
    rows: new Map(zone.rows()),
    full: new Map(full.map((id) => [id, new Set(zone.threat(id).keys())])),
    fullOfAuras: new Set(ids.filter((id) => zone.get(id, "AURA_COUNT") === layout.value("AURAS_MAX"))),
  };
}

function count(zone: KernelZone, holds: (id: number) => boolean): number {
  return [...zone.rows().keys()].filter(holds).length;
}

/** On how many tables that were full one took another's place. */
function gaveWay(zone: KernelZone, full: Before["full"]): number {
  return [...full].filter(
    ([id, were]) => zone.row(id) >= 0 && [...zone.threat(id).keys()].some((player) => !were.has(player)),
  ).length;
}

function noPlace(zone: KernelZone): number {
  const room = zone.kernel.layout.value("COOLDOWNS_MAX");
  return zone.events.filter(
    ({ kind, info, source }) =>
      kind === "refused" &&
      info === abi.REFUSED_ON_COOLDOWN &&
      zone.row(source) >= 0 &&
      isPlayer(source) &&
      zone.get(source, "PLAYER_COOLDOWN_COUNT") === room,
  ).length;
}

function reused(zone: KernelZone, rows: Before["rows"]): number {
  const owners = new Map([...rows].map(([id, row]) => [row, id]));
  return [...zone.rows()].filter(([id, row]) => owners.has(row) && owners.get(row) !== id).length;
}
