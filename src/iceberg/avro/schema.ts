/** Avro schemas, as far as Iceberg's metadata needs them (Apache Avro 1.12 specification, "Schema Declaration"). */

export type AvroSchema = AvroPrimitive | AvroUnion | AvroComplex

export type AvroComplex = AvroRecord | AvroArray | AvroMap | AvroFixed | AvroTyped

export type AvroPrimitive =
  | 'null'
  | 'boolean'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'bytes'
  | 'string'

export type AvroUnion = readonly AvroSchema[]

/** Whether a schema is a union: TypeScript does not tell a read-only array by `Array.isArray`. */
export const isUnion = (schema: AvroSchema): schema is AvroUnion => Array.isArray(schema)

/** A type with attributes, such as a logical type; its values are those of the type. */
export interface AvroTyped {
  readonly type: AvroPrimitive
  readonly logicalType?: string
  /** Iceberg's, of a timestamp: whether it is a point in time everywhere. */
  readonly 'adjust-to-utc'?: boolean
}

export interface AvroRecord {
  readonly type: 'record'
  readonly name: string
  readonly fields: readonly AvroField[]
}

export interface AvroField {
  readonly name: string
  readonly type: AvroSchema
  readonly default?: null
  /** Iceberg's field id; ClickHouse writes none. */
  readonly 'field-id'?: number
  /** Iceberg's own name for it, where Avro does not allow that one. */
  readonly 'iceberg-field-name'?: string
}

export interface AvroArray {
  readonly type: 'array'
  readonly items: AvroSchema
  readonly 'element-id'?: number
  /** `map` for Iceberg's maps whose keys are no strings: a list of records of key and value. */
  readonly logicalType?: 'map'
}

export interface AvroMap {
  readonly type: 'map'
  readonly values: AvroSchema
}

export interface AvroFixed {
  readonly type: 'fixed'
  readonly name: string
  readonly size: number
  readonly logicalType?: string
  /** Digits of a decimal, and how many of them stand behind the point. */
  readonly precision?: number
  readonly scale?: number
}

/** A value: `long` is a bigint, `int`, `float` and `double` are numbers, `bytes` and `fixed` bytes. */
export type AvroValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly AvroValue[]
  | AvroMembers

/** The fields of a record, or the entries of a map. */
export interface AvroMembers {
  readonly [name: string]: AvroValue
}

/** What a schema in JSON is besides: an attribute around another schema, or the name of a type defined before. */
type Declared = { readonly type?: unknown; readonly name?: string; readonly [key: string]: unknown }

/** Schemas by their texts: a table's files have few different ones. */
const parsed = new Map<string, AvroSchema>()
const maxParsed = 64

/**
 * The schema of a JSON text: names of types defined before are replaced by what they name, so that no
 * reader has to know names. The same text may give the same object.
 * @throws when it uses something that Avro does not have
 */
export const parseSchema = (text: string): AvroSchema => {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const schema = resolve(JSON.parse(text), new Map())
  if (parsed.size === maxParsed) parsed.clear()
  parsed.set(text, schema)
  return schema
}

const primitives = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'])

const resolve = (declared: unknown, named: Map<string, AvroSchema>): AvroSchema => {
  if (Array.isArray(declared)) return declared.map((branch) => resolve(branch, named))
  if (typeof declared === 'string') {
    const schema = primitives.has(declared) ? (declared as AvroPrimitive) : named.get(declared)
    if (schema === undefined) throw new Error(`an Avro schema with an unknown type: ${declared}`)
    return schema
  }
  return resolveObject(declared as Declared, named)
}

const resolveObject = (declared: Declared, named: Map<string, AvroSchema>): AvroSchema => {
  const { type, name } = declared
  if (type === 'record') return resolveRecord(declared, named)
  if (type === 'array')
    return { ...declared, type: 'array', items: resolve(declared.items, named) } as AvroArray
  if (type === 'map') return { type: 'map', values: resolve(declared.values, named) }
  if (type === 'fixed') {
    const fixed = declared as unknown as AvroFixed
    if (name !== undefined) named.set(name, fixed)
    return fixed
  }
  if (typeof type === 'string' && primitives.has(type)) return declared as unknown as AvroTyped
  return resolve(type, named)
}

const resolveRecord = (declared: Declared, named: Map<string, AvroSchema>): AvroRecord => {
  const fields: AvroField[] = []
  const record = { ...declared, type: 'record', fields } as unknown as AvroRecord
  if (declared.name !== undefined) named.set(declared.name, record)
  for (const field of declared.fields as (AvroField & { type: unknown })[]) {
    fields.push({ ...field, type: resolve(field.type, named) })
  }
  return record
}
