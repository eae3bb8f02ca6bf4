/**
 * Protects infra/queries over Iceberg tables that the program made from the samples: in each place the first file is filled in
 * as its comment says, and then each question answers what its twin answers over plain files.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { answers, clickhouseAnswers, queryNames, timeless } from '../infra/answers.ts'
import type { Answer } from '../tools/duckdb.ts'
import { sendSamples } from '../tools/samples.ts'
import type { S3Access } from './catalogs/catalog.ts'
import { type IcebergDestination, icebergDestinations } from './iceberg-destinations.ts'
import { here, run } from './programs.ts'
import { connectInstalled, secret } from './readers/iceberg-duckdb.ts'
import { type Server, startServer } from './server.ts'

const query = (engine: string, name: string): Promise<string> =>
  readFile(here(`infra/queries/${engine}-iceberg/${name}.sql`), 'utf8')

/** SQL with its placeholders filled in; every one of them has to be there. */
const filled = (sql: string, ...placeholders: readonly [string | RegExp, string][]): string =>
  placeholders.reduce((text, [from, to]) => {
    expect(text.split(from).length).toBeGreaterThan(1)
    return text.replaceAll(from, to)
  }, sql)

/** What makes the tables known to an engine, from where they are. */
interface Place {
  readonly duckdb: (server: Server, destination: IcebergDestination) => Promise<string>
  /** Absent where ClickHouse cannot reach them so. */
  readonly clickhouse?: Place['duckdb']
}

/** Where a destination's tables are; in every table of it the same. */
const placeOf = (server: Server, destination: IcebergDestination) => {
  const table = destination.table(server, 'logs')
  const { s3 } = 'catalog' in table ? table.catalog : table
  const { uri = '', warehouse = 'warehouse' } = 'catalog' in table ? table.catalog : {}
  return { uri, warehouse, s3: s3 as S3Access }
}

const attachedByDuckdb: Place['duckdb'] = async (server, destination) => {
  const { uri, warehouse, s3 } = placeOf(server, destination)
  const attach = filled(
    await query('duckdb', 'attach'),
    ['http://127.0.0.1:8181', uri],
    ["ATTACH 'warehouse'", `ATTACH '${warehouse}'`],
  )
  if (s3 === undefined) return attach
  const [type, none] = ["AUTHORIZATION_TYPE 'none'", "ACCESS_DELEGATION_MODE 'none'"]
  return `${secret(s3)};\n${filled(attach, [`${type});`, `${type}, ${none});`])}`
}

const attachedByClickhouse: Place['duckdb'] = async (server, destination) => {
  const { uri, warehouse, s3 } = placeOf(server, destination)
  return filled(
    await query('clickhouse', 'attach'),
    ['http://127.0.0.1:8181', uri],
    ["'ACCESS_KEY', 'SECRET_KEY'", `'${s3.accessKeyId}', '${s3.secretAccessKey}'`],
    ["warehouse = 'warehouse'", `warehouse = '${warehouse}'`],
    ['https://s3.eu-central-1.amazonaws.com', s3.endpoint],
  )
}

const places: Readonly<Record<string, Place>> = {
  'files on disk': {
    duckdb: async ({ folder }) =>
      filled(await query('duckdb', 'tables'), ["('data/", `('${folder}/`]),
    clickhouse: async () => filled(await query('clickhouse', 'tables'), ["('data/otel", "('otel"]),
  },
  'files on versitygw': {
    duckdb: async (server, destination) => {
      const { s3 } = placeOf(server, destination)
      const tables = filled(await query('duckdb', 'tables'), ["('data/", `('s3://${s3.bucket}/`])
      return `${secret(s3)};\n${tables}`
    },
    clickhouse: async (server, destination) => {
      const { s3 } = placeOf(server, destination)
      return filled(await query('clickhouse', 'tables'), [
        /icebergLocal\('data\/(otel[^']*)'\)/g,
        `icebergS3('${s3.endpoint}/${s3.bucket}/$1', '${s3.accessKeyId}', '${s3.secretAccessKey}')`,
      ])
    },
  },
  'Java on disk': { duckdb: attachedByDuckdb },
  'Java on versitygw': { duckdb: attachedByDuckdb, clickhouse: attachedByClickhouse },
  Nessie: {
    duckdb: attachedByDuckdb,
    clickhouse: async (server, destination) =>
      filled(await attachedByClickhouse(server, destination), [
        "catalog_type = 'rest'",
        "catalog_type = 'rest', vended_credentials = false",
      ]),
  },
  ministack: { duckdb: attachedByDuckdb },
}

