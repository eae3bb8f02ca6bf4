/** What the manifest says of a data file's columns (Iceberg table specification, "Manifests", `data_file`). */
import type { FileMetrics, LeafMetrics } from '../parquet/leaf-metrics.ts'
import { lowerBound, upperBound } from './bounds.ts'
import type { DataFile, IdValue } from './manifest.ts'
import { isReadAs } from './schema-fit.ts'
import type { IcebergType, Schema } from './table-metadata.ts'

export type DataFileMetrics = Pick<
  DataFile,
  | 'record_count'
  | 'column_sizes'
  | 'value_counts'
  | 'null_value_counts'
  | 'nan_value_counts'
  | 'lower_bounds'
  | 'upper_bounds'
  | 'split_offsets'
>

/**
 * A file's metrics as its manifest entry has them, all by field id. Which columns have bounds, the caller decided when the
 * file was encoded; the table properties `write.metadata.metrics.*` are not asked. A bound is written as the type that
 * the table's schema says, and left out when that is not the type of the file's column.
 */
export const dataFileMetrics = (metrics: FileMetrics, schema: Schema): DataFileMetrics => {
  const { recordCount, leaves, splitOffsets } = metrics
  const types = new Map(schema.fields.map(({ id, type }) => [id, type]))
  const bounds = leaves.map((leaf) => ({
    key: leaf.fieldId,
    ...boundsOf(leaf, types.get(leaf.fieldId)),
  }))
  return {
    record_count: BigInt(recordCount),
    column_sizes: counted(leaves, ({ columnSize }) => columnSize),
    value_counts: counted(leaves, ({ counts }) => counts?.values),
    null_value_counts: counted(leaves, ({ counts }) => counts?.nulls),
    nan_value_counts: counted(leaves, ({ counts }) => counts?.nans),
    lower_bounds: present(bounds, ({ lower }) => lower),
    upper_bounds: present(bounds, ({ upper }) => upper),
    split_offsets: splitOffsets.map(BigInt),
  }
}

const counted = (
  leaves: readonly LeafMetrics[],
  count: (leaf: LeafMetrics) => number | null | undefined,
): readonly IdValue<bigint>[] =>
  leaves.flatMap((leaf) => {
    const value = count(leaf)
    return typeof value === 'number' ? [{ key: leaf.fieldId, value: BigInt(value) }] : []
  })

interface Bounds {
  readonly lower: Uint8Array | null
  readonly upper: Uint8Array | null
}

const boundsOf = ({ type, bounds }: LeafMetrics, tableType: IcebergType | undefined): Bounds => {
  if (bounds === null || typeof tableType !== 'string' || !isReadAs(type, tableType)) {
    return { lower: null, upper: null }
  }
  return {
    lower: lowerBound(tableType, bounds.least),
    upper: upperBound(tableType, bounds.greatest),
  }
}

const present = (
  bounds: readonly (Bounds & { readonly key: number })[],
  side: (bounds: Bounds) => Uint8Array | null,
): readonly IdValue<Uint8Array>[] =>
  bounds.flatMap((bound) => {
    const value = side(bound)
    return value === null ? [] : [{ key: bound.key, value }]
  })
