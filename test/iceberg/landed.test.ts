// Protects: a file that is or was in a table is found, whatever others made of the table since, and "not found" is called
// conclusive only when it is; without reading what the current snapshot tells anyway.
import { describe, expect, it, vi } from 'vitest'
import type { Catalog, LoadedTable } from '../../src/iceberg/catalog.ts'
import type { FileIO } from '../../src/iceberg/file-io.ts'
import { landed, lookAt, looksIn, type Sought } from '../../src/iceberg/landed.ts'
import { createMetadataFiles } from '../../src/iceberg/metadata-files.ts'
import { randomSnapshotId } from '../../src/iceberg/snapshot-id.ts'
import { currentSnapshot, type Snapshot } from '../../src/iceberg/table-metadata.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { creation } from '../contracts/commits.ts'
import { identifier } from '../faults/model/lake.ts'
import {
  appendForeign,
  compact,
  expire,
  mergeManifests,
  type Others,
} from '../faults/model/others.ts'
import { createChance } from '../faults/model/random.ts'
import { createMemoryCatalog, memoryFileIO } from './memory-catalog.ts'

// Without compression: histories are many.
vi.mock('../../src/iceberg/avro/container.ts', async (original) => ({
  ...(await original<typeof import('../../src/iceberg/avro/container.ts')>()),
  ...(await import('../faults/model/plain-container.ts')),
}))

/** A table with a random history. */
interface History {
  readonly catalog: Catalog
  readonly others: Others
  /** Each file's snapshot, by its sequence number, and its day. */
  readonly added: Map<string, { readonly number: number; readonly day: number }>
  readonly remove: (path: string) => Promise<void>
}

const startHistory = async (seed: number): Promise<History> => {
  const storage = createMemoryStorage()
  let time = 0
  const now = () => ++time * 1000
  const catalog = createMemoryCatalog({ tables: new Map(), io: memoryFileIO(storage), now })
  await catalog.create(identifier, creation())
  return {
    catalog,
    others: { catalog, chance: createChance(seed), now, pause: async () => {} },
    added: new Map(),
    remove: (path) => storage.delete(path.replace('memory://lake/', '')),
  }
}

const load = async ({ catalog }: History): Promise<LoadedTable> => {
  const table = await catalog.load(identifier)
  if (table === null) throw new Error('no table')
  return table
}

const sequence = ({ metadata }: LoadedTable): number => metadata['last-sequence-number']

const appendFile = async (history: History): Promise<void> => {
  const uuid = crypto.randomUUID()
  const day = history.others.chance.whole(20_000, 20_002)
  await appendForeign(history.others, uuid, uuid, day)
  history.added.set(uuid, { number: sequence(await load(history)), day })
}

/** Makes an older snapshot the current one. */
const rollBack = async (history: History): Promise<void> => {
  const table = await load(history)
  const { snapshots } = table.metadata
  if (snapshots.length === 0) return
  await history.catalog.commit(table, {
    requirements: [],
    updates: [
      {
        action: 'set-snapshot-ref',
        'ref-name': 'main',
        type: 'branch',
        'snapshot-id': history.others.chance.pick(snapshots)['snapshot-id'],
      },
    ],
  })
}

const forget = async (history: History): Promise<void> => {
  const { chance, now } = history.others
  await expire(history.others, now() - chance.whole(0, 40_000), history.remove)
}

type Step = (history: History) => Promise<unknown>

const steps: Readonly<Record<string, Step>> = {
  append: appendFile,
  merge: ({ others }) => mergeManifests(others),
  compact: ({ others }) => compact(others),
  delete: ({ others }) => compact(others, true),
  'roll back': rollBack,
  expire: forget,
}

const randomHistory = async (seed: number, names: readonly string[]): Promise<History> => {
  const history = await startHistory(seed)
  const { chance } = history.others
  const length = chance.whole(1, 24)
  for (let i = 0; i < length; i++) {
    const name = chance.happens(0.5) ? 'append' : chance.pick(names)
    await steps[name]?.(history)
  }
  return history
}

const absent: Sought = { uuid: crypto.randomUUID(), specId: 0, partition: [undefined] }

/** Of those files, some by their day too. */
const soughtOf = ({ added, others: { chance } }: History, uuids: Iterable<string>): Sought[] =>
  [...uuids].map((uuid) => {
    const day = chance.happens(0.7) ? added.get(uuid)?.day : undefined
    return { uuid, specId: 0, partition: [day] }
  })

const look = (table: Pick<LoadedTable, 'metadata' | 'io'>, sought: readonly Sought[], since = 0) =>
  landed(table, sought, since, createMetadataFiles())

const laterThan = ({ added }: History, since: number): string[] =>
  [...added].filter(([, { number }]) => number > since).map(([uuid]) => uuid)

