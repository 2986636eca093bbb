// Computes the next screen state and the effects from the current state and a key or a click. Pure: all of the dashboard's
// input handling can be tested without a terminal and without a server.
//
//   const next = keyed(screen, "f", picture, candidates)      // { screen: { ..., dialogs: [faults] }, effects: [] }

import { FAULTS } from "../../server/protocol/faults/catalogue.ts";
import type { Command } from "./commands.ts";
import { edited, pressed, stopsOf } from "./dialogs.ts";
import type { Dialog, Outcome } from "./dialogs.ts";
import type { Effect } from "./effects.ts";
import { LOG_LEVELS } from "./event-log.ts";
import { BINDINGS } from "./keymap.ts";
import { chosenEntry } from "./panels/events.ts";
import { VIEWS } from "./layout.ts";
import { entryDialog, faultDialog, openDialog } from "./open-dialog.ts";
import type { Candidate } from "./open-dialog.ts";
import { activeFaults, shownZone } from "./picture.ts";
import type { Picture } from "./picture.ts";
import type { Screen } from "./screen-state.ts";

export interface Next {
  screen: Screen;
  effects: Effect[];
}

/** The other inputs of a key or click. */
export interface Around {
  picture: Picture;
  candidates: readonly Candidate[];
}

const PAGE_ENTRIES = 10;
const WHEEL_ENTRIES = 3;
const FILTER_CHARS_MAX = 60;
const VIM_KEYS: Readonly<Record<string, string>> = { j: "DOWN", k: "UP" };

/** `key`: a character, or a name such as "ENTER", "ESCAPE", "UP", "CTRL_C". */
export function keyed(screen: Screen, key: string, around: Around): Next {
  if (key === "CTRL_C") return { screen, effects: [{ kind: "quit" }] };
  if (key === "CTRL_L") return { screen, effects: [{ kind: "repaint" }] };
  if (key === "CTRL_Z") return { screen, effects: [{ kind: "suspend" }] };
  const dialog = screen.dialogs.at(-1);
  if (dialog !== undefined) return keyedInDialog(screen, dialog, key, around);
  if (screen.isTyping) return still(typed(screen, key));
  const binding = BINDINGS.find((bound) => bound.key === key);
  return binding === undefined ? moved(screen, key, around) : commanded(screen, binding.command, around);
}

export function commanded(screen: Screen, command: Command, around: Around): Next {
  const { picture } = around;
  switch (command.do) {
    case "view":
      return still({ ...screen, view: command.view, isTyping: false });
    case "zone":
      return still(toZone(screen, command.zoneId, picture));
    case "row":
      return still({ ...screen, row: command.index });
    case "open":
      return follow(screen, openDialog(command.dialog, picture, around.candidates), around);
    case "fault":
      return follow(screen, faultDialog(command.faultId, picture), around);
    case "despawn":
      if (picture.players === null) return still(noticed(screen, "No players were brought in from here.", around));
      return { screen, effects: [{ kind: "despawn" }] };
    case "clear_all":
      if (activeFaults(picture).length === 0)
        return still(noticed(screen, "No fault is active; there is nothing to end.", around));
      return { screen, effects: [{ kind: "deactivate_all" }] };
    case "entry":
      return follow(held(screen, around), entryDialog(command.seq, picture), around);
    case "pause":
      return still({ ...screen, scroll: 0, pausedAt: screen.pausedAt === null ? picture.log.seq : null });
    case "filter":
      return still({ ...screen, isTyping: true, view: screen.view === "overview" ? "overview" : "events" });
    case "level": {
      const next = LOG_LEVELS[(LOG_LEVELS.indexOf(screen.filter.level) + 1) % LOG_LEVELS.length] ?? "notable";
      return still({ ...screen, scroll: 0, filter: { ...screen.filter, level: next } });
    }
    case "back":
      return still(back(screen));
    case "press":
      return pressedAt(screen, command.index, around);
  }
}

