// Protects the snapshots that an append makes: their summaries stay small, whatever they add and whatever their parent's says.
// Catalogs keep every snapshot's summary in the metadata that each commit writes, and some refuse more than 4 KiB.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { prepareAddition } from '../../src/iceberg/addition.ts'
import { appendTo } from '../../src/iceberg/append.ts'
import type { LoadedTable } from '../../src/iceberg/catalog.ts'
import type { ManifestFile } from '../../src/iceberg/manifest-list.ts'
import { mainBranch, type Snapshot, type TableMetadata } from '../../src/iceberg/table-metadata.ts'
import { dailyTable, manifestOf } from './manifests.ts'
import { createLab } from './table-lab.ts'
import { dataFileNamed } from './tables.ts'

type Summary = Snapshot['summary']

const limit = 4096
const sizeOf = (summary: Summary): number => Buffer.byteLength(JSON.stringify(summary))

/** A table whose newest snapshot has this summary. */
const tableAfter = (summary: Summary): TableMetadata => {
  const id = 2n ** 63n - 1n
  const snapshot = {
    'snapshot-id': id,
    'sequence-number': 1,
    'timestamp-ms': 0,
    'manifest-list': 'memory:///t/metadata/parent.avro',
    summary,
  }
  return {
    ...dailyTable(),
    snapshots: [snapshot],
    'last-sequence-number': 1,
    'current-snapshot-id': id,
    refs: { [mainBranch]: { 'snapshot-id': id, type: 'branch' } },
  }
}

/** The summary of the snapshot that adds files, one for each day, to a table. */
const summaryOf = async (
  metadata: TableMetadata,
  days: number,
  { rows = 1n, parents = [], version = '1.0.0' }: SummaryParts = {},
): Promise<Summary> => {
  const files = Array.from({ length: days }, (_, day) => ({
    specId: 0,
    dataFile: {
      ...dataFileNamed(`memory:///t/data/${day}.parquet`, { timestamp_day: day }),
      record_count: rows,
      file_size_in_bytes: rows,
    },
  }))
  const addition = await prepareAddition(files, { metadata } as LoadedTable, version)
  const { commit } = await appendTo(metadata, parents, addition, 0)
  const [added] = commit.updates
  if (added?.action !== 'add-snapshot') throw new Error('no snapshot was added')
  return added.snapshot.summary
}

interface SummaryParts {
  readonly rows?: bigint
  readonly parents?: readonly ManifestFile[]
  readonly version?: string
}

/** As other writers leave them: the greatest totals there are, and a line for each partition. */
const longestTotals = Object.fromEntries(
  [
    'records',
    'files-size',
    'data-files',
    'delete-files',
    'position-deletes',
    'equality-deletes',
  ].map((total) => [`total-${total}`, String(2n ** 62n)]),
)
const crowded: Summary = {
  operation: 'overwrite',
  ...longestTotals,
  'spark.app.id': 'x'.repeat(10_000),
  ...Object.fromEntries(
    Array.from({ length: 5_000 }, (_, day) => [`partitions.timestamp_day=${day}`, 'added=1']),
  ),
}

test('a summary of 5,000 files in 5,000 partitions, after 5,000 manifests and the longest totals, has less than 4 KiB', async () => {
  const { manifest } = await manifestOf('memory:///t/metadata/m.avro', [], 1n)
  const summary = await summaryOf(tableAfter(crowded), 5_000, {
    rows: 2n ** 40n,
    parents: Array.from({ length: 5_000 }, () => manifest),
    version: '100.1000.10000-next.100+build.20261126',
  })
  expect(summary).toMatchObject({
    'added-data-files': '5000',
    'changed-partition-count': '5000',
    'added-records': String(5_000n * 2n ** 40n),
    'manifests-kept': '5000',
    'total-records': String(2n ** 62n + 5_000n * 2n ** 40n),
  })
  expect(sizeOf(summary)).toBeLessThan(limit)
  // Nothing in it is told file by file or partition by partition.
  const one = await summaryOf(tableAfter(crowded), 1)
  expect(Object.keys(one)).toEqual(Object.keys(summary))
})

test('a summary has less than 4 KiB after any other', async () => {
  const totals = fc.oneof(fc.string(), fc.string({ minLength: 5_000, unit: fc.constantFrom('9') }))
  const some = fc.dictionary(fc.constantFrom(...Object.keys(longestTotals)), totals)
  await fc.assert(
    fc.asyncProperty(some, fc.dictionary(fc.string(), fc.string()), async (known, others) => {
      const summary = await summaryOf(tableAfter({ ...others, ...known, operation: 'append' }), 1)
      expect(sizeOf(summary)).toBeLessThan(limit)
    }),
  )
})

test.each(['', 'many', '-1', '1.5', '1e3', ' 7', String(2n ** 63n - 1n), '9'.repeat(20)])(
  'a total of %j in the parent is none: it stays untold',
  async (total) => {
    const parent = { operation: 'append', 'total-records': total, 'total-data-files': '6' }
    const summary = await summaryOf(tableAfter(parent), 1)
    expect(summary['total-records']).toBeUndefined()
    expect(summary['total-data-files']).toBe('7')
  },
)

test('no summary that a catalog gets has 4 KiB, however many requests go together', async () => {
  const lab = createLab()
  const { one } = lab.sendIn()
  await lab.timed(() => Promise.all(Array.from({ length: 2_000 }, (_, n) => one(n))))
  const summaries = lab.metadata().snapshots.map(({ summary }) => summary)
  const files = summaries.map((summary) => Number(summary['added-data-files']))
  expect(Math.max(...files)).toBeGreaterThan(1_000)
  expect(files.reduce((sum, count) => sum + count)).toBe(2_000)
  expect(Math.max(...summaries.map(sizeOf))).toBeLessThan(limit)
})
