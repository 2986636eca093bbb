// A zone's map: players, creatures, who fights, who is dead. North is up; a cell is twice as high as it is wide, and
// the map's scale fits the entities.

import { shownZone } from "../picture.ts";
import { line, span } from "../text.ts";
import type { Line, Span, Style } from "../text.ts";
import type { Size } from "../layout.ts";
import type { ViewedEntity, ViewedZone } from "../zone-answer.ts";
import type { Panel } from "./panel.ts";

/** The map's edges lie on whole multiples, so that the map does not move while entities move around. */
const EDGE_YD = 25;
const CELL_ASPECT = 2;

interface Mark {
  glyph: string;
  style: Style;
  /** When several are in one cell, the one with the highest rank is shown. */
  rank: number;
}

const MARKS = {
  fighting: { glyph: "▲", style: "bad", rank: 4 },
  player: { glyph: "●", style: "accent", rank: 5 },
  creature: { glyph: "△", style: "warn", rank: 2 },
  phantom: { glyph: "◆", style: "bad", rank: 3 },
  dead: { glyph: "×", style: "dim", rank: 1 },
} satisfies Record<string, Mark>;

export const mapPanel: Panel = {
  title(picture, screen) {
    const id = shownZone(picture, screen.zoneId);
    const name = picture.health.zones.find((zone) => zone.id === id)?.name ?? "";
    return `Map, zone ${id} ${name}`;
  },
  lines({ zone }, _screen, size) {
    if (zone === null) return [line("The zone can not be inspected now.", "dim")];
    const map = { width: size.width, height: Math.max(1, size.height - 1) };
    const area = areaOf(zone.entities, map);
    return [...drawn(zone.entities, area, map), legend(zone, area)];
  },
};

interface Area {
  /** The position of the upper left corner. */
  left: number;
  top: number;
  /** Yards a cell is wide. */
  yardsPerCell: number;
}

/** An area with all entities and the spawn point, centred on the map. */
function areaOf(entities: readonly ViewedEntity[], { width, height }: Size): Area {
  const xs = [0, ...entities.map(({ x }) => x)];
  const ys = [0, ...entities.map(({ y }) => y)];
  const [left, right] = edges(xs);
  const [bottom, top] = edges(ys);
  const yardsPerCell = Math.max((right - left) / width, (top - bottom) / (height * CELL_ASPECT));
  return {
    left: (left + right) / 2 - (yardsPerCell * width) / 2,
    top: (top + bottom) / 2 + (yardsPerCell * CELL_ASPECT * height) / 2,
    yardsPerCell,
  };
}

function edges(values: readonly number[]): [low: number, high: number] {
  const low = Math.floor(Math.min(...values) / EDGE_YD) * EDGE_YD;
  return [low, Math.max(Math.ceil(Math.max(...values) / EDGE_YD) * EDGE_YD, low + EDGE_YD)];
}

function drawn(entities: readonly ViewedEntity[], area: Area, { width, height }: Size): Line[] {
  const cells = new Map<number, Mark>();
  for (const entity of entities) {
    const column = Math.min(width - 1, Math.floor((entity.x - area.left) / area.yardsPerCell));
    const row = Math.min(height - 1, Math.floor((area.top - entity.y) / (area.yardsPerCell * CELL_ASPECT)));
    const at = row * width + column;
    const mark = markOf(entity);
    if (mark.rank > (cells.get(at)?.rank ?? 0)) cells.set(at, mark);
  }
  return Array.from({ length: height }, (_, row) => rowOf(cells, row * width, width));
}

function markOf({ is, states }: ViewedEntity): Mark {
  if (states.includes("dead")) return MARKS.dead;
  if (is === "player") return MARKS.player;
  if (states.includes("phantom")) return MARKS.phantom;
  return states.includes("in_combat") ? MARKS.fighting : MARKS.creature;
}

function rowOf(cells: ReadonlyMap<number, Mark>, from: number, width: number): Span[] {
  const spans: Span[] = [];
  let blanks = 0;
  for (let at = from; at < from + width; at++) {
    const mark = cells.get(at);
    if (mark === undefined) {
      blanks++;
      continue;
    }
    if (blanks > 0) spans.push(span(" ".repeat(blanks)));
    blanks = 0;
    spans.push(spanOf(mark));
  }
  return spans;
}

const spanOf = ({ glyph, style }: Mark): Span => span(glyph, style);

function legend({ players, creatures, entities, age_ms: ageMs }: ViewedZone, { yardsPerCell }: Area): Line {
  const seen = entities.length < players + creatures ? ` (${entities.length} shown)` : "";
  const old = ageMs > 2_000 ? `, ${Math.round(ageMs / 1_000)} s old` : "";
  return [
    spanOf(MARKS.player),
    span(` ${players} `),
    spanOf(MARKS.creature),
    span(` ${creatures}${seen}, 10 cells are ${Math.round(yardsPerCell * 10)} yd${old}  `),
    spanOf(MARKS.fighting),
    span(" fights "),
    spanOf(MARKS.dead),
    span(" is dead"),
  ];
}
