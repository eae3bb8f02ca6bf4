// Protects: where a request's rows come to lie and in which order: one file for each table, service and hour, named by
// its earliest time, sorted by the table's sort order.
import { beforeAll, describe, expect, it } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { createEncoder, type Encoder } from '../../src/parquet/encoder.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { rowsOfParquet } from '../judge/parquet.ts'
import { createPlainIngest } from '../tools/plain-ingest.ts'
import { bodies } from './bodies.ts'
import { receivedAt } from './expected.ts'

let encoder: Encoder
beforeAll(async () => {
  encoder = createEncoder({ module: await compileParquetWasm(), version: '0' })
})

const noon = 'year=2026/month=03/day=01/hour=12/1772366400000000'
const arrival = 'year=2027/month=01/day=15/hour=08/0'

/** For each case the files, without their uuids, and the `RequestRow` of their rows in order. */
const files: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  'logs-every-field': {
    'logs/checkout/year=2026/month=03/day=01/hour=12/1772366400123456': [0],
  },
  'logs-bodies': { [`logs/bodies/${noon}`]: Array.from({ length: 25 }, (_, i) => i) },
  'logs-absent': {
    [`logs/unknown_service/${arrival}`]: [0, 1],
    [`logs/7/${noon}`]: [2],
  },
  'logs-duplicate-keys': { [`logs/last/${noon}`]: [0] },
  'logs-rejected': { [`logs/rejected/${noon}`]: [0, 4] },
  'traces-every-field': {
    'traces/checkout/year=2026/month=03/day=01/hour=12/1772366400000001': [0],
  },
  'traces-absent': {
    [`traces/unknown_service/${arrival}`]: [0],
    [`traces/unknown_service/${noon}`]: [1, 2],
  },
  // The first point of each metric lies a minute behind the others.
  'metrics-gauge': { [`metrics/gauge/checkout/${noon}`]: [1, 2, 3, 0] },
  'metrics-sum': { [`metrics/sum/checkout/${noon}`]: [1, 0] },
  'metrics-histogram': { [`metrics/histogram/checkout/${noon}`]: [1, 0] },
  'metrics-exponential-histogram': {
    [`metrics/exponential_histogram/checkout/${noon}`]: [1, 0],
  },
  'metrics-summary': { [`metrics/summary/checkout/${noon}`]: [1, 0] },
  'metrics-mixed': {
    [`metrics/gauge/checkout/${noon}`]: [5, 6, 7, 4],
    [`metrics/sum/checkout/${noon}`]: [9, 8, 1, 0],
    [`metrics/histogram/checkout/${noon}`]: [11, 10],
    [`metrics/exponential_histogram/checkout/${noon}`]: [13, 12],
    [`metrics/summary/checkout/${noon}`]: [3, 2],
  },
}

const uuid = /-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.parquet$/

describe('the files of a golden request', () => {
  it.each(bodies)('$name, $encoding', async ({ name, signal, encoding, bytes }) => {
    const storage = createMemoryStorage()
    const { encode } = encoder
    const rest = { maxFiles: 1000, dedupe: true, log: noLog, metrics: noMetrics }
    const ingest = createPlainIngest({ storage, encode, ...rest })
    await ingest({ signal, encoding, body: bytes, receivedAt })
    const found: Record<string, unknown> = {}
    for await (const { key } of storage.list('')) {
      expect(key).toMatch(uuid)
      const rows = await rowsOfParquet((await storage.get(key)) ?? new Uint8Array())
      found[key.replace(uuid, '')] = rows.map(({ RequestRow }) => RequestRow)
    }
    expect(found).toStrictEqual(files[name])
  })
})
