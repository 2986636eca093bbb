// Everything a client can send or hold has a limit, and this is where they all stand. Past one: a counted refusal, an
// `error` message to those who said hello, a "Client disconnected" line with reason "limit:<name>", and the door.
//
//   const limits = { ...DEFAULT_LIMITS, messagesPerSecondMax: 20 }
//   const bucket = new TokenBucket(limits.messagesPerSecondMax, limits.messagesBurstMax, nowMs)
//   if (!bucket.take(nowMs)) close("limit:messages")

export interface GatewayLimits {
  /** Longest message in bytes, its newline included; also the most that is kept of one that is not complete yet. */
  lineBytesMax: number;
  /** Sustained messages per second of one connection. */
  messagesPerSecondMax: number;
  /** Messages a connection may send at once after a silence. */
  messagesBurstMax: number;
  /** Broken messages in a row that end the connection. */
  malformedRunMax: number;
  /** From connecting to being in the world. */
  authenticateMsMax: number;
  /** A message that was begun has to be finished in this time. */
  partialMsMax: number;
  /** Without a complete message for this long, a connection in the world is taken for dead. */
  idleMsMax: number;
  connectionsMax: number;
  /** Of one address off this machine (of IPv6 one network). */
  connectionsPerAddressMax: number;
  /** Of this machine: by default as many as there are, for that is where load generators run, and all share one address. */
  connectionsFromLoopbackMax: number;
  /** New players a second, in all and of one address; who resumes is none. */
  newSessionsPerSecondMax: number;
  newSessionsPerAddressMax: number;
  newSessionsFromLoopbackMax: number;
  /** What one session may be owed in bytes; past it new frames are not queued until it has read everything. */
  outboxBytesMax: number;
  /** A reader that has not caught up within this time is disconnected (it may resume). */
  slowReaderMsMax: number;
  /** How long a closing connection may take to read what it is still owed. */
  closeMsMax: number;
  /** How long the session of a lost link waits for its player. */
  resumeMsMax: number;
  /** The least of one that hung up and never acted, which waits for as long as it was there: who comes and goes leaves little. */
  unactedResumeMsMax: number;
  /** Players in one zone, those waiting to resume included; the kernel's own bound is PLAYERS_MAX. */
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

/** The defaults, and what is given in their place. A limit an address that is given holds for this machine as well. */
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

/** Files the process needs beside players' sockets: operators, watchers, scrapers, its own files. */
const OTHER_FILES = 256;

/** As many connections as fit into the files that may be open: without a file handle left a server can do nothing right. */
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
