/** Requests to measure with, in every encoding: each copy is one of its own, for a resend costs next to nothing. */
import { toJson } from '../judge/json.ts'
import { type Request, type Signal, toProtobuf } from '../judge/request.ts'
import { logsRequest } from './records-logs.ts'
import { type MetricKind, metricKinds, metricsRequest } from './records-metrics.ts'
import { tracesRequest } from './records-traces.ts'
import { marker } from './values.ts'

/** What a request holds: log records, spans, or data points of one kind. */
export type Kind = 'logs' | 'traces' | MetricKind

export const kinds: readonly Kind[] = ['logs', 'traces', ...metricKinds]

export interface Payload {
  readonly kind: Kind
  readonly signal: Signal
  readonly encoding: 'protobuf' | 'json'
  readonly records: number
  /** Bytes of a body. */
  readonly size: number
  /** A body that no request had before: the same but for a few bytes of its resource. */
  readonly next: () => Uint8Array<ArrayBuffer>
}

/** Requests of `records` records of a kind. */
export const payload = (
  kind: Kind,
  records: number,
  encoding: Payload['encoding'],
): Payload => {
  const request = requestOf(kind, records)
  const body = encoding === 'json' ? new TextEncoder().encode(toJson(request)) : toProtobuf(request)
  const at = Buffer.from(body.buffer).indexOf(marker)
  if (at < 0) throw new Error('no place for what makes a request one of its own')
  return {
    kind,
    signal: kind === 'logs' || kind === 'traces' ? kind : 'metrics',
    encoding,
    records,
    size: body.length,
    next: () => {
      const copy = body.slice()
      new TextEncoder().encodeInto(nextName(), copy.subarray(at, at + marker.length))
      return copy
    },
  }
}

const requestOf = (kind: Kind, records: number): Request => {
  if (kind === 'logs') return logsRequest(records)
  return kind === 'traces' ? tracesRequest(records) : metricsRequest(kind, records)
}

let named = 0

/** A name as long as the marker. */
const nextName = (): string => String(named++).padStart(marker.length, '0')
