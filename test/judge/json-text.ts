/**
 * Reads the JSON text of our columns back into AnyValues, exactly: `JSON.parse` would round 64-bit
 * integers, forget that `3.0` is a double and drop the first of two equal keys.
 */
import { create } from '@bufbuild/protobuf'
import {
  type AnyValue,
  AnyValueSchema,
  type EntityRef,
  EntityRefSchema,
  type KeyValue,
  KeyValueSchema,
} from './gen/common_pb.ts'

/** A JSON value with numbers as written and objects as lists of entries. */
type Json =
  | { readonly type: 'null' }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'number'; readonly text: string }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'array'; readonly items: readonly Json[] }
  | { readonly type: 'object'; readonly entries: readonly (readonly [string, Json])[] }

type Oneof = AnyValue['value']

/** A token; what stands inside the quotes of a string is left to `JSON.parse`. */
const token =
  /\s*(?:[{}[\],:]|"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y

/** Parses one JSON text, nothing before or behind it. */
const parse = (text: string): Json => {
  let at = 0
  const next = (): string => {
    token.lastIndex = at
    const match = token.exec(text)
    if (match === null) throw new Error(`not JSON at ${at}: ${text}`)
    at = token.lastIndex
    return match[0].trim()
  }
  const value = (first: string): Json => {
    if (first === '{') return { type: 'object', entries: list('}', entry) }
    if (first === '[') return { type: 'array', items: list(']', value) }
    if (first.startsWith('"')) return { type: 'string', value: JSON.parse(first) }
    if (first === 'null') return { type: 'null' }
    if (first === 'true' || first === 'false') return { type: 'bool', value: first === 'true' }
    if (/^[-\d]/.test(first)) return { type: 'number', text: first }
    throw new Error(`unexpected ${first} in JSON text: ${text}`)
  }
  const entry = (first: string): readonly [string, Json] => {
    const key = value(first)
    if (key.type !== 'string' || next() !== ':') throw new Error(`a key expected: ${text}`)
    return [key.value, value(next())]
  }
  const list = <T>(end: string, item: (first: string) => T): T[] => {
    const items: T[] = []
    let first = next()
    if (first === end) return items
    for (;;) {
      items.push(item(first))
      const separator = next()
      if (separator === end) return items
      if (separator !== ',') throw new Error(`, or ${end} expected: ${text}`)
      first = next()
    }
  }
  const whole = value(next())
  if (at !== text.length) throw new Error(`something follows the JSON text: ${text}`)
  return whole
}

/** The AnyValue that a JSON text stands for; `null` is one without a value. */
export const anyValueOf = (text: string): AnyValue => anyValue(parse(text))

/** The attribute list that a JSON object stands for, duplicates and order kept. */
export const attributesOf = (text: string): KeyValue[] => keyValues(parse(text))

const anyValue = (json: Json): AnyValue => {
  const value = oneof(json)
  return create(AnyValueSchema, value.case === undefined ? {} : { value })
}

const oneof = (json: Json): Oneof => {
  switch (json.type) {
    case 'null':
      return { case: undefined }
    case 'bool':
      return { case: 'boolValue', value: json.value }
    case 'string':
      return { case: 'stringValue', value: json.value }
    case 'number':
      return /[.eE]/.test(json.text)
        ? { case: 'doubleValue', value: Number(json.text) }
        : { case: 'intValue', value: int64(json.text) }
    case 'array':
      return create(AnyValueSchema, {
        value: { case: 'arrayValue', value: { values: json.items.map(anyValue) } },
      }).value
    case 'object':
      return wrapped(json.entries) ?? kvlist(json)
  }
}

const int64 = (text: string): bigint => {
  const value = BigInt(text)
  if (BigInt.asIntN(64, value) !== value || text === '-0') throw new Error(`no int64: ${text}`)
  return value
}

const nonFinite: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

/** What an object with one of the three keys that carry a type stands for. */
const wrapped = (entries: readonly (readonly [string, Json])[]): Oneof | undefined => {
  const [key, inner] = entries[0] ?? []
  if (entries.length !== 1 || inner === undefined) return undefined
  if (key === 'kvlistValue') return kvlist(inner)
  if (key !== 'bytesValue' && key !== 'doubleValue') return undefined
  if (inner.type !== 'string') throw new Error(`${key} must hold a string`)
  if (key === 'bytesValue') return { case: 'bytesValue', value: base64(inner.value) }
  const value = nonFinite[inner.value]
  if (value === undefined) throw new Error(`doubleValue must not hold ${inner.value}`)
  return { case: 'doubleValue', value }
}

const kvlist = (json: Json): Oneof =>
  create(AnyValueSchema, { value: { case: 'kvlistValue', value: { values: keyValues(json) } } })
    .value

const keyValues = (json: Json): KeyValue[] => {
  if (json.type !== 'object') throw new Error(`an object expected, not ${json.type}`)
  return json.entries.map(([key, inner]) => {
    const value = anyValue(inner)
    return create(KeyValueSchema, value.value.case === undefined ? { key } : { key, value })
  })
}

/** Standard base64 with padding, nothing else. */
const base64 = (text: string): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'))
  if (Buffer.from(bytes).toString('base64') !== text) throw new Error(`not base64: ${text}`)
  return bytes
}

/** The entity references of a `ResourceEntityRefs` text. */
export const entityRefsOf = (text: string): EntityRef[] => {
  const refs: unknown = JSON.parse(text)
  if (!Array.isArray(refs)) throw new Error(`an array expected: ${text}`)
  return refs.map((ref) => create(EntityRefSchema, ref as EntityRef))
}
