import { z } from 'zod';
import { BOUNDS } from './limits.js';

/** A room's name as text; `parseRoom` checks its form and kind, so that each fault has its own code. */
const room = z.string().max(300);
const position = z.string().max(64);
const messageId = z.string().min(1).max(BOUNDS.messageIdChars);
const messageType = z
  .string()
  .min(1)
  .max(BOUNDS.messageTypeChars)
  .regex(/^[a-z][a-z0-9:_-]*$/);
const pageLimit = z.int().min(1).max(BOUNDS.pageMessages);
const jobId = z.string().min(1).max(64);

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
const pattern = z.string().min(1).max(256);
/** Which lines of a log room a subscription sees: those that pass all that is given. In the patterns, `*` stands for any characters. */
export const lineFilterSchema = z.strictObject({
  /** This level and those above it; a line without a level counts as `info`. */
  level: z.enum(LOG_LEVELS).optional(),
  /** Somewhere in the line's text, in capitals or not. */
  text: pattern.optional(),
  source: pattern.optional(),
  /** By name, with dots into what is nested. */
  fields: z
    .record(z.string().min(1).max(128), pattern)
    .refine((fields) => Object.keys(fields).length <= 16, '16 fields are the most')
    .optional(),
});

/** As `compileSeriesPatterns` takes them. */
const seriesPatterns = z.array(z.string().min(1).max(512)).min(1).max(64);

export const subscribeSchema = z.strictObject({
  room,
  /** The last position that the subscriber has: it gets what came after. */
  since: position.optional(),
  /** Recent messages for a subscriber that has none, or whose `since` cannot be recovered. */
  last: z.int().min(0).max(BOUNDS.pageMessages).optional(),
  /** Frames per second at most, for metric rooms. */
  maxHz: z.number().positive().max(20).optional(),
  /** For metric rooms: the series that one of these chooses, instead of all. */
  series: seriesPatterns.optional(),
  /** For metric rooms: those of the chosen series that are counters, as what they rise by per second. */
  rates: seriesPatterns.optional(),
  /** For metric rooms: histograms (series `…_bucket` with a label `le`) as these quantiles of what was observed from one moment to the next. */
  quantiles: z.array(z.number().gt(0).lt(1)).min(1).max(8).optional(),
  /** For metric rooms: frames as the bytes that `decodeFrame` reads, in the event `frame:bytes`. */
  binary: z.boolean().optional(),
  /** For metric rooms: values of one series that the last minutes have at most; 600 by default. */
  points: z.int().min(2).max(2_000).optional(),
  /** For metric rooms: what is kept of more values than that. `minmax` (by default) keeps each peak, `lttb` the form of the line. */
  downsample: z.enum(['minmax', 'lttb']).optional(),
  /** For log rooms: the lines that pass it, as `lines`, instead of the messages. */
  filter: lineFilterSchema.optional(),
  /** With `filter`: a subscriber that does not keep up is given the newest lines and told how many it did not see, instead of all of them later. */
  skip: z.boolean().optional(),
});
export const unsubscribeSchema = z.strictObject({ room });
export const publishSchema = z.strictObject({
  room,
  /** The sender's unique id of this message: a second publication with it is the first one. */
  id: messageId,
  /** The id of the message before it, not acknowledged yet: unless that one is stored, this one is refused. */
  after: messageId.optional(),
  type: messageType.optional(),
  data: z.unknown().refine((value) => value !== undefined, 'data is missing'),
});
export const historySchema = z.strictObject({
  room,
  /** Only messages older than this position, nearest first cut. */
  before: position.optional(),
  /** Only messages newer than this position. */
  after: position.optional(),
  limit: pageLimit.optional(),
});
/** What can be made of the samples of a step; `rate` is what a counter rose by per second. */
export const AGGREGATES = ['avg', 'min', 'max', 'last', 'sum', 'count', 'rate', 'p50', 'p75', 'p90', 'p95', 'p99'] as const;
/** How the values that several series have at one step become one. */
export const COMBINES = ['sum', 'avg', 'min', 'max', 'count'] as const;
/** Bounds of a question about a metric room's past. */
export const RANGE_BOUNDS = { patterns: 20, labels: 10, labelChars: 1_024, time: 8.64e15, stepMs: 366 * 86_400_000 } as const;
const rangeTime = z.number().min(0).max(RANGE_BOUNDS.time);
export const rangeSchema = z.strictObject({
  room,
  /** As in `subscribe`; left out, all series. */
  series: z.array(z.string().min(1).max(512)).min(1).max(RANGE_BOUNDS.patterns).optional(),
  /** Milliseconds since 1970; by default 15 minutes before `to`. */
  from: rangeTime.optional(),
  /** By default now. */
  to: rangeTime.optional(),
  /** By default for about 300 steps. */
  stepMs: z.int().min(1).max(RANGE_BOUNDS.stepMs).optional(),
  /** By default `avg`. */
  aggregate: z.enum(AGGREGATES).optional(),
  /** Series of one name that have the values of these labels in common become one. */
  by: z.array(z.string().max(RANGE_BOUNDS.labelChars)).max(RANGE_BOUNDS.labels).optional(),
  combine: z.enum(COMBINES).optional(),
});
export const presenceSchema = z.strictObject({
  room,
  /** Users of one page. Without it and `cursor`, a room with more users than a roster has tells only how many there are. */
  limit: z.int().min(1).max(BOUNDS.rosterUsers).optional(),
  /** From the page before. */
  cursor: z.string().min(1).max(BOUNDS.userIdChars).optional(),
});
export const typingSchema = z.strictObject({ room });
export const jobSubmitSchema = z.strictObject({
  name: z.string().min(1).max(64),
  input: z.unknown(),
  /** Submissions with one key join the run that is queued, active or freshly done. */
  key: z.string().min(1).max(128).optional(),
  /** The sender's unique id of this submission: where no key joins it, neither its own nor the handler's, repeated with the id it is one job. */
  id: messageId.optional(),
});
export const jobGetSchema = z.strictObject({ jobId });
export const jobCancelSchema = jobGetSchema;
export const jobDetailsSchema = jobGetSchema;
export const jobRetrySchema = jobGetSchema;
export const jobDiscardSchema = jobGetSchema;
export const jobListSchema = z.strictObject({
  /** Only jobs that failed. */
  state: z.literal('failed').optional(),
  limit: z.int().min(1).max(BOUNDS.pageMessages).optional(),
});
export const authRefreshSchema = z.strictObject({ token: z.string().min(1).max(8192) });

