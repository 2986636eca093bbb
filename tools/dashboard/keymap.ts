// The meaning of each key: one table for the key handling, the line at the bottom, and the help.

import type { Command } from "./commands.ts";
import { VIEWS } from "./layout.ts";
import type { View } from "./layout.ts";
import type { Picture } from "./picture.ts";

export interface Binding {
  key: string;
  /** How the key is written; the key itself when left out. */
  shown?: string;
  /** A word or two, for the line at the bottom; "" keeps it out of there. */
  label(picture: Picture): string;
  help: string;
  command: Command;
}

const TITLES: Record<View, string> = {
  overview: "Overview",
  zone: "Zone",
  faults: "Faults",
  deploy: "Deploy",
  events: "Events",
};

export const viewTitle = (view: View): string => TITLES[view];

const named = (label: string) => (): string => label;

export const BINDINGS: readonly Binding[] = [
  {
    key: "s",
    label: named("Spawn"),
    help: "bring players in: for 10, 30 or 60 s, or until stopped",
    command: { do: "open", dialog: "spawn" },
  },
  {
    key: "d",
    label: named("Despawn"),
    help: "let the players leave that were brought in here",
    command: { do: "despawn" },
  },
  {
    key: "f",
    label: named("Fault"),
    help: "break something: choose a fault, set its parameters; asks first",
    command: { do: "open", dialog: "faults" },
  },
  { key: "c", label: named("Clear"), help: "end one fault", command: { do: "open", dialog: "clear" } },
  { key: "x", label: named("Clear all"), help: "end all faults", command: { do: "clear_all" } },
  {
    key: "K",
    label: ({ faults }) => (faults?.halted === true ? "ALLOW FAULTS" : "KILL SWITCH"),
    help: "kill switch: end all faults and refuse new ones, asks first; once more allows them again",
    command: { do: "open", dialog: "halt" },
  },
  {
    key: "p",
    label: named("Deploy"),
    help: "deploy a candidate kernel through a canary; asks first",
    command: { do: "open", dialog: "deploy" },
  },
  {
    key: "b",
    label: named("Roll back"),
    help: "back to the kernel before; asks first",
    command: { do: "open", dialog: "rollback" },
  },
  {
    key: "z",
    label: named("Zone"),
    help: "a zone in detail: map, threat, its ticks; once more: the next zone",
    command: { do: "zone", zoneId: 0 },
  },
  {
    key: "/",
    label: named("Filter"),
    help: "filter the event log by words; Enter keeps it, Esc clears it",
    command: { do: "filter" },
  },
  {
    key: "l",
    label: named("Level"),
    help: "event log: what is notable, everything, errors only",
    command: { do: "level" },
  },
  {
    key: " ",
    shown: "Space",
    label: named("Pause"),
    help: "hold the event log still, or let it go on",
    command: { do: "pause" },
  },
  { key: "h", label: named("Help"), help: "this help; also ?", command: { do: "open", dialog: "help" } },
  {
    key: "q",
    label: named("Quit"),
    help: "quit; asks first if something started here would end",
    command: { do: "open", dialog: "quit" },
  },
  ...VIEWS.map((view, index): Binding => {
    const help = `view: ${viewTitle(view).toLowerCase()}`;
    return { key: String(index + 1), label: named(""), help, command: { do: "view", view } };
  }),
  { key: "?", label: named(""), help: "", command: { do: "open", dialog: "help" } },
];

export const shownKey = ({ key, shown }: Binding): string => shown ?? key;

/** Keys that navigate rather than act; for the help. */
export const MOVING: readonly (readonly [keys: string, help: string])[] = [
  ["Up Down", "choose a zone or a fault; scroll the event log; also k and j"],
  ["PgUp PgDn", "scroll the event log by pages"],
  ["Home End", "to its begin; to its end, where it continues"],
  ["Enter", "open the selected zone, fault or line of the event log"],
  ["Esc", "back: close the dialog, clear the filter, to the overview"],
  ["Tab", "the next view, or the next field of a form; Shift-Tab goes back"],
  ["Left Right", "in a form: one less, one more"],
  ["mouse", "click on whatever is shown: views, keys, zones, faults, buttons; the wheel scrolls"],
  ["Ctrl-L", "draw everything anew"],
  ["Ctrl-Z", "to the shell; fg brings the dashboard back"],
  ["Ctrl-C", "quit at once; everything started here ends"],
];
