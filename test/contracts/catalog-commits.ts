// What the catalog contract asks for of commits: whole or not at all, and only on the state that they were made for.
import { expect } from 'vitest'
import type { Catalog, LoadedTable, TableCommit } from '../../src/iceberg/catalog.ts'
import { currentSchema, currentSnapshot } from '../../src/iceberg/table-metadata.ts'
import type { CatalogCases, CatalogScene } from './catalog.ts'
import { addColumn, append, branchAt, creation, sameTable, snapshotOf } from './commits.ts'

const outcomes = ['committed', 'conflict', 'throttled', 'unknown']

/** Snapshot ids that a double cannot hold, and some that it can. */
export const wideIds = [1n, 2n ** 53n - 1n, 2n ** 53n + 1n, 7802446015091393218n, 2n ** 63n - 1n]

/** A commit on what somebody else changed meanwhile: `before` commits stood when it was loaded. */
const lateCommit = async (scene: CatalogScene, before: number): Promise<void> => {
  const { fixture, catalog, logs, load, committed } = scene
  let stale = await catalog.create(logs, creation())
  for (let n = 0; n < before; n++) {
    stale = await committed(stale, append(stale, BigInt(11 + n)))
  }
  const other = await fixture.connect()
  const theirs = await load(logs, other)
  const won = await committed(theirs, append(theirs, 21n), other)
  const lost = await catalog.commit(stale, append(stale, 22n))
  expect(lost).toMatchObject({ kind: 'conflict', reason: expect.stringMatching(/./) })
  expect(sameTable(await load())).toEqual(sameTable(won))
  const fresh = await load()
  const next = await committed(fresh, append(fresh, 22n))
  const again = await catalog.commit(fresh, append(fresh, 23n))
  expect(again.kind).toBe('conflict')
  expect(sameTable(await load())).toEqual(sameTable(next))
}

