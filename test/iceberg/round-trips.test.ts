// Protects how long a sender waits: the calls of a commit, one after the other, as a REST catalog and an S3 see them over HTTP.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOpenFileIO } from '../../runtimes/node/open-file-io.ts'
import type { Catalog } from '../../src/iceberg/catalog.ts'
import type { Deferral } from '../../src/iceberg/deferral.ts'
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import { createRestCatalog } from '../../src/iceberg/rest/catalog.ts'
import { type Clock, systemClock } from '../../src/iceberg/retry.ts'
import { createTableWriter, type TableWriter } from '../../src/iceberg/table-writer.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { createS3Storage } from '../../src/storage/s3.ts'
import { creation } from '../contracts/commits.ts'
import { dataFile } from '../faults/model/others.ts'
import { accessKeyId, type S3Fake, secretAccessKey, startS3Fake } from '../storage/s3-server.ts'
import { requestBy } from '../tools/append-request.ts'
import { type FakeServer, startFakeServer } from './rest/fake-server.ts'
import { createRoundTrips, type RoundTrips } from './round-trips.ts'

let rest: FakeServer
let s3: S3Fake
let trips: RoundTrips
let catalogUri: string
let endpoint: string

beforeAll(async () => {
  rest = await startFakeServer()
  s3 = await startS3Fake()
  trips = createRoundTrips()
  catalogUri = await trips.before(rest.uri)
  endpoint = await trips.before(s3.endpoint)
})
afterAll(async () => {
  await trips.close()
  await rest.close()
  await s3.stop()
})

const credentials = async () => ({ accessKeyId, secretAccessKey })

const root = 's3://lake'
const lake = () => createS3Storage({ bucket: 'lake', region: s3.region, endpoint, credentials })

/** A client as another process has it. */
const catalogs: Readonly<Record<string, (clock: Clock) => Catalog>> = {
  rest: (clock) =>
    createRestCatalog({
      uri: catalogUri,
      auth: { type: 'none' },
      openFileIO: createOpenFileIO({
        config: { s3Region: s3.region, s3Endpoint: endpoint },
        credentials,
        log: noLog,
      }),
      clock,
      log: noLog,
    }),
  file: ({ now }) => createFileCatalog({ storage: lake(), root, log: noLog, now }),
  'file without tags': ({ now }) =>
    createFileCatalog({ storage: { ...lake(), tagged: undefined }, root, log: noLog, now }),
}

let files = 0

/** Receipts are left but for a commit that is due, as each is here. */
const alwaysDue: Deferral = {
  isDue: () => true,
  isShared: true,
  isOwed: async () => false,
  async defer() {},
}

/** A process that knows nothing of the table; `later` sets its clock ahead. */
const createProcess = (kind: string, name: string, deferral?: Deferral) => {
  let ahead = 0
  const clock: Clock = { ...systemClock, now: () => Date.now() + ahead }
  const writer = createTableWriter({
    catalog: catalogs[kind]?.(clock) as Catalog,
    identifier: { namespace: ['otel'], name },
    creation: creation({ 'commit.manifest-merge.min-count-to-merge': '5' }),
    clock,
    version: 'test',
    log: noLog,
    metrics: noMetrics,
    ...(deferral !== undefined && { deferral }),
  })
  return {
    open: () => writer.open(),
    send: () => send(writer, clock),
    later: (ms: number) => {
      ahead += ms
    },
  }
}

const send = async (writer: TableWriter, { now }: Clock) => {
  const table = await writer.open()
  const uuid = crypto.randomUUID()
  const bytes = new TextEncoder().encode(`file ${files++}`)
  const path = `${table.metadata.location}/data/5-${uuid}.parquet`
  const file = dataFile(path, 20_000, [{ id: uuid, count: 1 }], bytes.length)
  const encoded = { uuid, specId: 0, partition: [20_000], bytes, dataFile: file }
  // However busy the machine is.
  const outcomes = await writer.append(table, [encoded], requestBy(now() + 60_000))
  return outcomes[0]
}

type Process = ReturnType<typeof createProcess>

/** A call by what it is for. */
const deeds: readonly [RegExp, string][] = [
  [/^GET \/v1\/config$/, 'config'],
  [/^GET \/v1\/namespaces\/otel\/tables\/\w+$/, 'load'],
  [/^POST \/v1\/namespaces\/otel\/tables\/\w+$/, 'commit'],
  [/^PUT .*\/data\/[^/]+\.parquet$/, 'put data'],
  [/^PUT .*-m0\.avro$/, 'put manifest'],
  [/^PUT .*-merged\.avro$/, 'put merged manifest'],
  [/^GET .*-m0\.avro$/, 'get manifest'],
  [/^PUT .*\/snap-[^/]+\.avro$/, 'put list'],
  [/^GET .*\/snap-[^/]+\.avro$/, 'get list'],
  [/^GET .*\/v\d+\.metadata\.json$/, 'get version'],
  [/^PUT .*\/v\d+\.metadata\.json$/, 'put version'],
  [/^GET .*\/version-hint\.text$/, 'get hint'],
  [/^PUT .*\/version-hint\.text$/, 'put hint'],
]
const deedOf = (call: string): string => deeds.find(([pattern]) => pattern.test(call))?.[1] ?? call

