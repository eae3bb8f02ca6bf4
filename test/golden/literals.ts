/** Short words for writing requests down by hand. */
import { create } from '@bufbuild/protobuf'
import {
  type AnyValue,
  AnyValueSchema,
  type KeyValue,
  KeyValueSchema,
} from '../judge/gen/common_pb.ts'

/** What a literal says for an AnyValue: bigint is int, number double, null none, `Map` kvlist. */
export type Literal =
  | string
  | boolean
  | bigint
  | number
  | null
  | Uint8Array
  | readonly Literal[]
  | ReadonlyMap<string, Literal>

/** The AnyValue of a literal. */
export const any = (literal: Literal): AnyValue =>
  create(AnyValueSchema, { value: heldBy(literal) })

const heldBy = (literal: Literal): AnyValue['value'] => {
  if (literal === null) return { case: undefined }
  if (typeof literal === 'string') return { case: 'stringValue', value: literal }
  if (typeof literal === 'boolean') return { case: 'boolValue', value: literal }
  if (typeof literal === 'bigint') return { case: 'intValue', value: literal }
  if (typeof literal === 'number') return { case: 'doubleValue', value: literal }
  if (literal instanceof Uint8Array) return { case: 'bytesValue', value: new Uint8Array(literal) }
  const nested = 'size' in literal ? kvlist([...literal]) : array(literal)
  return create(AnyValueSchema, { value: nested }).value
}

const array = (items: readonly Literal[]) =>
  ({ case: 'arrayValue', value: { values: items.map(any) } }) as const

const kvlist = (entries: readonly (readonly [string, Literal])[]) =>
  ({ case: 'kvlistValue', value: { values: attributes(entries) } }) as const

/** A list of attributes from pairs (which may repeat a key). */
export const attributes = (pairs: readonly (readonly [string, Literal])[]): KeyValue[] =>
  pairs.map(([key, value]) =>
    create(KeyValueSchema, value === null ? { key } : { key, value: any(value) }),
  )

/** Bytes from hex. */
export const hex = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(text, 'hex'))

/** 2026-03-01T12:00:00 UTC in nanoseconds, and some more. */
export const at = (nanos: bigint): bigint => 1_772_366_400_000_000_000n + nanos

export const traceId = hex('5b8efff798038103d269b633813fc60c')
export const spanId = hex('eee19b7ec3c1b174')
export const otherSpanId = hex('eee19b7ec3c1b175')

/** A resource and its attributes. */
export const service = (name: string) => ({
  attributes: attributes([
    ['service.name', name],
    ['service.namespace', 'shop'],
    ['service.instance.id', 'shop-1'],
  ]),
})
