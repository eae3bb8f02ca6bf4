/** What a case of the HTTP contract is. */
import type { Signal } from '../../src/ingest.ts'

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
  /** Without `Content-Length`, in chunks of so many bytes. */
  readonly chunked?: number | undefined
}

/** An answer as it came. Header names are in lower case. */
export interface WireAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

/** Headers of an answer: a text, a pattern, or null for one that must not be there. */
export type ExpectedHeaders = Readonly<Record<string, string | RegExp | null>>

/** What must come back. A 200 stores every record unless some are rejected; all else carries a status message. */
export interface Expected {
  readonly status: number
  /** Records that a partial success names. */
  readonly rejected?: number
  /** What its or the error's message says. */
  readonly message?: RegExp
  readonly headers?: ExpectedHeaders
  /** The answer's encoding where the request's does not tell. */
  readonly encoding?: 'protobuf' | 'json'
  /** The whole body, where it is no message of OTLP. */
  readonly text?: string
}

export interface Case {
  readonly name: string
  readonly request: WireRequest
  readonly expect: Expected
  /** A body that says the same, where the judge does not read this one: without coding, in the same encoding. */
  readonly means?: Uint8Array | undefined
}

/** The encoding that a request's `Content-Type` names; protobuf where it names none of ours. */
export const encodingOf = ({ headers }: WireRequest): 'protobuf' | 'json' | 'jsonl' => {
  const named = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')
  const [, type] = /^\s*application\/(json|x-ndjson|jsonl)\s*(?:;|$)/i.exec(named?.[1] ?? '') ?? []
  return type === undefined ? 'protobuf' : type.toLowerCase() === 'json' ? 'json' : 'jsonl'
}

/** Cases that need a server configured in one way. */
export interface Group {
  readonly name: string
  readonly configuration?: Configuration
  readonly cases: readonly Case[]
}

/** What a group's server must be configured with, beyond the defaults. */
export interface Configuration {
  readonly auth?: { readonly kind: 'bearer' | 'basic'; readonly tokens: readonly string[] }
  readonly corsOrigins?: string[]
  readonly basePath?: string
  readonly maxPayloadBytes?: number
  readonly maxInflightBytes?: number
}

/** What a case may say beyond its body. */
export interface More {
  readonly signal?: Signal
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly chunked?: number
  readonly means?: string | Uint8Array
}

const types = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
  jsonl: 'application/x-ndjson',
} as const

const expected = (expect: number | Expected): Expected =>
  typeof expect === 'number' ? { status: expect } : expect

/** A case from a whole request. */
export const request = (
  name: string,
  { method = 'POST', path = '/v1/logs', headers = {}, body, chunked }: Partial<WireRequest>,
  expect: number | Expected,
  { means }: Pick<More, 'means'> = {},
): Case => ({
  name,
  request: { method, path, headers, body, chunked },
  expect: expected(expect),
  means: means === undefined ? undefined : bytesOf(means),
})

const bytesOf = (body: string | Uint8Array): Uint8Array =>
  typeof body === 'string' ? new TextEncoder().encode(body) : body

const post =
  (encoding: keyof typeof types) =>
  (name: string, body: Uint8Array | string, expect: number | Expected, more: More = {}): Case => {
    const { signal = 'logs', path = `/v1/${signal}`, headers, chunked } = more
    const sent = {
      path,
      headers: { 'Content-Type': types[encoding], ...headers },
      body: bytesOf(body),
      chunked,
    }
    return request(name, sent, expect, more)
  }

/** `POST` of protobuf. */
export const protobuf = post('protobuf')

/** `POST` of JSON. */
export const json = post('json')

/** `POST` of JSON lines. */
export const jsonl = post('jsonl')
