// Limits for operators, scrapers, watchers and uploads, and the bounds of settings. The limits of players
// are in game/limits.ts.

export interface ControlLimits {
  /** Longest request in bytes; a kernel module travels in one as base64. */
  lineBytesMax: number;
  /** The same for a peer that has not shown the token yet. */
  strangerLineBytesMax: number;
  connectionsMax: number;
  /** Of these, places that are reserved for connections that showed the token (without a token: that sent a request). */
  connectionsReserved: number;
  /** Connections of one address that have not shown the token yet, if there is one. */
  strangersPerAddressMax: number;
  /** Time from the connection to the token, if there is one. */
  authenticateMsMax: number;
  /** Longest answer in bytes. */
  answerBytesMax: number;
  /** Unread answer bytes past which no further request is handled. */
  outboxBytesMax: number;
  /** Waiting requests past which nothing more is read. */
  requestsWaitingMax: number;
  /** Requests that are answered before other connections and the game get their turn. */
  requestsPerTurnMax: number;
  /** Consecutive lines that are no requests, after which the connection is closed. */
  malformedRunMax: number;
  /** Wrong tokens after which the connection is closed. */
  wrongTokensMax: number;
}

export const CONTROL_LIMITS: Readonly<ControlLimits> = {
  lineBytesMax: 4 * 2 ** 20,
  strangerLineBytesMax: 65_536,
  connectionsMax: 64,
  connectionsReserved: 8,
  strangersPerAddressMax: 32,
  authenticateMsMax: 5_000,
  answerBytesMax: 8 * 2 ** 20,
  outboxBytesMax: 262_144,
  requestsWaitingMax: 64,
  requestsPerTurnMax: 16,
  malformedRunMax: 64,
  wrongTokensMax: 5,
};

export interface HttpLimits {
  connectionsMax: number;
  /** Of these, places that are reserved for connections that have sent a request. */
  connectionsReserved: number;
  /** Connections of one address that is not loopback and that have not sent a request yet. */
  strangersPerAddressMax: number;
  /** Time from the connection, or from the last answer, to the end of the next request. */
  requestMsMax: number;
}

export const HTTP_LIMITS: Readonly<HttpLimits> = {
  connectionsMax: 64,
  connectionsReserved: 16,
  strangersPerAddressMax: 16,
  requestMsMax: 5_000,
};

export interface FeedLimits {
  /** Watchers in all. */
  watchersMax: number;
  /** Watchers of one address that is not loopback. */
  watchersPerAddressMax: number;
}

export const FEED_LIMITS: Readonly<FeedLimits> = { watchersMax: 64, watchersPerAddressMax: 16 };

export interface ModuleLimits {
  modulesMax: number;
  moduleBytesMax: number;
  checksRunningMax: number;
  checkMsMax: number;
}

export const MODULE_LIMITS: ModuleLimits = {
  modulesMax: 8,
  moduleBytesMax: 1_048_576,
  checksRunningMax: 2,
  checkMsMax: 60_000,
};

/** Bounds and default of the limit, in milliseconds. */
export const WATCHDOG_MS_MIN = 250;
export const WATCHDOG_MS_MAX = 600_000;
export const WATCHDOG_MS_DEFAULT = 1_000;

/** Overload level at which no new player is admitted. */
export const LEVEL_CLOSED = 5;