/** The mouse wheel: -1 is one step back in time. */
export function wheeled(screen: Screen, by: -1 | 1, around: Around): Next {
  const dialog = screen.dialogs.at(-1);
  if (dialog?.kind === "help")
    return still(onTop(screen, { ...dialog, scroll: Math.max(0, dialog.scroll + by * WHEEL_ENTRIES) }));
  return dialog === undefined ? still(scrolled(screen, -by * WHEEL_ENTRIES, around)) : { screen, effects: [] };
}

function keyedInDialog(screen: Screen, dialog: Dialog, key: string, around: Around): Next {
  if (key === "ESCAPE") return still(back(screen));
  if (dialog.kind === "help") {
    const by = { UP: -1, DOWN: 1, PAGE_UP: -PAGE_ENTRIES, PAGE_DOWN: PAGE_ENTRIES }[VIM_KEYS[key] ?? key];
    if (by === undefined) return still(back(screen));
    return still(onTop(screen, { ...dialog, scroll: Math.max(0, dialog.scroll + by) }));
  }
  const answer = dialog.kind === "question" ? dialog.answers.findIndex((one) => one.key === key.toLowerCase()) : -1;
  if (answer >= 0) return pressedAt(screen, answer, around);
  const step = stepOf(dialog, VIM_KEYS[key] ?? key);
  if (step !== 0) {
    const stops = stopsOf(dialog);
    return still(onTop(screen, { ...dialog, at: (dialog.at + step + stops) % stops }));
  }
  if (key === "ENTER" || (key === " " && dialog.kind !== "form")) return pressedAt(screen, dialog.at, around);
  if (dialog.kind === "form") return still(onTop(screen, edited(dialog, key)));
  return { screen, effects: [] };
}

/** How a key moves between stops. In a form, left and right change numbers, and move between buttons. */
function stepOf(dialog: Exclude<Dialog, { kind: "help" }>, key: string): number {
  if (key === "DOWN" || key === "TAB") return 1;
  if (key === "UP" || key === "SHIFT_TAB") return -1;
  const isOnField = dialog.kind === "form" && dialog.at < dialog.fields.length;
  if (dialog.kind === "menu" || isOnField) return 0;
  if (key === "RIGHT") return 1;
  return key === "LEFT" ? -1 : 0;
}

/** Presses a stop of the dialog on top. Enter on a field selects the next stop. */
function pressedAt(screen: Screen, index: number, around: Around): Next {
  const dialog = screen.dialogs.at(-1);
  if (dialog === undefined) return { screen, effects: [] };
  const outcome = pressed(dialog, index);
  if (outcome !== null) return follow(screen, outcome, around);
  if (dialog.kind !== "form") return { screen, effects: [] };
  return still(onTop(screen, { ...dialog, at: dialog.at === index ? index + 1 : index }));
}

function follow(screen: Screen, outcome: Outcome, around: Around): Next {
  if ("open" in outcome) return still({ ...screen, isTyping: false, dialogs: [...screen.dialogs, outcome.open] });
  if ("effect" in outcome) return { screen: { ...screen, dialogs: [] }, effects: [outcome.effect] };
  if ("close" in outcome) return still({ ...screen, dialogs: [] });
  const dialog = screen.dialogs.at(-1);
  if (dialog?.kind === "form") return still(onTop(screen, { ...dialog, error: outcome.error }));
  return still(noticed({ ...screen, dialogs: [] }, outcome.error, around));
}

/** Keys outside of dialogs that have no binding. */
function moved(screen: Screen, key: string, around: Around): Next {
  const at = VIEWS.indexOf(screen.view);
  switch (key) {
    case "TAB":
      return still({ ...screen, view: VIEWS[(at + 1) % VIEWS.length] ?? "overview" });
    case "SHIFT_TAB":
      return still({ ...screen, view: VIEWS[(at + VIEWS.length - 1) % VIEWS.length] ?? "overview" });
    case "ESCAPE":
      return still(back(screen));
    case "UP":
    case "k":
      return still(stepped(screen, -1, around));
    case "DOWN":
    case "j":
      return still(stepped(screen, 1, around));
    case "PAGE_UP":
      return still(scrolled(screen, PAGE_ENTRIES, around));
    case "PAGE_DOWN":
      return still(scrolled(screen, -PAGE_ENTRIES, around));
    case "HOME":
      return still(scrolled(screen, Number.MAX_SAFE_INTEGER, around));
    case "END":
      return still({ ...screen, scroll: 0, pausedAt: null });
    case "ENTER":
      return entered(screen, around);
    default:
      return { screen, effects: [] };
  }
}

