// What must be true of a zone after any tick, whatever was commanded.
//
//   brokenInvariants(zone)                   // [] or ["3 has 510 of 500 health"]
//   modelDifferences(zone, session, model)   // [] or ["3 thinks health of 1000001 is 80, it is 60"]

import * as abi from "../../assembly/abi.ts";
import { bagOf, itemsBroken } from "./kernel-items.ts";
import type { WatcherModel } from "./kernel-frames.ts";
import type { KernelZone } from "./kernel-zone.ts";

/** What is wrong with a zone's state, in words; [] when nothing is. */
export function brokenInvariants(zone: KernelZone): string[] {
  const rows = zone.rows();
  return [
    ...bodiesBroken(zone, rows),
    ...aurasBroken(zone, rows),
    ...threatBroken(zone, rows),
    ...mapBroken(zone, rows),
    ...blowsBroken(zone),
    ...itemsBroken(zone),
  ];
}

const STUNNED = 1;
const SILENCED = 2;
const ROOTED = 4;
/** CREATURE_FIGHTING of assembly/state/creature-states.ts. */
const FIGHTING = 1;

/** Auras are those of somebody who is here, each once, not over; and what they forbid is not done. */
function aurasBroken(zone: KernelZone, rows: Map<number, number>): string[] {
  const broken: string[] = [];
  for (const id of rows.keys()) {
    const auras = zone.auras(id);
    const kinds = auras.map(({ spell }) => zone.content.spells.find((known) => known.id === spell)?.aura?.kind);
    if (auras.length > 0 && zone.hasFlag(id, abi.ENTITY_DEAD)) broken.push(`${id} is dead and has auras`);
    if (new Set(auras.map(({ spell, caster }) => `${spell} ${caster}`)).size < auras.length)
      broken.push(`${id} has one twice`);
    for (const { spell, caster, end } of auras) {
      if (!rows.has(caster)) broken.push(`${id} has ${spell} of ${caster}, who is gone`);
      if (end < zone.tick) broken.push(`${id} has ${spell}, which ended in tick ${end}`);
    }
    const control = kinds.reduce(
      (bits, kind) => bits | (kind === "stun" ? STUNNED : kind === "silence" ? SILENCED : kind === "root" ? ROOTED : 0),
      0,
    );
    if (control !== zone.get(id, "CONTROL"))
      broken.push(`${id} is controlled by ${zone.get(id, "CONTROL")}, not ${control}`);
    if (kinds.includes("slow") !== zone.get(id, "SLOWED") > 0)
      broken.push(`${id} is slowed by ${zone.get(id, "SLOWED")} %`);
    const isCasting = zone.get(id, "CAST_END") !== 0;
    const school = zone.content.spells.find((known) => known.id === zone.get(id, "CAST_SPELL"))?.school ?? "physical";
    if (isCasting && control & STUNNED) broken.push(`${id} is stunned and casts`);
    if (isCasting && control & SILENCED && school !== "physical") broken.push(`${id} is silenced and casts`);
  }
  return broken;
}

/** Nothing of a blow is lost: base = actual + mitigated + absorbed. */
function blowsBroken(zone: KernelZone): string[] {
  const lost = zone.events.filter(({ kind, a, b, c, f }) => kind === "damage" && a !== b + c + f);
  return lost.map(({ a, b, c, f }) => `of ${a} damage ${b} arrived, ${c} was mitigated, ${f} absorbed`);
}

/** Follows everybody's health through the events of each tick: it changes by what is told, and by nothing else. */
export class HealthLedger {
  #health = new Map<number, number>();

  /** Call after every tick; what does not add up in it. */
  check(zone: KernelZone): string[] {
    const broken: string[] = [];
    for (const id of zone.rows().keys()) if (zone.get(id, "SINCE") === zone.tick) this.#health.delete(id);
    for (const { kind, source, target, a, b, d } of zone.events) {
      const before = this.#health.get(target);
      if (kind === "level" || kind === "revived") this.#health.delete(source);
      if (kind === "damage") {
        if (before !== undefined && d !== Math.max(0, before - b))
          broken.push(`${target}: ${before} - ${b} is told as ${d}`);
        this.#health.set(target, d);
      }
      if (kind === "healed") {
        if (before !== undefined && b !== before + a) broken.push(`${target}: ${before} + ${a} is told as ${b}`);
        this.#health.set(target, b);
      }
    }
    for (const [id, told] of this.#health) {
      if (zone.row(id) < 0) continue;
      const left = zone.get(id, "HEALTH");
      if (left < told) broken.push(`${id} has ${left} health, ${told} by what was told`);
    }
    this.#health = new Map([...zone.rows().keys()].map((id) => [id, zone.get(id, "HEALTH")]));
    return broken;
  }
}

function bodiesBroken(zone: KernelZone, rows: Map<number, number>): string[] {
  const broken: string[] = [];
  for (const [id, row] of rows) {
    const [health, maxHealth, power, maxPower] = ["HEALTH", "MAX_HEALTH", "POWER", "MAX_POWER"].map((column) =>
      zone.get(id, column),
    ) as [number, number, number, number];
    const isDead = zone.hasFlag(id, abi.ENTITY_DEAD);
    if (health > maxHealth) broken.push(`${id} has ${health} of ${maxHealth} health`);
    if (power > maxPower) broken.push(`${id} has ${power} of ${maxPower} power`);
    if ((health === 0) !== isDead) broken.push(`${id} has ${health} health and is ${isDead ? "" : "not "}dead`);
    if (isDead && zone.get(id, "CAST_END") !== 0) broken.push(`${id} is dead and casts`);
    if (zone.hasFlag(id, abi.ENTITY_GHOST) && !isDead) broken.push(`${id} is a living ghost`);
    if (isDead && zone.get(id, "ATTACKING") !== 0) broken.push(`${id} is dead and attacks`);
    if (zone.hasFlag(id, abi.ENTITY_PLAYER) !== row < zone.kernel.layout.value("PLAYERS_MAX"))
      broken.push(`${id} is in the wrong half`);
    if (zone.get(id, "CAST_END") !== 0 && zone.get(id, "CAST_END") <= zone.tick)
      broken.push(`${id} casts past the end`);
    for (const value of zone.position(id)) if (!Number.isFinite(value)) broken.push(`${id} is at ${value}`);
  }
  return broken;
}

