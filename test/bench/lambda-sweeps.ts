/**
 * A sweep on Lambda, under AWS's emulator and runtime: what paying so many receipts takes, in one commit or several. The
 * catalog and the bucket are stand-ins that answer at once; the receipts are those of requests of 100 logs.
 */
import { sha256 } from '../../runtimes/shared/sha256.ts'
import type { DataFile } from '../../src/iceberg/manifest.ts'
import { createReceiptStore } from '../../src/receipts/receipt-store.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { startFakeServer } from '../iceberg/rest/fake-server.ts'
import type { FakeTables } from '../iceberg/rest/fake-tables.ts'
import { type EmulatedFunction, startFunction } from '../interop/lambda/emulator.ts'
import { describedFile, numberedFiles, requestIdOf } from '../receipts/long-run/numbered-files.ts'
import type { FakeBucket } from '../storage/s3-bucket.ts'
import { accessKeyId, type S3Fake, secretAccessKey, startS3Fake } from '../storage/s3-server.ts'
import { cpuOf, peakMemoryOf } from './measure.ts'

const head =
  'receipts    sweeps    wall s    CPU s   peak memory   (a fresh function; until none is owed)'

/** Measures sweeps; the lines to print. */
export const sweepLines = async (task: string, smoke: boolean): Promise<string[]> => {
  const described = await describedFile()
  const lines: string[] = []
  for (const receipts of smoke ? [10] : [100, 1_000, 5_000, 20_000]) {
    lines.push(await sweepLine(task, described, receipts))
  }
  return [head, ...lines]
}

const sweepLine = async (task: string, described: DataFile, receipts: number): Promise<string> => {
  const [catalog, s3] = [await startFakeServer(), await startS3Fake()]
  // As S3 has it; its tests want many pages.
  s3.bucket.pageSize = 1_000
  const started = await startFunction({ task, env: environmentOf(catalog.uri, s3) })
  try {
    await started.invoke({ otlp2parquet: 'init' })
    await owe(receipts, described, catalog.tables, s3.bucket)
    const pid = started.pid() ?? 0
    const before = { cpu: cpuOf(pid), wall: performance.now() }
    const sweeps = await sweepAll(started, receipts)
    const columns = [
      `${receipts}`.padStart(8),
      `${sweeps}`.padStart(9),
      ((performance.now() - before.wall) / 1e3).toFixed(1).padStart(9),
      ((cpuOf(pid) - before.cpu) / 1e6).toFixed(1).padStart(8),
      `${(peakMemoryOf(pid) / 2 ** 20).toFixed(0)} MiB`.padStart(13),
    ]
    return columns.join(' ')
  } finally {
    await Promise.all([started.stop(), catalog.close(), s3.stop()])
  }
}

const environmentOf = (uri: string, s3: S3Fake) => ({
  OTLP2PARQUET_AUTH: 'none',
  OTLP2PARQUET_ICEBERG_REST_URI: uri,
  // Where the catalog puts its tables, too.
  OTLP2PARQUET_STATE_BUCKET: 'lake',
  OTLP2PARQUET_COMMIT: 'deferred',
  OTLP2PARQUET_S3_REGION: s3.region,
  OTLP2PARQUET_S3_ENDPOINT: s3.endpoint,
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
})

/** Leaves receipts, each for a file of logs that nobody reads. */
const owe = async (
  receipts: number,
  described: DataFile,
  { tables }: FakeTables,
  bucket: FakeBucket,
): Promise<void> => {
  const metadata = tables.get('otel/logs')
  if (metadata === undefined) throw new Error('init made no table of logs')
  const fileOf = numberedFiles(described, metadata)
  const store = createReceiptStore(putsInto(bucket), sha256)
  const receivedAt = Date.now()
  for (let n = 0; n < receipts; n++) {
    const { bytes: _, ...file } = fileOf(n, receivedAt)
    await store.write({
      identifier: { namespace: ['otel'], name: 'logs' },
      tableUuid: metadata['table-uuid'],
      schemaId: metadata['current-schema-id'],
      requestId: requestIdOf(n),
      receivedAt,
      baseSequence: metadata['last-sequence-number'],
      files: [file],
    })
  }
}

const putsInto = (bucket: FakeBucket): Storage => ({
  ...createMemoryStorage(),
  async put(key, bytes) {
    bucket.store(key, Buffer.from(bytes))
    return 'created'
  },
})

/** Sweeps until nothing is owed: how often that was. @throws when receipts are not paid, each once */
const sweepAll = async (started: EmulatedFunction, receipts: number): Promise<number> => {
  let paid = 0
  for (let sweeps = 1; ; sweeps++) {
    const result = (await started.invoke({ otlp2parquet: 'sweep' })) as {
      readonly paid?: number
      readonly complete?: boolean
    }
    paid += result.paid ?? 0
    if (result.complete && paid === receipts) return sweeps
    if (result.complete || !result.paid) {
      throw new Error(`${paid} of ${receipts} paid: ${JSON.stringify(result)}\n${started.log()}`)
    }
  }
}
