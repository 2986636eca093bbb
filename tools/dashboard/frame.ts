// The whole screen as lines, from the picture and the screen state: heads, panels, rules between them, the suggestion,
// the keys, and the dialog on top. It also gives the command at a position, for the mouse.
//
//   const frame = frameOf(picture, screen, { width: 80, height: 24 })
//   frame.rows.length           // 24, each exactly 80 cells
//   commandAt(frame, 3, 23)     // { do: "open", dialog: "spawn" }

import { mapped } from "../analysis/measured.ts";
import { shown } from "../analysis/measures.ts";
import type { Command } from "./commands.ts";
import { dialogBox } from "./dialog-box.ts";
import type { Box } from "./dialog-box.ts";
import { BINDINGS, shownKey, viewTitle } from "./keymap.ts";
import { HEAD_ROWS, layoutOf, SIZE_MIN, VIEWS } from "./layout.ts";
import type { Layout, PanelId } from "./layout.ts";
import { causePanel } from "./panels/cause.ts";
import { deployPanel } from "./panels/deploy.ts";
import { eventsPanel } from "./panels/events.ts";
import { factsPanel } from "./panels/facts.ts";
import { faultsPanel } from "./panels/faults.ts";
import { mapPanel } from "./panels/map.ts";
import type { Panel } from "./panels/panel.ts";
import { threatPanel } from "./panels/threat.ts";
import { ticksPanel } from "./panels/ticks.ts";
import { zonesPanel } from "./panels/zones.ts";
import { activeFaults } from "./picture.ts";
import type { Picture } from "./picture.ts";
import { freshNotice } from "./screen-state.ts";
import type { Screen } from "./screen-state.ts";
import { suggest } from "./suggestion.ts";
import { EMPTY, fit, line, overlay, span, widthOf } from "./text.ts";
import type { Line, Span, Style } from "./text.ts";
import type { Size } from "./layout.ts";

export interface Frame extends Size {
  /** Each of exactly `width` cells. */
  rows: Line[];
  layout: Layout;
}

const PANELS: Record<PanelId, Panel> = {
  ticks: ticksPanel,
  zones: zonesPanel,
  cause: causePanel,
  faults: faultsPanel,
  threat: threatPanel,
  map: mapPanel,
  facts: factsPanel,
  deploy: deployPanel,
  events: eventsPanel,
};

const RULE = span("│", "dim");

export function frameOf(picture: Picture, screen: Screen, size: Size): Frame {
  const keys = keyLines(picture, size.width);
  const layout = layoutOf(size, screen.view, {
    zones: picture.health.zones.length,
    faults: activeFaults(picture).length,
    faultKinds: picture.faults?.list.length ?? 0,
    keyRows: keys.length,
  });
  if (layout.isTooSmall) return { ...size, layout, rows: tooSmall(size) };
  const rows = [
    fit(viewsLine(picture, screen), size.width),
    fit(statusLine(picture, size.width), size.width),
    ...bodyRows(picture, screen, layout),
    fit(suggestionLine(picture, screen), size.width),
    ...keys.map((of) => fit(of, size.width)),
  ];
  const dialog = screen.dialogs.at(-1);
  if (dialog !== undefined) layOver(rows, dialogBox(dialog, size));
  return { ...size, layout, rows };
}

/** Panels and rules fill the body without gaps, so their rows only have to be joined. */
function bodyRows(picture: Picture, screen: Screen, { panels, rules, suggestionY }: Layout): Span[][] {
  const rows = Array.from({ length: suggestionY - HEAD_ROWS }, (): Span[] => []);
  const parts = [
    ...panels.map((rect) => ({ rect, lines: panelLines(PANELS[rect.panel], picture, screen, rect) })),
    ...rules.map((rect) => ({ rect, lines: Array.from({ length: rect.height }, () => [RULE]) })),
  ];
  for (const { rect, lines } of parts.toSorted((one, other) => one.rect.x - other.rect.x)) {
    for (let row = 0; row < rect.height; row++)
      rows[rect.y - HEAD_ROWS + row]?.push(...fit(lines[row] ?? EMPTY, rect.width));
  }
  return rows;
}

function panelLines(panel: Panel, picture: Picture, screen: Screen, { width, height }: Size): Line[] {
  const title = titleLine(panel.title(picture, screen), width);
  return [title, ...panel.lines(picture, screen, { width, height: height - 1 })];
}

function layOver(rows: Span[][], { x, y, lines }: Box): void {
  for (const [index, of] of lines.entries()) {
    const under = rows[y + index];
    if (under !== undefined) rows[y + index] = overlay(under, x, of);
  }
}