function threatBroken(zone: KernelZone, rows: Map<number, number>): string[] {
  const broken: string[] = [];
  const hated = new Map<number, number>();
  for (const id of rows.keys()) {
    if (zone.hasFlag(id, abi.ENTITY_PLAYER)) continue;
    const table = zone.threat(id);
    if (table.size !== zone.get(id, "CREATURE_THREAT_COUNT")) broken.push(`${id} hates somebody twice`);
    if (table.size > 0 && zone.hasFlag(id, abi.ENTITY_DEAD)) broken.push(`${id} is dead and hates`);
    if (table.size > 0 && zone.hasFlag(id, abi.ENTITY_EVADING)) broken.push(`${id} is on its way home and hates`);
    const target = zone.get(id, "TARGET");
    // Without a target it has not thought yet since the last one was gone: an overloaded zone's creatures think rarely.
    if (zone.get(id, "CREATURE_STATE") === FIGHTING && target !== 0 && !table.has(target))
      broken.push(`${id} fights ${target}, who is not on its table`);
    for (const [player, threat] of table) {
      hated.set(player, (hated.get(player) ?? 0) + 1);
      if (!rows.has(player) || zone.hasFlag(player, abi.ENTITY_DEAD))
        broken.push(`${id} hates ${player}, who is dead or gone`);
      if (!(threat >= 0)) broken.push(`${id} hates ${player} by ${threat}`);
    }
  }
  for (const id of rows.keys()) {
    if (!zone.hasFlag(id, abi.ENTITY_PLAYER)) continue;
    const count = hated.get(id) ?? 0;
    if (zone.get(id, "HATED") !== count) broken.push(`${id} is on ${count} tables and counts ${zone.get(id, "HATED")}`);
    if (count > 0 && !zone.hasFlag(id, abi.ENTITY_IN_COMBAT)) broken.push(`${id} is hated and not in combat`);
    if (count === 0 && zone.hasFlag(id, abi.ENTITY_IN_COMBAT)) broken.push(`${id} is in combat, and nobody hates it`);
  }
  return broken;
}

/** Every id is found through the map, in its row, and no slot leads to anybody else. */
function mapBroken(zone: KernelZone, rows: Map<number, number>): string[] {
  const { layout } = zone.kernel;
  const broken: string[] = [];
  const slots = layout.value("MAP_SLOTS");
  const base = layout.value("MAP_BASE");
  const map = new Uint32Array(zone.memory.buffer, base, slots * 2);
  let used = 0;
  for (let slot = 0; slot < slots; slot++) {
    const id = map[slot * 2] ?? 0;
    if (id === 0) continue;
    const row = map[slot * 2 + 1];
    used++;
    if (rows.get(id) !== row) broken.push(`the map has ${id} in row ${row}, the columns in ${rows.get(id)}`);
  }
  if (used !== rows.size) broken.push(`the map has ${used} entries for ${rows.size} entities`);
  return broken;
}

/** Where what a watcher knows differs from the zone's memory, after a tick. */
export function modelDifferences(zone: KernelZone, session: number, model: WatcherModel): string[] {
  const differences: string[] = [];
  const rows = zone.rows();
  for (const [id, seen] of model.entities) {
    if (!rows.has(id)) {
      differences.push(`${session} knows ${id}, who is gone`);
      continue;
    }
    const [x, y, z] = zone.position(id);
    const castEnd = zone.get(id, "CAST_END");
    const truth = {
      x,
      y,
      z,
      health: zone.get(id, "HEALTH"),
      maxHealth: zone.get(id, "MAX_HEALTH"),
      level: zone.get(id, "LEVEL"),
      flags: zone.get(id, "FLAGS"),
      target: zone.get(id, "TARGET"),
      castEnd,
      castSpell: castEnd === 0 ? 0 : zone.get(id, "CAST_SPELL"),
    };
    const known: Record<string, unknown> = { castEnd: 0, castSpell: 0, ...seen };
    if (!Bun.deepEquals(seen.auras ?? [], zone.auras(id))) differences.push(`${session} thinks ${id} has other auras`);
    for (const [field, value] of Object.entries(truth)) {
      if (known[field] !== value)
        differences.push(`${session} thinks ${field} of ${id} is ${String(known[field])}, it is ${value}`);
    }
  }
  if (zone.position(session).some((value, index) => value !== [model.own.x, model.own.y, model.own.z][index])) {
    differences.push(`${session} thinks it is elsewhere`);
  }
  if (!Bun.deepEquals(model.own.auras ?? [], zone.auras(session)))
    differences.push(`${session} thinks it has other auras`);
  const stacks = [...bagOf(zone, session)].filter((stack) => stack !== 0);
  if (!Bun.deepEquals(model.stacks, stacks))
    differences.push(`${session} thinks it holds ${model.stacks}, not ${stacks}`);
  if (model.self?.health !== zone.get(session, "HEALTH")) differences.push(`${session} does not know its own health`);
  return differences;
}
