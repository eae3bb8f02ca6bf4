/**
 * Protects the lines of README.md and infra/README.md that say where tables go: each starts the program as it stands, with
 * another address for servers and keys in the environment, and DuckDB finds the row of the README's curl there.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { codeBlocks, readmePath } from '../tools/readme.ts'
import type { RestCatalog, S3Access } from './catalogs/catalog.ts'
import { startJavaRest } from './catalogs/java-rest.ts'
import { startMinistack } from './catalogs/ministack.ts'
import { catalogEnvironment, s3Environment } from './iceberg-destinations.ts'
import { freePort, here, run } from './programs.ts'
import type { TableRef } from './readers/iceberg.ts'
import { connectIceberg, secret, tableSql } from './readers/iceberg-duckdb.ts'
import { startVersitygw } from './s3-servers.ts'

const readme = await readFile(readmePath, 'utf8')
const longer = await readFile(here('infra/README.md'), 'utf8')

/** The blocks of a README that start the program in a way of its own. */
const starts = (text: string): string[] =>
  codeBlocks(text, 'sh').filter(
    (code) => /npm start$/m.test(code) && code.includes('OTLP2PARQUET_'),
  )

const curl = codeBlocks(readme, 'sh').find((code) => code.startsWith('curl ')) ?? ''

/** Where a block is to write, in place of what it names. */
interface Place {
  /** What an address in the block stands for here. */
  readonly instead?: Readonly<Record<string, string>>
  /** Endpoint and keys. */
  readonly env?: Readonly<Record<string, string>>
  /** The table, or the files, that get the row. */
  readonly from: TableRef | { readonly files: string; readonly s3: S3Access }
  readonly stop: () => Promise<void>
}

const inCatalog = async (catalog: RestCatalog): Promise<Place> => {
  const { OTLP2PARQUET_ICEBERG_REST_URI, OTLP2PARQUET_ICEBERG_WAREHOUSE, ...env } =
    catalogEnvironment(catalog)
  const instead = {
    'http://127.0.0.1:8181': catalog.uri,
    'https://s3tables.eu-central-1.amazonaws.com/iceberg': catalog.uri,
    'arn:aws:s3tables:eu-central-1:111122223333:bucket/my-tables': catalog.warehouse ?? '',
  }
  const from = { catalog, namespace: 'otel', name: 'logs' }
  return { env, instead, from, stop: catalog.stop }
}

/** A bucket as the README calls it, where it says that it is. */
const bucket = () => startVersitygw('my-lake', tmpdir(), 'eu-central-1')

/** By what a block has in it: the servers that it is run with, one after the other. */
const places: Readonly<Record<string, readonly ((folder: string) => Promise<Place>)[]>> = {
  'OTLP2PARQUET_ICEBERG_CATALOG=file npm start': [
    async (folder) => ({ from: { folder: join(folder, 'otel/logs') }, stop: async () => {} }),
  ],
  'OTLP2PARQUET_S3_REGION=eu-central-1 npm start': [
    async () => {
      const s3 = await bucket()
      const { OTLP2PARQUET_S3_REGION, ...env } = s3Environment(s3)
      return { env, from: { folder: 's3://my-lake/otel/logs', s3 }, stop: s3.stop }
    },
    // "Without the first line the bucket gets plain Parquet".
    async () => {
      const s3 = await bucket()
      const { OTLP2PARQUET_S3_REGION, ...env } = s3Environment(s3)
      const instead = { 'OTLP2PARQUET_ICEBERG_CATALOG=file \\\n': '' }
      const from = { files: 's3://my-lake/logs/**/*.parquet', s3 }
      return { env, instead, from, stop: s3.stop }
    },
  ],
  'OTLP2PARQUET_STORAGE_BACKEND=r2': [
    async () => {
      const s3 = await startVersitygw('my-lake', tmpdir(), 'auto')
      const env = {
        OTLP2PARQUET_S3_ENDPOINT: s3.endpoint,
        OTLP2PARQUET_R2_ACCESS_KEY_ID: s3.accessKeyId,
        OTLP2PARQUET_R2_SECRET_ACCESS_KEY: s3.secretAccessKey,
      }
      const instead = { 'ACCOUNT_ID=…': `ACCOUNT_ID=${'0'.repeat(32)}` }
      return { env, instead, from: { folder: 's3://my-lake/otel/logs', s3 }, stop: s3.stop }
    },
  ],
  'OTLP2PARQUET_ICEBERG_REST_URI=http://127.0.0.1:8181': [
    async () => inCatalog(await startJavaRest()),
    async () => {
      const s3 = await startVersitygw()
      const catalog = await startJavaRest(s3)
      const stop = async () => {
        await catalog.stop()
        await s3.stop()
      }
      return inCatalog({ ...catalog, stop })
    },
  ],
  'OTLP2PARQUET_ICEBERG_REST_URI=https://s3tables.': [
    async () => inCatalog(await startMinistack()),
  ],
  'export OTLP2PARQUET_STORAGE_BACKEND=s3': [
    async () => {
      const s3 = await bucket()
      const { OTLP2PARQUET_S3_REGION, ...env } = s3Environment(s3)
      return { env, from: { files: 's3://my-lake/logs/**/*.parquet', s3 }, stop: s3.stop }
    },
  ],
}