describe('over random histories', () => {
  const everything = Object.keys(steps)
  const remembering = everything.filter((name) => name !== 'expire')

  it('finds every file of a table that forgot nothing, and is sure of the others', async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const history = await randomHistory(seed, remembering)
      const table = await load(history)
      for (const since of [0, 1, Math.floor(sequence(table) / 2), sequence(table)]) {
        const all = [...soughtOf(history, history.added.keys()), absent]
        const { found, conclusive } = await look(table, all, since)
        expect(conclusive, `seed ${seed} since ${since}`).toBe(true)
        const later = laterThan(history, since)
        expect([...found], `seed ${seed} since ${since}`).toEqual(expect.arrayContaining(later))
        expect(found.has(absent.uuid)).toBe(false)
      }
    }
  })

  it('is never sure that a file is absent which was there', async () => {
    let unsure = 0
    for (let seed = 1; seed <= 150; seed++) {
      const history = await randomHistory(seed, everything)
      const table = await load(history)
      for (const since of [0, Math.floor(sequence(table) / 2)]) {
        for (const uuid of laterThan(history, since)) {
          const { found, conclusive } = await look(table, soughtOf(history, [uuid]), since)
          expect(found.has(uuid) || !conclusive, `seed ${seed} since ${since}`).toBe(true)
          if (!conclusive) unsure++
        }
      }
    }
    expect(unsure).toBeGreaterThan(0)
  })
})

describe('where a catalog shows the current snapshot alone, as Nessie does', () => {
  const shown = ({ metadata, io }: LoadedTable) => {
    const current = currentSnapshot(metadata)
    return { metadata: { ...metadata, snapshots: current === null ? [] : [current] }, io }
  }

  it('is sure of what came by appends', async () => {
    const history = await appended(10)
    const { found, conclusive } = await look(shown(await load(history)), [
      ...soughtOf(history, history.added.keys()),
      absent,
    ])
    expect([found.size, conclusive]).toEqual([10, true])
  })

  it('is not sure where manifests were merged, or files rewritten', async () => {
    for (const change of [mergeManifests, compact]) {
      const history = await appended(10)
      while (!(await change(history.others))) {}
      await appendFile(history)
      const table = shown(await load(history))
      expect((await look(table, [absent])).conclusive).toBe(false)
      // A snapshot whose merged manifest stands may have added another one, which is gone.
      expect((await look(table, [absent], 10)).conclusive).toBe(change === compact)
    }
  })

  it('is not sure where the table is partitioned otherwise than it was', async () => {
    const { metadata, io } = shown(await load(await appended(3)))
    const specs = [...metadata['partition-specs'], { 'spec-id': 1, fields: [] }]
    const changed = { metadata: { ...metadata, 'partition-specs': specs }, io }
    expect((await look(changed, [absent])).conclusive).toBe(false)
  })

  it('is never sure that a file is absent which was there', async () => {
    let [sure, unsure] = [0, 0]
    for (let seed = 1; seed <= 300; seed++) {
      const history = await randomHistory(seed, Object.keys(steps))
      const table = shown(await load(history))
      for (const since of [0, Math.floor(table.metadata['last-sequence-number'] / 2)]) {
        for (const uuid of laterThan(history, since)) {
          const { found, conclusive } = await look(table, soughtOf(history, [uuid]), since)
          expect(found.has(uuid) || !conclusive, `seed ${seed} since ${since}`).toBe(true)
        }
        if ((await look(table, [absent], since)).conclusive) sure++
        else unsure++
      }
    }
    expect(Math.min(sure, unsure)).toBeGreaterThan(20)
  })
})

/** Counts what is read, by path. */
const counted = ({ metadata, io }: LoadedTable) => {
  const reads: string[] = []
  const counting: FileIO = {
    ...io,
    get(path) {
      reads.push(path)
      return io.get(path)
    },
  }
  const lists = () => reads.filter((path) => /\/snap-/.test(path)).length
  return { table: { metadata, io: counting }, reads, lists }
}

const appended = async (count: number): Promise<History> => {
  const history = await startHistory(count)
  for (let i = 0; i < count; i++) await appendFile(history)
  return history
}

/** Compacts, whichever files chance chooses. */
const compacted = async ({ others }: History): Promise<void> => {
  while (!(await compact(others))) {}
}

