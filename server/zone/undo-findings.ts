// What an undo changes, and for whom: compares the zone as it is with the zone as it would be, and what was told with what
// happened. The lists are bounded; the numbers are of all.
//
//   findingsOf({ before, was, is, ... })      // { players: [...], players_changed: 14, untold: [...], ... }
//
// Creatures and items have names here; players have none yet, since the main thread alone knows whose session is whose.

import type { Content } from "../protocol/content/content.ts";
import { UNDO_CREATURES_MAX, UNDO_EVENTS_MAX, UNDO_LEAVERS_MAX, UNDO_PLAYERS_MAX } from "../protocol/undo.ts";
import type { UndoneEntity, UndoneEvent, UndoneLeaver, UndoneValue, UndoReport } from "../protocol/undo.ts";
import { STACK_COUNT_MASK, STACK_KIND_SHIFT } from "../../assembly/abi.ts";
import type { Crossing } from "../shared/transfer.ts";
import { differencesOf, figuresOfLeaver } from "./figures.ts";
import type { Figures } from "./figures.ts";
import type { ToldEvent, ToldEvents } from "./told-events.ts";

type Entities = ReadonlyMap<number, Figures>;
type Departure = { tick: number; crossing: Crossing };

export interface Courses {
  /** Before the swap; with the bad module; without it. */
  before: Entities;
  was: Entities;
  is: Entities;
  /** Players who left, with the bad module and without it. */
  left: readonly Departure[];
  leaves: readonly Departure[];
  told: ToldEvents;
  happened: ToldEvents;
  content: Content;
}

export type UndoFindings = Pick<
  UndoReport,
  | "players"
  | "players_changed"
  | "creatures"
  | "creatures_changed"
  | "untold"
  | "untold_count"
  | "unseen"
  | "unseen_count"
  | "leavers"
  | "leavers_changed"
  | "leaked"
  | "events_left"
>;

/** A change that lasts outweighs any of health. */
const LASTING_WEIGHT = 1e12;
const LASTING: ReadonlySet<UndoneValue["what"]> = new Set([
  "here",
  "alive",
  "level",
  "gained experience",
  "experience",
  "item",
]);

export function findingsOf(courses: Courses): UndoFindings {
  const names = new Names(courses);
  const changed = changedEntities(courses, names);
  const players = changed.filter(({ isCreature }) => !isCreature);
  const creatures = changed.filter(({ isCreature }) => isCreature);
  const untold = courses.told.without(courses.happened);
  const unseen = courses.happened.without(courses.told);
  const { leavers, leaked } = changedLeavers(courses, names);
  return {
    players: players.slice(0, UNDO_PLAYERS_MAX).map(plain),
    players_changed: players.length,
    creatures: creatures.slice(0, UNDO_CREATURES_MAX).map(plain),
    creatures_changed: creatures.length,
    untold: untold.slice(-UNDO_EVENTS_MAX).map((event) => names.event(event)),
    untold_count: untold.length,
    unseen: unseen.slice(-UNDO_EVENTS_MAX).map((event) => names.event(event)),
    unseen_count: unseen.length,
    leavers: leavers.slice(0, UNDO_LEAVERS_MAX),
    leavers_changed: leavers.length,
    leaked,
    events_left: courses.told.left + courses.happened.left,
  };
}

type Changed = UndoneEntity & { isCreature: boolean; weight: number };

/** Those who changed most first. */
function changedEntities({ before, was, is }: Courses, names: Names): Changed[] {
  const changed: Changed[] = [];
  for (const id of new Set([...was.keys(), ...is.keys()])) {
    const [one, other] = [was.get(id), is.get(id)];
    const values = differencesOf(one, other, before.get(id));
    if (values.length === 0) continue;
    const isCreature = (one ?? other)?.isCreature === true;
    const named = values.map((value) => names.value(value));
    changed.push({ entity_id: id, name: names.entity(id), values: named, isCreature, weight: weightOf(values) });
  }
  return changed.toSorted((one, other) => other.weight - one.weight || one.entity_id - other.entity_id);
}

function weightOf(values: readonly UndoneValue[]): number {
  const lasting = values.filter(({ what }) => LASTING.has(what));
  const health = values.find(({ what }) => what === "health");
  return lasting.length * LASTING_WEIGHT + (health === undefined ? 0 : Math.abs(health.was - health.is));
}

const plain = ({ entity_id, name, values }: Changed): UndoneEntity => ({ entity_id, name, values });

/** Players who left with something else than they have, or would not have left; and what left with them in all. */
function changedLeavers(courses: Courses, names: Names): { leavers: UndoneLeaver[]; leaked: UndoReport["leaked"] } {
  const { left, leaves, is } = courses;
  const leavers: UndoneLeaver[] = [];
  const pieces = new Map<number, number>();
  const add = ({ items }: Figures, sign: number): void => {
    for (const [item, count] of items) pieces.set(item, (pieces.get(item) ?? 0) + sign * count);
  };
  for (const { tick, crossing } of left) {
    const { session, to, words } = crossing;
    const took = figuresOfLeaver(words);
    const again = leaves.find((each) => each.tick === tick && each.crossing.session === session);
    const should = again === undefined ? is.get(session) : figuresOfLeaver(again.crossing.words);
    add(took, 1);
    if (again !== undefined && should !== undefined) add(should, -1);
    const values = should === undefined ? [] : differencesOf(took, { ...should, place: null });
    if (again !== undefined && values.length === 0) continue;
    const named = values.map((value) => names.value(value));
    const stays = again === undefined && should !== undefined;
    leavers.push({ entity_id: session, name: names.entity(session), values: named, tick, to_zone: to, stays });
  }
  const leaked = [...pieces]
    .filter(([, count]) => count !== 0)
    .toSorted(([one], [other]) => one - other)
    .map(([item_id, count]) => ({ item_id, item: names.item(item_id), pieces: count }));
  return { leavers, leaked };
}

class Names {
  readonly #courses: Courses;

  constructor(courses: Courses) {
    this.#courses = courses;
  }

  /** "Wolf 1100009"; "" for a player. */
  entity(id: number): string {
    const { before, was, is, content } = this.#courses;
    const figures = is.get(id) ?? was.get(id) ?? before.get(id);
    if (figures === undefined || !figures.isCreature) return "";
    return `${content.creatures[figures.kind]?.name ?? "creature"} ${id}`;
  }

  item(id: number): string {
    return this.#courses.content.items.find((item) => item.id === id)?.name ?? `item ${id}`;
  }

  value(value: UndoneValue): UndoneValue {
    return value.item_id === undefined ? value : { ...value, item: this.item(value.item_id) };
  }

  event({ what, tick, source, target, detail }: ToldEvent): UndoneEvent {
    const named = {
      what,
      tick,
      source_id: source,
      source: this.entity(source),
      target_id: target,
      target: this.entity(target),
    };
    if (what !== "loot") return { ...named, amount: detail };
    const item_id = detail >>> STACK_KIND_SHIFT;
    return { ...named, amount: detail & STACK_COUNT_MASK, item_id, item: this.item(item_id) };
  }
}
