// What the catalog contract asks for of the past: every snapshot stays, after the one that it was made on, until it is removed.
import { expect } from 'vitest'
import { currentSnapshot } from '../../src/iceberg/table-metadata.ts'
import type { CatalogCases, CatalogScene } from './catalog.ts'
import { wideIds } from './catalog-commits.ts'
import { append, creation } from './commits.ts'

/** Snapshots of these ids, one after the other. */
const commitAll = async (
  { catalog, logs, committed }: CatalogScene,
  ids: readonly bigint[],
): Promise<void> => {
  let table = await catalog.create(logs, creation())
  for (const id of ids) table = await committed(table, append(table, id))
}

/** Five writers commit, each four times, after one who made the first snapshot: about that, others compete elsewhere. */
const fiveWriters = async (scene: CatalogScene): Promise<void> => {
  const { fixture, logs, load } = scene
  await commitAll(scene, [999n])
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
}

export const historyCases: CatalogCases = {
  'remembers every snapshot, in order, and what each was made on': async (scene) => {
    await commitAll(scene, wideIds)
    const { metadata } = await scene.load(scene.logs, await scene.fixture.connect())
    expect(metadata.snapshots.map((snapshot) => snapshot['snapshot-id'])).toEqual(wideIds)
    expect(metadata.snapshots.map((snapshot) => snapshot['parent-snapshot-id'])).toEqual([
      undefined,
      ...wideIds.slice(0, -1),
    ])
  },

  'keeps a log of its snapshots': async (scene) => {
    await commitAll(scene, wideIds)
    const { metadata } = await scene.load(scene.logs, await scene.fixture.connect())
    expect(metadata['snapshot-log'].map((entry) => entry['snapshot-id'])).toEqual(wideIds)
  },

  'counts every commit of five writers who try again': async (scene) => {
    await fiveWriters(scene)
    const { metadata } = await scene.load()
    expect(metadata['last-sequence-number']).toBe(21)
    expect(currentSnapshot(metadata)?.['sequence-number']).toBe(21)
  },

  'keeps one straight history of five writers who try again': async (scene) => {
    await fiveWriters(scene)
    const { metadata } = await scene.load()
    const ids = metadata.snapshots.map((snapshot) => snapshot['snapshot-id'])
    expect(ids.length).toBe(21)
    expect(new Set(ids).size).toBe(21)
    const parents = metadata.snapshots.map((snapshot) => snapshot['parent-snapshot-id'])
    expect(parents).toEqual([undefined, ...ids.slice(0, -1)])
    const numbers = metadata.snapshots.map((snapshot) => snapshot['sequence-number'])
    expect(numbers).toEqual(Array.from({ length: 21 }, (_, i) => i + 1))
  },

  'forgets snapshots that are removed': async (scene) => {
    const { load, committed } = scene
    await commitAll(scene, [51n, 52n, 53n])
    const table = await load()
    const updates = [{ action: 'remove-snapshots', 'snapshot-ids': [51n, 52n] }] as const
    const { requirements } = append(table, 54n)
    await committed(table, { requirements, updates })
    const { metadata } = await load()
    expect(metadata.snapshots.map((snapshot) => snapshot['snapshot-id'])).toEqual([53n])
    expect(currentSnapshot(metadata)?.['snapshot-id']).toBe(53n)
    expect(metadata['last-sequence-number']).toBe(3)
  },
}

/** For fixtures that can scribble. */
export const scribbleCases: CatalogCases = {
  'keeps members of the metadata that nobody here knows': async (scene) => {
    const { fixture, catalog, logs, load, committed } = scene
    if (fixture.scribble === undefined) throw new Error('a fixture that cannot scribble')
    const made = await catalog.create(logs, creation())
    await fixture.scribble(made, 'x-other-writer', { deep: [1, 2n ** 60n] })
    const table = await load()
    await committed(table, append(table, 81n))
    expect((await load()).metadata).toMatchObject({ 'x-other-writer': { deep: [1, 2n ** 60n] } })
  },
}
