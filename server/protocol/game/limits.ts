// All limits on what a client can send or hold. A client that exceeds one is counted, gets an
// `error` message unless it is a guest, and is disconnected; the "Client disconnected" line has the reason "limit:<name>".
//
//   const limits = { ...DEFAULT_LIMITS, messagesPerSecondMax: 20 }
//   const bucket = new TokenBucket(limits.messagesPerSecondMax, limits.messagesBurstMax, nowMs)
//   if (!bucket.take(nowMs)) close("limit:messages")

export interface GatewayLimits {
  /** Longest message in bytes, with its newline; also the largest buffer for an incomplete message. */
  lineBytesMax: number;
  /** Sustained messages per second of one connection. */
  messagesPerSecondMax: number;
  /** Messages a connection may send at once after a silence. */
  messagesBurstMax: number;
  /** Broken messages in a row that end the connection. */
  malformedRunMax: number;
  /** Time from the connection to the player's entry into the world. */
  authenticateMsMax: number;
  /** Time from the first byte of a message to its last. */
  partialMsMax: number;
  /** A connection in the world without a complete message for this long is closed. */
  idleMsMax: number;
  connectionsMax: number;
  /** Connections of one address that is not loopback (an IPv6 /64 counts as one address). */
  connectionsPerAddressMax: number;
  /** Connections from loopback: by default no limit, because load generators run there and share one address. */
  connectionsFromLoopbackMax: number;
  /** New players a second, in all; a resumed session does not count. The next ones are the same for one address. */
  newSessionsPerSecondMax: number;
  newSessionsPerAddressMax: number;
  newSessionsFromLoopbackMax: number;
  /** Bytes that may wait for one session; past this, new frames are not queued until it has read everything. */
  outboxBytesMax: number;
  /** A reader that has not caught up within this time is disconnected (it may resume). */
  slowReaderMsMax: number;
  /** Time for a closing connection to read its last bytes. */
  closeMsMax: number;
  /** Time that the session of a lost link waits for its player. */
  resumeMsMax: number;
  /** Shortest such time for a player that hung up and never acted; such a session waits as long as the player was connected, so quick visitors leave no bodies behind. */
  unactedResumeMsMax: number;
  /** Players in one zone, including those that wait for a resume; the kernel's own bound is PLAYERS_MAX. */
  playersPerZoneMax: number;
  /** Characters in a player's name. */
  nameLengthMax: number;
}

export const DEFAULT_LIMITS: Readonly<GatewayLimits> = {
  lineBytesMax: 16_384,
  messagesPerSecondMax: 100,
  messagesBurstMax: 200,
  malformedRunMax: 20,
  authenticateMsMax: 10_000,
  partialMsMax: 10_000,
  idleMsMax: 300_000,
  connectionsMax: 10_000,
  connectionsPerAddressMax: 512,
  connectionsFromLoopbackMax: Number.POSITIVE_INFINITY,
  newSessionsPerSecondMax: 2_000,
  newSessionsPerAddressMax: 50,
  newSessionsFromLoopbackMax: Number.POSITIVE_INFINITY,
  outboxBytesMax: 131_072,
  slowReaderMsMax: 10_000,
  closeMsMax: 1_000,
  resumeMsMax: 30_000,
  unactedResumeMsMax: 5_000,
  playersPerZoneMax: 4_096,
  nameLengthMax: 32,
};

/** The defaults, overridden by the given values. A given per-address limit applies to loopback as well. */
export function limitsOf(given: Partial<GatewayLimits> = {}): GatewayLimits {
  const fromLoopback = {
    ...(given.connectionsPerAddressMax === undefined
      ? {}
      : { connectionsFromLoopbackMax: given.connectionsPerAddressMax }),
    ...(given.newSessionsPerAddressMax === undefined
      ? {}
      : { newSessionsFromLoopbackMax: given.newSessionsPerAddressMax }),
  };
  return { ...DEFAULT_LIMITS, ...fromLoopback, ...given };
}

/** Files the process needs in addition to players' sockets: operators, watchers, scrapers, its own files. */
const OTHER_FILES = 256;

/** Most connections that the limit on open files allows: without a free file handle a server can neither accept nor measure. */
export function connectionsWithin(openFilesMax: number | null, connectionsMax = DEFAULT_LIMITS.connectionsMax): number {
  if (openFilesMax === null) return connectionsMax;
  return Math.min(connectionsMax, openFilesMax - Math.min(OTHER_FILES, Math.ceil(openFilesMax / 2)));
}

/** Names of the limits as they appear in "limit:<name>" and in the refusal counters. */
export const LIMIT_NAMES = [
  "line_bytes",
  "messages",
  "malformed",
  "authenticate",
  "partial",
  "idle",
  "connections",
  "connections_per_address",
  "new_sessions",
  "new_sessions_per_address",
  "wrong_tokens",
  "slow_reader",
] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];
