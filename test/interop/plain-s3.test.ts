// Protects plain Parquet in a bucket: the program writes to servers of other people, and DuckDB reads every row back by
// the paths that the README gives, whatever a service is called.
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createS3Storage } from '../../src/storage/s3.ts'
import { duckdbExtension } from './programs.ts'
import { literal, queried } from './readers/duckdb.ts'
import { post } from './requests.ts'
import { type S3Server, startMoto, startVersitygw } from './s3-servers.ts'
import { type Server, startServer } from './server.ts'

const services = [
  'shop',
  'my.service.v1',
  '50%',
  '%41',
  'a b+c&d=e?f#g',
  '../up',
  '.hidden',
  'größe/日本語',
  'x'.repeat(300),
  '',
]

/** A record of each service in two hours. */
const request = {
  resourceLogs: services.map((service) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
    scopeLogs: [
      {
        logRecords: ['1767225600000000000', '1767229200000000000'].map((timeUnixNano) => ({
          timeUnixNano,
          body: { stringValue: `of ${service}` },
        })),
      },
    ],
  })),
}

/** DuckDB with what it needs to read the bucket. */
const connect = async (s3: S3Server): Promise<DuckDBConnection> => {
  const instance = await DuckDBInstance.create(':memory:', { allow_unsigned_extensions: 'true' })
  const connection = await instance.connect()
  await connection.run('SET autoinstall_known_extensions = false')
  await connection.run(`LOAD ${literal(duckdbExtension('httpfs'))}`)
  await connection.run(`CREATE SECRET (TYPE s3, KEY_ID ${literal(s3.accessKeyId)},
    SECRET ${literal(s3.secretAccessKey)}, REGION ${literal(s3.region)}, URL_STYLE 'path',
    ENDPOINT ${literal(s3.endpoint.replace('http://', ''))}, USE_SSL false)`)
  return connection
}

const folders: [service: string, folder: string][] = [
  ['shop', 'shop'],
  ['my.service.v1', 'my.service.v1'],
  ['50%', '50%25'],
  ['%41', '%2541'],
  ['.hidden', '%2Ehidden'],
  ['', '%00e'],
]

/** DuckDB asks for encoded listings and takes every listing for one, but versitygw does not encode. */
const servers = {
  versitygw: { start: startVersitygw, finds: ['shop', 'my.service.v1'], sources: ['paths'] },
  moto: {
    start: startMoto,
    finds: folders.map(([service]) => service),
    sources: ['paths', 'pattern'],
  },
} as const

const grouped = (files: string): string =>
  `SELECT ServiceName, Body, count(*)::int AS n FROM read_parquet(${files}) GROUP BY ALL`

describe.each(Object.entries(servers))('over %s', (_, { start, finds, sources }) => {
  let s3: S3Server
  let server: Server
  let connection: DuckDBConnection

  beforeAll(async () => {
    s3 = await start()
    server = await startServer({
      OTLP2PARQUET_STORAGE_BACKEND: 's3',
      OTLP2PARQUET_STORAGE_PREFIX: 'telemetry/env=prod',
      OTLP2PARQUET_S3_BUCKET: s3.bucket,
      OTLP2PARQUET_S3_ENDPOINT: s3.endpoint,
      OTLP2PARQUET_S3_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    })
    connection = await connect(s3)
  })
  afterAll(async () => {
    connection.closeSync()
    await server.stop()
    await s3.stop()
  })

  const ask = async (sql: string) => (await queried(connection, sql)).rows
  const root = 's3://lake/telemetry/env=prod/logs'

  /** The files, as the bucket names them. */
  const paths = async (): Promise<string[]> => {
    const { endpoint, region, bucket } = s3
    const storage = createS3Storage({ bucket, endpoint, region, credentials: async () => s3 })
    const objects = await Array.fromAsync(storage.list(''))
    return objects.map(({ key }) => `s3://${bucket}/${key}`)
  }

  const wanted = services.map((service) => ({
    ServiceName: service,
    Body: `of ${service}`,
    n: '2',
  }))

  test.each(sources)(
    'DuckDB reads every row, once, though it was sent twice: by %s',
    async (by) => {
      const body = JSON.stringify(request)
      for (let i = 0; i < 2; i++) expect(await post(server.url, 'logs', body)).toBe(200)
      const files = await paths()
      expect(files).toHaveLength(2 * services.length)
      const source = by === 'paths' ? `[${files.map(literal)}]` : literal(`${root}/**/*.parquet`)
      const rows = await ask(grouped(source))
      expect(rows).toHaveLength(wanted.length)
      expect(rows).toEqual(expect.arrayContaining(wanted))
    },
  )

  test.each(folders.filter(([service]) => (finds as readonly string[]).includes(service)))(
    'DuckDB reads the service %j by its folder, and one hour of it',
    async (service, folder) => {
      const files = literal(`${root}/${folder}/**/*.parquet`)
      const one = `SELECT ServiceName, hour(Timestamp)::int AS h
        FROM read_parquet(${files}, hive_partitioning = true) WHERE hour = '01'`
      expect(await ask(one)).toEqual([{ ServiceName: service, h: '1' }])
    },
  )
})
