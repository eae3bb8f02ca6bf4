// Protects: on a real disk no service name, however hostile, leaves its folder or meets another's rows.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { compileParquetWasm } from '../../runtimes/node/wasm.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { createEncoder, type Encoder } from '../../src/parquet/encoder.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import { rowsOfParquet } from '../judge/parquet.ts'
import { createPlainIngest } from '../tools/plain-ingest.ts'
import { arrival, logs } from './requests.ts'

let encoder: Encoder
beforeAll(async () => {
  encoder = createEncoder({ module: await compileParquetWasm(), version: '0' })
})

/** Stores one record of each service, and one of none, below `root`. */
const store = async (root: string, names: readonly string[]): Promise<void> => {
  const ingest = createPlainIngest({
    storage: await openFileStorage(root),
    encode: encoder.encode,
    maxFiles: 1000,
    dedupe: true,
    log: noLog,
    metrics: noMetrics,
  })
  const body = logs({ records: 1 }, ...names.map((name) => ({ name, records: 1 })))
  await ingest({ signal: 'logs', encoding: 'protobuf', body, receivedAt: arrival })
}

it('keeps each service, however hostile, in a folder of its own', async () => {
  const hostile = [
    '',
    '.',
    '..',
    '../../x',
    '/',
    'a/b',
    '%',
    '%2E',
    '%00e',
    '\0',
    'unknown_service',
  ]
  const unit = fc.oneof(
    fc.constantFrom('.', '/', '%', '\\', '\0', 'a', 'A', '~'),
    fc.string({ unit: 'binary', maxLength: 1 }),
  )
  const name = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit, maxLength: 200 }))
  const names = fc.uniqueArray(name, { minLength: 1, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(names, async (names) => {
      const folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-'))
      try {
        const root = join(folder, 'root')
        await store(root, names)
        expect(await readdir(folder)).toEqual(['root'])
        expect((await readdir(root)).sort()).toEqual(['.tmp', 'logs'])
        const found = await Promise.all(
          (await readdir(join(root, 'logs'))).map(async (service) => {
            const hour = join(root, 'logs', service, 'year=2026/month=11/day=25/hour=09')
            const [file = '', ...others] = await readdir(hour)
            expect(others).toEqual([])
            return (await rowsOfParquet(await readFile(join(hour, file)))).map((r) => r.ServiceName)
          }),
        )
        expect(new Set(found.flat())).toEqual(new Set([null, ...names]))
        expect(found.map((services) => services.length)).toEqual(found.map(() => 1))
      } finally {
        await rm(folder, { recursive: true })
      }
    }),
    { numRuns: 40 },
  )
})