/** The command of a click at this position; null: none. */
export function commandAt({ rows }: Frame, x: number, y: number): Command | null {
  let at = 0;
  for (const { text, on } of rows[y] ?? []) {
    at += text.length;
    if (x < at) return on ?? null;
  }
  return null;
}

function viewsLine({ server }: Picture, { view }: Screen): Line {
  const views = VIEWS.flatMap((each, index): Span[] => [
    span(` ${index + 1} ${viewTitle(each)} `, each === view ? "selected" : "plain", { do: "view", view: each }),
    span(" "),
  ]);
  return [span("wowsim ", "title"), ...views, ...line(server, "dim")];
}

function statusLine(picture: Picture, width: number): Line {
  const { link, health, nowMs } = picture;
  const seconds = Math.max(0, Math.round((nowMs - link.sinceMs) / 1_000));
  if (link.state === "waiting") return [span("○ waiting for telemetry", "warn"), span(` for ${seconds} s`, "dim")];
  if (link.state === "lost")
    return [span(`○ NO TELEMETRY for ${seconds} s`, "bad"), span("; the data shown is old", "dim")];
  const style: Record<typeof health.status, Style> = { healthy: "good", degraded: "warn", critical: "bad" };
  const [reason] = health.reasons;
  const verdict = `${health.status.toUpperCase()}${reason === undefined ? "" : `: ${reason.text}`}`;
  const head = [span("● live ", "good"), ...line(verdict, style[health.status])];
  return [...head, ...fitting(statusFacts(picture), width - widthOf(head)).flatMap((fact) => [span("  "), fact])];
}

/** Sorted by importance. */
function statusFacts(picture: Picture): Span[] {
  const { link, health, nowMs } = picture;
  const { meant, measured } = health.tickRateHz;
  const active = activeFaults(picture).length;
  const { process, roundTrip } = health;
  const facts = [
    active === 0
      ? []
      : line(`${active} ${active === 1 ? "fault" : "faults"} active`, "bad", { do: "view", view: "faults" }),
    line(`${shown(health.traffic?.inWorld ?? null)} players`),
    picture.players === null ? [] : line(playersText(picture.players, nowMs), "accent"),
    line(`${shown(measured)} of ${meant} ticks/s`),
    roundTrip === null ? [] : line(`round trip p99 ${shown(roundTrip.msP99)} ms`),
    link.returns === 0 ? [] : line(`was away ${link.returns === 1 ? "once" : `${link.returns} times`}`, "warn"),
    process === null
      ? []
      : line(
          `${shown(mapped(process.rssMb, Math.round))} MiB, ${shown(mapped(process.cpuShare, (share) => Math.round(share * 100)))} % CPU`,
        ),
  ];
  return facts.flat();
}

/** As many facts as fit, two blanks before each. */
function fitting(facts: readonly Span[], width: number): Span[] {
  let left = width;
  return facts.filter(({ text }) => {
    if (text.length + 2 > left) return false;
    left -= text.length + 2;
    return true;
  });
}

function playersText({ count, untilMs }: NonNullable<Picture["players"]>, nowMs: number): string {
  if (untilMs === null) return `${count} from here`;
  return `${count} from here for ${Math.max(0, Math.ceil((untilMs - nowMs) / 1_000))} s`;
}

function titleLine(title: string, width: number): Line {
  const head = fit([span("─ ", "dim"), ...line(title, "title"), span(" ")], Math.min(width, title.length + 3));
  return [...head, span("─".repeat(Math.max(0, width - widthOf(head))), "dim")];
}

function suggestionLine(picture: Picture, screen: Screen): Line {
  const notice = freshNotice(screen, picture.nowMs);
  if (notice !== null) return line(notice.text, notice.style);
  const { text, command } = suggest(picture);
  return [span("Next: ", "title", command), ...line(text, "accent", command)];
}

/** All keys that have a label, on as many rows as they need. */
function keyLines(picture: Picture, width: number): Line[] {
  const rows: Span[][] = [[]];
  for (const binding of BINDINGS) {
    const label = binding.label(picture);
    if (label === "") continue;
    const key = [span(shownKey(binding), "key", binding.command), span(` ${label}  `, "plain", binding.command)];
    let row = rows.at(-1);
    if (row === undefined || widthOf(row) + widthOf(key) > width + 2) rows.push((row = []));
    row.push(...key);
  }
  return rows;
}

function tooSmall({ width, height }: Size): Line[] {
  const lines = [
    `This terminal has ${width} by ${height};`,
    `the dashboard needs ${SIZE_MIN.width} by ${SIZE_MIN.height}.`,
    "Make it larger, or q to quit.",
  ];
  return Array.from({ length: height }, (_, row) => fit(line(lines[row] ?? ""), width));
}
