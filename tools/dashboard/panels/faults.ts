// The active faults with their remaining time and what they have hit, from the control channel. The faults view lists all
// faults, with a description of each.

import { FAULTS } from "../../../server/protocol/faults/catalogue.ts";
import type { FaultStatus } from "../../../server/protocol/faults/status.ts";
import { seconds, zonesOf } from "../../ui/fault-lines.ts";
import { activeFaults } from "../picture.ts";
import type { Picture } from "../picture.ts";
import type { Screen } from "../screen-state.ts";
import { clean, clickable, line, span } from "../text.ts";
import type { Line } from "../text.ts";
import { tableOf } from "./panel.ts";
import type { Column, Panel } from "./panel.ts";

export const faultsPanel: Panel = {
  title(picture) {
    const halted = picture.faults?.halted === true ? ", KILL SWITCH ON" : "";
    return `Faults: ${activeFaults(picture).length} active${halted}`;
  },
  lines(picture, screen, { width, height }) {
    if (picture.faults === null) return [line("Waiting for the control channel.", "dim")];
    return screen.view === "faults" ? allFaults(picture.faults.list, screen, width) : active(picture, width, height);
  },
};

function active(picture: Picture, width: number, height: number): Line[] {
  const faults = activeFaults(picture);
  if (faults.length === 0) return [line("None is active.", "dim")];
  const columns = COLUMNS.filter(({ head }) => head !== "STATE" && head !== "RUNS");
  const rows = tableOf(columns, faults, width).map((row, index): Line => withFault(row, faults[index - 1]));
  return rows.slice(0, height);
}

function allFaults(list: readonly FaultStatus[], screen: Screen, width: number): Line[] {
  const rows = tableOf(COLUMNS, list, width - 2);
  const chosen = list[screen.row];
  const about = FAULTS.find(({ id }) => id === chosen?.id);
  const lines = rows.map((row, index): Line => {
    const mark = index > 0 && list[index - 1] === chosen ? "▸ " : "  ";
    return withFault([span(mark, "accent"), ...row], list[index - 1]);
  });
  const title = about === undefined ? "" : `${about.id} ${about.title}. Enter: begin or end it.`;
  return [...lines, [], line(title, "accent")];
}

const withFault = (row: Line, fault: FaultStatus | undefined): Line =>
  fault === undefined ? row : clickable(row, { do: "fault", faultId: fault.id });

const COLUMNS: readonly Column<FaultStatus>[] = [
  { head: "FAULT", width: 12, cell: ({ id, active: on }) => ({ text: clean(id), style: on ? "bad" : "plain" }) },
  {
    head: "STATE",
    width: 7,
    cell: ({ active: on, leaving }) => (on ? { text: "ACTIVE", style: "bad" } : leaving ? "leaving" : "off"),
  },
  { head: "ZONES", width: 6, cell: (fault) => (fault.active ? zonesOf(fault) : "-") },
  { head: "LEFT", width: 7, align: "right", cell: ({ active: on, ticks_left: left }) => (on ? seconds(left) : "-") },
  {
    head: "HIT",
    width: 13,
    cell: ({ activations, affected, eligible }) => (activations === 0 ? "-" : `${affected} of ${eligible}`),
  },
  { head: "RUNS", width: 4, align: "right", spare: 1, cell: ({ activations }) => String(activations) },
  { head: "PARAMETERS", width: 22, spare: 2, cell: ({ config }) => clean(paramsText(config)) },
];

const paramsText = (config: Record<string, unknown>): string =>
  Object.entries(config)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
