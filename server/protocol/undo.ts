// What an undo of a module changed, and for whom. A zone finds it out, the main thread adds names, the control channel and the
// deploy history tell it, tools print it.
//
//   { entity_id: 12, name: "Bot 12", values: [{ what: "health", was: 999999, is: 840 }, { what: "gained experience", was: 0, is: 310 }] }
//   changeInWords(...)      // "Bot 12: health 999,999 → 840, experience +0 → +310"

/** Events that players remember. */
export type UndoneEventKind = "kill" | "level" | "loot" | "trade";

/**
 * "gained experience": points since the swap, of a player of the same level. "moved": yards between the two places. "item": pieces
 * of it. "here" and "alive": 0 or 1.
 */
export type UndoneValueName =
  "here" | "alive" | "level" | "gained experience" | "experience" | "item" | "health" | "power" | "moved";

export interface UndoneValue {
  what: UndoneValueName;
  /** Id of the item, and its name. */
  item_id?: number;
  item?: string;
  /** With the bad module, and without it. */
  was: number;
  is: number;
}

export interface UndoneEntity {
  entity_id: number;
  name: string;
  values: UndoneValue[];
}

/** An event that was told and has not happened any more, or the other way round. */
export interface UndoneEvent {
  what: UndoneEventKind;
  tick: number;
  /** Who did it, or got it; and to whom, or from whom. 0: nobody. */
  source_id: number;
  source: string;
  target_id: number;
  target: string;
  /** The new level, or the pieces of the item. */
  amount: number;
  item_id?: number;
  item?: string;
}

/** A player who left the zone since the swap, and whose state could not be taken back. */
export interface UndoneLeaver extends UndoneEntity {
  tick: number;
  /** The zone that has the player; 0: it logged out. */
  to_zone: number;
  /** In the new history it did not leave. `values` is then what it took along, with `is` of the state before it was removed. */
  stays: boolean;
}

export interface UndoReport {
  zone_id: number;
  /** Nothing was changed. */
  dry_run: boolean;
  /** The module that was undone, and the one that ran the ticks instead. */
  from_hash: string;
  to_hash: string;
  /** The zone was swapped after this tick; the ticks after it, up to `tick`, were run again. */
  from_tick: number;
  tick: number;
  /** State hash after `tick`, 16 hexadecimal digits. */
  hash: string;
  /** Why it was done; "" when nobody said. */
  reason: string;
  /** Milliseconds that the ticks took in the kernel, and for which the zone stood still when its memory was replaced. */
  ran_ms: number;
  pause_ms: number;
  /** Clients that were told everything anew. */
  clients: number;
  /** The lists are cut; the numbers are of all. */
  players: UndoneEntity[];
  players_changed: number;
  creatures: UndoneEntity[];
  creatures_changed: number;
  /** Told, and never was; and: was, and was not told. */
  untold: UndoneEvent[];
  untold_count: number;
  unseen: UndoneEvent[];
  unseen_count: number;
  leavers: UndoneLeaver[];
  leavers_changed: number;
  /** Pieces by item that left the zone with these players, more (or less) than without the module: they can not be taken back. */
  leaked: { item_id: number; item: string; pieces: number }[];
  /** Events that were not compared, because there were too many. */
  events_left: number;
}

export const UNDO_PLAYERS_MAX = 200;
export const UNDO_CREATURES_MAX = 50;
export const UNDO_EVENTS_MAX = 100;
export const UNDO_LEAVERS_MAX = 100;

/** The undo of a zone, as deploy_status tells it. */
export interface UndoStatus {
  /** "ordered": the module is rolled back first. */
  state: "ordered" | "running" | "done" | "failed";
  dry_run: boolean;
  by: string;
  /** Why it failed; null when it did not. */
  error: string | null;
  from_tick: number;
  tick: number;
}

