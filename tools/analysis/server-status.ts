// What a server says of itself over HTTP, as the readers of telemetry use it: a zone that has been down for a while is silent
// in the feed, and named here.

import type { Measured } from "./measured.ts";

export interface ZoneStatus {
  id: number;
  name: string;
  state: string;
  players: Measured;
  creatures: Measured;
}

export interface ServerStatus {
  ready: boolean;
  /** Why not. */
  reasons: string[];
  zones: ZoneStatus[];
  /** It can not write its telemetry file just now; null when it does not say. */
  isFileFailing: boolean | null;
}
