// Protects R2 as it is reached from Node, through its S3 API: a strict server of that API and of R2's region keeps the storage
// contract, and the query that a start prints finds the rows with the keys that the program itself has.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBucket } from '../../runtimes/node/bucket.ts'
import { startMessage } from '../../runtimes/node/start-message.ts'
import { readConfig } from '../../src/config.ts'
import { noLog } from '../../src/log.ts'
import { storageContract } from '../contracts/storage.ts'
import { taggedContract } from '../contracts/tagged.ts'
import { run } from './programs.ts'
import { connectIceberg } from './readers/iceberg-duckdb.ts'
import { post } from './requests.ts'
import { type S3Server, startVersitygw } from './s3-servers.ts'
import { startServer } from './server.ts'

let s3: S3Server
let buckets = 0
beforeAll(async () => {
  s3 = await startVersitygw('lake', undefined, 'auto')
})
afterAll(() => s3.stop())

const settings = (bucket: string) => ({
  OTLP2PARQUET_STORAGE_BACKEND: 'r2',
  OTLP2PARQUET_R2_BUCKET: bucket,
  OTLP2PARQUET_R2_ACCESS_KEY_ID: s3.accessKeyId,
  OTLP2PARQUET_R2_SECRET_ACCESS_KEY: s3.secretAccessKey,
  OTLP2PARQUET_S3_ENDPOINT: s3.endpoint,
})

const create = async () => {
  const bucket = `bucket-${buckets++}`
  await s3.createBucket(bucket)
  return { storage: openBucket(readConfig(settings(bucket), 'node'), noLog) }
}
storageContract('r2 through its S3 API', create)
taggedContract('r2 through its S3 API', create)

/** What DuckDB is asked by a command, as a shell reads it; run in the engine of its Node package, which has `httpfs` here. */
const answers = async (command: string, env: Readonly<Record<string, string>>) => {
  const sql = await run('bash', ['-ec', `duckdb() { printf %s "$2"; }\n${command}`], { env })
  const connection = await connectIceberg()
  try {
    const [secret = '', query = ''] = sql.split('; ')
    await connection.run(secret)
    return (await connection.runAndReadAll(query)).getRowObjectsJson()
  } finally {
    connection.closeSync()
  }
}

test('the query that a start prints', async () => {
  const env = settings('lake')
  const server = await startServer(env)
  try {
    const logRecords = [{ timeUnixNano: '1767225600000000000', body: { stringValue: 'in R2' } }]
    const request = { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }
    expect(await post(server.url, 'logs', JSON.stringify(request))).toBe(200)
  } finally {
    await server.stop()
  }
  const printed = startMessage('0', server.url, readConfig(env, 'node'))
  const [, query = ''] = /^ {2}query +(duckdb .*)$/m.exec(printed) ?? []
  expect(await answers(query, env)).toMatchObject([{ Body: 'in R2' }])
  expect(printed).not.toContain(s3.secretAccessKey)
})
