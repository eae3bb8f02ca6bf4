// Protects: a manifest is passed over only where its list says that a file cannot be in it.
import { describe, expect, it } from 'vitest'
import type { PartitionFieldSummary } from '../../src/iceberg/manifest-list.ts'
import { type KnownPartition, mayHold } from '../../src/iceberg/partition-filter.ts'
import type { TableMetadata } from '../../src/iceberg/table-metadata.ts'

const int = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer)

const summary = (
  lower: Uint8Array | null,
  upper: Uint8Array | null,
  containsNull = false,
): PartitionFieldSummary => ({
  contains_null: containsNull,
  contains_nan: null,
  lower_bound: lower,
  upper_bound: upper,
})

const field = (transform: string) => ({ 'source-id': 1, 'field-id': 1000, name: 'p', transform })

const held = (
  partition: KnownPartition,
  partitions: readonly PartitionFieldSummary[] | null,
  { specId = 0, transform = 'day' } = {},
): boolean =>
  mayHold(
    { partition_spec_id: specId, partitions } as Parameters<typeof mayHold>[0],
    { specId: 0, partition },
    {
      'partition-specs': [{ 'spec-id': 0, fields: [field(transform)] }],
    } as unknown as TableMetadata,
  )

const [days, nulls] = [summary(int(-3), int(5)), summary(null, null, true)]

describe('a file may be in a manifest', () => {
  it.each([
    ['whose days are about its own', true, [0], [days]],
    ['whose first day is its own', true, [-3], [days]],
    ['whose last day is its own', true, [5], [days]],
    ['but not of earlier days', false, [6], [days]],
    ['nor of later ones', false, [-4], [days]],
    ['nor without a day, when every file of it has one', false, [null], [days]],
    ['with files without a day, as it is', true, [null], [nulls]],
    ['that does not say its days', true, [7], null],
    ['that says too little', true, [7], []],
    ['whose bounds nobody understands', true, [7], [summary(int(9).slice(1), int(3).slice(2))]],
    ['when its own day is not known', true, [undefined], [days]],
    ['when its partition is not known', true, [], [days]],
  ] as const)('%s', (_, expected, partition, partitions) => {
    expect(held(partition, partitions)).toBe(expected)
  })

  it('of another partition spec, and where time does not decide', () => {
    expect(held([9], [days], { specId: 1 })).toBe(true)
    for (const transform of ['bucket[4]', 'identity', 'void', 'truncate[3]']) {
      expect(held([9], [days], { transform })).toBe(true)
    }
    for (const transform of ['hour', 'month', 'year']) {
      expect(held([9], [days], { transform })).toBe(false)
    }
  })
})
