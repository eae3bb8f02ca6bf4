/**
 * Protects what a user's own senders get: what OpenTelemetry's SDKs, the Collector, telemetrygen and a hand send,
 * every field of it, is what each reader reads, in files that stand where their rows belong.
 */
import { rm } from 'node:fs/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signalOf } from '../http/meaning.ts'
import { toJson } from '../judge/json.ts'
import { fromProtobuf } from '../judge/request.ts'
import { startCollector } from './collector.ts'
import { foundRows, requestIds, typesOf, wantedRows } from './compare.ts'
import { here, python, run, telemetrygen } from './programs.ts'
import { startProxy } from './proxy.ts'
import { readers, withoutNullLists } from './readers/readers.ts'
import { post, requests } from './requests.ts'
import { type Reading, type Row, tableOf } from './rows.ts'
import { type Server, startServer } from './server.ts'

type Requests = Record<string, unknown>[]

/** Sends to the server and gives the requests that were sent, as OTLP/JSON objects. */
type Sender = (url: string) => Promise<Requests>

const sdk =
  (command: string, script: string, encoding: string, compression: string): Sender =>
  async (url) => {
    const args = [here(`test/interop/senders/${script}`), url, encoding, compression]
    const printed = await run(command, args)
    return printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).request)
  }
const javascript = (encoding: string, compression: string) =>
  sdk(process.execPath, 'javascript.mjs', encoding, compression)
const py = (encoding: string, compression: string) =>
  sdk(python, 'python.py', encoding, compression)

const byHand =
  (headers: Record<string, string>, encode: (text: string) => BodyInit): Sender =>
  async (url) => {
    for (const [signal, request] of Object.entries(requests))
      expect(await post(url, signal, encode(JSON.stringify(request)), headers)).toBe(200)
    return Object.values(requests)
  }

/** Runs telemetrygen once for each signal and metric kind. */
const generate = async (url: string): Promise<void> => {
  const common = ['--otlp-http', '--otlp-insecure', '--otlp-endpoint', new URL(url).host]
  common.push(
    '--rate',
    '0',
    '--otlp-attributes',
    'lane="generated"',
    '--telemetry-attributes',
    'n=7',
  )
  const ids = ['--trace-id', '0af7651916cd43dd8448eb211c80319c', '--span-id', 'b7ad6b7169203331']
  await run(telemetrygen, ['logs', ...common, ...ids, '--logs', '250', '--body', 'grüße'])
  await run(telemetrygen, [
    'traces',
    ...common,
    '--traces',
    '20',
    '--span-links',
    '2',
    '--status-code',
    'Error',
  ])
  for (const kind of ['Gauge', 'Sum', 'Histogram', 'ExponentialHistogram']) {
    const args = ['--metrics', '5', '--metric-type', kind, '--aggregation-temporality', 'delta']
    await run(telemetrygen, ['metrics', ...common, ...ids, ...args])
  }
}

/** What the Collector got says what was sent. */
const collected =
  (send: (url: string) => Promise<unknown>, exporter?: Readonly<Record<string, unknown>>): Sender =>
  async (url) => {
    const collector = await startCollector(url, exporter)
    try {
      await send(collector.url)
      expect(await collector.stop()).toBe(0)
      return await collector.passedOn()
    } finally {
      await collector.clean()
    }
  }

/** What passed on the way, as the judge reads it. */
const direct: Sender = async (url) => {
  const proxy = await startProxy(url)
  try {
    await generate(proxy.url)
  } finally {
    await proxy.stop()
  }
  return proxy.passed.map(({ path, headers, body }) => {
    const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    return JSON.parse(toJson(fromProtobuf(signalOf(path), bytes)))
  })
}

