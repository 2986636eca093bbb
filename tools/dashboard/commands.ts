// What a key or a click can mean on the screen. A command changes what is shown, or opens a dialog; what touches the server
// is an effect (effects.ts), and comes out of a dialog or of a command that needs no asking.

import type { View } from "./layout.ts";

export type DialogName = "spawn" | "faults" | "clear" | "deploy" | "rollback" | "halt" | "help" | "quit";

export type Command =
  | { do: "view"; view: View }
  /** Chooses a zone and shows it. */
  | { do: "zone"; zoneId: number }
  /** Chooses a row in the list that the view is about. */
  | { do: "row"; index: number }
  | { do: "open"; dialog: DialogName }
  /** What can be done about one fault. */
  | { do: "fault"; faultId: string }
  /** An entry of the event log, whole. */
  | { do: "entry"; seq: number }
  | { do: "despawn" | "clear_all" | "pause" | "filter" | "level" | "back" }
  /** In a dialog: goes to an item, a field or a button, and presses it. */
  | { do: "press"; index: number };
