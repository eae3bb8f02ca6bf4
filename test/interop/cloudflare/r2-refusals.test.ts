/**
 * Protects whoever writes to R2's own catalog where that refuses: senders are told to come again, the log says what ails it and
 * what to do, and once that is done every record is there once. On Node and in workerd: each has a client of its own for HTTP.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { send, sendUntilAcknowledged } from '../../faults/clients.ts'
import { type Entry, requestName } from '../../faults/ledger.ts'
import type { Sent } from '../../faults/load.ts'
import { startProgram } from '../../faults/program.ts'
import { judgeTables, type Ledgered } from '../../faults/table-judge.ts'
import { bucketName, objectsOf, startWorker } from '../../tools/worker.ts'
import { type R2Catalog, startR2DataCatalog } from '../catalogs/r2-data-catalog.ts'
import { catalogEnvironment } from '../iceberg-destinations.ts'
import { post, requests } from '../requests.ts'
import { type FilesServer, startVersitygw } from '../s3-servers.ts'
import { showIn } from './shown.ts'

/** The program, somewhere. */
interface Running {
  readonly url: string
  /** What it logged so far. */
  readonly log: () => string
  /** How many receipts there are, where there is a place for them, and a turn of what sweeps them. */
  readonly owed?: () => Promise<number>
  readonly turn?: () => Promise<unknown>
  readonly stop: () => Promise<void>
}

type Start = (env: Readonly<Record<string, string>>) => Promise<Running>

let s3: FilesServer
let catalog: R2Catalog
/** The limits' clock. */
let now = 0

const runtimes: Readonly<Record<string, Start>> = {
  async node(env) {
    const folder = await mkdtemp(join(tmpdir(), 'interop-'))
    const { url, errors, stop } = await startProgram({ folder, env })
    return {
      ...{ url, log: errors },
      async stop() {
        await stop()
        await rm(folder, { recursive: true, force: true })
      },
    }
  },
  async workerd(env) {
    const lines: string[] = []
    const worker = await startWorker({ variables: env, write: (line) => lines.push(line) })
    return {
      ...{ url: worker.url.replace(/\/$/, ''), log: () => lines.join('\n') },
      owed: async () => (await objectsOf(worker.bucket, '_receipts/owed/')).size,
      turn: () => worker.turn().catch(() => 'a sweep failed'),
      async stop() {
        await showIn(s3, worker)
        await worker.stop()
      },
    }
  },
}

interface Case {
  readonly ailment: string
  /** The namespace, where it matters. */
  readonly namespace?: string
  readonly ail: () => void | Promise<void>
  /** The log's words, and what it advises. */
  readonly words: RegExp
  readonly advice?: RegExp
}

const bad = /give it a token or credential that is good/
const right = /the right/
const wait = /senders come again, and what is missing is made/
const seldom = /commit more seldom/

