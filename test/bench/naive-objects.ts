/**
 * The naive way's first half: a request as objects, from @bufbuild/protobuf or `JSON.parse`, and an
 * object for each row.
 */
import { fromBinary } from '@bufbuild/protobuf'
import { schemas } from '../judge/request.ts'
import type { Payload } from './payloads.ts'

/** An object of either library: they differ in how they say which field of a oneof is set. */
export type Thing = Readonly<Record<string, unknown>>

/** A row: a value for each column of its table. */
export type NaiveRow = Record<string, unknown>

/** The rows of each table, by its name. */
export type NaiveRows = Map<string, NaiveRow[]>

/** What a field of a oneof holds, with its name. */
interface Held {
  readonly case: string
  readonly value: unknown
}

/** The field of a oneof that is set: @bufbuild/protobuf names it, in JSON one has to look. */
export const held = (thing: Thing, oneof: string, names: readonly string[]): Held | undefined => {
  const named = thing[oneof] as Held | undefined
  if (typeof named === 'object' && 'case' in named) return named
  const name = names.find((name) => thing[name] !== undefined)
  return name === undefined ? undefined : { case: name, value: thing[name] }
}

/** The request of a body. */
export const readObjects = ({ signal, encoding }: Pick<Payload, 'signal' | 'encoding'>) =>
  encoding === 'json'
    ? (body: Uint8Array): Thing => JSON.parse(new TextDecoder().decode(body))
    : (body: Uint8Array): Thing => fromBinary(schemas[signal], body) as unknown as Thing

/** A repeated field. */
export const listOf = (value: unknown): readonly Thing[] => (value ?? []) as readonly Thing[]

/** A 64-bit integer, which JSON has as text. */
export const long = (value: unknown): bigint => BigInt((value ?? 0) as string | bigint | number)

/** A time in milliseconds, which is what Arrow's builder of microseconds takes. */
export const millis = (nanos: unknown): number => Number(long(nanos) / 1_000_000n)

/** An id in hex. */
export const hex = (id: unknown): string =>
  id instanceof Uint8Array ? Buffer.from(id).toString('hex') : ((id ?? '') as string)

const values = ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue']

/** An AnyValue as a plain value. */
export const plainValue = (any: unknown): unknown => {
  const value = any === undefined ? undefined : held(any as Thing, 'value', values)
  if (value === undefined) return null
  if (value.case === 'intValue') return Number(value.value)
  const list = (value.value as Thing).values
  if (value.case === 'arrayValue') return listOf(list).map(plainValue)
  return value.case === 'kvlistValue' ? plainAttributes(list) : value.value
}

const plainAttributes = (list: unknown): Record<string, unknown> =>
  Object.fromEntries(listOf(list).map(({ key, value }) => [key, plainValue(value)]))

/** Attributes as JSON text. */
export const attributesText = (list: unknown): string => JSON.stringify(plainAttributes(list))

/** The columns that a resource and a scope give to all of their rows. */
export const ownerColumns = (resource: Thing, scope: Thing, ownerOf: Thing, scoped: Thing) => {
  const attributes = plainAttributes(resource.attributes)
  return {
    ServiceName: attributes['service.name'],
    ServiceNamespace: attributes['service.namespace'],
    ServiceInstanceId: attributes['service.instance.id'],
    ResourceAttributes: JSON.stringify(attributes),
    ResourceSchemaUrl: ownerOf.schemaUrl ?? '',
    ResourceDroppedAttributesCount: long(resource.droppedAttributesCount),
    ResourceEntityRefs: '[]',
    ScopeName: scope.name ?? '',
    ScopeVersion: scope.version ?? '',
    ScopeAttributes: attributesText(scope.attributes),
    ScopeDroppedAttributesCount: long(scope.droppedAttributesCount),
    ScopeSchemaUrl: scoped.schemaUrl ?? '',
  }
}
