// The zones as a table: state, players, tick times, work done, fights, kernel. A click on a zone shows its details.

import { isAbove, mapped, measured } from "../../analysis/measured.ts";
import type { Measured } from "../../analysis/measured.ts";
import { shown } from "../../analysis/measures.ts";
import type { ZoneHealth } from "../../analysis/zone-health.ts";
import { shownZone } from "../picture.ts";
import type { Picture } from "../picture.ts";
import { clean, clickable, line, span } from "../text.ts";
import type { Line, Style } from "../text.ts";
import { tableOf } from "./panel.ts";
import type { Column, Panel } from "./panel.ts";
import { at } from "../../../server/protocol/assert.ts";

export const zonesPanel: Panel = {
  title: ({ health }) => `Zones (${health.zones.length}), last ${shown(mapped(health.windowS, Math.round))} s`,
  lines(picture, screen, { width, height }) {
    const { zones } = picture.health;
    if (zones.length === 0) return [line("No zone has ticked yet.", "dim")];
    const chosen = shownZone(picture, screen.zoneId);
    const [head = [], ...rows] = tableOf(columnsFor(picture), zones, width - 2);
    // The selected zone is always among the rows shown.
    const room = height - 1;
    const from = Math.max(0, Math.min(zones.findIndex(({ id }) => id === chosen) - room + 1, zones.length - room));
    const shownRows = rows.slice(from, from + room).map((row, index): Line => {
      const id = at(zones, from + index).id;
      return clickable([span(id === chosen ? "▸ " : "  ", "accent"), ...row], { do: "zone", zoneId: id });
    });
    return [[span("  "), ...head], ...shownRows];
  },
};

export function stateStyle(state: string): Style {
  if (state === "ACTIVE") return "good";
  return state === "DEGRADED" ? "warn" : "bad";
}

/** "OVERLD 4" for a zone that sheds load, with the level: this is then why it is DEGRADED. */
function stateOf({ state, overloadLevel }: ZoneHealth): string {
  return state === "DEGRADED" && overloadLevel > 0 ? `OVERLD ${overloadLevel}` : state;
}

function columnsFor({ health, deploys }: Picture): Column<ZoneHealth>[] {
  const budgetMs = 1_000 / health.tickRateHz.meant;
  return [
    { head: "ZONE", width: 8, cell: ({ id, name }) => clean(`${id} ${name}`) },
    { head: "STATE", width: 8, cell: (zone) => ({ text: clean(stateOf(zone)), style: stateStyle(zone.state) }) },
    number("PLAY", 4, 0, ({ players }) => players),
    number("CREA", 4, 1, ({ creatures }) => creatures),
    number("P50ms", 5, 0, ({ durationMs }) => durationMs.p50),
    {
      head: "P99ms",
      width: 5,
      align: "right",
      cell: ({ durationMs: { p99 } }) => ({ text: compact(p99), style: isAbove(p99, budgetMs) ? "bad" : "plain" }),
    },
    number("FUEL", 5, 3, ({ fuelUsedP50 }) => fuelUsedP50),
    number("CAST/s", 6, 4, ({ castsPerS }) => castsPerS),
    number("DPS", 5, 2, ({ damagePerS }) => damagePerS),
    number("QUEUE", 5, 6, ({ queueDepthMax }) => queueDepthMax),
    number("RECOV", 5, 5, ({ recoveries }) => recoveries),
    {
      head: "KERNEL",
      width: 6,
      cell: ({ id, kernel }) => {
        const isSteady = deploys?.zones.find((zone) => zone.zone_id === id)?.phase !== "canary";
        return { text: clean(kernel.slice(0, 6)), style: isSteady ? "plain" : "warn" };
      },
    },
  ];
}

function number(head: string, width: number, spare: number, read: (zone: ZoneHealth) => Measured): Column<ZoneHealth> {
  return { head, width, spare, align: "right", cell: (zone) => compact(read(zone)) };
}

/** At most five characters: "0.42", "204", "1.2k", "35M". */
export function compact(given: Measured): string {
  const value = measured(given);
  if (value === null) return "-";
  if (Number.isInteger(value) && Math.abs(value) < 1_000) return String(value);
  if (value < 1_000) return shown(value);
  const [size, unit] = value < 1e6 ? [1e3, "k"] : value < 1e9 ? [1e6, "M"] : [1e9, "G"];
  const scaled = value / size;
  return `${scaled < 10 ? scaled.toFixed(1) : scaled.toFixed(0)}${unit}`;
}
