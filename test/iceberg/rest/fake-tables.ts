// The tables of a small Iceberg REST catalog: real metadata, real requirement checks.
import type { TableCommit, TableCreation, TableIdentifier } from '../../../src/iceberg/catalog.ts'
import { type Json, parseJson } from '../../../src/iceberg/json.ts'
import {
  type IcebergType,
  type NestedField,
  type TableMetadata,
  tableMetadata,
} from '../../../src/iceberg/table-metadata.ts'
import { brokenRequirement } from '../../../src/iceberg/table-requirements.ts'
import { applyUpdates, highestFieldId } from '../../../src/iceberg/table-updates.ts'

/** What a request comes to: a status, and a body or what went wrong. */
export interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly type?: string
}

const error = (status: number, type: string): Reply => ({ status, type })

export interface FakeTablesOptions {
  readonly locationOf?: (key: string) => string
  readonly newUuid?: () => string
}

export class FakeTables {
  readonly options: FakeTablesOptions
  constructor(options: FakeTablesOptions = {}) {
    this.options = options
  }
  readonly namespaces = new Set<string>()
  readonly tables = new Map<string, TableMetadata>()

  createNamespace(body: string): Reply {
    const { namespace } = parseJson(body) as { namespace: string[] }
    const name = namespace.join('.')
    if (this.namespaces.has(name)) return error(409, 'AlreadyExistsException')
    this.namespaces.add(name)
    return { status: 200, body: { namespace, properties: {} } }
  }

  createTable(namespace: string, body: string): Reply {
    if (!this.namespaces.has(namespace)) return error(404, 'NoSuchNamespaceException')
    const request = parseJson(body) as unknown as CreateRequest
    if (request['stage-create'] === true) return error(400, 'BadRequestException')
    const key = `${namespace}/${request.name}`
    if (this.tables.has(key)) return error(409, 'AlreadyExistsException')
    const { locationOf = (key) => `s3://lake/${key}`, newUuid = () => crypto.randomUUID() } =
      this.options
    const metadata = newTable(locationOf(key), newUuid(), {
      schema: request.schema,
      spec: request['partition-spec'],
      sortOrder: request['write-order'],
      properties: request.properties,
    })
    this.tables.set(key, metadata)
    return { status: 200, body: { metadata } }
  }

  /** Gives a table's metadata a member that nobody here knows. */
  scribble({ namespace, name: table }: TableIdentifier, name: string, value: Json): void {
    const key = `${namespace.join('.')}/${table}`
    const metadata = this.tables.get(key)
    if (metadata === undefined) throw new Error(`no table ${key}`)
    this.tables.set(key, { ...metadata, [name]: value })
  }

  loadTable(key: string): Reply {
    const metadata = this.tables.get(key)
    return metadata === undefined
      ? error(404, 'NoSuchTableException')
      : { status: 200, body: { metadata } }
  }

  commit(key: string, body: string): Reply {
    const metadata = this.tables.get(key)
    if (metadata === undefined) return error(404, 'NoSuchTableException')
    const commit = readCommit(body)
    if (commit === null) return error(400, 'BadRequestException')
    const broken = brokenRequirement(metadata, commit.requirements)
    if (broken !== null) return error(409, 'CommitFailedException')
    const next = applyUpdates(metadata, commit.updates, Date.now())
    this.tables.set(key, next)
    return { status: 200, body: { 'metadata-location': 'http://127.0.0.1:1/none', metadata: next } }
  }
}

interface CreateRequest extends Pick<TableCreation, 'schema' | 'properties'> {
  readonly name: string
  readonly 'partition-spec': TableCreation['spec']
  readonly 'write-order': TableCreation['sortOrder']
  readonly 'stage-create'?: boolean
}

const requirementTypes = [
  ...['assert-create', 'assert-table-uuid', 'assert-ref-snapshot-id'],
  ...['assert-current-schema-id', 'assert-last-assigned-field-id'],
]
const actions = [
  ...['add-schema', 'set-current-schema', 'add-snapshot', 'set-snapshot-ref'],
  ...['remove-snapshots', 'set-properties'],
]

/** A commit as its JSON has it; null when a part of it is none of the specification's. */
const readCommit = (body: string): TableCommit | null => {
  const { requirements, updates } = withIds(parseJson(body)) as unknown as TableCommit
  const isKnown =
    requirements.every(({ type }) => requirementTypes.includes(type)) &&
    updates.every(({ action }) => actions.includes(action)) &&
    requirements.every((one) => one.type !== 'assert-ref-snapshot-id' || 'snapshot-id' in one)
  return isKnown ? { requirements, updates } : null
}

/** Snapshot ids as bigints, however small. */
const withIds = (json: Json): Json => {
  if (Array.isArray(json)) return json.map(withIds)
  if (typeof json !== 'object' || json === null) return json
  const members = Object.entries(json).map(([name, value]) => {
    if (/snapshot-id$/.test(name) && value !== null) return [name, BigInt(String(value))]
    if (name === 'snapshot-ids') return [name, (value as Json[]).map((id) => BigInt(String(id)))]
    return [name, withIds(value)]
  })
  return Object.fromEntries(members)
}

/** A table with ids of the catalog's own: columns first, then what is in them, as Iceberg's Java library gives them. */
const newTable = (location: string, uuid: string, creation: TableCreation): TableMetadata => {
  const ids = new Map<number, number>()
  const fields = renumber(creation.schema.fields, ids)
  const source = (id: number) => ids.get(id) ?? 0
  const schema = { ...creation.schema, 'schema-id': 0, fields }
  const spec = creation.spec.fields.map((field) => ({
    ...field,
    'source-id': source(field['source-id']),
  }))
  const order = creation.sortOrder.fields.map((field) => ({
    ...field,
    'source-id': source(field['source-id']),
  }))
  return tableMetadata({
    'format-version': 2,
    'table-uuid': uuid,
    location,
    'last-sequence-number': 0,
    'last-updated-ms': Date.now(),
    'last-column-id': highestFieldId(fields),
    schemas: [schema],
    'current-schema-id': 0,
    'partition-specs': [{ 'spec-id': 0, fields: spec }],
    'default-spec-id': 0,
    'last-partition-id': 1000,
    'sort-orders': [{ 'order-id': 1, fields: order }],
    'default-sort-order-id': 1,
    properties: creation.properties,
  } as unknown as Json)
}

const renumber = (fields: readonly NestedField[], ids: Map<number, number>): NestedField[] => {
  const next = (old: number): number => {
    ids.set(old, ids.size + 1)
    return ids.size
  }
  const numbered = fields.map((field) => ({ ...field, id: next(field.id) }))
  const inside = (type: IcebergType): IcebergType => {
    if (typeof type === 'string') return type
    if (type.type === 'struct') return { ...type, fields: renumber(type.fields, ids) }
    if (type.type === 'list') {
      return { ...type, 'element-id': next(type['element-id']), element: inside(type.element) }
    }
    const [key, value] = [next(type['key-id']), next(type['value-id'])]
    return { ...type, 'key-id': key, 'value-id': value, value: inside(type.value) }
  }
  return numbered.map((field) => ({ ...field, type: inside(field.type) }))
}
