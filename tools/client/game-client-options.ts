// What a game client is told, and how a server's refusals to let it in are taken.

import type { SpellInfo } from "../../server/protocol/game/client-messages.ts";
import type { ClientStats } from "./client-stats.ts";
import type { EventWishes } from "./game-events.ts";
import type { Protocol } from "./wire.ts";

export interface GameClientOptions extends EventWishes {
  host: string;
  port: number;
  name: string;
  zone?: number;
  playerClass?: string;
  token?: string;
  /** Uniform in [0, 1); for the jitter of reconnecting. */
  random(): number;
  stats: ClientStats;
  /** Milliseconds of a monotonic clock. */
  now?(): number;
  /** Come back when the link breaks; default true. */
  reconnects?: boolean;
  /** Default "json". */
  protocol?: Protocol;
  /** What it is told is kept until look() is called, which costs less than looking at each state; default false. */
  looksLater?: boolean;
}

/** A spell its class can cast. */
export type KnownSpell = SpellInfo;

/** Codes of `error` after which trying again is pointless. */
export const FATAL: ReadonlySet<string> = new Set([
  "bad_token",
  "unsupported_version",
  "no_such_zone",
  "no_such_class",
]);
/** Codes after which another hello may be answered otherwise in a while. */
export const LATER: ReadonlySet<string> = new Set(["zone_full", "zone_overloaded", "no_zone"]);
