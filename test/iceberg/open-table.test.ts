// Protects which of two looks at a table a process goes by: the younger state, but for one that was restored.
import { expect, test } from 'vitest'
import { createOpenTable } from '../../src/iceberg/open-table.ts'
import { creation } from '../contracts/commits.ts'
import { identifier } from '../faults/model/lake.ts'
import { createLab, tableKey } from './table-lab.ts'

/** What a process takes for the table's last number after looks at states with these, so many milliseconds after the first. */
const knownAfter = async (...looks: [ms: number, sequence: number][]): Promise<number> => {
  const { world, tables, catalog } = createLab()
  const { metadata, ...rest } = await catalog.create(identifier, creation())
  const clock = { ...world, signal: () => new AbortController().signal }
  const open = createOpenTable({
    catalog,
    identifier,
    creation: creation(),
    clock,
    freshMs: 120_000,
  })
  const begin = world.now()
  for (const [ms, sequence] of looks) {
    world.at(begin + ms, () => {})
    await world.run(Number.POSITIVE_INFINITY)
    tables.set(tableKey, { ...metadata, 'last-sequence-number': sequence })
    await open.reload()
  }
  return open.latest({ metadata, ...rest }).metadata['last-sequence-number']
}

test.each<[string, number, [ms: number, sequence: number][]]>([
  [
    'a younger state',
    6,
    [
      [0, 5],
      [1_000, 6],
    ],
  ],
  [
    'not that of an old copy',
    5,
    [
      [0, 5],
      [1_000, 4],
    ],
  ],
  [
    'not that of a copy that stays old for some time',
    5,
    [
      [0, 5],
      [30_000, 4],
      [59_000, 4],
    ],
  ],
  [
    'an older state that is there for a minute',
    4,
    [
      [0, 5],
      [1_000, 4],
      [60_000, 4],
    ],
  ],
  [
    'what comes after that',
    2,
    [
      [0, 5],
      [60_000, 1],
      [60_100, 2],
    ],
  ],
])('%s', async (_, known, looks) => {
  expect(await knownAfter(...looks)).toBe(known)
})
