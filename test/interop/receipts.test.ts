/**
 * Protects rows that were acknowledged before they were committed, in every kind of place where receipts are: what the sweep
 * has paid, readers that know nothing of us find, every record once, also what was sent again before or after it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sendUntilAcknowledged } from '../faults/clients.ts'
import type { Entry } from '../faults/ledger.ts'
import { type Program, startProgram } from '../faults/program.ts'
import { mostSweeps, sweepByHand } from '../faults/schedule-receipts.ts'
import { judgeTables } from '../faults/table-judge.ts'
import type { RestCatalog, S3Access } from './catalogs/catalog.ts'
import { startJavaRest } from './catalogs/java-rest.ts'
import { startMinistack } from './catalogs/ministack.ts'
import { bucketEnvironment, catalogEnvironment } from './iceberg-destinations.ts'
import { here, run } from './programs.ts'
import type { TableRef } from './readers/iceberg.ts'
import { makeBucket, startVersitygw } from './s3-servers.ts'

/** Where tables and receipts are: for the program, and for readers. */
interface Place {
  readonly env: Readonly<Record<string, string>>
  readonly logs: TableRef
  readonly stop: () => Promise<void>
}

const inCatalog = (catalog: RestCatalog, stateBucket: string, stop: Place['stop']): Place => ({
  env: { ...catalogEnvironment(catalog), OTLP2PARQUET_STATE_BUCKET: stateBucket },
  logs: { catalog, namespace: 'otel', name: 'logs' },
  stop,
})

/** By name: a place, made. */
const places: Readonly<Record<string, (folder: string) => Promise<Place>>> = {
  'files on disk': async (folder) => ({
    env: { OTLP2PARQUET_ICEBERG_CATALOG: 'file' },
    logs: { folder: join(folder, 'otel/logs') },
    stop: async () => {},
  }),
  'files on versitygw': async () => {
    const s3 = await startVersitygw()
    const env = { ...bucketEnvironment(s3), OTLP2PARQUET_ICEBERG_CATALOG: 'file' }
    return { env, logs: { folder: `s3://${s3.bucket}/otel/logs`, s3 }, stop: s3.stop }
  },
  'Java on versitygw': async () => {
    const s3 = await startVersitygw()
    const catalog = await startJavaRest(s3)
    return inCatalog(catalog, s3.bucket, async () => {
      await catalog.stop()
      await s3.stop()
    })
  },
  'ministack, a table bucket and a state bucket': async () => {
    const catalog = await startMinistack()
    await makeBucket(catalog.s3 as S3Access, 'state')
    return inCatalog(catalog, 'state', catalog.stop)
  },
}

const sizes = { records: 5, services: 2, hours: 2 }

/** Sends the requests of these numbers at once until they are acknowledged, and keeps the ledger. */
const post = async ({ url }: Program, numbers: readonly number[], entries: Entry[]) => {
  await Promise.all(
    numbers.map((number) => {
      const first = number * sizes.records
      const request = { run: '9', client: 0, signal: 'logs', first, ...sizes } as const
      return sendUntilAcknowledged(url, request, entries)
    }),
  )
}

const first = [0, 1, 2, 3, 4, 5, 6, 7]
const later = [8, 9]
const noReceipts = 'no receipts\n'

describe.each(Object.entries(places))('%s', (name, make) => {
  // `auto` is both: what is committed at once, and what is left.
  const modes = name === 'files on disk' ? ['auto', 'deferred'] : ['auto']
  it.each(modes)('%s', { timeout: 300_000 }, async (mode) => {
    const folder = await mkdtemp(join(tmpdir(), 'interop-receipts-'))
    const place = await make(folder)
    const env = {
      ...place.env,
      OTLP2PARQUET_COMMIT: mode,
      OTLP2PARQUET_COMMIT_INTERVAL: '86400',
      OTLP2PARQUET_SWEEP_INTERVAL_SECONDS: '86400',
    }
    const cli = (command: string) =>
      run(process.execPath, [here('runtimes/cli.ts'), command, '--output', folder], { env })
    const entries: Entry[] = []
    const killed = await startProgram({ folder, env })
    await post(killed, first, entries)
    await post(killed, [3], entries)
    await killed.kill()
    // In a quiet table the first request is committed at once.
    const owed = mode === 'auto' ? /^otel\.logs: [1-8] owed/ : /^otel\.logs: 8 owed/
    expect(await cli('receipts')).toMatch(owed)
    expect(await cli('sweep')).toMatch(
      /^receipts paid: [1-8], still owed: 0, put into quarantine: 0/,
    )

    const program = await startProgram({ folder, env })
    await post(program, [...first, ...later], entries)
    expect(await program.stop()).toBe(0)
    // A stop pays what it has time for; the rest is paid by hand.
    for (let sweeps = 0; sweeps < mostSweeps && (await cli('receipts')) !== noReceipts; sweeps++) {
      await sweepByHand(folder, env)
    }
    expect(await cli('receipts')).toBe(noReceipts)

    const tables = [{ table: 'logs', ref: place.logs }]
    expect(await judgeTables([{ entries, tables }])).toEqual([[]])
    await place.stop()
    await rm(folder, { recursive: true, force: true })
  })
})
