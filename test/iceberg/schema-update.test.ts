// Protects: columns that a table lacks are added once, whoever else adds them at the same time, under ids that it never
// used; what cannot be mended is one clear error, and one line in the log for each state of the table.
import { beforeEach, describe, expect, test } from 'vitest'
import type { Catalog, CommitOutcome, LoadedTable } from '../../src/iceberg/catalog.ts'
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import type { Clock } from '../../src/iceberg/retry.ts'
import type { OwnColumns } from '../../src/iceberg/schema-fit.ts'
import { addColumns, addMissingColumns } from '../../src/iceberg/schema-update.ts'
import { createFitTable } from '../../src/iceberg/table-fit.ts'
import { currentSchema, type ListType, type NestedField } from '../../src/iceberg/table-metadata.ts'
import { type Log, noLog } from '../../src/log.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { metadataOf } from './tables.ts'

const field = (id: number, name: string, type: NestedField['type'] = 'string') => ({
  id,
  name,
  required: false,
  type,
})
const list: ListType = {
  type: 'list',
  'element-id': 901,
  element: 'long',
  'element-required': false,
}

const own: OwnColumns = {
  fields: [field(1, 'a'), field(2, 'b', 'long'), field(3, 'c', list), field(4, 'd')],
  neverNull: new Set(),
}
const identifier = { namespace: ['otel'], name: 'logs' }

const clock: Clock = {
  now: () => 0,
  sleep: async () => {},
  signal: () => new AbortController().signal,
}

let catalog: Catalog
let loaded: LoadedTable

beforeEach(async () => {
  const storage = createMemoryStorage()
  catalog = createFileCatalog({ storage, root: 'memory://', log: noLog })
  const {
    schemas,
    'partition-specs': specs,
    'sort-orders': orders,
  } = metadataOf({
    columns: [field(7, 'a'), field(9, 'other', { ...list, 'element-id': 12 })],
  })
  const [schema, spec, sortOrder] = [schemas[0], specs[0], orders[0]]
  if (!schema || !spec || !sortOrder) throw new Error('no table')
  loaded = await catalog.create(identifier, { schema, spec, sortOrder, properties: {} })
})

const columnsNow = async () => {
  const table = await catalog.load(identifier)
  return table && currentSchema(table.metadata).fields.map(({ id, name }) => `${id} ${name}`)
}

const answering = (outcomes: readonly CommitOutcome[]): Catalog => {
  const rest = outcomes.values()
  return {
    ...catalog,
    commit: async (table, commit) => rest.next().value ?? catalog.commit(table, commit),
  }
}

const lines = (): { log: Log; said: string[] } => {
  const said: string[] = []
  return {
    said,
    log: (level, message, facts = {}) => {
      const { error, ...rest } = facts
      said.push(`${level} ${message} ${JSON.stringify(rest)}${error ? ` ${String(error)}` : ''}`)
    },
  }
}

describe('missing columns', () => {
  test('stand behind the others, under new ids, elements too', async () => {
    const table = await addMissingColumns(loaded, own, { catalog, clock, log: noLog })
    const expected = ['7 a', '9 other', '13 b', '14 c', '16 d']
    expect(await columnsNow()).toEqual(expected)
    expect(table.metadata['last-column-id']).toBe(16)
    expect(currentSchema(table.metadata).fields[3]?.type).toEqual({ ...list, 'element-id': 15 })
  })

  test('get ids that no field ever had, though a catalog counts columns and not what is in them', () => {
    const miscounting = { ...loaded.metadata, 'last-column-id': 2 }
    const { requirements, updates } = addColumns(miscounting, [field(4, 'd'), field(3, 'c', list)])
    expect(requirements).toContainEqual({
      type: 'assert-last-assigned-field-id',
      'last-assigned-field-id': 2,
    })
    const [added] = updates
    const fields = added?.action === 'add-schema' ? added.schema.fields.slice(-2) : []
    expect(fields).toMatchObject([{ id: 13 }, { id: 14, type: { 'element-id': 15 } }])
  })

  test('are one change, which asks that nobody else changed the schema', () => {
    const { requirements, updates } = addColumns(loaded.metadata, [field(4, 'd')])
    expect(requirements.map(({ type }) => type)).toEqual([
      'assert-table-uuid',
      'assert-current-schema-id',
      'assert-last-assigned-field-id',
    ])
    expect(updates).toEqual([
      {
        action: 'add-schema',
        schema: {
          type: 'struct',
          'schema-id': 2,
          fields: [...currentSchema(loaded.metadata).fields, field(13, 'd')],
        },
        'last-column-id': 13,
      },
      { action: 'set-current-schema', 'schema-id': -1 },
    ])
  })

  test('are added once by two, and by ten, who do it at once', async () => {
    const context = { catalog, clock, log: noLog }
    const tables = await Promise.all(
      Array.from({ length: 10 }, () => addMissingColumns(loaded, own, context)),
    )
    const schemas = tables.map(({ metadata }) => currentSchema(metadata))
    for (const schema of schemas) expect(schema).toEqual(schemas[0])
    expect(await columnsNow()).toEqual(['7 a', '9 other', '13 b', '14 c', '16 d'])
    expect(tables[0]?.metadata.schemas.length).toBe(2)
  })

  test('of two programs with different columns are all there in the end', async () => {
    const other = { ...own, fields: [field(1, 'a'), field(2, 'z')] }
    const context = { catalog, clock, log: noLog }
    await Promise.all([
      addMissingColumns(loaded, own, context),
      addMissingColumns(loaded, other, context),
    ])
    expect((await columnsNow())?.map((column) => column.split(' ')[1]).toSorted()).toEqual([
      ...['a', 'b', 'c', 'd', 'other', 'z'],
    ])
  })

  test.each([
    { kind: 'conflict', reason: '' },
    { kind: 'throttled', reason: '', retryAfterMs: 10 },
    { kind: 'unknown', reason: '', retryAfterMs: 0 },
  ] as const)('are looked for again after $kind', async (outcome) => {
    const flaky = answering([outcome, outcome])
    await addMissingColumns(loaded, own, { catalog: flaky, clock, log: noLog })
    expect((await columnsNow())?.length).toBe(5)
  })

  test('that an unknown change has added are not added again', async () => {
    const commits: string[] = []
    const losing: Catalog = {
      ...catalog,
      commit: async (table, commit) => {
        commits.push((await catalog.commit(table, commit)).kind)
        return { kind: 'unknown', reason: 'lost', retryAfterMs: 0 }
      },
    }
    await addMissingColumns(loaded, own, { catalog: losing, clock, log: noLog })
    expect(commits).toEqual(['committed'])
  })
})

