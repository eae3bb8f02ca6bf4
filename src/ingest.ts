/** What an ingest call gets, and what it says. */

export type Signal = 'logs' | 'traces' | 'metrics'

/** `jsonl`: each line one JSON request (the Collector's file exporter writes such files). */
export type Encoding = 'protobuf' | 'json' | 'jsonl'

export interface IngestRequest {
  readonly signal: Signal
  readonly encoding: Encoding
  /** The body after decompression. */
  readonly body: Uint8Array
  /** When the request arrived, in milliseconds since 1970. */
  readonly receivedAt: number
}

export interface IngestResult {
  /** 32 hex digits (architecture.md, "The request id"). */
  readonly requestId: string
  /** Records stored. */
  readonly records: number
  /** Records rejected, by reason; a reason is a short fixed sentence for the sender. */
  readonly rejected: ReadonlyMap<string, number>
  /** Files written now, and files that stood already from an earlier attempt. */
  readonly files: number
  readonly duplicates: number
  readonly bytes: number
  /** Fields nobody knows, and strings that had to be repaired to UTF-8. */
  readonly unknownFields: number
  readonly repairedStrings: number
}

/** Decodes a request and stores its rows; an `IngestError` when it could not. */
export type Ingest = (request: IngestRequest) => Promise<IngestResult>
