/**
 * Sizes and rates by default. Each that a deployment may set is an option of the same name in `server/config.ts`,
 * where 0 means off.
 */
export const LIMITS = {
  payloadBytes: 256 * 1024,
  ingestBodyBytes: 8 * 1024 * 1024,
  seriesPerSender: 10_000,
  payloadDepth: 32,
  roomsPerConnection: 200,
  eventsPerSecond: 100,
  publishesPerSecond: 50,
  connectionsPerAddress: 500,
  authenticateMs: 5_000,
  slowMessages: 100,
} as const;

/** Fixed bounds: part of the protocol, the same for every hub. */
export const BOUNDS = {
  /** Messages in one page of history, a subscription's acknowledgement or a long poll. */
  pageMessages: 500,
  /** Bytes of encoded messages after which a page ends early. */
  pageBytes: 1024 * 1024,
  messageIdChars: 64,
  messageTypeChars: 32,
  userIdChars: 128,
  userNameChars: 64,
  longPollMs: 55_000,
  /** Users of a roster on the wire; past it a room tells only its count. */
  rosterUsers: 200,
  jobInputBytes: 64 * 1024,
  /** Messages that are searched, from the newest back, for the last ones of each key. */
  keySearchMessages: 5_000,
} as const;
