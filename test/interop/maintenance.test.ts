/**
 * Protects infra/maintenance: the recipes that merge small files do so while the program writes, without a row more or less;
 * what was sent before is still recognised when it is sent again, and what is new still lands.
 */
import { mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProgram } from '../faults/program.ts'
import { sendSamples } from '../tools/samples.ts'
import type { S3Access } from './catalogs/catalog.ts'
import type { Filter } from './filters.ts'
import {
  bucketEnvironment,
  filesAtOnce,
  type IcebergDestination,
  icebergDestinations,
} from './iceberg-destinations.ts'
import { here, run, sparkJars, sparkSubmit } from './programs.ts'
import type { Answer, TableRef } from './readers/iceberg.ts'
import { icebergReaders } from './readers/iceberg-readers.ts'
import { deliver } from './requests.ts'
import { startVersitygw } from './s3-servers.ts'
import { type Server, startServer } from './server.ts'
import { compactFiles } from './writers/compact-py.ts'
import { type Deed, pyicebergWriter } from './writers/writers.ts'

const second = 1_000_000_000n
const now = BigInt(Date.now()) * 1_000_000n

/** A request of three rows, of a second of its own. */
const request = (number: number) => ({
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: `s${number % 3}` } }] },
      scopeLogs: [
        {
          logRecords: [2, 0, 1].map((row) => ({
            timeUnixNano: String(now - BigInt(number) * second - BigInt(row)),
            body: { stringValue: `row ${row} of ${number}` },
          })),
        },
      ],
    },
  ],
})

const send = async (server: { readonly url: string }, from: number, to: number): Promise<void> => {
  for (let number = from; number < to; number++) {
    await deliver(server.url, 'logs', JSON.stringify(request(number)))
  }
}

