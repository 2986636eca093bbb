// What a client can say and what it can be told, whatever the encoding.
//
// Incoming: one ClientMessage object a codec fills in again and again (40,000 messages a second make no garbage here).
// Only the fields of its `kind` mean anything:
//
//   { kind: "move", seq: 7, x: 1.5, y: 0, z: -3 }
//   { kind: "cast", seq: 0, target: 1000001, spell: 200, castTicks: 30 }     seq 0: the server numbers it
//
// Outgoing: ServerMessage for what is rare; kernel frames go through Codec.encodeFrame.

import type { ActionKind } from "./actions.ts";
import type { LimitName } from "./limits.ts";

/** Kinds that act in the world become a kernel command, and make a guest of a client that has not said hello. */
export type ClientMessageKind = "hello" | "ping" | "names" | "bye" | ActionKind;

export class ClientMessage {
  kind: ClientMessageKind = "ping";
  /** Why decode refused the bytes: a sentence for the client. */
  problem = "";
  /** The client's own number for an action, 1 to 2^31 - 1; 0: none given. */
  seq = 0;
  /** Yards. */
  x = 0;
  y = 0;
  z = 0;
  /** Entity id; 0: none. */
  target = 0;
  spell = 0;
  castTicks = 0;
  /** Upper bound of the damage; 0: none. */
  baseDamage = 0;
  magical = false;
  /** ping: the client's number, given back as it is. */
  echo = 0;
  /** names: whose are asked for; ids of players, templates of creatures. */
  players: number[] = [];
  creatures: number[] = [];
  hello: Hello = { version: 1, name: "", zone: 0, playerClass: "", token: "", resume: "" };
}

/** Absent text is "", absent zone is 0. */
export interface Hello {
  version: number;
  name: string;
  zone: number;
  playerClass: string;
  token: string;
  resume: string;
}

/** Codes of `error` messages; beside these there is limit_<name> before the door, see limits.ts for the names. */
export const ERROR_CODES = [
  "malformed",
  "busy",
  "unsupported_version",
  "bad_token",
  "guests_off",
  "no_such_zone",
  "no_such_class",
  "zone_full",
  "zone_overloaded",
  "no_zone",
  "resume_expired",
  "already_in_world",
  "taken_over",
  "held",
  "server_stopping",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number] | `limit_${LimitName}`;

export interface Welcome {
  type: "welcome";
  session_id: number;
  entity_id: number;
  zone_id: number;
  tick: number;
  tick_rate_hz: number;
  resume: string;
  /** Highest sequence number the server has for this session: own numbers go on from here. */
  seq: number;
  class: string;
  /** What the class can cast. */
  spells: readonly SpellInfo[];
  /** Of its zone. */
  portals: readonly PortalInfo[];
}

/** Who comes within its radius goes on in zone `to`. Yards. */
export interface PortalInfo {
  to: number;
  x: number;
  y: number;
  radius_yd: number;
}

export interface SpellInfo {
  id: number;
  name: string;
  effect: string;
  range_yd: number;
}

/** The player is in another zone from now on. */
export interface ZoneChange {
  type: "zone";
  zone_id: number;
  tick: number;
  reason: "zone_down" | "zone_restored" | "portal" | "zone_overloaded" | "not_let_in" | "put_back";
  /** Of the zone it is in now. */
  portals: readonly PortalInfo[];
  /** Numbers of actions that came when it had left the other zone already: they are not done. */
  lost_from?: number;
  lost_to?: number;
}

export interface NamedId {
  id: number;
  name: string;
}

export type ServerMessage =
  | Welcome
  | { type: "error"; code: ErrorCode; message: string; seq?: number }
  | { type: "pong"; t: number; tick: number }
  | ZoneChange
  | { type: "names"; players: NamedId[]; creatures: NamedId[] };
