/**
 * Protects rows that a Worker acknowledged whose tables are in R2's own catalog, with its limits: as it is configured by
 * default it keeps within them, however many requests come; where each request commits it meets them, and loses nothing.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendUntilAcknowledged } from '../../faults/clients.ts'
import type { Entry } from '../../faults/ledger.ts'
import type { Sent } from '../../faults/load.ts'
import { judgeTables } from '../../faults/table-judge.ts'
import { bucketName, objectsOf, type RunningWorker, startWorker } from '../../tools/worker.ts'
import {
  type Asked,
  type R2Catalog,
  type R2CatalogOptions,
  startR2DataCatalog,
} from '../catalogs/r2-data-catalog.ts'
import { catalogEnvironment } from '../iceberg-destinations.ts'
import { startVersitygw } from '../s3-servers.ts'
import { showIn } from './shown.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A catalog, a bucket of S3 that stands for R2's where readers look, and a Worker before both. */
interface Place {
  readonly catalog: R2Catalog
  readonly worker: RunningWorker
  readonly url: string
  readonly lines: readonly string[]
  readonly entries: Entry[]
  /** How many receipts there are. */
  readonly owed: () => Promise<number>
  /** Shows readers what the Worker's bucket has. */
  readonly show: () => Promise<void>
  readonly stop: () => Promise<void>
}

const open = async (
  limits: R2CatalogOptions,
  sent: readonly Sent['signal'][],
  variables: Readonly<Record<string, string>>,
): Promise<Place> => {
  const s3 = await startVersitygw(bucketName, undefined, 'auto')
  const catalog = await startR2DataCatalog(s3, limits)
  const lines: string[] = []
  const entries: Entry[] = []
  // Not how S3 is reached: the bucket of the tables is bound.
  const { s3: _, ...bound } = catalog
  const worker = await startWorker({
    variables: { OTLP2PARQUET_AUTH: 'none', ...catalogEnvironment(bound), ...variables },
    write: (line) => lines.push(line),
  })
  const url = worker.url.replace(/\/$/, '')
  // The first table of all takes Java seconds.
  for (const signal of sent) await sendUntilAcknowledged(url, requestOf(0, signal), entries)
  return {
    ...{ catalog, worker, lines, url, entries },
    owed: async () => (await objectsOf(worker.bucket, '_receipts/owed/')).size,
    show: () => showIn(s3, worker),
    async stop() {
      await worker.stop()
      await catalog.stop()
      await s3.stop()
    },
  }
}

const signals = ['logs', 'traces', 'metrics'] as const
const tables = ['logs', 'traces', 'metrics_sum']

/** One of a few records. */
const requestOf = (number: number, signal: Sent['signal']): Sent => ({
  ...{ run: 'c1', client: signals.indexOf(signal), signal, first: number * 5, records: 5 },
  ...{ services: 1, hours: 1 },
})

const commits = (asked: readonly Asked[], table: string) =>
  asked.filter((one) => one.operation === 'updateTable' && one.table === table)

const told = (asked: readonly Asked[], status: number) =>
  asked.filter((one) => one.status === status).length

/** The statuses that senders were told, of the requests after the first ones; that a connection was over is none. */
const statuses = (entries: readonly Entry[]) =>
  entries.flatMap((entry) => {
    const status = entry.kind === 'answer' && !entry.id.endsWith('/0') && entry.answer.status
    return typeof status === 'number' ? [status] : []
  })

/** A busy machine's Java may take longer than a request has; only then is one told to come again. */
const expectAcknowledged = ({ entries, catalog }: Place, count: number): void => {
  const told = statuses(entries)
  const isSlow = catalog.asked.some(({ ms }) => ms > 2_000)
  expect(told.filter((status) => !isSlow || status !== 503)).toEqual(Array(count).fill(200))
}

/** What was sent, and where readers find it. */
const ledgerOf = ({ entries, catalog: { java } }: Place, names: readonly string[]) => ({
  entries,
  tables: names.map((table) => ({
    table,
    ref: { catalog: java, namespace: 'otel', name: table },
  })),
})

/** A minute of the catalog, of the Worker's commits and of its cron trigger. */
const minuteMs = 8_000

describe("tables in R2's own catalog", () => {
  let auto: Place
  let inline: Place
  // The limits' clock of `inline` goes on when it is told to.
  let now = 0
  beforeAll(async () => {
    ;[auto, inline] = await Promise.all([
      open({ minuteMs }, signals, { OTLP2PARQUET_COMMIT_INTERVAL: String(minuteMs / 1000) }),
      open({ now: () => now }, ['logs'], { OTLP2PARQUET_COMMIT: 'inline' }),
    ])
  })
  afterAll(() => Promise.all([auto.stop(), inline.stop()]))

  it('auto: 180 requests in two minutes, more than their tables may have commits, keep within the limits', async () => {
    const { url, worker, catalog, entries } = auto
    await pause(minuteMs)
    const before = catalog.asked.length
    const began = Date.now()
    const under: Promise<unknown>[] = []
    for (let number = 1; number <= 180; number++) {
      const signal = signals[number % 3] ?? 'logs'
      under.push(sendUntilAcknowledged(url, requestOf(number, signal), entries))
      if (number % 90 === 0) under.push(worker.turn())
      await pause((2 * minuteMs) / 180)
    }
    await Promise.all(under)
    expectAcknowledged(auto, 180)
    const asked = catalog.asked.slice(before)
    expect(told(asked, 429)).toBe(0)
    for (const table of tables) {
      const { length } = commits(asked, table)
      const done = told(commits(asked, table), 200)
      console.log(`${table}: ${length} commits were asked for, ${done} done`)
      // By requests one in each minute, the last and one before the first included, and one by each turn.
      const minutes = Math.ceil((Date.now() - began) / minuteMs) + 1
      expect(done, table).toBeLessThanOrEqual(minutes + 2)
    }
  })

  it('inline: more requests than a table may have commits are acknowledged all the same', async () => {
    const { url, worker, catalog, entries, lines, owed } = inline
    for (let number = 1; number <= 30; number += 6) {
      const some = Array.from({ length: 6 }, (_, i) => requestOf(number + i, 'logs'))
      await Promise.all(some.map((one) => sendUntilAcknowledged(url, one, entries)))
    }
    expectAcknowledged(inline, 30)
    const refused = told(commits(catalog.asked, 'logs'), 429)
    expect(refused).toBeGreaterThan(0)
    // While the limit lasts a turn asks in vain, and what is owed stays.
    await worker.turn()
    expect(told(commits(catalog.asked, 'logs'), 429)).toBeGreaterThan(refused)
    expect(await owed()).toBeGreaterThan(0)
    expect(lines.filter((line) => line.includes('"quarantined":1'))).toEqual([])
  })

  it('three readers find every record once when the minute is over', async () => {
    now += 60_000
    await pause(minuteMs)
    for (const { worker, owed, show } of [auto, inline]) {
      await worker.turn()
      expect(await owed()).toBe(0)
      await show()
    }
    expect(await judgeTables([ledgerOf(auto, tables), ledgerOf(inline, ['logs'])])).toEqual([
      [],
      [],
    ])
  })
})
