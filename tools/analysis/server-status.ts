// The status that a server reports over HTTP, for the readers of telemetry: a zone that has been down for a while is silent
// in the feed, but it is named here.

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
  /** Why the server is not healthy. */
  reasons: string[];
  zones: ZoneStatus[];
  /** The server can not write its telemetry file now; null when the status does not say. */
  isFileFailing: boolean | null;
}
