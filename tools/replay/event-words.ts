// Events of the kernel as sentences, with names.
//
//   eventWords({ event: "damage", attacker_id: 1000001, target_id: 12, actual_damage: 31, mitigation: 9, ... }, names)
//   // "Wolf 1000001 hits Ann 12 for 31 (9 mitigated), 138 health left"

import type { ReplayedEvent, ReplayNames } from "../../server/protocol/replay.ts";

export function eventWords(event: ReplayedEvent, names: ReplayNames): string {
  const number = (field: string): number => Number(event[field] ?? 0);
  const who = (field: string): string => names.entity(number(field));
  const text = (field: string): string => String(event[field] ?? "").replaceAll("_", " ");
  const spell = number("spell_id") === 0 ? "a swing" : names.spell(number("spell_id"));
  const self = who("entity_id");
  switch (event.event) {
    case "cast_started":
      return `${who("source_id")} begins to cast ${spell} at ${who("target_id")}, ${number("cast_time_ticks")} ticks`;
    case "cast_completed":
      return `${who("source_id")} casts ${spell} at ${who("target_id")}`;
    case "cast_interrupted":
      return `the cast of ${spell} by ${who("source_id")} is interrupted: ${text("reason")}`;
    case "cast_blocked_gcd":
      return `${who("source_id")} can not cast ${spell} before tick ${number("gcd_expires_tick")}: global cooldown`;
    case "damage":
      return damageWords(event, who("attacker_id"), who("target_id"), spell);
    case "killed":
      return `${who("killer_id")} kills ${who("target_id")}`;
    case "healed":
      return `${who("source_id")} heals ${who("target_id")} by ${number("amount")} with ${spell}, to ${number("target_health")} health`;
    case "refused":
      return `${self} is refused ${text("action")}: ${text("reason")}`;
    case "aura_applied":
      return `${who("target_id")} has ${spell} from ${who("source_id")} until tick ${number("end_tick")} (${text("aura")}, ${number("amount")}, ${number("stacks")}×)`;
    case "aura_ended":
      return `${who("target_id")} loses ${spell} of ${who("source_id")}: ${text("reason")}`;
    case "avoided":
      return `${spell} of ${who("source_id")} does not hit ${who("target_id")}: ${text("reason")}`;
    case "experience":
      return `${self} gains ${number("gained")} experience, ${number("experience")} of ${number("next_level")}`;
    case "level":
      return `${self} reaches level ${number("level")}`;
    case "loot":
      return lootWords(event, self, who("creature_id"), names);
    case "trade":
      return tradeWords(event, who("maker_id"), who("partner_id"), names);
    case "revived":
      return `${self} is alive again`;
    case "evaded":
      return `${self} ends the fight and goes home`;
    case "aggro":
      return `${who("source_id")} turns on ${who("target_id")}`;
    case "corrected":
      return `the position of ${self} is corrected to ${number("x")}, ${number("y")}, ${number("z")}`;
    default:
      return text("event");
  }
}

function damageWords(event: ReplayedEvent, attacker: string, target: string, spell: string): string {
  const how = event["outcome"] === undefined ? "" : ` (${String(event["outcome"])})`;
  const aside = [
    Number(event["mitigation"]) > 0 ? `${String(event["mitigation"])} mitigated` : "",
    event["absorbed"] === undefined ? "" : `${String(event["absorbed"])} absorbed`,
  ].filter((each) => each !== "");
  const lost = aside.length === 0 ? "" : ` (${aside.join(", ")})`;
  const verb = event["periodic"] === true ? "hurts" : "hits";
  const means = spell === "a swing" ? "" : ` with ${spell}`;
  return `${attacker} ${verb} ${target}${means} for ${String(event["actual_damage"])}${how}${lost}, ${String(event["target_health"])} health left`;
}

function lootWords(
  { item, count, held, taken }: ReplayedEvent,
  player: string,
  creature: string,
  names: ReplayNames,
): string {
  const what = `${Number(count ?? 0)} ${names.item(Number(item ?? 0))} from ${creature}`;
  return taken === true ? `${player} takes ${what}, and has ${Number(held ?? 0)}` : `${player} has no room for ${what}`;
}

function tradeWords(
  { outcome, gives, wants }: ReplayedEvent,
  maker: string,
  partner: string,
  names: ReplayNames,
): string {
  const side = (stacks: unknown): string => {
    const words = (Array.isArray(stacks) ? stacks : []).map((stack: { item?: unknown; count?: unknown }) => {
      return `${Number(stack.count ?? 0)} ${names.item(Number(stack.item ?? 0))}`;
    });
    return words.length === 0 ? "nothing" : words.join(" and ");
  };
  return `the trade of ${maker} (gives ${side(gives)}) with ${partner} (gives ${side(wants)}): ${String(outcome ?? "unknown")}`;
}
