// The panels on the screen and their places: from 80 by 24 to 250 by 70 and beyond. Pure arithmetic.
//
//   layoutOf({ width: 80, height: 24 }, "overview", { zones: 2, faults: 0, keyRows: 2 })
//   // { size, isTooSmall: false, body: [{ panel: "ticks", x: 0, y: 2, width: 80, height: 6 }, ...], ... }
//
//   +-----------------------------------------------+
//   | views                                         |
//   | how the server is                             |
//   | ─ panel ────────────── │ ─ panel ──────────── |   a panel's first row is its title
//   |                        │                      |
//   | what to try next                              |
//   | keys                                          |
//   +-----------------------------------------------+
//
// Each column is a stack of wishes. Panels whose minimum does not fit are left out, the least important first; the remaining
// rows go to panels that can use them.

import { at } from "../../server/protocol/assert.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const VIEWS = ["overview", "zone", "faults", "deploy", "events"] as const;
export type View = (typeof VIEWS)[number];
export type PanelId = "ticks" | "zones" | "cause" | "faults" | "threat" | "map" | "facts" | "deploy" | "events";

export const SIZE_MIN: Size = { width: 80, height: 24 };

export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

export interface PanelRect extends Rect {
  readonly panel: PanelId;
}

/** The input for the panels' heights, in rows. */
export interface Needs {
  zones: number;
  /** Active faults. */
  faults: number;
  /** All known faults. */
  faultKinds: number;
  keyRows: number;
}

export interface Layout {
  readonly size: Size;
  /** Only a message about the size is shown. */
  readonly isTooSmall: boolean;
  readonly panels: readonly PanelRect[];
  /** Vertical lines between panels. */
  readonly rules: readonly Rect[];
  readonly suggestionY: number;
  readonly keysY: number;
}

/** Rows, including the title. */
interface Wish {
  panel: PanelId;
  least: number;
  enough: number;
  /** Share of the remaining rows, after all panels have enough. */
  grows: number;
  /** The panel with the lowest rank is left out first. */
  rank: number;
}

interface Column {
  /** Share of the width. */
  share: number;
  wishes: Wish[];
}

/** The line of views, and the line of the server's health. */
export const HEAD_ROWS = 2;
const SUGGESTION_ROWS = 1;
const TWO_COLUMNS_FROM = 120;
const THREE_COLUMNS_FROM = 180;

export function layoutOf(size: Size, view: View, needs: Needs): Layout {
  const isTooSmall = size.width < SIZE_MIN.width || size.height < SIZE_MIN.height;
  const keysY = Math.max(0, size.height - needs.keyRows);
  const suggestionY = Math.max(0, keysY - SUGGESTION_ROWS);
  const body: Rect = { x: 0, y: HEAD_ROWS, width: size.width, height: suggestionY - HEAD_ROWS };
  const placed = isTooSmall ? { panels: [], rules: [] } : place(body, columnsOf(size.width, view, needs));
  return { size, isTooSmall, ...placed, suggestionY, keysY };
}

/** Whether a panel is on the screen. */
export const shows = ({ panels }: Layout, ...wanted: PanelId[]): boolean =>
  panels.some(({ panel }) => wanted.includes(panel));

function columnsOf(width: number, view: View, needs: Needs): Column[] {
  const isWide = width >= TWO_COLUMNS_FROM;
  const wishes = wishesFor(needs);
  switch (view) {
    case "overview":
      return overviewColumns(width, wishes);
    case "zone":
      return [
        { share: isWide ? 0.62 : 0.6, wishes: [wishes.map] },
        { share: isWide ? 0.38 : 0.4, wishes: [wishes.facts, wishes.fight, wishes.zoneTicks, wishes.zoneEvents] },
      ];
    case "faults":
      if (!isWide) return [{ share: 1, wishes: [wishes.allFaults, wishes.cause] }];
      return [
        { share: 0.62, wishes: [wishes.allFaults, wishes.events] },
        { share: 0.38, wishes: [wishes.ticks, wishes.cause] },
      ];
    case "deploy":
      if (!isWide) return [{ share: 1, wishes: [wishes.wholeDeploy, wishes.zones] }];
      return [
        { share: 0.6, wishes: [wishes.wholeDeploy] },
        { share: 0.4, wishes: [wishes.ticks, wishes.zones, wishes.events] },
      ];
    case "events":
      return [{ share: 1, wishes: [{ ...wishes.events, rank: 9 }] }];
  }
}

