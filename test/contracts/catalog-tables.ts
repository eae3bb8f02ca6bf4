// What the catalog contract asks for of tables that are made and loaded.
import { expect } from 'vitest'
import type { LoadedTable } from '../../src/iceberg/catalog.ts'
import {
  currentSchema,
  currentSnapshot,
  defaultSpec,
  type TableMetadata,
} from '../../src/iceberg/table-metadata.ts'
import type { CatalogCases } from './catalog.ts'
import { append, creation, sameTable, shape } from './commits.ts'

/** Of columns, and of what is in them. */
const fieldIds = (metadata: TableMetadata): number[] => {
  const ids = JSON.stringify(currentSchema(metadata).fields).match(/"(?:\w+-)?id":\d+/g) ?? []
  return ids.map((id) => Number(id.replace(/\D/g, '')))
}

export const tableCases: CatalogCases = {
  'is ready': async ({ catalog }) => {
    await expect(catalog.ready()).resolves.toBeUndefined()
  },

  'says null for a table that is not there, and for one in no namespace': async ({
    catalog,
    logs,
    traces,
  }) => {
    expect(await catalog.load(logs)).toBeNull()
    await catalog.create(traces, creation())
    expect(await catalog.load(logs)).toBeNull()
    expect(await catalog.load({ namespace: ['elsewhere'], name: 'traces' })).toBeNull()
  },

  'makes a table as it was asked for, whatever field ids it gives': async ({ catalog, logs }) => {
    const before = Date.now()
    const { identifier, metadata, loadedAt } = await catalog.create(logs, creation())
    expect(identifier).toEqual(logs)
    expect(loadedAt).toBeGreaterThanOrEqual(before)
    expect(loadedAt).toBeLessThanOrEqual(Date.now())
    expect(metadata['format-version']).toBe(2)
    expect(metadata['table-uuid']).toMatch(/^[0-9a-f-]{36}$/)
    expect(metadata.location).toMatch(/^(\/|[a-z0-9]+:).*[^/]$/)
    expect(currentSnapshot(metadata)).toBeNull()
    expect(metadata.snapshots).toEqual([])
    const { order: _, ...wanted } = shape()
    expect(shape(metadata)).toMatchObject(wanted)
  },

  'keeps the sort order that a table is made with': async ({ catalog, logs, load }) => {
    const { metadata } = await catalog.create(logs, creation())
    expect(shape(metadata).order).toEqual(shape().order)
    expect(shape((await load()).metadata).order).toEqual(shape().order)
    expect(metadata['default-sort-order-id']).toBeGreaterThan(0)
  },

  'keeps the properties that a table is made with': async ({ catalog, logs, load }) => {
    const { metadata } = await catalog.create(logs, creation({ a: 'b', 'c.d': 'ü' }))
    expect(metadata.properties).toMatchObject({ a: 'b', 'c.d': 'ü' })
    expect((await load()).metadata.properties).toMatchObject({ a: 'b', 'c.d': 'ü' })
  },

  'gives every field, nested ones too, an id of its own': async ({ catalog, logs }) => {
    const { metadata } = await catalog.create(logs, creation())
    const ids = fieldIds(metadata)
    expect(ids.length).toBe(7)
    expect(new Set(ids).size).toBe(7)
    const time = currentSchema(metadata).fields.find((field) => field.name === 'timestamp')
    expect(defaultSpec(metadata).fields.map((field) => field['source-id'])).toEqual([time?.id])
  },

  'counts the ids that it gave, nested ones too': async ({ catalog, logs }) => {
    const { metadata } = await catalog.create(logs, creation())
    expect(metadata['last-column-id']).toBe(Math.max(...fieldIds(metadata)))
  },

  'shows a made table to everybody': async ({ fixture, catalog, logs, load }) => {
    const made = await catalog.create(logs, creation())
    expect(sameTable(await load())).toEqual(sameTable(made))
    expect(sameTable(await load(logs, await fixture.connect()))).toEqual(sameTable(made))
  },

  'leaves a table that is there as it is, when it is made again': async ({
    catalog,
    logs,
    load,
  }) => {
    const first = await catalog.create(logs, creation({ a: 'first' }))
    const again = await catalog.create(logs, creation({ a: 'second' }))
    expect(sameTable(again)).toEqual(sameTable(first))
    expect(sameTable(await load())).toEqual(sameTable(first))
  },

  'makes one table when five make it at once': async ({ fixture, logs, load }) => {
    const clients = await Promise.all([1, 2, 3, 4, 5].map(() => fixture.connect()))
    const made = await Promise.all(clients.map((client) => client.create(logs, creation())))
    const uuid = (await load()).metadata['table-uuid']
    expect(made.map(({ metadata }) => metadata['table-uuid'])).toEqual(Array(5).fill(uuid))
  },

  "keeps a table's files": async ({ fixture, catalog, logs, load }) => {
    const { io, metadata } = await catalog.create(logs, creation())
    const path = `${metadata.location}/data/1-2.parquet`
    expect(await io.get(path)).toBeNull()
    expect(await io.head(path)).toBeNull()
    expect(await io.put(path, new Uint8Array([1, 2, 3]), { ifNoneMatch: '*' })).toBe('created')
    expect(await io.put(path, new Uint8Array([4]), { ifNoneMatch: '*' })).toBe('exists')
    const other = await load(logs, await fixture.connect())
    expect(await other.io.get(path)).toEqual(new Uint8Array([1, 2, 3]))
    expect((await other.io.head(path))?.size).toBe(3)
  },

  'keeps tables of one namespace apart': async ({ catalog, logs, traces, load, committed }) => {
    const [one, two] = await Promise.all([
      catalog.create(logs, creation()),
      catalog.create(traces, creation()),
    ])
    expect(one.metadata['table-uuid']).not.toBe(two.metadata['table-uuid'])
    expect(one.metadata.location).not.toBe(two.metadata.location)
    await committed(one, append(one, 61n))
    // A catalog may tell of itself in properties.
    const apart = ({ metadata: { properties: _, ...rest }, ...table }: LoadedTable) =>
      sameTable({ ...table, metadata: { ...rest, properties: {} } })
    expect(apart(await load(traces))).toEqual(apart(two))
  },
}
