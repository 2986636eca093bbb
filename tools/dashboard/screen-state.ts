// The state of the screen: the view, the zone, the filter, the open dialogs. A value; update.ts computes the next one.

import type { Dialog } from "./dialogs.ts";
import type { LogFilter } from "./event-log.ts";
import type { View } from "./layout.ts";
import type { Style } from "./text.ts";

/** A short text about what was done or could not be done. */
export interface Notice {
  text: string;
  style: Style;
  /** Wall clock, in milliseconds since 1970. */
  atMs: number;
}

export interface Screen {
  view: View;
  /** 0: the zone with the most activity. */
  zoneId: number;
  /** Selected row of the list of faults. */
  row: number;
  filter: LogFilter;
  /** Keys go into the filter. */
  isTyping: boolean;
  /** While the event log is paused: the number of the newest entry that is shown. */
  pausedAt: number | null;
  /** The number of entries that the event log is scrolled back. */
  scroll: number;
  /** The last one is on top. */
  dialogs: readonly Dialog[];
  notice: Notice | null;
}

/** How long a notice stays. */
export const NOTICE_MS = 8_000;

export const FIRST_SCREEN: Screen = {
  view: "overview",
  zoneId: 0,
  row: 0,
  filter: { level: "notable", text: "" },
  isTyping: false,
  pausedAt: null,
  scroll: 0,
  dialogs: [],
  notice: null,
};

/** The notice, while it is recent. */
export function freshNotice({ notice }: Screen, nowMs: number): Notice | null {
  return notice !== null && nowMs - notice.atMs < NOTICE_MS ? notice : null;
}