/** SQL folds names: a column of the table comes back as the table spells it. */
const folded = (rows: Answer): Answer =>
  timeless(
    rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [nameOf(name), value])),
    ),
  )

const nameOf = (name: string): string => spelled.get(name.toLowerCase()) ?? name

const spelled = new Map(
  [...Object.values(answers).flat(), { Timestamp: null, Minute: null }]
    .flatMap((row) => Object.keys(row))
    .map((name) => [name.toLowerCase(), name]),
)

describe.each(Object.entries(places))('%s', (place, { duckdb, clickhouse }) => {
  let destination: IcebergDestination
  let server: Server

  beforeAll(async () => {
    destination = (await icebergDestinations[place]?.()) as IcebergDestination
    server = await startServer(destination.env)
    await sendSamples(server.url)
  })
  afterAll(async () => {
    await server.stop()
    await destination.stop()
    await rm(server.folder, { recursive: true })
  })

  /** A session of DuckDB: the first file, then each question. */
  const byDuckdb = async (...names: readonly string[]): Promise<Record<string, Answer>> => {
    const extensions = await mkdtemp(join(tmpdir(), 'interop-duckdb-'))
    const connection = await connectInstalled(extensions)
    try {
      await connection.run(await duckdb(server, destination))
      const found: Record<string, Answer> = {}
      for (const name of names) {
        const reader = await connection.runAndReadAll(await query('duckdb', name))
        found[name] = folded(reader.getRowObjectsJson() as Record<string, Json>[])
      }
      return found
    } finally {
      connection.closeSync()
      await rm(extensions, { recursive: true })
    }
  }

  const byClickhouse = async (name: string): Promise<Answer> => {
    const first = await clickhouse?.(server, destination)
    const input = `${first}${await query('clickhouse', name)}`
    const script = here('test/interop/readers/query_clickhouse.mjs')
    return timeless(
      JSON.parse(await run(process.execPath, [script], { input, cwd: server.folder })),
    )
  }

  it('DuckDB answers', async () => {
    expect(await byDuckdb(...queryNames)).toEqual(answers)
  })

  it.each(clickhouse ? Object.entries(clickhouseAnswers) : [])(
    'ClickHouse answers %s',
    async (name, rows) => {
      expect(await byClickhouse(name)).toEqual(rows)
    },
  )

  it('no row stands twice when a request is sent again', async () => {
    const headers = { 'content-type': 'application/json' }
    // More versions than have one digit.
    for (let first = 0; first < 12; first++) {
      const body = JSON.stringify({
        resourceLogs: [{ scopeLogs: [{ logRecords: [{ flags: first }, {}] }] }],
      })
      for (let sent = 0; sent < 2; sent++) {
        const response = await fetch(`${server.url}/v1/logs`, { method: 'POST', headers, body })
        expect(response.status).toBe(200)
      }
    }
    const found = await byDuckdb('duplicates', 'recent-logs')
    expect(found.duplicates).toEqual([])
    expect(found['recent-logs']).toHaveLength(6 + 24)
    if (clickhouse) expect(await byClickhouse('recent-logs')).toHaveLength(6 + 24)
  })
})

test('every query is asked here', async () => {
  const asked = {
    duckdb: [...queryNames, 'attach', 'duplicates', 'tables'],
    clickhouse: [...Object.keys(clickhouseAnswers), 'attach', 'tables'],
  }
  for (const [engine, names] of Object.entries(asked)) {
    const files = await readdir(here(`infra/queries/${engine}-iceberg`))
    expect(files.sort()).toEqual(names.map((name) => `${name}.sql`).sort())
  }
})