export const commitCases: CatalogCases = {
  'commits a first snapshot, and another on what the commit gave': async (scene) => {
    const { fixture, catalog, logs, load, committed } = scene
    const made = await catalog.create(logs, creation())
    const one = await committed(made, append(made, 11n))
    expect(currentSnapshot(one.metadata)).toMatchObject({ 'snapshot-id': 11n })
    expect(one.identifier).toEqual(logs)
    const two = await committed(one, append(one, 12n))
    expect(currentSnapshot(two.metadata)).toMatchObject({ 'snapshot-id': 12n })
    expect(two.metadata['last-sequence-number']).toBe(2)
    expect(sameTable(await load(logs, await fixture.connect()))).toEqual(sameTable(two))
    expect(currentSnapshot(made.metadata)).toBeNull()
  },

  'keeps every digit of snapshot ids, and everything of a snapshot': async (scene) => {
    const { catalog, logs, load, committed } = scene
    let table = await catalog.create(logs, creation())
    for (const id of wideIds) {
      const sent = snapshotOf(table, id)
      const { 'parent-snapshot-id': _, ...wanted } = sent
      table = await committed(table, append(table, id, sent))
      expect(currentSnapshot(table.metadata)).toMatchObject(wanted)
      const { metadata } = await load()
      expect(currentSnapshot(metadata)).toMatchObject(wanted)
      expect(metadata['current-snapshot-id']).toBe(id)
      expect(metadata.refs.main?.['snapshot-id']).toBe(id)
    }
  },

  'conflicts, and changes nothing, when somebody was faster': (scene) => lateCommit(scene, 1),

  "conflicts when somebody made the table's first snapshot": (scene) => lateCommit(scene, 0),

  "conflicts when the table's uuid is another": async ({ catalog, logs, load }) => {
    const table = await catalog.create(logs, creation())
    const uuid = '00000000-0000-4000-8000-000000000000'
    const requirements = [{ type: 'assert-table-uuid', uuid }] as const
    const outcome = await catalog.commit(table, { ...append(table, 31n), requirements })
    expect(outcome.kind).toBe('conflict')
    expect(sameTable(await load())).toEqual(sameTable(table))
  },

  'conflicts when the schema or the columns are others': async ({ catalog, logs, load }) => {
    const table = await catalog.create(logs, creation())
    const uuid = { type: 'assert-table-uuid', uuid: table.metadata['table-uuid'] } as const
    const broken = [
      { type: 'assert-current-schema-id', 'current-schema-id': 7 },
      { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 77 },
      branchAt(1n),
    ] as const
    for (const requirement of broken) {
      const requirements = [uuid, requirement]
      const outcome = await catalog.commit(table, { ...append(table, 41n), requirements })
      expect(outcome.kind, requirement.type).toBe('conflict')
    }
    expect(sameTable(await load())).toEqual(sameTable(table))
  },

  'lets one of ten commits at once win': async (scene) => {
    const { fixture, catalog, logs, load, committed } = scene
    const made = await catalog.create(logs, creation())
    await committed(made, append(made, 99n))
    const clients = await Promise.all(Array.from({ length: 10 }, () => fixture.connect()))
    const tables = await Promise.all(clients.map((client) => load(logs, client)))
    const commits = tables.map((table, i) => append(table, BigInt(100 + i)))
    const results = await Promise.all(
      clients.map((client, i) =>
        client.commit(tables[i] as LoadedTable, commits[i] as TableCommit),
      ),
    )
    const kinds = results.map(({ kind }) => kind).sort()
    expect(kinds).toEqual(['committed', ...Array(9).fill('conflict')])
    const won = BigInt(100 + results.findIndex(({ kind }) => kind === 'committed'))
    const { metadata } = await load()
    expect(currentSnapshot(metadata)?.['snapshot-id']).toBe(won)
    expect(metadata['last-sequence-number']).toBe(2)
  },

  'adds columns, one of two who do so at once first': async (scene) => {
    const { fixture, catalog, logs, load } = scene
    await catalog.create(logs, creation())
    const clients = await Promise.all([fixture.connect(), fixture.connect()])
    const add = async (client: Catalog, column: string) => {
      const table = await load(logs, client)
      return client.commit(table, addColumn(table, column))
    }
    const both = await Promise.all(clients.map((client, i) => add(client, `added_${i}`)))
    for (const [i, client] of clients.entries()) {
      if (both[i]?.kind === 'committed') continue
      expect(both[i]?.kind).toBe('conflict')
      expect((await add(client, `added_${i}`)).kind).toBe('committed')
    }
    const { metadata } = await load()
    const { fields } = currentSchema(metadata)
    const added = fields.filter(({ name }) => name.startsWith('added_'))
    expect(added.map(({ name }) => name).sort()).toEqual(['added_0', 'added_1'])
    expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length)
    expect(metadata['last-column-id']).toBe(Math.max(...added.map(({ id }) => id)))
    expect(metadata.schemas.length).toBe(3)
  },

  'sets properties and keeps the others': async ({ catalog, logs, load, committed }) => {
    const made = await catalog.create(logs, creation())
    const set = (table: LoadedTable, updates: Readonly<Record<string, string>>) =>
      committed(table, {
        requirements: append(table, 1n).requirements.slice(0, 1),
        updates: [{ action: 'set-properties', updates }],
      })
    const first = await set(made, { kept: '1', changed: '1' })
    const second = await set(first, { changed: '2', added: 'ü' })
    const wanted = { kept: '1', changed: '2', added: 'ü' }
    expect(second.metadata.properties).toMatchObject(wanted)
    expect((await load()).metadata.properties).toMatchObject(wanted)
  },

  'gives up a commit that its caller no longer waits for, and says no more than it knows': async ({
    catalog,
    logs,
    load,
    committed,
  }) => {
    const table = await catalog.create(logs, creation())
    const outcome = await catalog.commit(table, append(table, 71n), {
      signal: AbortSignal.abort(),
    })
    expect(outcomes).toContain(outcome.kind)
    const after = await load()
    const landed = currentSnapshot(after.metadata) !== null
    if (outcome.kind !== 'unknown') expect(landed).toBe(outcome.kind === 'committed')
    await committed(after, append(after, 72n))
  },
}
