/** A data file's manifest entry as JSON: integers keep every digit, bytes are hex digits. */
import { hex, hexBytes } from '../bytes.ts'
import type { Json } from '../iceberg/json.ts'
import type { DataFile, IdValue } from '../iceberg/manifest.ts'
import type { KnownPartition } from '../iceberg/partition-filter.ts'
import { array, type JsonObject, long, nullable, object, text, whole } from './json-members.ts'

type Value = KnownPartition[number]

/** An entry's members, by the specification's names. Maps are lists of pairs. */
export const dataFileJson = (file: DataFile): Readonly<Record<string, unknown>> => ({
  ...file,
  partition: Object.entries(file.partition).map(([name, value]) => [
    name,
    valueJson(value as Value),
  ]),
  column_sizes: pairs(file.column_sizes),
  value_counts: pairs(file.value_counts),
  null_value_counts: pairs(file.null_value_counts),
  nan_value_counts: pairs(file.nan_value_counts),
  lower_bounds: hexPairs(file.lower_bounds),
  upper_bounds: hexPairs(file.upper_bounds),
  key_metadata: file.key_metadata && hex(file.key_metadata),
})

/** The entry of a data file. @throws Error when a member is missing or no such thing */
export const readDataFile = (json: JsonObject): DataFile => ({
  content: whole(json, 'content'),
  file_path: text(json, 'file_path'),
  file_format: text(json, 'file_format'),
  partition: Object.fromEntries(array(json, 'partition').map(readNamed)),
  record_count: long(json, 'record_count'),
  file_size_in_bytes: long(json, 'file_size_in_bytes'),
  column_sizes: nullable(json, 'column_sizes', longs),
  value_counts: nullable(json, 'value_counts', longs),
  null_value_counts: nullable(json, 'null_value_counts', longs),
  nan_value_counts: nullable(json, 'nan_value_counts', longs),
  lower_bounds: nullable(json, 'lower_bounds', bounds),
  upper_bounds: nullable(json, 'upper_bounds', bounds),
  key_metadata: nullable(json, 'key_metadata', bytes),
  split_offsets: nullable(json, 'split_offsets', (of, name) =>
    array(of, name).map((offset) => long({ offset }, 'offset')),
  ),
  equality_ids: nullable(json, 'equality_ids', (of, name) =>
    array(of, name).map((id) => whole({ id }, 'id')),
  ),
  sort_order_id: nullable(json, 'sort_order_id', whole),
  referenced_data_file: nullable(json, 'referenced_data_file', text),
})

/** A partition's values; what JSON cannot tell apart says its kind. */
export const valuesJson = (values: KnownPartition): readonly Json[] => values.map(valueJson)

/** A partition's values. @throws Error when one is none */
export const readValues = (values: readonly Json[]): KnownPartition => values.map(readValue)

const valueJson = (value: Value): Json => {
  if (value === undefined) return { unknown: true }
  if (typeof value === 'bigint') return { long: value }
  if (value instanceof Uint8Array) return { bytes: hex(value) }
  if (typeof value !== 'number' || isPlain(value)) return value
  return { number: Object.is(value, -0) ? '-0' : String(value) }
}

const isPlain = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0)

const readValue = (json: Json): Value => {
  if (json === null || typeof json !== 'object') {
    if (typeof json === 'bigint') throw new Error('a partition holds an integer without its kind')
    return json
  }
  const value = object(json)
  if (value.unknown === true) return undefined
  if (value.long !== undefined) return long(value, 'long')
  if (value.number !== undefined) return Number(text(value, 'number'))
  return bytes(value, 'bytes')
}

const readNamed = (pair: Json): [string, Exclude<Value, undefined>] => {
  const [name = null, value = null] = pair as readonly Json[]
  return [text({ name }, 'name'), readValue(value) ?? null]
}

const pairs = (values: readonly IdValue<bigint>[] | null): readonly Json[] | null =>
  values?.map(({ key, value }) => [key, value]) ?? null

const hexPairs = (values: readonly IdValue<Uint8Array>[] | null): readonly Json[] | null =>
  values?.map(({ key, value }) => [key, hex(value)]) ?? null

const byId =
  <T>(read: (of: JsonObject, name: string) => T) =>
  (of: JsonObject, name: string): readonly { readonly key: number; readonly value: T }[] =>
    array(of, name).map((pair) => {
      const [id = null, value = null] = pair as readonly Json[]
      return { key: whole({ id }, 'id'), value: read({ [name]: value }, name) }
    })

const bytes = (of: JsonObject, name: string): Uint8Array => {
  const digits = text(of, name)
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error(`${name} are not bytes in hex digits`)
  return hexBytes(digits)
}

const longs = byId(long)
const bounds = byId(bytes)
