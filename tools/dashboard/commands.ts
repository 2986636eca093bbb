// The meanings of a key or a click. A command changes the screen or opens a dialog; a change of the server is an effect
// (effects.ts), which comes from a dialog, or from a command that needs no confirmation.

import type { View } from "./layout.ts";

export type DialogName = "spawn" | "faults" | "clear" | "deploy" | "rollback" | "halt" | "help" | "quit";

export type Command =
  | { do: "view"; view: View }
  /** Chooses a zone and shows it. */
  | { do: "zone"; zoneId: number }
  /** Selects a row in the list of the current view. */
  | { do: "row"; index: number }
  | { do: "open"; dialog: DialogName }
  /** The possible actions on one fault. */
  | { do: "fault"; faultId: string }
  /** An entry of the event log with all its fields. */
  | { do: "entry"; seq: number }
  | { do: "despawn" | "clear_all" | "pause" | "filter" | "level" | "back" }
  /** In a dialog: selects an item, a field or a button, and presses it. */
  | { do: "press"; index: number };
