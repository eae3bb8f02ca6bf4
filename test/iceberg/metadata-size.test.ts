// Protects that a table whose metadata grows is told of before catalogs refuse it, and once.
import { expect, it } from 'vitest'
import type { LoadedTable } from '../../src/iceberg/catalog.ts'
import { createSizeTeller } from '../../src/iceberg/metadata-size.ts'
import { newTableMetadata } from '../../src/iceberg/new-table.ts'
import { noMetrics } from '../../src/metrics.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { creation } from '../contracts/commits.ts'
import { memoryFileIO } from './memory-catalog.ts'

it('each size is a gauge, a large one a warning until it is smaller again', () => {
  const told: unknown[] = []
  const tell = createSizeTeller({
    metrics: { ...noMetrics, gauge: (...gauge) => void told.push(gauge) },
    log: (level, _, facts) => void told.push(`${level} ${facts?.bytes}`),
  })
  const table: LoadedTable = {
    identifier: { namespace: ['otel'], name: 'logs' },
    metadata: newTableMetadata('s3://b/otel/logs', creation(), 0),
    io: memoryFileIO(createMemoryStorage()),
    loadedAt: 0,
  }
  const large = 16 * 2 ** 20 + 1
  const gauge = (bytes: number) => ['metadata_bytes', bytes, { table: 'logs' }]
  tell(table)
  for (const metadataSize of [large - 1, large, large, 10, large]) tell({ ...table, metadataSize })
  expect(told).toEqual([
    gauge(large - 1),
    gauge(large),
    `warn ${large}`,
    gauge(large),
    gauge(10),
    gauge(large),
    `warn ${large}`,
  ])
})
