// The options of a game client, and how it handles a server's refusals to let it in.

import type { SpellInfo } from "../../server/protocol/game/client-messages.ts";
import type { ClientStats } from "./client-stats.ts";
import type { EventWishes } from "./game-events.ts";
import type { Protocol } from "./wire.ts";

export interface GameClientOptions extends EventWishes {
  host: string;
  port: number;
  /** Game ports of other gateways of the same cluster, tried in turn while a connection can not be made. */
  otherPorts?: readonly number[];
  name: string;
  zone?: number;
  playerClass?: string;
  token?: string;
  /** Plays a character, which persists under its name. */
  secret?: string;
  /** Uniform in [0, 1); for the jitter of reconnecting. */
  random(): number;
  stats: ClientStats;
  /** Milliseconds of a monotonic clock. */
  now?(): number;
  /** Reconnect when the link breaks; default true. */
  reconnects?: boolean;
  /** Default "json". */
  protocol?: Protocol;
  /** Keep received states until look() is called, which costs less than processing each one at once; default false. */
  looksLater?: boolean;
}

/** A spell its class can cast. */
export type KnownSpell = SpellInfo;

/** Codes of `error` after which another attempt is useless. */
export const FATAL: ReadonlySet<string> = new Set([
  "bad_token",
  "bad_secret",
  "name_taken",
  "unsupported_version",
  "no_such_zone",
  "no_such_class",
]);
/** Codes after which a later hello may be accepted. */
export const LATER: ReadonlySet<string> = new Set(["zone_full", "zone_overloaded", "no_zone"]);
