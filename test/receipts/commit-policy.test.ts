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

/** As it was loaded then. */
const seen = (metadata: TableMetadata, loadedAt = start) => ({ metadata, loadedAt })

describe('inline and deferred', () => {
  it.each<[CommitMode, boolean]>([
    ['inline', true],
    ['deferred', false],
  ])('%s', (mode, commits) => {
    const { isDue: policy } = commitPolicy({ mode, intervalMs: minute, now: () => start })
    for (const metadata of [empty, withSnapshot(empty, start), withSnapshot(empty, start - hour)]) {
      const due = [false, true].map((isCommitting) => policy(seen(metadata), isCommitting))
      expect(due).toEqual([commits, commits])
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
      seen(withSnapshot(empty, start), start + age),
      false,
    )

  it('commits to a table without snapshots', () => {
    expect(policyNow(seen(empty), false)).toBe(true)
  })

  it('leaves all to the sweep where metadata is about to grow too large', () => {
    const due = (bytes: number) => policyNow({ ...seen(empty), metadataSize: bytes }, false)
    expect([due(32 * 2 ** 20), due(32 * 2 ** 20 + 1)]).toEqual([true, false])
  })

  it('leaves to the sweep what comes while others are committed', () => {
    expect(policyNow(seen(empty), true)).toBe(false)
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

describe('auto, by clocks that differ', () => {
  /** Asks a process' policy about snapshots, made and seen at these milliseconds after the first look, by its own clock. */
  const asked = (...looks: readonly [made: number, seen: number, now?: number][]): boolean[] => {
    let now = start
    const { isDue } = commitPolicy({ mode: 'auto', intervalMs: minute, now: () => now })
    return looks.map(([made, at, later = at]) => {
      now = start + later
      return isDue(seen(withSnapshot(empty, start + made), start + at), false)
    })
  }

  it.each([
    ['ahead by an hour', hour],
    ['behind by an hour', -hour],
  ])(
    'by a clock that is %s, each snapshot is young for an interval from when it was seen',
    (_, off) => {
      expect(
        asked(
          // What is known of the first is its time alone.
          [off, 0],
          [off + 1, 100],
          [off + 1, 100, minute + 99],
          [off + 1, 100, minute + 100],
          [off + 2, minute + 200],
          [off + 2, 2 * minute + 199],
          [off + 2, 2 * minute + 200],
        ),
      ).toEqual([true, false, false, true, false, false, true])
    },
  )

  it('a snapshot is not made young by being seen late', () => {
    expect(asked([-hour, 0], [1_000, minute + 1_000])).toEqual([true, true])
    expect(asked([-hour, 0], [2_000, minute + 1_000])).toEqual([true, false])
  })

  it('what is older than another look at it says nothing', () => {
    expect(asked([-hour, 0], [1_000, 1_000], [-hour, 500, 1_100], [1_000, 1_200])).toEqual([
      true,
      false,
      false,
      false,
    ])
  })

  it('a clock that is put back costs one commit', () => {
    const back = -hour
    expect(
      asked([0, 0], [0, back], [1, back + 100], [1, back + minute + 99], [1, back + minute + 100]),
    ).toEqual([false, true, false, false, true])
  })
})
