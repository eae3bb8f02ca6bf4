// The way into Iceberg tables, put together as the runtimes do it: for tests of what lies on it.
import type { Catalog } from '../../src/iceberg/catalog.ts'
import { createIcebergDestination } from '../../src/ingest/iceberg.ts'
import { createTableWriters } from '../../src/ingest/table-writers.ts'
import { createIngest, type Ingest } from '../../src/ingest.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import type { Encoder } from '../../src/parquet/encoder.ts'

/** Into the tables of a namespace, which are partitioned by day. */
export const createIcebergIngest = (
  catalog: Catalog,
  namespace: string,
  { encodeMeasured }: Encoder,
): Ingest => {
  const writerOf = createTableWriters({
    catalog,
    identifierOf: ({ name }) => ({ namespace: [namespace], name }),
    partitionBy: 'day',
    version: '0.0.0',
    log: noLog,
    metrics: noMetrics,
  })
  return createIngest({
    destination: createIcebergDestination({ writerOf, encodeMeasured, metrics: noMetrics }),
    maxFiles: 1000,
    dedupe: true,
    log: noLog,
    metrics: noMetrics,
  })
}