describe('what is read', () => {
  it('is one list and every manifest, of a hundred appends', async () => {
    const { table, reads, lists } = counted(await load(await appended(100)))
    const { conclusive } = await look(table, [absent])
    expect(conclusive).toBe(true)
    expect([lists(), reads.length]).toEqual([1, 101])
  })

  it('is only what came since', async () => {
    const { table, reads } = counted(await load(await appended(20)))
    await look(table, [absent], 17)
    expect(reads.length).toBe(1 + 3)
    await look(table, [absent], 20)
    expect(reads.length).toBe(1 + 3)
  })

  it('is the youngest first, and no more than is needed', async () => {
    const history = await appended(100)
    const { table, reads } = counted(await load(history))
    const [last = ''] = [...history.added.keys()].slice(-1)
    const sought = [{ ...absent, uuid: last }]
    expect((await look(table, sought)).found.size).toBe(1)
    expect(reads.length).toBeLessThan(40)
  })

  it('is only what may have its partition', async () => {
    const history = await appended(60)
    const { table, reads } = counted(await load(history))
    const ofDay = [...history.added.values()].filter(({ day }) => day === 20_001).length
    await look(table, [{ ...absent, partition: [20_001] }])
    expect([reads.length, ofDay > 5]).toEqual([1 + ofDay, true])
  })

  it('is nothing a second time', async () => {
    const { table, reads } = counted(await load(await appended(10)))
    const files = createMetadataFiles()
    await landed(table, [absent], 0, files)
    const before = reads.length
    await landed(table, [{ ...absent, uuid: 'y' }], 0, files)
    expect(reads.length).toBe(before)
  })

  it('includes the lists of those snapshots that removed files', async () => {
    const history = await appended(10)
    await compacted(history)
    await compacted(history)
    for (let i = 0; i < 5; i++) await appendFile(history)
    const { table, lists } = counted(await load(history))
    expect((await look(table, [absent])).conclusive).toBe(true)
    expect(lists()).toBe(3)
  })
})

describe('what cannot be read', () => {
  const withoutFile = ({ metadata, io }: LoadedTable, gone: (path: string) => boolean) => ({
    metadata,
    io: { ...io, get: async (path: string) => (gone(path) ? null : io.get(path)) },
  })
  const listOf = ({ metadata }: LoadedTable, at: (snapshots: readonly Snapshot[]) => unknown) =>
    (at(metadata.snapshots) as Snapshot)['manifest-list']

  it('makes the table unavailable where the current snapshot needs it', async () => {
    const table = await load(await appended(3))
    const current = currentSnapshot(table.metadata)?.['manifest-list']
    for (const gone of [(p: string) => p === current, (p: string) => p.endsWith('-m0.avro')]) {
      const looking = look(withoutFile(table, gone), [absent])
      await expect(looking).rejects.toMatchObject({ kind: 'unavailable' })
    }
  })

  it('is not conclusive where a snapshot expired meanwhile', async () => {
    const history = await appended(3)
    await compacted(history)
    await appendFile(history)
    const table = await load(history)
    const list = listOf(table, (snapshots) => snapshots.at(-2))
    const broken = withoutFile(table, (path) => path === list)
    const { conclusive } = await look(broken, [absent])
    expect(conclusive).toBe(false)
  })

  it('is unavailable where it is damaged', async () => {
    const { metadata, io } = await load(await appended(2))
    const damaged = { ...io, get: async () => new Uint8Array([1, 2, 3]) }
    const looking = look({ metadata, io: damaged }, [absent])
    await expect(looking).rejects.toMatchObject({ kind: 'unavailable' })
  })
})

describe('in a state of the table that is older than the last look', () => {
  it('finds what it has: the state may be one that was restored, and have numbered on from there', async () => {
    const history = await appended(3)
    const table = await load(history)
    const sought = [...soughtOf(history, history.added.keys()), absent]
    expect(await look(table, sought, 7)).toEqual({
      found: new Set(history.added.keys()),
      conclusive: true,
    })
  })

  it('knows a look at another state by its snapshot', async () => {
    const history = await appended(3)
    const { metadata } = await load(history)
    const since = looksIn(metadata)
    const [, second] = metadata.snapshots
    const id = second?.['snapshot-id'] ?? 0n
    expect(lookAt(metadata)).toEqual({ sequence: 3, snapshotId: metadata['current-snapshot-id'] })
    expect(since({ sequence: 2, snapshotId: id })).toBe(2)
    expect(since({ sequence: 2, snapshotId: id + 1n })).toBe(0)
    expect([since({ sequence: 2 }), since({ sequence: 3 }), since({ sequence: 4 })]).toEqual([
      2, 3, 0,
    ])
    // What is forgotten tells nothing.
    const forgetful = looksIn({ ...metadata, snapshots: metadata.snapshots.slice(2) })
    expect(forgetful({ sequence: 2, snapshotId: id + 1n })).toBe(2)
  })

  it('is not sure where that has forgotten something', async () => {
    const { metadata, io } = await load(await appended(3))
    const forgetful = { ...metadata, 'last-sequence-number': 4 }
    expect((await look({ metadata: forgetful, io }, [absent], 7)).conclusive).toBe(false)
  })
})

it('finds files that a rollback took from the table', async () => {
  const history = await appended(3)
  const { metadata } = await load(history)
  const [first] = metadata.snapshots
  await history.catalog.commit(await load(history), {
    requirements: [],
    updates: [
      {
        action: 'set-snapshot-ref',
        'ref-name': 'main',
        type: 'branch',
        'snapshot-id': first?.['snapshot-id'] ?? randomSnapshotId(),
      },
    ],
  })
  const table = await load(history)
  const { found } = await look(table, soughtOf(history, history.added.keys()))
  expect(found.size).toBe(3)
})