/** What a process did, and others, before the request that counts. */
const pasts = {
  async 'made the last commit'(mine) {
    await mine.send()
  },
  async 'made the last commits, whose manifests are to be merged'(mine) {
    // Five more than those that were merged the first time: what came of that is merged again.
    for (let commits = 0; commits < 11; commits++) await mine.send()
  },
  async 'made the table'(mine) {
    await mine.open()
  },
  async 'opened the table after another process committed'(mine, other) {
    await other.send()
    await mine.open()
  },
  async 'made the last commit a while ago'(mine) {
    await mine.send()
    mine.later(6_000)
  },
  async 'opened the table long ago'(mine) {
    await mine.send()
    mine.later(301_000)
  },
  async 'opened the table long ago, and another process committed since'(mine, other) {
    await mine.send()
    await other.send()
    mine.later(301_000)
  },
  async 'never asked the catalog anything'(_, other) {
    await other.send()
  },
  async 'was overtaken by another process'(mine, other) {
    await mine.send()
    await other.send()
  },
} satisfies Record<string, (mine: Process, other: Process) => Promise<void>>

type Past = keyof typeof pasts
type Rounds = readonly string[]

const objects = 'put data, put list, put manifest'

/** What is merged was kept since it was written. */
const toMerge = 'made the last commits, whose manifests are to be merged'
const merging = 'put data, put list, put manifest, put merged manifest'

/** Whoever does not know the list of the last commit has to read it before he can write the next: Iceberg has no other way. */
const unknownList: Rounds = ['get list, put data', 'put list, put manifest']

const byRest: readonly [Past, Rounds][] = [
  ['made the last commit', [objects, 'commit']],
  [toMerge, [merging, 'commit']],
  ['made the table', [objects, 'commit']],
  ['opened the table after another process committed', [...unknownList, 'commit']],
  ['opened the table long ago', ['load', objects, 'commit']],
  [
    'opened the table long ago, and another process committed since',
    ['load', ...unknownList, 'commit'],
  ],
  ['never asked the catalog anything', ['config', 'load', ...unknownList, 'commit']],
  [
    'was overtaken by another process',
    [objects, 'commit', 'load', 'get list', 'get manifest', 'put list', 'commit'],
  ],
]

/**
 * After the put it looks that nobody removed the table meanwhile, or made another in its place; beside that it may tell
 * readers of the version, in place of what they were told before and of nothing else.
 */
const swap: Rounds = ['get hint, put version', 'get version, get version, put hint']
const lookAgain = 'get hint, get version, get version, get version'
const climb = 'get version, get version, get version'

const byFiles: readonly [Past, Rounds][] = [
  ['made the last commit', [objects, ...swap]],
  ['made the last commit a while ago', [objects, ...swap]],
  [toMerge, [merging, ...swap]],
  ['made the table', [objects, 'get hint, put version', 'get version, put hint']],
  ['opened the table after another process committed', [...unknownList, ...swap]],
  ['opened the table long ago', [lookAgain, objects, ...swap]],
  [
    'opened the table long ago, and another process committed since',
    [lookAgain, `${climb}, get version`, ...unknownList, ...swap],
  ],
  ['never asked the catalog anything', ['get hint', climb, ...unknownList, ...swap]],
]

/** Without tags readers are told after it has looked, and what is known for a while wants a look at the hint as well. */
const byUntaggedFiles: readonly [Past, Rounds][] = [
  ['made the last commit', [objects, 'put version', 'get version, get version', 'put hint']],
  [
    'made the last commit a while ago',
    [objects, 'put version', 'get version, get version', 'get hint', 'put hint'],
  ],
]

/** Where receipts are left another process may have made the commit that is due, for the same reason: it looks before. */
const byShared: readonly [string, Rounds][] = [
  ['rest', ['load, put data', 'put list, put manifest', 'commit']],
  ['file', [`${lookAgain}, put data`, 'put list, put manifest', ...swap]],
]

/** Milliseconds. Of a machine that is busy only the last may be enough. */
const delays = [30, 150, 400, 900]
let tables = 0

/** The rounds of a request: those that are wanted, if any delay shows them. */
const roundsOf = async (
  kind: string,
  past: Past,
  wanted: Rounds,
  deferral?: Deferral,
): Promise<Rounds> => {
  let rounds: Rounds = []
  for (const delay of delays) {
    const name = `t${tables++}`
    const start = () => createProcess(kind, name, deferral)
    const [mine, other] = [start(), start()]
    await trips.of(() => pasts[past](mine, other), 0)
    const counted = await trips.of(() => mine.send(), delay)
    expect(counted.result).toBe('committed')
    rounds = counted.rounds.map((calls) => calls.map(deedOf).sort().join(', '))
    if (rounds.join() === wanted.join()) break
  }
  return rounds
}

describe('with a REST catalog, a request waits for these calls, one round after another, of a process that', () => {
  it.each(byRest)('%s: %j', async (past, wanted) => {
    expect(await roundsOf('rest', past, wanted)).toEqual(wanted)
  })
})

describe('with the file catalog, a request waits for these calls, one round after another, of a process that', () => {
  it.each(byFiles)('%s: %j', async (past, wanted) => {
    expect(await roundsOf('file', past, wanted)).toEqual(wanted)
  })
})

describe('with the file catalog in a storage without tags, a request waits for these calls of a process that', () => {
  it.each(byUntaggedFiles)('%s: %j', async (past, wanted) => {
    expect(await roundsOf('file without tags', past, wanted)).toEqual(wanted)
  })
})

describe('where commits are shared with a sweep, a request whose commit is due waits for these calls of a process that made the last one a while ago', () => {
  it.each(byShared)('%s: %j', async (kind, wanted) => {
    const past = 'made the last commit a while ago'
    expect(await roundsOf(kind, past, wanted, alwaysDue)).toEqual(wanted)
  })
})
