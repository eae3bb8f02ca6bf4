// Protects the batches of one request from each other: what stands above their rows is the same memory, and the first one that is
// encoded must not take it from the others.
import { create } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { sha256 } from '../../runtimes/shared/sha256.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { createEncoder } from '../../src/parquet/encoder.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { createMemoryCatalog, memoryFileIO } from '../iceberg/memory-catalog.ts'
import { schemas, toProtobuf } from '../judge/request.ts'
import { createIcebergIngest } from '../tools/iceberg-ingest.ts'
import { createPlainIngest } from '../tools/plain-ingest.ts'
import { arrival, nano } from './requests.ts'

const text = (letter: string) => letter.repeat(100_000)

/** A gauge, a sum and a summary below one resource and one scope; all that is above their points is long. */
const body = toProtobuf(
  create(schemas.metrics, {
    resourceMetrics: [
      {
        resource: {
          attributes: [
            { key: 'host', value: { value: { case: 'stringValue', value: text('h') } } },
          ],
        },
        scopeMetrics: [
          {
            scope: { name: text('s') },
            metrics: (['gauge', 'sum', 'summary'] as const).map((kind) => ({
              name: kind + text('n'),
              description: text('d'),
              data: { case: kind, value: { dataPoints: [{ timeUnixNano: nano }] } } as never,
            })),
          },
        ],
      },
    ],
  }),
)

const encoder = createEncoder({ module: await compileParquetWasm(), version: '0' })
const request = { signal: 'metrics', encoding: 'protobuf', receivedAt: arrival } as const

test.each([
  [
    'plain files',
    () => {
      const storage = createMemoryStorage()
      const { encode } = encoder
      const own = { storage, encode, sha256, maxFiles: 1000, dedupe: true }
      return createPlainIngest({ ...own, log: noLog, metrics: noMetrics })
    },
  ],
  [
    'tables',
    () => {
      const io = memoryFileIO(createMemoryStorage())
      return createIcebergIngest(createMemoryCatalog({ tables: new Map(), io }), 'otel', encoder)
    },
  ],
])('several kinds of metrics below a large resource are stored: %s', async (_, open) => {
  const { records, files } = await open()({ ...request, body: body.slice() })
  expect({ records, files }).toEqual({ records: 3, files: 3 })
})