describe('a table that rows do not fit into', () => {
  const ownTyped: OwnColumns = { ...own, fields: [field(1, 'a', 'int'), field(2, 'b')] }

  test('is an error each time, and said once with column and types', async () => {
    const { log, said } = lines()
    const fitTable = createFitTable(ownTyped, { catalog, clock, log })
    for (let i = 0; i < 3; i++) {
      await expect(fitTable(loaded)).rejects.toMatchObject({
        kind: 'unavailable',
        message: 'table logs has a column a that is of another type (string there, int here)',
      })
      loaded = (await catalog.load(identifier)) ?? loaded
    }
    expect(said).toEqual([
      'error a column of a table does not fit ours {"table":"logs","column":"a","tableType":"string","ourType":"int","reason":"of another type"}',
    ])
    expect(await columnsNow()).toEqual(['7 a', '9 other'])
  })

  test('is said again in another state', async () => {
    const { log, said } = lines()
    const fitTable = createFitTable(ownTyped, { catalog, clock, log })
    await expect(fitTable(loaded)).rejects.toThrow()
    const commit = addColumns(loaded.metadata, [field(0, 'new')])
    const changed = await catalog.commit(loaded, commit)
    if (changed.kind !== 'committed') throw new Error(changed.reason)
    await expect(fitTable(changed.table)).rejects.toThrow()
    expect(said.length).toBe(2)
  })

  test('may have a catalog that adds no columns', async () => {
    const { log, said } = lines()
    const refusing: Catalog = {
      ...catalog,
      commit: () => Promise.reject(new Error('400 schema evolution is not for you')),
    }
    const fitTable = createFitTable(own, { catalog: refusing, clock, log })
    const message = 'table logs lacks columns, and they could not be added: b, c, d'
    for (let i = 0; i < 2; i++) {
      await expect(fitTable(loaded)).rejects.toMatchObject({ kind: 'unavailable', message })
    }
    expect(said.length).toBe(1)
    expect(said[0]).toContain(message)
  })

  test('may have none of our columns, all dropped', async () => {
    const { log } = lines()
    const properties = { 'otlp2parquet.ignore-columns': 'a,b,c,d' }
    const table = { ...loaded, metadata: { ...loaded.metadata, properties } }
    await expect(createFitTable(own, { catalog, clock, log })(table)).rejects.toThrow(
      'table logs has no column to write to',
    )
  })

  test('may be partitioned as we cannot', async () => {
    const { log, said } = lines()
    const spec = {
      'spec-id': 0,
      fields: [{ 'source-id': 7, 'field-id': 1000, name: 'p', transform: 'zorder' }],
    }
    const table = { ...loaded, metadata: { ...loaded.metadata, 'partition-specs': [spec] } }
    const fitTable = createFitTable(own, { catalog, clock, log })
    await expect(fitTable(table)).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(fitTable(table)).rejects.toThrow('partitioned by zorder of a')
    expect(said.length).toBe(1)
  })
})

test('a table that fits is looked at once', async () => {
  const fitting = metadataOf({ columns: own.fields })
  const table = { ...loaded, metadata: fitting }
  const fitTable = createFitTable(own, { catalog: answering([]), clock, log: noLog })
  expect(await fitTable(table)).toBe(table)
  expect(await fitTable(table)).toBe(table)
})
