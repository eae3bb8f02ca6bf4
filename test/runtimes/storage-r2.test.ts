// Protects the program that stores in R2 from elsewhere than a Worker: at the account's S3 server, with keys of its own, and
// never an object in parts, for which no condition is promised there.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openBucket } from '../../runtimes/node/bucket.ts'
import { locationOf, serverOf } from '../../runtimes/shared/location.ts'
import { readConfig } from '../../src/config.ts'
import { noLog } from '../../src/log.ts'
import { accessKeyId, type S3Fake, secretAccessKey, startS3Fake } from '../storage/s3-server.ts'
import { startProgram } from './program.ts'

const keys = {
  OTLP2PARQUET_R2_ACCESS_KEY_ID: accessKeyId,
  OTLP2PARQUET_R2_SECRET_ACCESS_KEY: secretAccessKey,
}
const r2 = { OTLP2PARQUET_STORAGE_BACKEND: 'r2', OTLP2PARQUET_R2_BUCKET: 'lake', ...keys }

/** What S3 has here is not R2's. */
const ofS3 = { AWS_ACCESS_KEY_ID: 'AKIAOTHER', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'eu-west-1' }

let fake: S3Fake
beforeEach(async () => {
  fake = await startS3Fake('path', 'auto')
})
afterEach(() => fake.stop())

const start = (env: Readonly<Record<string, string>> = {}) =>
  startProgram({ env: { ...ofS3, ...r2, OTLP2PARQUET_S3_ENDPOINT: fake.endpoint, ...env } })

const send = async (url: string) => {
  const logRecords = [{ timeUnixNano: '1767225600000000000', body: { stringValue: 'x' } }]
  const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })
  const headers = { 'content-type': 'application/json' }
  return (await fetch(`${url}/v1/logs`, { method: 'POST', headers, body })).status
}

describe('a program that stores in R2', () => {
  test('writes plain Parquet there', async () => {
    const { url, said } = await start({ OTLP2PARQUET_STORAGE_PREFIX: 'p' })
    expect((await fetch(`${url}/ready`)).status).toBe(200)
    expect([await send(url), await send(url)]).toEqual([200, 200])
    expect([...fake.bucket.objects.keys()]).toEqual([expect.stringMatching(/^p\/logs\/.*parquet$/)])
    expect(said.stdout).toContain('writes to   s3://lake/p (plain Parquet, zstd)')
    expect(said.stdout).toContain(
      `CREATE SECRET (TYPE s3, KEY_ID '$OTLP2PARQUET_R2_ACCESS_KEY_ID', ` +
        `SECRET '$OTLP2PARQUET_R2_SECRET_ACCESS_KEY', REGION 'auto', ENDPOINT '127.0.0.1:`,
    )
    expect(said.stdout + said.stderr).not.toContain(secretAccessKey)
  })

  test('keeps a file catalog there', async () => {
    const { url } = await start({
      OTLP2PARQUET_ICEBERG_CATALOG: 'file',
      OTLP2PARQUET_COMMIT: 'inline',
    })
    expect(await send(url)).toBe(200)
    const metadata = fake.bucket.objects.get('otel/logs/metadata/v2.metadata.json')
    expect(JSON.parse(String(metadata?.bytes))).toMatchObject({
      location: 's3://lake/otel/logs',
      snapshots: [{ summary: { 'total-records': '1' } }],
    })
  })

  test('says at its start that it cannot', async () => {
    const { url, said } = await start({ OTLP2PARQUET_R2_SECRET_ACCESS_KEY: 'wrong' })
    expect((await fetch(`${url}/ready`)).status).toBe(503)
    expect(said.stderr).toMatch(/ERROR the bucket is not ready .*check the secret access key/)
  })
})

const configOf = (env: Readonly<Record<string, string>>) => readConfig({ ...ofS3, ...env }, 'node')

test('an account has a server of its own', () => {
  const config = configOf({ ...r2, OTLP2PARQUET_R2_ACCOUNT_ID: '0'.repeat(32) })
  expect(serverOf(config)).toEqual({
    region: 'auto',
    endpoint: `https://${'0'.repeat(32)}.r2.cloudflarestorage.com`,
  })
  expect(locationOf(config)).toBe('s3://lake')
})

test('an object goes in one call, however large', async () => {
  const storage = openBucket(configOf({ ...r2, OTLP2PARQUET_S3_ENDPOINT: fake.endpoint }), noLog)
  expect(await storage.put('a', new Uint8Array(17 * 2 ** 20), { ifNoneMatch: '*' })).toBe('created')
  expect(fake.seen.filter(({ path }) => path === '/lake/a')).toHaveLength(1)
})

test('beside a REST catalog the bucket of the receipts is in R2 too', async () => {
  const config = configOf({
    ...keys,
    OTLP2PARQUET_STORAGE_BACKEND: 'r2',
    OTLP2PARQUET_S3_ENDPOINT: fake.endpoint,
    OTLP2PARQUET_ICEBERG_REST_URI: 'http://127.0.0.1:9',
    OTLP2PARQUET_STATE_BUCKET: 'lake',
  })
  const storage = openBucket({ ...config, s3Bucket: config.stateBucket }, noLog, '_receipts/.ready')
  await storage.put('_receipts/a', new Uint8Array(1))
  expect([...fake.bucket.objects.keys()]).toEqual(['_receipts/a'])
})