/** "Bot 12: health 999,999 → 840, experience +0 → +310". */
export function changeInWords({ name, values }: UndoneEntity): string {
  return `${name}: ${values.map(valueInWords).join(", ")}`;
}

/** "Bot 12 killed Wolf 1100009 in tick 813". */
export function eventInWords({ what, tick, source, target, amount, item }: UndoneEvent): string {
  if (what === "kill") return `${source} killed ${target} in tick ${tick}`;
  if (what === "level") return `${source} reached level ${amount} in tick ${tick}`;
  if (what === "loot") return `${source} got ${pieces(amount, item)} from ${target} in tick ${tick}`;
  return `${source} traded with ${target} in tick ${tick}`;
}

/** "Ann 12 went to zone 2 in tick 900: gold 110 → 10". */
export function leaverInWords(leaver: UndoneLeaver): string {
  const { name, tick, to_zone: to, stays, values } = leaver;
  const where = to === 0 ? "logged out" : `went to zone ${to}`;
  const otherwise = stays ? "; without the module it had stayed" : "";
  const what = values.length === 0 ? "" : `: ${values.map(valueInWords).join(", ")}`;
  return `${name} ${where} in tick ${tick}${otherwise}${what}`;
}

/** "another state for 14 players and 3 creatures; 2 things told that never happened; 1 player left with what can not be taken back". */
export function undoInWords(report: UndoReport): string {
  const { players_changed: players, creatures_changed: creatures } = report;
  const { untold_count: untold, leavers_changed: leavers } = report;
  const who = [
    ...(players === 0 ? [] : [count(players, "player")]),
    ...(creatures === 0 ? [] : [count(creatures, "creature")]),
  ];
  return [
    who.length === 0 ? "nobody has another state" : `another state for ${who.join(" and ")}`,
    ...(untold === 0 ? [] : [`${count(untold, "thing")} told that never happened`]),
    ...(leavers === 0 ? [] : [`${count(leavers, "player")} left with what can not be taken back`]),
  ].join("; ");
}

/** All that the report lists, a line each, at most `most`; the last line says how many there are beside. */
export function undoLines(report: UndoReport, most = Infinity): string[] {
  const { players, creatures, untold, unseen, leavers, leaked } = report;
  const lines = [
    ...players.map(changeInWords),
    ...leavers.map((leaver) => `not taken back: ${leaverInWords(leaver)}`),
    ...leaked.map(({ item, pieces: more }) => `not taken back: ${signed(more)} ${item} left the zone`),
    ...untold.map((event) => `was told, and never was: ${eventInWords(event)}`),
    ...unseen.map((event) => `nobody was told: ${eventInWords(event)}`),
    ...creatures.map(changeInWords),
  ];
  const all =
    report.players_changed +
    report.leavers_changed +
    leaked.length +
    report.untold_count +
    report.unseen_count +
    report.creatures_changed;
  const shown = lines.slice(0, most);
  return all > shown.length ? [...shown, `and ${number(all - shown.length)} more`] : shown;
}

function valueInWords({ what, item, was, is }: UndoneValue): string {
  switch (what) {
    case "here":
      return is === 0 ? "is not here" : "is here";
    case "alive":
      return is === 0 ? "is dead" : "is alive";
    case "moved":
      return `is ${is} yd away`;
    case "gained experience":
      return `experience ${signed(was)} → ${signed(is)}`;
    case "item":
      return `${item ?? "item"} ${number(was)} → ${number(is)}`;
    default:
      return `${what} ${number(was)} → ${number(is)}`;
  }
}

const pieces = (amount: number, item = "item"): string => (amount === 1 ? item : `${number(amount)} ${item}`);
const count = (amount: number, word: string): string => `${number(amount)} ${word}${amount === 1 ? "" : "s"}`;
const number = (value: number): string => value.toLocaleString("en-US");
const signed = (value: number): string => `${value < 0 ? "-" : "+"}${number(Math.abs(value))}`;
