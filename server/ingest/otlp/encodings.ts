import type { Request } from 'express';
import { PbfWriter } from 'pbf';
import { JSON_READER } from './json.js';
import type { OtlpReader } from './model.js';
import { PROTOBUF_READER } from './protobuf.js';

/** What an ExportMetricsPartialSuccess or ExportLogsPartialSuccess says. */
export interface PartialSuccess {
  /** The name of the count in JSON: it differs between the paths. */
  readonly countedAs: 'rejectedDataPoints' | 'rejectedLogRecords';
  readonly rejected: number;
  readonly message: string;
}

/** A google.rpc.Status. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
}

/** One of the two ways in which OTLP is written over HTTP: what comes in, and what is answered. */
export interface OtlpEncoding {
  readonly type: string;
  readonly reader: OtlpReader;
  /** An Export…ServiceResponse; without a partial success, all was taken. */
  response(partial?: PartialSuccess): Buffer;
  status(status: RpcStatus): Buffer;
}

function written(write: (writer: PbfWriter) => void): Buffer {
  const writer = new PbfWriter();
  write(writer);
  return Buffer.from(writer.finish());
}

function writeNumberAndText({ number, text }: { number: number; text: string }, writer: PbfWriter): void {
  if (number !== 0) writer.writeVarintField(1, number);
  writer.writeStringField(2, text);
}

const PROTOBUF: OtlpEncoding = {
  type: 'application/x-protobuf',
  reader: PROTOBUF_READER,
  response: (partial) =>
    written((writer) => {
      if (partial) writer.writeMessage(1, writeNumberAndText, { number: partial.rejected, text: partial.message });
    }),
  status: ({ code, message }) => written((writer) => writeNumberAndText({ number: code, text: message }, writer)),
};

const JSON_TEXT: OtlpEncoding = {
  type: 'application/json',
  reader: JSON_READER,
  // An int64 is a text in protobuf's JSON.
  response: (partial) => {
    if (!partial) return Buffer.from('{}');
    const { countedAs, rejected, message } = partial;
    return Buffer.from(JSON.stringify({ partialSuccess: { [countedAs]: String(rejected), errorMessage: message } }));
  },
  status: (status) => Buffer.from(JSON.stringify(status)),
};

/** What a request with a type that is none of OTLP's is answered in. */
export const FALLBACK_ENCODING = JSON_TEXT;

/** The encoding that a request says it has; undefined for none that OTLP knows. */
export function encodingOf(req: Request): OtlpEncoding | undefined {
  return [PROTOBUF, JSON_TEXT].find(({ type }) => req.is(type));
}
