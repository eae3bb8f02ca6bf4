// Protects that a busy table's metadata stays small: so many snapshots are made and no more, whoever asks and however often.
import { describe, expect, it } from 'vitest'
import { newTableMetadata } from '../../src/iceberg/new-table.ts'
import { mainBranch, type TableMetadata } from '../../src/iceberg/table-metadata.ts'
import { applyUpdates } from '../../src/iceberg/table-updates.ts'
import { type CommitMode, commitPolicy } from '../../src/receipts/commit-policy.ts'
import { creation } from '../contracts/commits.ts'

const minute = 60_000
const hour = 60 * minute
const start = Date.UTC(2026, 0, 1)

const empty = newTableMetadata('s3://bucket-of-a-usual-length/otel/logs', creation(), start)

/** A snapshot more, as large as those of the product. */
const withSnapshot = (metadata: TableMetadata, at: number): TableMetadata => {
  const id = BigInt(at) * 4_000_000n + 7n
  const counts = 'records files-size data-files delete-files position-deletes equality-deletes'
  const totals = counts.split(' ').map((name) => [`total-${name}`, '123456789'])
  const list = `${metadata.location}/metadata/snap-${id}-${'0'.repeat(36)}.avro`
  const snapshot = {
    'snapshot-id': id,
    'sequence-number': metadata['last-sequence-number'] + 1,
    'timestamp-ms': at,
    'manifest-list': list,
    'schema-id': 0,
    summary: {
      operation: 'append',
      'added-data-files': '1000',
      'added-records': '1000000',
      'added-files-size': '123456789',
      'changed-partition-count': '1',
      ...Object.fromEntries(totals),
      'engine-name': 'otlp2parquet',
      'engine-version': '0.1.0',
      'manifests-created': '1',
      'manifests-kept': '100',
      'manifests-replaced': '0',
    },
  }
  return applyUpdates(
    metadata,
    [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', 'ref-name': mainBranch, type: 'branch', 'snapshot-id': id },
    ],
    at,
  )
}

describe('inline and deferred', () => {
  it.each<[CommitMode, boolean]>([
    ['inline', true],
    ['deferred', false],
  ])('%s', (mode, commits) => {
    const { isDue: policy } = commitPolicy({ mode, intervalMs: minute, now: () => start })
    for (const metadata of [empty, withSnapshot(empty, start), withSnapshot(empty, start - hour)]) {
      expect([false, true].map((isCommitting) => policy({ metadata }, isCommitting))).toEqual([
        commits,
        commits,
      ])
    }
  })
})

describe('auto', () => {
  const { isDue: policyNow } = commitPolicy({
    mode: 'auto',
    intervalMs: minute,
    now: () => start,
  })
  const commits = (age: number): boolean =>
    commitPolicy({ mode: 'auto', intervalMs: minute, now: () => start + age }).isDue(
      { metadata: withSnapshot(empty, start) },
      false,
    )

  it('commits to a table without snapshots', () => {
    expect(policyNow({ metadata: empty }, false)).toBe(true)
  })

  it('leaves all to the sweep where metadata is about to grow too large', () => {
    const due = (bytes: number) => policyNow({ metadata: empty, metadataSize: bytes }, false)
    expect([due(32 * 2 ** 20), due(32 * 2 ** 20 + 1)]).toEqual([true, false])
  })

  it('leaves to the sweep what comes while others are committed', () => {
    expect(policyNow({ metadata: empty }, true)).toBe(false)
  })

  it.each([
    [0, false],
    [minute - 1, false],
    [minute, true],
    [hour, true],
    ['by a clock that is ahead of ours', -minute + 1, false],
    ['by a clock that is wrong', -hour, true],
  ])('%s', (...row) => {
    const [age, expected] = row.slice(-2) as [number, boolean]
    expect(commits(age)).toBe(expected)
  })
})
