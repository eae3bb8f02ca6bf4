/** OTLP bytes → rows of our tables. */
import type { TableBatch } from './batch.ts'
import type { Context } from './common.ts'
import { freeRows } from './free-rows.ts'
import { readJson } from './json.ts'
import { logBatches } from './logs.ts'
import type { Fields, Message } from './message.ts'
import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
} from './messages.ts'
import { metricBatches } from './metrics.ts'
import { readProtobuf } from './protobuf.ts'
import { Rows } from './rows.ts'
import { Tally } from './tally.ts'
import { limitTexts } from './text.ts'
import { textSize } from './text-size.ts'
import { traceBatches } from './traces.ts'

export type Signal = 'logs' | 'traces' | 'metrics'

/** `jsonl`: each line one JSON request (the Collector's file exporter writes such files). */
export type Encoding = 'protobuf' | 'json' | 'jsonl'

export interface DecodeRequest extends Context {
  readonly signal: Signal
  readonly encoding: Encoding
  /** An `Export<Signal>ServiceRequest`. */
  readonly body: Uint8Array
}

export interface Decoded {
  /** The rows of each table that has any, in the request's order. */
  readonly batches: readonly TableBatch[]
  /** Records decoded, the rejected ones left out. */
  readonly records: number
  /** Records rejected by themselves, by reason. */
  readonly rejected: ReadonlyMap<string, number>
  readonly unknownFields: number
  /** Strings that were no UTF-8, repaired. */
  readonly repairedStrings: number
}

/** Decodes a request; an `IngestError` of kind `malformed` or `too-large` when it cannot be. */
export const decode = (request: DecodeRequest): Decoded => {
  switch (request.signal) {
    case 'logs':
      return decodeAs(ExportLogsServiceRequest, logBatches, request)
    case 'traces':
      return decodeAs(ExportTraceServiceRequest, traceBatches, request)
    case 'metrics':
      return decodeAs(ExportMetricsServiceRequest, metricBatches, request)
  }
}

const decodeAs = <F extends Fields>(
  message: Message<F>,
  batchesOf: (rows: Rows<F>, context: Context) => TableBatch[],
  request: DecodeRequest,
): Decoded => {
  const rows = new Rows(message)
  const tally = new Tally(request.body.length)
  limitTexts(tally.maxText)
  try {
    readInto(rows as unknown as Rows, request, tally)
  } catch (error) {
    freeRows(rows as unknown as Rows)
    throw error
  }
  const batches = batchesOf(rows, request)
  return {
    batches,
    records: batches.reduce((sum, { batch }) => sum + batch.numRows, 0),
    rejected: tally.rejected,
    unknownFields: tally.unknownFields,
    repairedStrings: tally.repairedStrings,
  }
}

const readInto = (rows: Rows, request: DecodeRequest, tally: Tally): void => {
  for (const body of bodies(request)) {
    if (request.encoding === 'protobuf') readProtobuf(body, rows, tally)
    else readJson(body, rows, tally)
    rows.keep()
  }
  tally.allText(textSize(rows))
}

const bodies = ({ encoding, body }: DecodeRequest): Iterable<Uint8Array> =>
  encoding === 'jsonl' ? lines(body) : [body]

const newline = 0x0a

/** The lines of a JSON lines body that hold more than white space. */
function* lines(body: Uint8Array): Iterable<Uint8Array> {
  for (let start = 0; start < body.length; ) {
    const found = body.indexOf(newline, start)
    const end = found < 0 ? body.length : found
    const line = body.subarray(start, end)
    if (line.some((c) => c > 0x20)) yield line
    start = end + 1
  }
}
