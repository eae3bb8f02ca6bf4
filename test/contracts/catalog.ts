// What every catalog promises (src/iceberg/catalog.ts), wherever it keeps its tables: one that passes may be put under
// the rest of the program.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  Catalog,
  LoadedTable,
  TableCommit,
  TableIdentifier,
} from '../../src/iceberg/catalog.ts'
import type { Json } from '../../src/iceberg/json.ts'
import {
  currentSchema,
  currentSnapshot,
  defaultSortOrder,
  defaultSpec,
} from '../../src/iceberg/table-metadata.ts'
import { addColumn, append, branchAt, creation, sameTable, shape, snapshotOf } from './commits.ts'

/** An empty catalog. */
export interface CatalogFixture {
  /** A namespace that is not there yet, for tests that share a server; `otel` without it. */
  readonly namespace?: string
  /** Another client of the same catalog, as another process would open it. */
  readonly connect: () => Catalog | Promise<Catalog>
  /** Gives a table's metadata a member that nobody here knows, where a test can. */
  readonly scribble?: (table: LoadedTable, name: string, value: Json) => Promise<void>
  readonly dispose?: () => Promise<void>
}

const outcomes = ['committed', 'conflict', 'throttled', 'unknown']

/** Snapshot ids that a double cannot hold, and some that it can. */
const wideIds = [1n, 2n ** 53n - 1n, 2n ** 53n + 1n, 7802446015091393218n, 2n ** 63n - 1n]

/**
 * Declares the suite for one catalog. `create` makes a fresh, empty one for each test. `scribbles`: its fixture's
 * `scribble` is there.
 */