export type SubscribeRequest = z.infer<typeof subscribeSchema>;
export type UnsubscribeRequest = z.infer<typeof unsubscribeSchema>;
export type PublishRequest = z.infer<typeof publishSchema>;
export type HistoryRequest = z.infer<typeof historySchema>;
export type RangeRequest = z.infer<typeof rangeSchema>;
export type PresenceRequest = z.infer<typeof presenceSchema>;
export type TypingRequest = z.infer<typeof typingSchema>;
export type JobSubmitRequest = z.infer<typeof jobSubmitSchema>;
export type JobGetRequest = z.infer<typeof jobGetSchema>;
export type JobListRequest = z.infer<typeof jobListSchema>;
export type AuthRefreshRequest = z.infer<typeof authRefreshSchema>;

/** What edits, deletions and reactions carry: messages about another message of the same room. */
export const editDataSchema = z.strictObject({ target: position, text: z.string().min(1).max(100_000) });
export const deleteDataSchema = z.strictObject({ target: position });
export const reactionDataSchema = z.strictObject({ target: position, emoji: z.string().min(1).max(32), on: z.boolean() });

/** What a message of any type that carries an image has in its data. Where binary cannot go (JSON), the bytes are their base64. */
export const imageDataSchema = z.object({
  image: z.object({
    contentType: z.string().regex(/^image\/[a-z0-9.+-]{1,64}$/),
    bytes: z.union([z.instanceof(Uint8Array), z.strictObject({ $base64: z.string() })]),
  }),
});

/** One measured value. `t` is milliseconds since 1970; left out, it is the time of arrival. */
export const sampleSchema = z.strictObject({
  name: z.string().min(1).max(256),
  labels: z.record(z.string().max(128), z.string().max(1024)).optional(),
  value: z.number(),
  t: z.number().optional(),
});
/** One log line. `time` is milliseconds since 1970; left out, it is the time of arrival. */
export const logLineSchema = z.strictObject({
  text: z.string(),
  time: z.number().optional(),
  level: z.enum(LOG_LEVELS).optional(),
  source: z.string().max(256).optional(),
  fields: z.record(z.string(), z.unknown()).optional(),
});
export type Sample = z.infer<typeof sampleSchema>;
export type LogLine = z.infer<typeof logLineSchema>;
export type LineFilter = z.infer<typeof lineFilterSchema>;
export type LogLevel = (typeof LOG_LEVELS)[number];