/** Sends requests, from a number on, until it is told to stop; how many. */
const keepSending = (server: Server, from: number) => {
  let goesOn = true
  const sent = (async () => {
    let number = from
    for (; goesOn; number++) {
      await send(server, number, number + 1)
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    return number - from
  })()
  return () => {
    goesOn = false
    return sent
  }
}

const everyRow: Filter = {
  column: 'requestrow',
  type: 'int',
  operator: '>=',
  values: ['0'],
}

const answer = async (reader: string, table: TableRef): Promise<Answer> => {
  const [found] = (await icebergReaders[reader]?.read([{ table, filters: [everyRow] }])) ?? []
  if (found === undefined) throw new Error(`no reader is called ${reader}`)
  return found
}

/** Every value of every row, in the rows' order of arrival. */
const valuesOf = ({ rows }: Answer): string[] =>
  rows.map((row) => JSON.stringify(Object.entries(row).sort())).sort()

const onS3 = (s3: S3Access) => ({
  'spark.sql.catalog.lake.io-impl': 'org.apache.iceberg.aws.s3.S3FileIO',
  'spark.sql.catalog.lake.s3.endpoint': s3.endpoint,
  'spark.sql.catalog.lake.s3.path-style-access': 'true',
  'spark.sql.catalog.lake.s3.access-key-id': s3.accessKeyId,
  'spark.sql.catalog.lake.s3.secret-access-key': s3.secretAccessKey,
  'spark.sql.catalog.lake.client.region': s3.region,
})

/** compact_with_spark.py over a catalog. */
const compactBySpark = (table: TableRef, ...args: string[]): Promise<string> => {
  if (!('catalog' in table)) throw new Error('no table of a REST catalog')
  const properties = {
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.driver.extraJavaOptions': '-XX:TieredStopAtLevel=1',
    'spark.ui.enabled': 'false',
    'spark.sql.shuffle.partitions': '1',
    'spark.sql.extensions': 'org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions',
    'spark.sql.catalog.lake': 'org.apache.iceberg.spark.SparkCatalog',
    'spark.sql.catalog.lake.type': 'rest',
    'spark.sql.catalog.lake.uri': table.catalog.uri,
    ...(table.catalog.s3 && onS3(table.catalog.s3)),
  }
  const conf = Object.entries(properties).flatMap(([key, value]) => ['--conf', `${key}=${value}`])
  const script = here('infra/maintenance/compact_with_spark.py')
  const all = ['--master', 'local[1]', '--driver-class-path', `${sparkJars}/*`, ...conf, script]
  const env = {
    SPARK_LOCAL_IP: '127.0.0.1',
    PYSPARK_PYTHON: here('test/interop/peers/spark/bin/python'),
  }
  return run(sparkSubmit, [...all, '--days=-2', ...args], { env })
}

describe.each([
  ['files on disk', compactFiles, ['duckdb', 'pyiceberg', 'java']],
  ['files on versitygw', compactFiles, ['duckdb', 'pyiceberg']],
  ['Java on disk', compactBySpark, ['duckdb', 'java']],
] as const)('%s', (name, compact, readers) => {
  let destination: IcebergDestination
  let server: Server
  let table: TableRef
  beforeAll(async () => {
    destination = await (icebergDestinations[name] as () => Promise<IcebergDestination>)()
    server = await startServer(destination.env)
    table = destination.table(server, 'logs')
  })
  afterAll(async () => {
    await server.stop()
    await destination.stop()
    await rm(server.folder, { recursive: true })
  })

  it('merges what was sent, while more is sent', { timeout: 300_000 }, async () => {
    await send(server, 0, 12)
    await sendSamples(server.url)
    const before = await answer('duckdb', table)
    const stop = keepSending(server, 12)
    let more = 0
    const printed = await compact(table).finally(async () => {
      more = await stop()
    })
    expect(printed).toMatch(/otel\.logs: \d\d+ files .*became \d\b/)
    expect(printed).not.toMatch(/otel\.logs: \d+ files .*became 0/)
    for (const reader of readers) {
      const after = await answer(reader, table)
      expect([reader, after.count]).toEqual([reader, before.count + 3 * more])
      // The merge stands: no later commit was built on what was before it.
      expect(after.filtered[0]?.fileCount).toBeLessThan(10 + more)
      if (reader !== 'duckdb') continue
      const values = new Set(valuesOf(after))
      expect(valuesOf(before).filter((row) => !values.has(row))).toEqual([])
    }
  })

  it('recognises what is sent again, and takes what is new', async () => {
    const before = await answer('duckdb', table)
    await send(server, 0, 12)
    expect((await answer('duckdb', table)).count).toBe(before.count)
    await send(server, 100_000, 100_002)
    for (const reader of readers) {
      expect([reader, (await answer(reader, table)).count]).toEqual([reader, before.count + 6])
    }
  })
})

it('compact_with_spark.py on Nessie leaves its snapshots alone, and one table that fails does not keep it from others', {
  timeout: 300_000,
}, async () => {
  const destination = await (icebergDestinations.Nessie as () => Promise<IcebergDestination>)()
  const server = await startServer(destination.env)
  try {
    const table = destination.table(server, 'logs') as Deed['table']
    await send(server, 0, 12)
    const columns = { withouttime: 'string' }
    await pyicebergWriter([{ deed: 'create', table: { ...table, name: 'a_table' }, columns }])
    const printed = await compactBySpark(table).catch(String)
    expect(printed).toMatch(/spark-submit ended with 1:/)
    expect(printed).toMatch(/^otel\.a_table: FAILED: Cannot sort data/m)
    const words = 'nothing was removed, since gc.enabled is false'
    expect(printed).toMatch(new RegExp(`^otel\\.logs: 12 files became \\d; ${words}$`, 'm'))
    // Whatever was committed since.
    for (const last of [13, 14]) await send(server, 0, last)
    expect((await answer('duckdb', table)).count).toBe(42)
  } finally {
    await server.stop()
    await destination.stop()
    await rm(server.folder, { recursive: true })
  }
})

it('compact.py removes data files that no snapshot has, and no other', async () => {
  const server = await startServer(filesAtOnce)
  try {
    const table = { folder: `${server.folder}/otel/logs` }
    await send(server, 0, 3)
    await writeFile(`${table.folder}/data/0-forgotten.parquet`, 'of no snapshot')
    expect(await compactFiles(table, '--delete-after-days', '1')).toContain('removed 0 data files')
    const before = await server.files()
    const young = ['--delete-after-days', '0']
    await expect(compactFiles(table, ...young)).rejects.toThrow('say --nothing-runs')
    expect(await server.files()).toEqual(before)
    const removed = await compactFiles(table, ...young, '--nothing-runs')
    expect(removed).toContain('removed 1 data files')
    expect(await server.files()).toEqual(before.filter((file) => !file.includes('forgotten')))
    expect((await answer('duckdb', table)).count).toBe(9)
    await send(server, 0, 4)
    expect((await answer('duckdb', table)).count).toBe(12)
  } finally {
    await server.stop()
    await rm(server.folder, { recursive: true })
  }
})

/** Where receipts and tables are: for the program and the recipe, and as files on this machine. */
interface Place {
  readonly env: Readonly<Record<string, string>>
  readonly table: TableRef
  readonly files: string
  readonly stop: () => Promise<void>
}

/** By name: a place, made. */
const places: Readonly<Record<string, (folder: string) => Promise<Place>>> = {
  disk: async (folder) => ({
    env: {},
    table: { folder: `${folder}/otel/logs` },
    files: folder,
    stop: async () => {},
  }),
  'versitygw, below a prefix': async () => {
    const s3 = await startVersitygw()
    const env = { ...bucketEnvironment(s3), OTLP2PARQUET_STORAGE_PREFIX: 'some/where' }
    const table = { folder: `s3://${s3.bucket}/some/where/otel/logs`, s3 }
    return { env, table, files: join(s3.folder, s3.bucket, 'some/where'), stop: s3.stop }
  },
}

/** The files below a folder whose paths match. */
const filesBelow = async (folder: string, form: RegExp): Promise<string[]> =>
  (await readdir(folder, { recursive: true })).filter((path) => form.test(path)).sort()

const moved = async (from: string, to: string): Promise<void> => {
  await mkdir(dirname(to), { recursive: true })
  await rename(from, to)
}

/** A program that pays nothing by itself acknowledges so many requests of one file each, and is killed. */
const owe = async (count: number, folder: string, env: Place['env']): Promise<void> => {
  const program = await startProgram({ folder, env })
  await send(program, 0, count).finally(program.kill)
}

const neverPaying = {
  OTLP2PARQUET_ICEBERG_CATALOG: 'file',
  OTLP2PARQUET_COMMIT: 'deferred',
  OTLP2PARQUET_SWEEP_INTERVAL_SECONDS: '86400',
}

it.each(Object.entries(places))('compact.py leaves what receipts name, on %s', async (_, make) => {
  const folder = await mkdtemp(join(tmpdir(), 'interop-owed-'))
  const place = await make(folder)
  const env = { ...neverPaying, ...place.env }
  const { table, files } = place
  try {
    await owe(3, folder, env)
    const data = await filesBelow(files, /\.parquet$/)
    const [owed = '', ...others] = await filesBelow(files, /^_receipts\/owed\/.*\.json$/)
    expect([data.length, others.length]).toEqual([3, 2])
    const weekAgo = new Date(Date.now() - 8 * 86_400_000)
    for (const file of data) await utimes(join(files, file), weekAgo, weekAgo)
    const aside = owed.replace('owed', 'quarantine')
    await moved(join(files, owed), join(files, aside))

    const removeOld = () => compactFiles(table, '--delete-after-days', '7')
    expect(await removeOld()).toContain('otel.logs: removed 0 data files')
    expect(await filesBelow(files, /\.parquet$/)).toEqual(data)

    const torn = join(files, dirname(aside), 'torn.json')
    await writeFile(torn, '{"format-version":1,')
    await expect(removeOld()).rejects.toThrow(/nothing was removed: .*quarantine.*torn\.json/)
    await rm(torn)

    await moved(join(files, aside), join(files, owed))
    const sweep = [here('runtimes/cli.ts'), 'sweep', '--output', folder]
    expect(await run(process.execPath, sweep, { env })).toMatch(
      /^receipts paid: 3, still owed: 0, put into quarantine: 0/,
    )
    expect((await answer('duckdb', table)).count).toBe(9)
    expect(await removeOld()).toContain('otel.logs: removed 0 data files')
  } finally {
    await place.stop()
    await rm(folder, { recursive: true })
  }
})
