/** Iceberg: one data file for each partition of a table, and one commit for all files of the table. */
import type { RecordBatch } from '../arrow/record-batch.ts'
import { dataPath } from '../iceberg/append.ts'
import type { LoadedTable } from '../iceberg/catalog.ts'
import { dataFileMetrics } from '../iceberg/data-file-metrics.ts'
import { dataContent } from '../iceberg/manifest.ts'
import type { EncodedDataFile } from '../iceberg/new-data-file.ts'
import { partitionOf } from '../iceberg/partition.ts'
import { currentSchema, defaultSpec } from '../iceberg/table-metadata.ts'
import type { TableWriter } from '../iceberg/table-writer.ts'
import type { Metrics } from '../metrics.ts'
import type { RowOrder } from '../parquet/encoder.ts'
import type { FileMetrics } from '../parquet/leaf-metrics.ts'
import { fileUuid } from '../request-id.ts'
import type { Sha256 } from '../sha256.ts'
import { boundedColumns } from '../tables/bounded-columns.ts'
import { type Partition, partitionRows } from '../tables/partitions.ts'
import { sortedRows } from '../tables/sort.ts'
import type { Table } from '../tables/table.ts'
import {
  type Delivery,
  type Destination,
  encodeOnce,
  type Outcome,
  type Rows,
} from './destination.ts'
import { fittedBatch, tableColumns } from './table-columns.ts'
import { fileText, lastingPartition, partitionSources } from './table-partition.ts'
import { fileOrder } from './table-sort-order.ts'

export interface IcebergOptions {
  /** The writer of one of our tables. */
  readonly writerOf: (table: Table) => TableWriter
  readonly encodeMeasured: (
    batch: RecordBatch,
    order: RowOrder,
    bounded: readonly string[],
  ) => { readonly bytes: Uint8Array; readonly metrics: FileMetrics }
  readonly sha256?: Sha256
  readonly metrics: Metrics
}

/** The rows of one data file. */
interface IcebergFile extends Partition, Rows {
  readonly rows: Int32Array | null
  readonly table: Table
  /** The table that the file is made for. */
  readonly loaded: LoadedTable
}

/** Tables of a catalog. */
export const createIcebergDestination = (options: IcebergOptions): Destination<IcebergFile> => ({
  async divide({ table, batch, others }) {
    const loaded = await options.writerOf(table).open()
    const { metadata } = loaded
    const partitions = partitionRows(batch, partitionSources(table, metadata))
    const fitted = fittedBatch(batch, tableColumns(table, metadata))
    const shared = { batch: fitted, others, files: partitions.length }
    return partitions.map((partition) => ({ ...partition, table, loaded, batch: shared }))
  },
  async store(files, delivery) {
    const tables = Map.groupBy(files, ({ table }) => table)
    const stored = [...tables].map(([table, files]) => append(table, files, delivery, options))
    // Each to its end: the answer is for all tables.
    const results = await Promise.allSettled(stored)
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return (await Promise.all(stored)).flat()
  },
})

const append = async (
  table: Table,
  files: readonly IcebergFile[],
  delivery: Delivery,
  options: IcebergOptions,
): Promise<Outcome[]> => {
  const started = performance.now()
  const { metrics } = options
  const loaded = (files[0] as IcebergFile).loaded
  const sizes: number[] = []
  const encoding = Promise.all(files.map((file) => encodeFile(file, delivery, options)))
  // Not in a variable: while it waits, this function would hold on to bytes that nobody needs once they are written.
  const outcomes = await encoding.then((encoded) => {
    sizes.push(...encoded.map(({ bytes }) => bytes.length))
    return options.writerOf(table).append(loaded, encoded, delivery)
  })
  metrics.observe('write_duration', { table: table.name }, (performance.now() - started) / 1000)
  return outcomes.map((outcome, i) => {
    const bytes = sizes[i] as number
    const created = outcome !== 'duplicate'
    if (created) {
      metrics.count('files', { table: table.name })
      metrics.count('written_bytes', { table: table.name }, bytes)
    } else metrics.count('duplicates', { table: table.name })
    const result = { created, bytes: created ? bytes : 0, count: (files[i] as IcebergFile).count }
    delivery.stored(result)
    return result
  })
}

const encodeFile = async (
  file: IcebergFile,
  { requestId }: Delivery,
  { encodeMeasured, sha256 }: IcebergOptions,
): Promise<EncodedDataFile> => {
  const { table, loaded, values, timestamp, rows } = file
  const { metadata } = loaded
  const spec = defaultSpec(metadata)
  const sort = fileOrder(table, metadata)
  const { bytes, metrics } = encodeOnce(file, (batch) => {
    const order = { rows: sortedRows(batch, sort.columns, rows), sortOrder: sort.columns }
    return encodeMeasured(batch, order, boundedColumns)
  })
  const partition = lastingPartition(file, table, metadata)
  const uuid = await fileUuid(requestId, table.name, fileText(file, partition), sha256)
  return {
    uuid,
    specId: spec['spec-id'],
    partition,
    bytes,
    dataFile: {
      content: dataContent,
      file_path: `${dataPath(metadata)}/${timestamp}-${uuid}.parquet`,
      file_format: 'PARQUET',
      partition: partitionOf(spec, values),
      file_size_in_bytes: BigInt(bytes.length),
      ...dataFileMetrics(metrics, currentSchema(metadata)),
      key_metadata: null,
      equality_ids: null,
      sort_order_id: sort.orderId,
      referenced_data_file: null,
    },
  }
}