const unmade: readonly Case[] = [
  {
    ailment: 'the token was deleted',
    ail: () => catalog.grant(null),
    words: /cannot read the configuration of the catalog: the catalog refuses its credentials/,
    advice: bad,
  },
  {
    ailment: 'the token is for another bucket',
    ail: () => catalog.grant('nothing'),
    words: /cannot read the configuration of the catalog: its credentials lack a permission/,
    advice: right,
  },
  {
    ailment: 'the token may only read',
    ail: () => catalog.grant('read'),
    words: /cannot make a table: its credentials lack a permission/,
    advice: /the table is not there: make it, or .* the right until all is made/,
  },
  {
    ailment: 'others made ten tables in this minute',
    ail: () => catalog.occupy('createTable', 10),
    words: /cannot make a table: the catalog is asked too often/,
    advice: wait,
  },
  {
    ailment: 'others made twenty namespaces in this minute',
    ail: () => catalog.occupy('createNamespace', 20),
    words: /cannot make a namespace: the catalog is asked too often/,
    advice: wait,
  },
  {
    ailment: 'there were 120 writes in this minute, of others to other tables',
    ail: () => catalog.occupy('updateTable', 120),
    words: /cannot make a table: the catalog is asked too often/,
    advice: wait,
  },
  {
    ailment: 'the namespace is a reserved one',
    namespace: 'system',
    ail: () => {},
    words: /cannot make a namespace: the namespace is reserved/,
    advice: /OTLP2PARQUET_ICEBERG_NAMESPACE/,
  },
  {
    ailment: 'a property is forbidden',
    ail: () => catalog.alsoAsk({ properties: { 'write.metadata.path': 's3://lake/metadata' } }),
    words: /cannot make a table: the catalog forbids a table property/,
    advice: /make the table yourself, without the property/,
  },
  {
    ailment: 'there are files where the table is to be',
    async ail() {
      await mkdir(join(s3.folder, bucketName, 'taken'), { recursive: true })
      await writeFile(join(s3.folder, bucketName, 'taken/somebodys'), 'file')
      catalog.alsoAsk({ location: `s3://${bucketName}/taken` })
    },
    words: /cannot make a table: there are files where the table is to be/,
    advice: /OTLP2PARQUET_ICEBERG_NAMESPACE.*OTLP2PARQUET_ICEBERG_TABLE_LOGS/,
  },
]

const alsoUpdate = (update: Readonly<Record<string, string | object>>) => () =>
  catalog.alsoAsk({ updates: [JSON.parse(JSON.stringify(update))] })

const made: readonly Case[] = [
  {
    ailment: 'the token was deleted',
    ail: () => catalog.grant(null),
    words: /cannot change a table: the catalog refuses its credentials/,
    advice: bad,
  },
  {
    ailment: 'the token may only read now',
    ail: () => catalog.grant('read'),
    words: /cannot change a table: its credentials lack a permission/,
    advice: right,
  },
  {
    ailment: 'there were 120 writes in this minute, of others to other tables',
    ail: () => catalog.occupy('updateTable', 120),
    words: /a commit has to be looked at or tried again: throttled/,
    advice: seldom,
  },
  {
    ailment: 'a property is forbidden',
    ail: alsoUpdate({ action: 'set-properties', updates: { 'write.data.path': 's3://lake/x' } }),
    words: /cannot change a table: the catalog forbids a table property/,
  },
  {
    ailment: 'a table may not move',
    ail: alsoUpdate({ action: 'set-location', location: 's3://lake/elsewhere' }),
    words: /cannot change a table: the catalog calls the request invalid/,
  },
  {
    ailment: 'a table may not become another one',
    ail: alsoUpdate({ action: 'assign-uuid', uuid: '6d8a7a4e-0000-4f2c-8a53-2f0a6f1f7c11' }),
    words: /cannot change a table: the catalog calls the request invalid/,
  },
  {
    ailment: 'encryption is not supported',
    ail: alsoUpdate({ action: 'remove-encryption-key', 'key-id': 'k' }),
    words: /cannot change a table: the catalog does not support it/,
  },
]

const mend = (): void => {
  catalog.grant('write')
  catalog.alsoAsk({})
  now += 60_000
}

