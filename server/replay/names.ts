// Names for the numbers of a journal: creatures, spells and items by the content of this version, players by the journal's sessions.
//
//   names.entity(1000001)     // "Wolf 1000001"
//   names.entity(12)          // "Ann 12", or "player 12" when the journal does not name it
//   names.spell(116)          // "Frostbolt"

import type { Content } from "../protocol/content/content.ts";
import type { ReplayNames } from "../protocol/replay.ts";
import type { WorldReader } from "../store/world-reader.ts";
import type { LaneScene } from "./scene.ts";

export class JournalNames implements ReplayNames {
  readonly #content: Content;
  #players: ReadonlyMap<number, string>;
  readonly #creatures = new Map<number, string>();
  #scene: LaneScene | null = null;

  constructor(reader: WorldReader, content: Content) {
    this.#content = content;
    this.#players = playersOf(reader);
  }

  /** Players may have come since. */
  reads(reader: WorldReader): void {
    this.#players = playersOf(reader);
  }

  /** From now on entities are looked up there. */
  looksAt(scene: LaneScene): void {
    this.#scene = scene;
  }

  entity(id: number): string {
    if (id === 0) return "nobody";
    const known = this.#creatures.get(id);
    if (known !== undefined) return known;
    const row = this.#scene?.rowOf(id) ?? null;
    if (row === null || this.#scene === null) return this.#player(id, "entity");
    const { isCreature, kind } = this.#scene.kindOf(row);
    if (!isCreature) return this.#player(id, "player");
    const name = `${this.#content.creatures[kind]?.name ?? "creature"} ${id}`;
    this.#creatures.set(id, name);
    return name;
  }

  spell(id: number): string {
    return this.#content.spells.find((spell) => spell.id === id)?.name ?? `spell ${id}`;
  }

  item(id: number): string {
    return this.#content.items.find((item) => item.id === id)?.name ?? `item ${id}`;
  }

  #player(id: number, word: string): string {
    return `${this.#players.get(id) ?? word} ${id}`;
  }
}

function playersOf(reader: WorldReader): Map<number, string> {
  const names = new Map<number, string>();
  for (const { key, json } of reader.facts("session")) {
    const name = nameIn(json);
    if (name !== null) names.set(Number(key), name);
  }
  return names;
}

function nameIn(json: string): string | null {
  try {
    const { name }: { name?: unknown } = Object(JSON.parse(json));
    return typeof name === "string" && name !== "" ? name : null;
  } catch {
    // Without a name the player is shown by its number.
    return null;
  }
}