export const catalogContract = (
  name: string,
  create: () => Promise<CatalogFixture>,
  scribbles = false,
): void => {
  describe(`${name} keeps the catalog contract`, () => {
    let fixture: CatalogFixture
    let catalog: Catalog
    let logs: TableIdentifier
    let traces: TableIdentifier
    const load = async (identifier = logs, from = catalog): Promise<LoadedTable> => {
      const table = await from.load(identifier)
      if (table === null) throw new Error(`no table ${identifier.name}`)
      return table
    }
    const committed = async (table: LoadedTable, commit: TableCommit, by = catalog) => {
      const outcome = await by.commit(table, commit)
      if (outcome.kind !== 'committed') throw new Error(`${outcome.kind}: ${outcome.reason}`)
      return outcome.table
    }

    beforeEach(async () => {
      fixture = await create()
      catalog = await fixture.connect()
      const namespace = [fixture.namespace ?? 'otel']
      logs = { namespace, name: 'logs' }
      traces = { namespace, name: 'traces' }
    })
    afterEach(() => fixture.dispose?.())

    it('is ready', async () => {
      await expect(catalog.ready()).resolves.toBeUndefined()
    })

    it('says null for a table that is not there, and for one in no namespace', async () => {
      expect(await catalog.load(logs)).toBeNull()
      await catalog.create(traces, creation())
      expect(await catalog.load(logs)).toBeNull()
      expect(await catalog.load({ namespace: ['elsewhere'], name: 'traces' })).toBeNull()
    })

    it('makes a table as it was asked for, whatever field ids it gives', async () => {
      const before = Date.now()
      const { identifier, metadata, loadedAt } = await catalog.create(logs, creation({ a: 'b' }))
      expect(identifier).toEqual(logs)
      expect(loadedAt).toBeGreaterThanOrEqual(before)
      expect(loadedAt).toBeLessThanOrEqual(Date.now())
      expect(metadata['format-version']).toBe(2)
      expect(metadata['table-uuid']).toMatch(/^[0-9a-f-]{36}$/)
      expect(metadata.location).toMatch(/^(\/|[a-z0-9]+:).*[^/]$/)
      expect(metadata.properties).toMatchObject({ a: 'b' })
      expect(currentSnapshot(metadata)).toBeNull()
      expect(metadata.snapshots).toEqual([])
      expect(shape(metadata)).toEqual(shape())
    })

    it('gives every field, nested ones too, an id of its own', async () => {
      const { metadata } = await catalog.create(logs, creation())
      const ids = JSON.stringify(currentSchema(metadata)).match(/"(?:\w+-)?id":\d+/g) ?? []
      const fields = ids.filter((id) => !id.startsWith('"schema-id"'))
      expect(fields.length).toBe(7)
      expect(new Set(fields.map((id) => id.replace(/\D/g, ''))).size).toBe(7)
      const columns = currentSchema(metadata).fields.map(({ id }) => id)
      expect(metadata['last-column-id']).toBeGreaterThanOrEqual(Math.max(...columns))
      const time = currentSchema(metadata).fields.find((field) => field.name === 'timestamp')
      expect(defaultSpec(metadata).fields.map((field) => field['source-id'])).toEqual([time?.id])
      expect(defaultSortOrder(metadata).fields.at(-1)?.['source-id']).toBe(time?.id)
    })

    it('shows a made table to everybody', async () => {
      const made = await catalog.create(logs, creation())
      expect(sameTable(await load())).toEqual(sameTable(made))
      expect(sameTable(await load(logs, await fixture.connect()))).toEqual(sameTable(made))
    })

    it('leaves a table that is there as it is, when it is made again', async () => {
      const first = await catalog.create(logs, creation({ a: 'first' }))
      const again = await catalog.create(logs, creation({ a: 'second' }))
      expect(sameTable(again)).toEqual(sameTable(first))
      expect(sameTable(await load())).toEqual(sameTable(first))
    })

    it('makes one table when five make it at once', async () => {
      const clients = await Promise.all([1, 2, 3, 4, 5].map(() => fixture.connect()))
      const made = await Promise.all(clients.map((client) => client.create(logs, creation())))
      const uuid = (await load()).metadata['table-uuid']
      expect(made.map(({ metadata }) => metadata['table-uuid'])).toEqual(Array(5).fill(uuid))
    })

    it("keeps a table's files", async () => {
      const { io, metadata } = await catalog.create(logs, creation())
      const path = `${metadata.location}/data/1-2.parquet`
      expect(await io.get(path)).toBeNull()
      expect(await io.head(path)).toBeNull()
      expect(await io.put(path, new Uint8Array([1, 2, 3]), { ifNoneMatch: '*' })).toBe('created')
      expect(await io.put(path, new Uint8Array([4]), { ifNoneMatch: '*' })).toBe('exists')
      const other = await load(logs, await fixture.connect())
      expect(await other.io.get(path)).toEqual(new Uint8Array([1, 2, 3]))
      expect((await other.io.head(path))?.size).toBe(3)
    })

    it('commits a first snapshot, and another on what the commit gave', async () => {
      const made = await catalog.create(logs, creation())
      const one = await committed(made, append(made, 11n))
      expect(currentSnapshot(one.metadata)).toMatchObject({ 'snapshot-id': 11n })
      expect(one.identifier).toEqual(logs)
      const two = await committed(one, append(one, 12n))
      expect(currentSnapshot(two.metadata)).toMatchObject({ 'parent-snapshot-id': 11n })
      expect(two.metadata['last-sequence-number']).toBe(2)
      expect(sameTable(await load(logs, await fixture.connect()))).toEqual(sameTable(two))
      expect(currentSnapshot(made.metadata)).toBeNull()
    })

    it('keeps every digit of snapshot ids, and everything of a snapshot', async () => {
      let table = await catalog.create(logs, creation())
      for (const id of wideIds) {
        const wanted = snapshotOf(table, id)
        table = await committed(table, append(table, id, wanted))
        expect(currentSnapshot(table.metadata)).toMatchObject(wanted)
        expect(currentSnapshot((await load()).metadata)).toMatchObject(wanted)
      }
      const { metadata } = await load(logs, await fixture.connect())
      expect(metadata.snapshots.map((snapshot) => snapshot['snapshot-id'])).toEqual(wideIds)
      expect(metadata['snapshot-log'].map((entry) => entry['snapshot-id'])).toEqual(wideIds)
      expect(metadata['current-snapshot-id']).toBe(wideIds.at(-1))
      expect(metadata.refs.main?.['snapshot-id']).toBe(wideIds.at(-1))
    })

    it('conflicts, and changes nothing, when somebody was faster', async () => {
      const stale = await catalog.create(logs, creation())
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
    })

    it("conflicts when the table's uuid is another", async () => {
      const table = await catalog.create(logs, creation())
      const uuid = '00000000-0000-4000-8000-000000000000'
      const requirements = [{ type: 'assert-table-uuid', uuid }] as const
      const outcome = await catalog.commit(table, { ...append(table, 31n), requirements })
      expect(outcome.kind).toBe('conflict')
      expect(sameTable(await load())).toEqual(sameTable(table))
    })

    it('conflicts when the schema or the columns are others', async () => {
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
    })

    it('lets one of ten commits at once win', async () => {
      await catalog.create(logs, creation())
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
      expect(metadata.snapshots.map((snapshot) => snapshot['snapshot-id'])).toEqual([won])
    })

    it('keeps one straight history of five writers who try again', async () => {
      await catalog.create(logs, creation())
      const writer = async (i: number): Promise<void> => {
        const client = await fixture.connect()
        for (let n = 0; n < 4; ) {
          const table = await load(logs, client)
          const outcome = await client.commit(table, append(table, BigInt(1000 + 10 * i + n)))
          if (outcome.kind === 'committed') n++
          else expect(outcome.kind).toBe('conflict')
        }
      }
      await Promise.all([1, 2, 3, 4, 5].map(writer))
      const { metadata } = await load()
      const ids = metadata.snapshots.map((snapshot) => snapshot['snapshot-id'])
      expect(ids.length).toBe(20)
      expect(new Set(ids).size).toBe(20)
      const parents = metadata.snapshots.map((snapshot) => snapshot['parent-snapshot-id'])
      expect(parents).toEqual([undefined, ...ids.slice(0, -1)])
      const numbers = metadata.snapshots.map((snapshot) => snapshot['sequence-number'])
      expect(numbers).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    })

    it('adds columns, one of two who do so at once first', async () => {
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
    })

    it('sets properties and keeps the others', async () => {
      const table = await catalog.create(logs, creation({ kept: '1', changed: '1' }))
      const updates = [{ action: 'set-properties', updates: { changed: '2', added: 'ü' } }] as const
      const requirements = append(table, 1n).requirements.slice(0, 1)
      const changed = await committed(table, { requirements, updates })
      const wanted = { kept: '1', changed: '2', added: 'ü' }
      expect(changed.metadata.properties).toMatchObject(wanted)
      expect((await load()).metadata.properties).toMatchObject(wanted)
    })

    it('forgets snapshots that are removed', async () => {
      let table = await catalog.create(logs, creation())
      for (const id of [51n, 52n, 53n]) table = await committed(table, append(table, id))
      const updates = [{ action: 'remove-snapshots', 'snapshot-ids': [51n, 52n] }] as const
      const { requirements } = append(table, 54n)
      await committed(table, { requirements, updates })
      const { metadata } = await load()
      expect(metadata.snapshots.map((snapshot) => snapshot['snapshot-id'])).toEqual([53n])
      expect(currentSnapshot(metadata)?.['snapshot-id']).toBe(53n)
      expect(metadata['last-sequence-number']).toBe(3)
    })

    it('keeps tables of one namespace apart', async () => {
      const [one, two] = await Promise.all([
        catalog.create(logs, creation()),
        catalog.create(traces, creation()),
      ])
      expect(one.metadata['table-uuid']).not.toBe(two.metadata['table-uuid'])
      expect(one.metadata.location).not.toBe(two.metadata.location)
      await committed(one, append(one, 61n))
      expect(sameTable(await load(traces))).toEqual(sameTable(two))
    })

    it('gives up a commit that its caller no longer waits for, and says no more than it knows', async () => {
      const table = await catalog.create(logs, creation())
      const outcome = await catalog.commit(table, append(table, 71n), {
        signal: AbortSignal.abort(),
      })
      expect(outcomes).toContain(outcome.kind)
      const after = await load()
      const landed = currentSnapshot(after.metadata) !== null
      if (outcome.kind !== 'unknown') expect(landed).toBe(outcome.kind === 'committed')
      await committed(after, append(after, 72n))
    })

    const declare = scribbles ? it : () => {}
    declare('keeps members of the metadata that nobody here knows', async () => {
      const { scribble } = fixture
      if (scribble === undefined) throw new Error('a fixture that cannot scribble')
      const made = await catalog.create(logs, creation())
      await scribble(made, 'x-other-writer', { deep: [1, 2n ** 60n] })
      const table = await load()
      await committed(table, append(table, 81n))
      expect((await load()).metadata).toMatchObject({ 'x-other-writer': { deep: [1, 2n ** 60n] } })
    })
  })
}