function overviewColumns(width: number, wishes: ReturnType<typeof wishesFor>): Column[] {
  const { ticks, zones, cause, faults, threat, map, deploy, events } = wishes;
  if (width >= THREE_COLUMNS_FROM) {
    return [
      { share: 0.42, wishes: [ticks, zones, cause] },
      { share: 0.3, wishes: [faults, deploy, events] },
      { share: 0.28, wishes: [map, threat] },
    ];
  }
  if (width >= TWO_COLUMNS_FROM) {
    return [
      { share: 0.64, wishes: [ticks, zones, cause, events] },
      { share: 0.36, wishes: [faults, threat, map, deploy] },
    ];
  }
  return [{ share: 1, wishes: [ticks, zones, cause, faults, threat, deploy, events] }];
}

function wishesFor({ zones, faults, faultKinds }: Needs) {
  return {
    ticks: wish("ticks", 9, 5, 9, 2),
    zones: wish("zones", 8, 4, 2 + zones, 0),
    cause: wish("cause", 7, 4, 8, 1),
    events: wish("events", 6, 4, 6, 3),
    faults: wish("faults", 5, 3, 2 + Math.max(1, faults), 0),
    threat: wish("threat", 4, 5, 9, 1),
    map: wish("map", 3, 8, 16, 3),
    deploy: wish("deploy", 2, 3, 5, 0),
    facts: wish("facts", 9, 8, 12, 0),
    fight: wish("threat", 8, 5, 9, 1),
    zoneTicks: wish("ticks", 7, 5, 9, 2),
    zoneEvents: wish("events", 6, 4, 6, 2),
    allFaults: wish("faults", 9, 10, 4 + faultKinds, 0),
    wholeDeploy: wish("deploy", 9, 10, 16, 2),
  };
}

function wish(panel: PanelId, rank: number, least: number, enough: number, grows: number): Wish {
  return { panel, rank, least, enough: Math.max(least, enough), grows };
}

function place(body: Rect, columns: readonly Column[]): Pick<Layout, "panels" | "rules"> {
  const panels: PanelRect[] = [];
  const rules: Rect[] = [];
  let x = body.x;
  for (const [index, { share, wishes }] of columns.entries()) {
    const isLast = index === columns.length - 1;
    const width = isLast ? body.x + body.width - x : Math.round(body.width * share) - 1;
    let y = body.y;
    for (const { panel, height } of stack(wishes, body.height)) {
      panels.push({ panel, x, y, width, height });
      y += height;
    }
    x += width;
    if (!isLast) rules.push({ x, y: body.y, width: 1, height: body.height });
    x++;
  }
  return { panels, rules };
}

/** Heights that add up to the whole: first the minimum of each, then enough, then the rest by `grows`. */
function stack(wishes: readonly Wish[], height: number): { panel: PanelId; height: number }[] {
  const kept = fitting(wishes, height);
  const heights = kept.map(({ least }) => least);
  let left = height - total(heights);
  for (const index of byRank(kept)) {
    const more = Math.min(left, at(kept, index).enough - at(heights, index));
    heights[index] = at(heights, index) + more;
    left -= more;
  }
  const growing = total(kept.map(({ grows }) => grows));
  const spare = left;
  for (const [index, { grows }] of kept.entries()) {
    const more = growing === 0 ? 0 : Math.floor((spare * grows) / growing);
    heights[index] = at(heights, index) + more;
    left -= more;
  }
  const last = growing === 0 ? kept.length - 1 : kept.findLastIndex(({ grows }) => grows > 0);
  heights[last] = at(heights, last) + left;
  return kept.map(({ panel }, index) => ({ panel, height: at(heights, index) }));
}

/** As many wishes as fit with their minimum; the least important are left out. */
function fitting(wishes: readonly Wish[], height: number): Wish[] {
  let kept = [...wishes];
  while (kept.length > 1 && total(kept.map(({ least }) => least)) > height) {
    const lowest = Math.min(...kept.map(({ rank }) => rank));
    kept = kept.filter(({ rank }) => rank !== lowest);
  }
  return kept;
}

const byRank = (wishes: readonly Wish[]): number[] =>
  [...wishes.keys()].toSorted((a, b) => at(wishes, b).rank - at(wishes, a).rank);

const total = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
