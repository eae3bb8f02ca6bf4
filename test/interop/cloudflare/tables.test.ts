/**
 * Protects rows that a Worker acknowledged, in workerd, in its own catalog on R2 and in a REST catalog: whatever became of its
 * requests' senders, and whoever pays the receipts, three readers that know nothing of us find every record once.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send, sendUntilAcknowledged } from '../../faults/clients.ts'
import type { Entry } from '../../faults/ledger.ts'
import { judgeTables } from '../../faults/table-judge.ts'
import { random } from '../../judge/random.ts'
import { bucketName, objectsOf, type RunningWorker, startWorker } from '../../tools/worker.ts'
import { startJavaRest } from '../catalogs/java-rest.ts'
import { catalogEnvironment } from '../iceberg-destinations.ts'
import type { TableRef } from '../readers/iceberg.ts'
import { startVersitygw } from '../s3-servers.ts'
import { showIn } from './shown.ts'

/** Where a Worker's tables are: for the Worker, and for readers. */
interface Place {
  readonly variables: Readonly<Record<string, string>>
  readonly logs: TableRef
  /** Shows readers what the Worker's bucket has. */
  readonly show: (worker: RunningWorker) => Promise<void>
  readonly stop: () => Promise<void>
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  'files in R2': async () => {
    const s3 = await startVersitygw(bucketName)
    return {
      variables: { OTLP2PARQUET_ICEBERG_CATALOG: 'file' },
      logs: { folder: `s3://${bucketName}/otel/logs`, s3 },
      show: (worker) => showIn(s3, worker),
      stop: s3.stop,
    }
  },
  'Java on versitygw, receipts in R2': async () => {
    const s3 = await startVersitygw('tables')
    const catalog = await startJavaRest(s3)
    return {
      variables: catalogEnvironment(catalog),
      logs: { catalog, namespace: 'otel', name: 'logs' },
      show: async () => {},
      stop: async () => {
        await catalog.stop()
        await s3.stop()
      },
    }
  },
}

const sizes = { records: 5, services: 2, hours: 2 }

const requestOf = (number: number) =>
  ({ run: '9', client: 0, signal: 'logs', first: number * sizes.records, ...sizes }) as const

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

describe.each(Object.entries(places))('%s', (_, make) => {
  let place: Place
  let worker: RunningWorker
  const entries: Entry[] = []
  const lines: string[] = []
  beforeAll(async () => {
    place = await make()
    worker = await startWorker({
      variables: { OTLP2PARQUET_AUTH: 'none', ...place.variables },
      write: (line) => lines.push(line),
    })
  })
  afterAll(async () => {
    await worker.stop()
    await place.stop()
  })

  const url = () => worker.url.replace(/\/$/, '')
  const acknowledge = (numbers: readonly number[]) =>
    Promise.all(numbers.map((number) => sendUntilAcknowledged(url(), requestOf(number), entries)))
  const owed = async () => [...(await objectsOf(worker.bucket, '_receipts/owed/')).keys()].length
  /** More turns: who has no sender any more may leave a receipt after one, and a sweep leaves what another one is at. */
  const payAll = async () => {
    for (let turns = 0; turns < 10 && (await owed()) > 0; turns++) await worker.turn()
    expect(await owed()).toBe(0)
  }

  it('what senders leave behind is whole, and there once when they come again', async () => {
    const chance = random(7)
    // Each goes away at another point of its request's way.
    for (let round = 0; round < 6; round++) {
      await Promise.all(
        upTo(8).map(async (number) => {
          await send(url(), requestOf(number), { timeoutMs: 1 + chance.below(80) })
        }),
      )
    }
    await acknowledge(upTo(8))
    await acknowledge([3, 3, 3])
    expect(await owed()).toBeGreaterThan(0)
  })

  it('two turns of the cron trigger at once pay all of it', async () => {
    await Promise.all([worker.turn(), worker.turn()])
    await payAll()
    expect(lines.filter((line) => line.includes('"quarantined":1'))).toEqual([])
  })

  it('three readers find every record once, also of what is sent again afterwards', async () => {
    await acknowledge([...upTo(10), 2, 5])
    await payAll()
    await place.show(worker)
    expect(await judgeTables([{ entries, tables: [{ table: 'logs', ref: place.logs }] }])).toEqual([
      [],
    ])
  })
})
