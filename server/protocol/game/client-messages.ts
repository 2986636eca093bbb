// The messages from and to a client, independent of the encoding.
//
// Incoming: a codec fills the same ClientMessage object again and again (40,000 messages a second make no garbage here).
// Only the fields of its `kind` are valid:
//
//   { kind: "move", seq: 7, x: 1.5, y: 0, z: -3 }
//   { kind: "cast", seq: 0, target: 1000001, spell: 200, castTicks: 30 }     seq 0: the server numbers it
//
// Outgoing: ServerMessage for rare messages; kernel frames go through Codec.encodeFrame.

import type { ActionKind, Stacks } from "./actions.ts";
import type { LimitName } from "./limits.ts";

/** An action becomes a kernel command, and makes a guest of a client that has not sent hello. */
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
  /** Number of a trade's offer. */
  offer = 0;
  /** Of a trade: two stacks that are given, two that are wanted. */
  stacks: Stacks = [0, 0, 0, 0];
  /** ping: the client's number, returned unchanged. */
  echo = 0;
  /** names: the requested ids of players and templates of creatures. */
  players: number[] = [];
  creatures: number[] = [];
  hello: Hello = { version: 1, name: "", zone: 0, playerClass: "", token: "", resume: "", secret: "" };
}

/** Absent text is "", absent zone is 0. */
export interface Hello {
  version: number;
  name: string;
  zone: number;
  playerClass: string;
  token: string;
  resume: string;
  /** The secret of a character; "" for a player who does not persist. */
  secret: string;
}

/** Codes of `error` messages; in addition there is limit_<name> before a connection is closed, see limits.ts for the names. */
export const ERROR_CODES = [
  "malformed",
  "busy",
  "unsupported_version",
  "bad_token",
  "bad_secret",
  "name_taken",
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
  /** Highest sequence number the server has for this session: the client continues from here. */
  seq: number;
  class: string;
  /** The spells of the class. */
  spells: readonly SpellInfo[];
  /** The portals of its zone. */
  portals: readonly PortalInfo[];
  /** The character that the player has; absent for players who do not persist. */
  character?: CharacterInfo;
}

export interface CharacterInfo {
  name: string;
  /** What it enters the world with; absent when it is in the world already. */
  level?: number;
  /** Points towards the next level. */
  experience?: number;
}

/** A player within its radius goes to zone `to`. Yards. */
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
  /** The portals of the new zone. */
  portals: readonly PortalInfo[];
  /** First sequence number of the actions that came after the player had left the old zone: they are not applied. */
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