function entered(screen: Screen, around: Around): Next {
  if (screen.view === "overview")
    return still(toZone(screen, shownZone(around.picture, screen.zoneId), around.picture));
  const entry = screen.view === "events" ? chosenEntry(around.picture, screen) : undefined;
  if (entry !== undefined) return commanded(screen, { do: "entry", seq: entry.seq }, around);
  const fault = FAULTS[screen.row];
  if (screen.view !== "faults" || fault === undefined) return { screen, effects: [] };
  return commanded(screen, { do: "fault", faultId: fault.id }, around);
}

/** One row up or down in the list of the current view. */
function stepped(screen: Screen, by: -1 | 1, around: Around): Screen {
  if (screen.view === "events" || screen.view === "deploy") return scrolled(screen, -by, around);
  if (screen.view === "faults") return { ...screen, row: Math.min(FAULTS.length - 1, Math.max(0, screen.row + by)) };
  return { ...screen, zoneId: neighbour(around.picture, shownZone(around.picture, screen.zoneId), by) };
}

/** With the log paused, so that the text being read does not move. */
const held = (screen: Screen, { picture }: Around): Screen => ({
  ...screen,
  pausedAt: screen.pausedAt ?? picture.log.seq,
});

/** Scrolling back pauses the log; scrolling to its end resumes it. */
function scrolled(screen: Screen, by: number, { picture }: Around): Screen {
  const upTo = screen.pausedAt ?? picture.log.seq;
  const most = Math.max(0, picture.log.count(screen.filter, upTo) - 1);
  const scroll = Math.min(most, Math.max(0, screen.scroll + by));
  return { ...screen, scroll, pausedAt: scroll > 0 ? upTo : screen.pausedAt };
}

/** The zone in detail; 0: the current one, or, when it is already shown, the next. */
function toZone(screen: Screen, zoneId: number, picture: Picture): Screen {
  const shown = shownZone(picture, screen.zoneId);
  const next = screen.view === "zone" ? neighbour(picture, shown, 1) : shown;
  return { ...screen, view: "zone", zoneId: zoneId === 0 ? next : zoneId };
}

function neighbour({ health }: Picture, zoneId: number, by: -1 | 1): number {
  const ids = health.zones.map(({ id }) => id);
  const at = ids.indexOf(zoneId);
  return ids[(at + by + ids.length) % ids.length] ?? zoneId;
}

function back(screen: Screen): Screen {
  if (screen.dialogs.length > 0) return { ...screen, dialogs: screen.dialogs.slice(0, -1) };
  if (screen.filter.text !== "") return { ...screen, scroll: 0, filter: { ...screen.filter, text: "" } };
  if (screen.pausedAt !== null) return { ...screen, scroll: 0, pausedAt: null };
  return { ...screen, view: "overview" };
}

function typed(screen: Screen, key: string): Screen {
  const { filter } = screen;
  if (key === "ENTER") return { ...screen, isTyping: false };
  if (key === "ESCAPE") return { ...screen, isTyping: false, scroll: 0, filter: { ...filter, text: "" } };
  if (key === "BACKSPACE") return { ...screen, scroll: 0, filter: { ...filter, text: filter.text.slice(0, -1) } };
  if ([...key].length !== 1 || filter.text.length >= FILTER_CHARS_MAX) return screen;
  return { ...screen, scroll: 0, filter: { ...filter, text: filter.text + key } };
}

const still = (screen: Screen): Next => ({ screen, effects: [] });

/** Replaces the dialog on top by another. */
const onTop = (screen: Screen, dialog: Dialog): Screen => ({
  ...screen,
  dialogs: [...screen.dialogs.slice(0, -1), dialog],
});

function noticed(screen: Screen, text: string, { picture }: Around): Screen {
  return { ...screen, notice: { text, style: "warn", atMs: picture.nowMs } };
}
