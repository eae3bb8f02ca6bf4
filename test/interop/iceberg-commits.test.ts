/**
 * Protects tables that got hundreds of commits: their manifests were merged on the way, and every reader still finds every
 * row once, every entry with the snapshot and the sequence number that its file came with.
 */
import { readFile, rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseTableMetadata } from '../../src/iceberg/table-metadata.ts'
import { filesAtOnce } from './iceberg-destinations.ts'
import { untilPaid } from './paid.ts'
import { literal, queried } from './readers/duckdb.ts'
import { connectIceberg } from './readers/iceberg-duckdb.ts'
import { pathsOf } from './readers/iceberg-paths.ts'
import { icebergReaders } from './readers/iceberg-readers.ts'
import { deliver } from './requests.ts'
import { type Server, startServer } from './server.ts'

const commits = 230

/** One log record; equal requests would be one. */
const request = (i: number): string =>
  JSON.stringify({
    resourceLogs: [
      {
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: `${1_790_000_000_000_000_000n + BigInt(i)}`,
                body: { stringValue: `${i}` },
              },
            ],
          },
        ],
      },
    ],
  })

let server: Server
let table: { readonly folder: string }
/** How many requests could not be committed in time, and were left for the sweep: none, but on a machine that is very busy. */
let late: number

beforeAll(async () => {
  server = await startServer({ ...filesAtOnce, OTLP2PARQUET_SWEEP_INTERVAL_SECONDS: '2' })
  table = { folder: `${server.folder}/otel/logs` }
  for (let i = 0; i < commits; i++) await deliver(server.url, 'logs', request(i))
  await untilPaid(server.folder)
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  late = Number(/^otlp2parquet_receipts_total\{.*\} (\d+)$/m.exec(metrics)?.[1] ?? 0)
})

afterAll(async () => {
  await server.stop()
  await rm(server.folder, { recursive: true })
})

it.each(Object.entries(icebergReaders))(
  '%s finds every row once',
  async (_, reader) => {
    const [answer] = await reader.read([{ table, filters: [] }])
    expect(answer?.count).toBe(commits)
    const bodies = answer?.rows.map(({ body }) => Number(body)).sort((a, b) => a - b)
    expect(bodies).toEqual(Array.from({ length: commits }, (_, i) => i))
    expect(answer?.problems ?? []).toEqual([])
  },
  240_000,
)

it('every entry says with which snapshot its file came', async () => {
  const { metadata: path } = await pathsOf(table)
  const { snapshots } = parseTableMetadata(await readFile(path, 'utf8'))
  const last = snapshots.at(-1)
  // The sweep may have brought several of those that were late into the table at once.
  expect(snapshots.length).toBeLessThanOrEqual(commits)
  expect(snapshots.length).toBeGreaterThanOrEqual(late === 0 ? commits : commits - late + 1)
  expect(
    snapshots.reduce((sum, snapshot) => sum + Number(snapshot.summary['added-data-files']), 0),
  ).toBe(commits)
  expect(
    snapshots.map((snapshot) => Number(snapshot.summary['manifests-replaced'])).filter(Boolean),
  ).toEqual([101, 101])
  const connection = await connectIceberg()
  const avro = (file: string) => `read_avro(${literal(file.replace('file://', ''))})`
  const { rows: list } = await queried(
    connection,
    `SELECT * FROM ${avro(last?.['manifest-list'] ?? '')}`,
  )
  expect(list.length).toBeLessThan(110)
  const came = new Map<string, string>()
  for (const manifest of list) {
    const entries = await queried(
      connection,
      `SELECT * FROM ${avro(String(manifest.manifest_path))}`,
    )
    for (const entry of entries.rows) {
      const { snapshot_id, sequence_number, file_sequence_number } = entry
      expect(file_sequence_number).toBe(sequence_number)
      came.set(String(snapshot_id), String(sequence_number ?? manifest.sequence_number))
    }
  }
  expect([...came].sort()).toEqual(
    snapshots
      .map((snapshot) => [String(snapshot['snapshot-id']), String(snapshot['sequence-number'])])
      .sort(),
  )
  connection.closeSync()
})