/** Runs a block as a shell does, until it is told to stop; the program that it starts listens at `url`. */
const started = async (block: string, env: Readonly<Record<string, string>>) => {
  const port = await freePort()
  const child = spawn('bash', ['-ec', block], {
    cwd: here(''),
    // A group of its own, as a terminal makes one: Ctrl-C ends the program, not npm alone.
    detached: true,
    env: { ...process.env, ...env, OTLP2PARQUET_LISTEN_ADDR: `127.0.0.1:${port}` },
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (printed += text))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = () => {
    if (child.exitCode === null) process.kill(-(child.pid as number), 'SIGINT')
    return ended
  }
  await expect.poll(() => printed, { timeout: 60_000 }).toContain('listens on')
  return { url: `http://127.0.0.1:${port}`, stop }
}

const rowsOf = async (from: Place['from']) => {
  const connection = await connectIceberg()
  try {
    if ('files' in from) await connection.run(secret(from.s3))
    const source = 'files' in from ? `'${from.files}'` : await tableSql(connection, from)
    const reader = await connection.runAndReadAll(`SELECT servicename, body FROM ${source}`)
    return reader.getRows()
  } finally {
    connection.closeSync()
  }
}

const cases = Object.entries(places).flatMap(([part, all]) =>
  all.map((place, n) => [part, n, place] as const),
)

it.each(cases)('%s (%i)', async (part, _, place) => {
  const folder = await mkdtemp(join(tmpdir(), 'interop-readme-'))
  const { instead = {}, env = {}, from, stop } = await place(folder)
  try {
    const [block = ''] = [...starts(readme), ...starts(longer)].filter((code) =>
      code.includes(part),
    )
    const own = Object.entries(instead).reduce((text, [is, be]) => text.replaceAll(is, be), block)
    const program = await started(own, { ...env, OTLP2PARQUET_STORAGE_PATH: folder })
    try {
      const send = curl.trimEnd().replace('http://127.0.0.1:4318', program.url)
      // A catalog that has just started may need longer than a request has: senders come again.
      const twice = `${send} --fail --silent --retry 3`
      expect(await run('bash', ['-ec', twice])).toBe('{}')
    } finally {
      await program.stop()
    }
    expect(await rowsOf(from)).toEqual([['shop', 'hello, lake']])
  } finally {
    await stop()
    await rm(folder, { recursive: true })
  }
})

it('every block that starts the program is run here', () => {
  const parts = Object.keys(places)
  const known = [...starts(readme), ...starts(longer)].map((code) => [
    code,
    parts.filter((part) => code.includes(part)).length,
  ])
  expect(known.filter(([, count]) => count !== 1)).toEqual([])
  expect(known).toHaveLength(parts.length)
})