const json = { 'content-type': 'application/json' }
const senders: Readonly<Record<string, Sender>> = {
  'JavaScript SDK, http/json, gzip': javascript('json', 'gzip'),
  'JavaScript SDK, http/json': javascript('json', 'none'),
  'JavaScript SDK, http/protobuf, gzip': javascript('protobuf', 'gzip'),
  'JavaScript SDK, http/protobuf': javascript('protobuf', 'none'),
  'Python SDK, http/json, gzip': py('json', 'gzip'),
  'Python SDK, http/json': py('json', 'none'),
  'Python SDK, http/protobuf, gzip': py('protobuf', 'gzip'),
  'Python SDK, http/protobuf': py('protobuf', 'none'),
  'Collector otlp_http, gzip, fed by telemetrygen': collected(generate),
  'Collector otlp_http, gzip, fed by hand': collected(byHand(json, (text) => text)),
  'Collector otlp_http, JSON, zstd, fed by hand': collected(
    byHand(json, (text) => text),
    {
      encoding: 'json',
      compression: 'zstd',
    },
  ),
  telemetrygen: direct,
  'by hand, JSON': byHand(json, (text) => text),
  'by hand, JSON, gzip': byHand({ ...json, 'content-encoding': 'gzip' }, (text) => gzipSync(text)),
}

describe.each(Object.entries(senders))('%s', (_name, send) => {
  let server: Server
  let sent: Requests
  let started: number
  const readings: Record<string, Reading[]> = {}

  beforeAll(async () => {
    started = Date.now()
    server = await startServer()
    sent = await send(server.url)
    const files = await server.files()
    for (const [name, read] of Object.entries(readers))
      readings[name] = await read(server.folder, files)
  })
  afterAll(async () => {
    expect(await server.stop()).toBe(0)
    await rm(server.folder, { recursive: true })
  })

  it.each(Object.keys(readers))('%s reads every field that was sent', (reader) => {
    const found = readings[reader] ?? []
    if (reader !== 'clickhouse') return expect(foundRows(found)).toEqual(wantedRows(sent))
    const wanted = (readings.duckdb ?? []).map(withoutNullLists)
    expect(foundRows(found)).toEqual(foundRows(wanted))
  })

  it.each(Object.keys(readers))('%s finds the columns and types of the tables', (reader) => {
    for (const { file, types } of readings[reader] ?? [])
      expect(Object.entries(types)).toEqual(Object.entries(typesOf(tableOf(file))))
  })

  it('rows say which request they came in, and when', () => {
    const rows = (readings.duckdb ?? []).flatMap((reading) => reading.rows)
    const ids = requestIds(readings.duckdb ?? [])
    expect(ids).toHaveLength(new Set(sent.map((request) => JSON.stringify(request))).size)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
    const places = rows.map((row) => `${row.RequestId} ${row.RequestRow}`)
    expect(new Set(places).size).toBe(places.length)
    for (const { IngestedAt } of rows) {
      expect(Number(IngestedAt)).toBeGreaterThanOrEqual(started * 1000)
      expect(Number(IngestedAt)).toBeLessThanOrEqual(Date.now() * 1000)
    }
  })

  it('each file stands where its rows belong', () => {
    for (const { file, rows } of readings.duckdb ?? []) {
      const [first = '', ...places] = rows.map(placeOf)
      expect(new Set(places)).toEqual(new Set(places.length > 0 ? [first] : []))
      const [service, ...time] = file.split('/').slice(file.startsWith('metrics/') ? 2 : 1, -1)
      expect(`${decodeURIComponent(service ?? '')} ${time.join('/')}`).toBe(first)
      const earliest = rows.map(eventTime).filter(Boolean).sort()[0] ?? 0n
      expect(file.split('/').at(-1)).toMatch(new RegExp(`^${earliest}-[0-9a-f-]{36}\\.parquet$`))
    }
  })
})

/** Microseconds of a record's own time; 0 when it has none and counts by its arrival. */
const eventTime = ({ Timestamp, TimeUnixNano, ObservedTimeUnixNano = '0' }: Row): bigint =>
  TimeUnixNano === '0' && ObservedTimeUnixNano === '0' ? 0n : BigInt(Timestamp as string)

/** The service and hour of a row as its path must say them. */
const placeOf = ({ ServiceName, Timestamp }: Row): string => {
  const [date = '', time = ''] = new Date(Number(BigInt(Timestamp as string) / 1000n))
    .toISOString()
    .split('T')
  const [year, month, day] = date.split('-')
  const hour = `year=${year}/month=${month}/day=${day}/hour=${time.slice(0, 2)}`
  return `${ServiceName ?? 'unknown_service'} ${hour}`
}