/** Sends until it is acknowledged, as long as the test lasts. */
const acknowledged = async (url: string, signal: string, body: string): Promise<void> => {
  while ((await post(url, signal, body)) !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

let running: Running | undefined

const stop = async (): Promise<void> => {
  await running?.stop()
  running = undefined
}

const start = async (runtime: string, namespace: string): Promise<Running> => {
  // Not how S3 is reached: the catalog hands that out, and on Workers the bucket is bound.
  const { s3: _, ...bound } = catalog
  running = await (runtimes[runtime] as Start)({
    OTLP2PARQUET_AUTH: 'none',
    ...catalogEnvironment(bound),
    ...{ OTLP2PARQUET_ICEBERG_NAMESPACE: namespace, OTLP2PARQUET_COMMIT: 'inline' },
  })
  return running
}

/** Every table that there was to be, and what was sent to it. */
const tables: Ledgered[] = []

beforeAll(async () => {
  s3 = await startVersitygw(bucketName, undefined, 'auto')
  catalog = await startR2DataCatalog(s3, { now: () => now })
})
afterEach(async () => {
  mend()
  await stop()
})
afterAll(async () => {
  await catalog.stop()
  await s3.stop()
})

describe.each(Object.keys(runtimes))("R2's own catalog refuses, on %s", (runtime) => {
  let count = 0
  /** A table that nobody has written to. */
  const newTable = () => {
    const name = `${runtime}${count++}`
    const entries: Entry[] = []
    const ref = { catalog: catalog.java, namespace: name, name: 'logs' }
    tables.push({ entries, tables: [{ table: 'logs', ref }] })
    return { name, entries }
  }
  const requestOf = (number: number): Sent => ({
    ...{ run: 'a0', client: count, signal: 'logs', first: number * 5, records: 5 },
    ...{ services: 1, hours: 1 },
  })
  /** Sends a request that the catalog's refusal meets; what the program says of it is as it should be. */
  const meet = async ({ url, log }: Running, { ail, words, advice }: Case, entries: Entry[]) => {
    const request = requestOf(1)
    await ail()
    const before = log().length
    const answer = await send(url, request)
    const id = requestName(request)
    entries.push({ kind: 'sent', id, request }, { kind: 'answer', id, answer })
    const line = () =>
      log()
        .slice(before)
        .split('\n')
        .find((line) => words.test(line))
    await expect.poll(line).toBeDefined()
    if (advice !== undefined) expect(line()).toMatch(advice)
    return { request, answer }
  }

  it.each(unmade)('before there is a table: $ailment', async (one) => {
    const { name, entries } = newTable()
    const program = await start(runtime, one.namespace ?? name)
    const { request, answer } = await meet(program, one, entries)
    expect(answer).toMatchObject({ status: 503, retryAfter: '1' })
    expect(answer.body).toMatch(one.words)
    mend()
    // Of another namespace now, and one that has not to leave the catalog alone for a minute: the limits' clock is a test's.
    await stop()
    const { url } = await start(runtime, name)
    await sendUntilAcknowledged(url, request, entries)
  })

  it('the first requests of all make their tables with fewer calls than a minute allows', async () => {
    const { url } = await start(runtime, `${runtime}_first`)
    const before = catalog.asked.length
    await Promise.all(
      Object.entries(requests).flatMap(([signal, request]) =>
        ['', ' ', '  '].map((end) => acknowledged(url, signal, JSON.stringify(request) + end)),
      ),
    )
    const asked = catalog.asked.slice(before).filter(({ operation }) => operation === 'createTable')
    expect(asked.filter(({ status }) => status === 200)).toHaveLength(7)
    expect(asked.length).toBeLessThanOrEqual(10)
  })

  it.each(made)('once there is one: $ailment', async (one) => {
    const { name, entries } = newTable()
    const program = await start(runtime, name)
    const { url, owed, turn } = program
    await sendUntilAcknowledged(url, requestOf(0), entries)
    const { request, answer } = await meet(program, one, entries)
    if (owed === undefined || turn === undefined) {
      // Nowhere to leave a receipt.
      expect(answer).toMatchObject({ status: 503, retryAfter: '1' })
      mend()
      await sendUntilAcknowledged(url, request, entries)
    } else {
      expect(answer.status).toBe(200)
      expect(await owed()).toBe(1)
      await turn()
      expect(await owed()).toBe(1)
      mend()
      await turn()
      expect(await owed()).toBe(0)
    }
  })
})

it('three readers find every record once', async () => {
  expect(tables.length).toBe(Object.keys(runtimes).length * (unmade.length + made.length))
  expect(await judgeTables(tables)).toEqual(tables.map(() => []))
})
