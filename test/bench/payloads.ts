/** The requests that are measured: of every kind and size, each time with content of its own. */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { toJson } from '../judge/json.ts'
import { type Request, type Signal, signalOf, toProtobuf } from '../judge/request.ts'
import { logsRequest } from './records-logs.ts'
import { type MetricKind, metricKinds, metricsRequest } from './records-metrics.ts'
import { tracesRequest } from './records-traces.ts'
import { marker } from './values.ts'

/** What a request holds: log records, spans, or data points of one kind. */
export type Kind = 'logs' | 'traces' | MetricKind
export type Coding = 'protobuf' | 'protobuf+gzip' | 'json'

export const kinds: readonly Kind[] = ['logs', 'traces', ...metricKinds]
export const codings: readonly Coding[] = ['protobuf', 'protobuf+gzip', 'json']

/** Requests of one kind, size and encoding. */
export interface Payload {
  readonly kind: Kind
  readonly signal: Signal
  readonly encoding: 'protobuf' | 'json'
  /** Records in a request. */
  readonly records: number
  /** Bytes of a request. */
  readonly size: number
  /** The body of another request: of the same size, but with content that no earlier one has. */
  readonly next: () => Uint8Array<ArrayBuffer>
}

/** The payload of that kind, size and encoding. */
export const payloadOf = (kind: Kind, records: number, encoding: 'protobuf' | 'json'): Payload => {
  const request = requestOf(kind, records)
  const body = encoding === 'json' ? Buffer.from(toJson(request)) : Buffer.from(toProtobuf(request))
  const at = body.indexOf(marker)
  if (at < 0) throw new Error(`the ${kind} payload has no place for what is its own`)
  const next = () => {
    const copy = new Uint8Array(body)
    copy.set(Buffer.from(nextName()), at)
    return copy
  }
  return { kind, signal: signalOf(request), encoding, records, size: body.length, next }
}

const requestOf = (kind: Kind, records: number): Request => {
  if (kind === 'logs') return logsRequest(records)
  return kind === 'traces' ? tracesRequest(records) : metricsRequest(kind, records)
}

let named = 0

/** As long as the marker, never the same twice. */
const nextName = (): string => String(++named).padStart(marker.length, '0')

const zip = promisify(gzip)

/** So many bodies as they go over the wire, made before anything is measured. */
export const bodiesOf = async (
  payload: Payload,
  coding: Coding,
  count: number,
): Promise<Uint8Array<ArrayBuffer>[]> => {
  const bodies: Uint8Array<ArrayBuffer>[] = []
  for (let i = 0; i < count; i++) {
    const body = payload.next()
    bodies.push(coding === 'protobuf+gzip' ? new Uint8Array(await zip(body)) : body)
  }
  return bodies
}
