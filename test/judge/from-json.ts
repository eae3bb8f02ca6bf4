/** OTLP/JSON read by @bufbuild/protobuf, after what OTLP does differently was made protobuf's own. */
import { fromJson, fromJsonString, type JsonValue } from '@bufbuild/protobuf'
import { nestedTypes } from '@bufbuild/protobuf/reflect'
import { files } from './descriptors.ts'
import { is64 } from './field.ts'
import { StatusSchema } from './gen/status_pb.ts'
import { type Request, type Signal, schemas } from './request.ts'

/**
 * The request that @bufbuild/protobuf reads from a JSON text; unknown fields are dropped.
 * @throws where the text is no JSON, has a key twice in an object, or is no such request
 */
export const fromOtlpJson = (signal: Signal, bytes: Uint8Array): Request => {
  const text = decoder.decode(bytes)
  const json = adapted('', longNumber.test(text) ? JSON.parse(text, exact) : JSON.parse(text))
  const request = fromJson(schemas[signal], json, { ignoreUnknownFields: true, recursionLimit })
  // `JSON.parse` has dropped what stood twice: a message none of whose fields is met finds repeated keys alone.
  fromJsonString(StatusSchema, `{"x":${text}}`, { ignoreUnknownFields: true })
  return request
}

/** How deep messages may lie within each other. */
const recursionLimit = 1000

const decoder = new TextDecoder('utf-8', { fatal: true })

/** An integer that a double cannot hold, as it was written. */
class BigInteger {
  readonly source: string

  constructor(source: string) {
    this.source = source
  }
}

/** A number of 16 digits or more outside quotes. */
const longNumber = /[^"\d]\d{16}/

/** A reviver (ECMA-262, JSON.parse source text access): `JSON.parse` would round what is above 2^53. */
const exact = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
    ? new BigInteger(context?.source as string)
    : value

const ids = new Set(['traceId', 'trace_id', 'spanId', 'span_id', 'parentSpanId', 'parent_span_id'])

/** The names of all fields of 64-bit integers, in both spellings; no other type's field is called so. */
const integers: ReadonlySet<string> = new Set(
  files
    .flatMap((file) => [...nestedTypes(file)])
    .flatMap((type) => (type.kind === 'message' ? type.fields : []))
    .filter(is64)
    .flatMap((field) => [field.name, field.jsonName]),
)

/** Ids from hex to base64, and big integers to the strings that protobuf reads exactly. */
const adapted = (key: string, value: unknown): JsonValue => {
  if (value instanceof BigInteger) return integers.has(key) ? value.source : Number(value.source)
  if (typeof value === 'string') return ids.has(key) ? base64(value) : value
  if (Array.isArray(value)) return value.map((item) => adapted(key, item))
  if (typeof value !== 'object' || value === null) return value as JsonValue
  // `Object.fromEntries` defines a key `__proto__` like any other.
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, adapted(k, v)]))
}

/** What is no hex becomes what is no base64. */
const base64 = (text: string): string =>
  /^(?:[0-9a-fA-F]{2})*$/.test(text) ? Buffer.from(text, 'hex').toString('base64') : '!'
