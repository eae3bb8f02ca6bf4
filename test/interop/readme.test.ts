/**
 * Protects what a reader of the README copies: its commands and programs run as they stand, in a folder with `data/`,
 * with the real command lines, and its variables are all that an SDK needs.
 */
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clickhouseAnswers } from '../infra/answers.ts'
import { codeBlocks, readmePath } from '../tools/readme.ts'
import { sendSamples } from '../tools/samples.ts'
import {
  freePort,
  here,
  infraPeer,
  pyiceberg,
  python,
  run,
  type Service,
  serve,
} from './programs.ts'
import { connectIceberg } from './readers/iceberg-duckdb.ts'

const readme = await readFile(readmePath, 'utf8')
const longer = await readFile(here('infra/README.md'), 'utf8')

/** The block of a README that holds this. */
const block = (text: string, language: string, part: string): string => {
  const [found = ''] = codeBlocks(text, language).filter((code) => code.includes(part))
  return found
}

/** A folder as a user has it: the data where the server was started, and the repository's `infra/`. */
let lake = ''
let server: Service

const shell = (code: string): Promise<string> => {
  const own = code.replaceAll('http://127.0.0.1:4318', server.url)
  const path = `${infraPeer('')}:${process.env.PATH}`
  return run('bash', ['-ec', own], { cwd: lake, env: { PATH: path } })
}

beforeAll(async () => {
  lake = await mkdtemp(join(tmpdir(), 'interop-readme-'))
  await symlink(here('infra'), join(lake, 'infra'))
  const port = await freePort()
  const args = [here('runtimes/cli.ts'), '--port', String(port), '--output', join(lake, 'data')]
  server = await serve(process.execPath, args, { port, ready: '/ready' })
  await sendSamples(server.url)
  await shell(block(readme, 'sh', 'curl '))
})
afterAll(async () => {
  await server.stop()
  await rm(lake, { recursive: true })
})

it.each([
  ['README.md', readme, 'duckdb -c', 'hello, lake'],
  ['infra/README.md', longer, 'duckdb <', 'crème/brûlée'],
])('%s: DuckDB by its command line', async (_, text, command, row) => {
  expect(await shell(block(text, 'sh', command))).toContain(row)
})

/** In the folder of the lake; the extension is there already. */
const askIceberg = async (sql: string) => {
  const connection = await connectIceberg()
  try {
    const own = sql
      .replace('INSTALL iceberg; LOAD iceberg; ', '')
      .replaceAll("'data/", `'${lake}/data/`)
    return await (await connection.runAndReadAll(own)).getRowObjectsJson()
  } finally {
    connection.closeSync()
  }
}

it('README.md: Iceberg tables in a folder, asked in DuckDB and in Python', async () => {
  const variable = /^(OTLP2PARQUET_ICEBERG_CATALOG)=(\w+) npm start$/m.exec(
    block(readme, 'sh', 'OTLP2PARQUET_ICEBERG_CATALOG'),
  )
  const port = await freePort()
  const args = [here('runtimes/cli.ts'), '--port', String(port), '--output', join(lake, 'data')]
  const env = { [variable?.[1] ?? '']: variable?.[2] ?? '' }
  const tables = await serve(process.execPath, args, { port, ready: '/ready', env })
  try {
    const code = block(readme, 'sh', 'curl ').replaceAll('http://127.0.0.1:4318', tables.url)
    await run('bash', ['-ec', code])
  } finally {
    await tables.stop()
  }
  const [, sql = ''] = /duckdb -c "([^"]*)"/.exec(block(readme, 'sh', 'iceberg_scan')) ?? []
  expect(await askIceberg(sql)).toMatchObject([{ servicename: 'shop', body: 'hello, lake' }])
  const [, catalog = ''] = /\[`(FileCatalog\('data'\))`\]/.exec(readme) ?? []
  const program = `from file_catalog import FileCatalog
print(${catalog}.load_table(("otel", "logs")).scan().to_arrow()["body"].to_pylist())`
  const options = { cwd: lake, env: { PYTHONPATH: here('infra/maintenance') } }
  expect(await run(pyiceberg, ['-c', program], options)).toBe("['hello, lake']\n")
})

it('README.md: Polars', async () => {
  const printed = await shell(`python3 - <<'END'\n${block(readme, 'python', 'polars')}END\n`)
  expect(printed.trim().split('\n').map(withoutTime).sort()).toEqual([
    "checkout payment failed: upstream timed out after 3 s {'exception.type': 'TimeoutError', 'ratio': {'doubleValue': 'NaN'}}",
    'crème/brûlée ☕ ["oven",451.0] {}',
  ])
})

const withoutTime = (line: string): string => line.replace(/^\S+ \S+ /, '')

const clickhouse = async (sql: string): Promise<unknown> => {
  const script = here('test/interop/readers/query_clickhouse.mjs')
  const rows = JSON.parse(await run(process.execPath, [script], { input: sql, cwd: lake }))
  return rows.map(({ Timestamp, Minute, ...rest }: Record<string, unknown>) => rest)
}

it('README.md: ClickHouse', async () => {
  expect(await clickhouse(block(readme, 'clickhouse', 'gauge'))).toEqual(
    clickhouseAnswers['gauge-by-minute'],
  )
})

it.each(Object.entries(clickhouseAnswers))(
  'infra/queries/clickhouse/%s.sql',
  async (name, rows) => {
    const curled = { SeverityText: 'INFO', Body: 'hello, lake', ServiceName: 'shop' }
    expect(
      await clickhouse(await readFile(here(`infra/queries/clickhouse/${name}.sql`), 'utf8')),
    ).toEqual(name === 'recent-logs' ? [curled, ...rows] : rows)
  },
)

it("README.md: an SDK's exporter needs its variables alone", async () => {
  const exports = codeBlocks(readme, 'sh').flatMap((code) => code.match(/^export .*$/gm) ?? [])
  expect(exports.length).toBeGreaterThan(0)
  const program = `
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
provider.get_tracer("README").start_span("by variables").end()
`
  await shell(`${exports.join('\n')}\n'${python}' - <<'END'${program}END\n`)
  const query = `duckdb -csv -noheader -c "SELECT ServiceName FROM 'data/traces/**/*.parquet' WHERE SpanName = 'by variables'"`
  expect(await shell(query)).toBe('shop\n')
})
