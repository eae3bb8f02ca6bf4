// Protects: snapshots go by age and count, and never one that somebody needs.
import { describe, expect, it } from 'vitest'
import { expiredSnapshots } from '../../../src/iceberg/file/expired-snapshots.ts'
import type { SnapshotRef, TableMetadata } from '../../../src/iceberg/table-metadata.ts'

const hour = 3_600_000
const now = 1_795_000_000_000

interface Shape {
  /** Hours of age, oldest first; the last is current. */
  readonly ages: readonly number[]
  readonly properties?: Readonly<Record<string, string>>
  readonly refs?: Readonly<Record<string, number>>
}

/** Snapshot n has id and sequence number n. */
const metadata = ({ ages, properties = {}, refs = {} }: Shape): TableMetadata => {
  const ref = (n: number, type: SnapshotRef['type']) => ({ 'snapshot-id': BigInt(n), type })
  return {
    properties,
    'current-snapshot-id': BigInt(ages.length),
    refs: {
      main: ref(ages.length, 'branch'),
      ...Object.fromEntries(Object.entries(refs).map(([name, n]) => [name, ref(n, 'tag')])),
    },
    snapshots: ages.map((age, i) => ({
      'snapshot-id': BigInt(i + 1),
      'sequence-number': i + 1,
      'timestamp-ms': now - age * hour,
      'manifest-list': '',
      summary: {},
    })),
  } as unknown as TableMetadata
}

const ages = [50, 40, 30, 20, 10, 0]
const age = (text: string) => ({ 'history.expire.max-snapshot-age-ms': text })
const least = (text: string) => ({ 'history.expire.min-snapshots-to-keep': text })
const keepAll = Number.POSITIVE_INFINITY

describe('of a table with snapshots of 50, 40, 30, 20, 10 and 0 hours', () => {
  it.each([
    ['at 24 h', { ages }, 24, 1, null, [1, 2, 3]],
    ['at exactly the age of one', { ages }, 30, 1, null, [1, 2]],
    ['at 24 h, five kept', { ages }, 24, 5, null, [1]],
    ['at 24 h, more kept than there are', { ages }, 24, 100, null, []],
    ['all kept', { ages }, keepAll, 1, null, []],
    ['the current one at no age', { ages }, 0, 1, null, [1, 2, 3, 4, 5]],
    ['the current one, though old', { ages: [90, 80, 70] }, 24, 1, null, [1, 2]],
    ['but for a tag', { ages, refs: { v1: 2 } }, 24, 1, null, [1, 3]],
    ['but for two tags', { ages, refs: { v1: 1, v2: 3 } }, 24, 1, null, [2]],
    ['but for what receipts need', { ages }, 24, 1, 1, [1]],
    ['but for what receipts of long ago need', { ages }, 24, 1, 0, []],
    ['when receipts need only new ones', { ages }, 24, 1, 5, [1, 2, 3]],
    ["by the table's own age", { ages, properties: age(String(45 * hour)) }, 24, 1, null, [1]],
    [
      "by the table's own age, all kept otherwise",
      { ages, properties: age('0') },
      keepAll,
      1,
      null,
      [1, 2, 3, 4, 5],
    ],
    ["by the table's own count", { ages, properties: least('5') }, 24, 1, null, [1]],
    [
      'by our age, the own one being nonsense',
      { ages, properties: age('a day') },
      24,
      1,
      null,
      [1, 2, 3],
    ],
    [
      'by our age, the own one being negative',
      { ages, properties: age('-1') },
      24,
      1,
      null,
      [1, 2, 3],
    ],
    [
      'where the owner forbids it',
      { ages, properties: { 'gc.enabled': 'false' } },
      24,
      1,
      null,
      [],
    ],
    ['out of order in time', { ages: [10, 40, 5, 30, 0] }, 24, 1, null, [2, 4]],
    ['none', { ages: [] }, 24, 1, null, []],
  ] as const)('%s', (_, shape: Shape, maxAge, minCount, neededSince, expected) => {
    const policy = { maxAgeMs: maxAge * hour, minCount }
    const ids = expiredSnapshots(metadata(shape), policy, now, neededSince)
    expect(ids.map((snapshot) => Number(snapshot['snapshot-id']))).toEqual(expected)
  })
})

describe('of more snapshots than metadata should hold', () => {
  const expired = (count: number, hours: number, neededSince: number | null = null) => {
    const many = metadata({ ages: Array.from({ length: count }, () => hours) })
    return expiredSnapshots(many, { maxAgeMs: 24 * hour, minCount: 1 }, now, neededSince).length
  }
  it.each([
    [10_000, 1, null, 0],
    [10_500, 1, null, 500],
    [10_500, 0.1, null, 0],
    [10_500, 1, 100, 100],
  ])('%i of %d hours: %j needed', (count, hours, neededSince, expected) => {
    expect(expired(count, hours, neededSince)).toBe(expected)
  })
})
