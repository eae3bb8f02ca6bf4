/** Iceberg: one data file for each partition of a table, and one commit for all files of the table. */
import type { Field, RecordBatch } from '../arrow/record-batch.ts'
import { take } from '../arrow/take.ts'
import { IngestError } from '../errors.ts'
import { dataPath } from '../iceberg/append.ts'
import type { LoadedTable } from '../iceberg/catalog.ts'
import { dataContent } from '../iceberg/manifest.ts'
import type { EncodedDataFile } from '../iceberg/new-data-file.ts'
import {
  currentSchema,
  defaultSortOrder,
  defaultSpec,
  type NestedField,
  type TableMetadata,
} from '../iceberg/table-metadata.ts'
import type { TableWriter } from '../iceberg/table-writer.ts'
import { isHourTransform, transformHour } from '../iceberg/transform.ts'
import type { Metrics } from '../metrics.ts'
import { fileUuid } from '../request-id.ts'
import type { Sha256 } from '../sha256.ts'
import { type Partition, type PartitionSource, partitionRows } from '../tables/partitions.ts'
import { sortedRows } from '../tables/sort.ts'
import type { Table } from '../tables/table.ts'
import { type Delivery, type Destination, letGo, type Outcome, type Rows } from './destination.ts'
import { icebergName } from './table-creation.ts'

export interface IcebergOptions {
  /** The writer of one of our tables. */
  readonly writerOf: (table: Table) => TableWriter
  readonly encode: (
    batch: RecordBatch,
    sortOrder: readonly string[],
  ) => { readonly bytes: Uint8Array }
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
  async divide({ table, batch }) {
    const loaded = await options.writerOf(table).open()
    const fitted = fittedTo(loaded.metadata, batch)
    return partitionRows(batch, partitionSources(loaded.metadata)).map((partition) => ({
      ...partition,
      table,
      loaded,
      batch: fitted,
    }))
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
  const encoded = await Promise.all(files.map((file) => encodeFile(file, delivery, options)))
  const outcomes = await options.writerOf(table).append(loaded, encoded, delivery.deadline)
  metrics.observe('write_duration', { table: table.name }, (performance.now() - started) / 1000)
  return outcomes.map((outcome, i) => {
    const bytes = (encoded[i] as EncodedDataFile).bytes.length
    const created = outcome === 'committed'
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
  { encode, sha256 }: IcebergOptions,
): Promise<EncodedDataFile> => {
  const { table, loaded, values, timeless, timestamp, count, rows } = file
  const { metadata } = loaded
  const spec = defaultSpec(metadata)
  const batch = letGo(file)
  const sort = sortColumns(table, metadata)
  const order = sortedRows(batch, sort.columns, rows)
  const { bytes } = encode(order === null ? batch : take(batch, order), sort.columns)
  const partition = timeless ? 'timeless' : values.join('/')
  const uuid = await fileUuid(requestId, table.name, partition, sha256)
  return {
    uuid,
    specId: spec['spec-id'],
    bytes,
    dataFile: {
      content: dataContent,
      file_path: `${dataPath(metadata)}/${timestamp}-${uuid}.parquet`,
      file_format: 'PARQUET',
      partition: Object.fromEntries(spec.fields.map(({ name }, i) => [name, values[i] ?? null])),
      record_count: BigInt(count),
      file_size_in_bytes: BigInt(bytes.length),
      column_sizes: null,
      value_counts: null,
      null_value_counts: null,
      nan_value_counts: null,
      lower_bounds: null,
      upper_bounds: null,
      key_metadata: null,
      split_offsets: null,
      equality_ids: null,
      sort_order_id: sort.orderId,
      referenced_data_file: null,
    },
  }
}

/** A batch's columns under the table's own names and field ids. */
const fittedTo = (metadata: TableMetadata, batch: RecordBatch): RecordBatch => {
  const known = new Map(currentSchema(metadata).fields.map((field) => [field.name, field]))
  const fields = batch.fields.map((field) => fitField(field, known.get(icebergName(field.name))))
  return { ...batch, fields }
}

const fitField = (field: Field, column: NestedField | undefined): Field => {
  if (column === undefined) {
    throw new IngestError('unavailable', `the table has no column ${icebergName(field.name)}`)
  }
  const { id, name, type } = column
  return typeof field.type !== 'string' && typeof type !== 'string' && type.type === 'list'
    ? { id, name, type: { ...field.type, elementId: type['element-id'] } }
    : { id, name, type: field.type }
}

const partitionSources = (metadata: TableMetadata): PartitionSource[] =>
  defaultSpec(metadata).fields.map(({ transform, 'source-id': id }) => {
    const source = currentSchema(metadata).fields.find((field) => field.id === id)
    if (source?.name !== 'timestamp' || !isHourTransform(transform)) {
      throw new IngestError('unavailable', `cannot write to a table partitioned by ${transform}`)
    }
    return { column: 'Timestamp', ofHour: (hour) => transformHour(transform, hour) }
  })

const sortColumns = (
  { sortOrder }: Table,
  metadata: TableMetadata,
): { columns: readonly string[]; orderId: number } => {
  const columns = sortOrder.map(icebergName)
  const order = defaultSortOrder(metadata)
  return { columns, orderId: order['order-id'] }
}
