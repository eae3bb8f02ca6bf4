/**
 * Protects tables from our own cleaning in the eyes of others, and shows that it happens: the program's own timer removes
 * snapshots, lists, manifests and old metadata, on disk and on a strict S3 server, no data file ever; after it readers that
 * know nothing of us find every row that was acknowledged, and the program goes on writing.
 */
import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sendUntilAcknowledged } from '../faults/clients.ts'
import type { Answer, Entry } from '../faults/ledger.ts'
import { type Program, startProgram } from '../faults/program.ts'
import { judgeTables } from '../faults/table-judge.ts'
import { bucketEnvironment, filesAtOnce } from './iceberg-destinations.ts'
import { untilPaid } from './paid.ts'
import { here } from './programs.ts'
import type { TableRef } from './readers/iceberg.ts'
import { startVersitygw } from './s3-servers.ts'

const day = 86_400_000

/** Where tables are: for the program, for readers, and as files on this machine. */
interface Place {
  readonly env: Readonly<Record<string, string>>
  readonly logs: TableRef
  readonly files: string
  readonly stop: () => Promise<void>
}

/** By name: a place, made; the program's folder is there for it. */
const places: Readonly<Record<string, (folder: string) => Promise<Place>>> = {
  disk: async (folder) => {
    const files = join(folder, 'otel/logs')
    return { env: {}, logs: { folder: files }, files, stop: async () => {} }
  },
  versitygw: async () => {
    const s3 = await startVersitygw()
    const { bucket, folder, stop } = s3
    const env = bucketEnvironment(s3)
    const logs = { folder: `s3://${bucket}/otel/logs`, s3 }
    return { env, logs, files: join(folder, bucket, 'otel/logs'), stop }
  },
}

/** Sends so many requests of three records, each until it is acknowledged, and keeps the ledger. */
const posting = () => {
  const entries: Entry[] = []
  let first = 0
  const post = async ({ url }: Program, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const sizes = { records: 3, services: 1, hours: 1 }
      const request = { run: '7', client: 0, signal: 'logs', first, ...sizes } as const
      first += request.records
      await sendUntilAcknowledged(url, request, entries)
    }
  }
  return { entries, post }
}

/** The file of a table's latest metadata. */
const latestOf = async (files: string): Promise<string> => {
  const version = (name: string) => Number(/^v(\d+)\.metadata\.json$/.exec(name)?.[1] ?? 0)
  const names = await readdir(join(files, 'metadata'))
  return `v${Math.max(...names.map(version))}.metadata.json`
}

/** What was written some days ago looks like it; the latest metadata stays of now. */
const setBack = async (files: string, days: number): Promise<void> => {
  const folder = join(files, 'metadata')
  const then = new Date(Date.now() - days * day)
  const latest = await latestOf(files)
  for (const name of await readdir(folder)) {
    if (name !== latest) await utimes(join(folder, name), then, then)
  }
}

/** How many snapshots a table has. */
const snapshotsOf = async (files: string): Promise<number> => {
  const latest = join(files, 'metadata', await latestOf(files))
  return JSON.parse(await readFile(latest, 'utf8')).snapshots.length
}

/** Milliseconds before which no request is refused because its time is over. */
const lateMs = 5_000

/** What a machine says that is too busy to commit in time. */
const isLate = (line: string): boolean =>
  /a commit has to be looked at or tried again: unknown|a request was not stored in time|files wait for the sweep/.test(
    line,
  )

/** A counter of the program's, over all tables; 0 before it counted. */
const counted = async ({ url }: Program, name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text()
  const values = [...text.matchAll(new RegExp(`^otlp2parquet_${name}_total\\{.*\\} (\\d+)$`, 'gm'))]
  return values.reduce((sum, [, value]) => sum + Number(value), 0)
}

const untilExpired = (program: Program, snapshots: number): Promise<void> =>
  expect
    .poll(() => counted(program, 'expired_snapshots'), { timeout: 90_000, interval: 200 })
    .toBe(snapshots)

/** The files of a table by what they are. */
const kinds = {
  data: /^data\/.*\.parquet$/,
  version: /^metadata\/v\d+\.metadata\.json$/,
  list: /^metadata\/snap-.*\.avro$/,
  manifest: /^metadata\/(?!snap-).*\.avro$/,
}

const numbers = (names: readonly string[]) =>
  Object.fromEntries(
    Object.entries(kinds).map(([kind, names_]) => [
      kind,
      names.filter((name) => names_.test(name)).length,
    ]),
  )

describe.each(Object.entries(places))('on %s', (_, make) => {
  it('the program removes, and everything is there', { timeout: 400_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'interop-retention-'))
    const place = await make(folder)
    const { entries, post } = posting()
    const start = (clockBehindMs: number): Promise<Program> =>
      startProgram({
        folder,
        env: {
          ...filesAtOnce,
          OTLP2PARQUET_SNAPSHOT_MIN_COUNT: '10',
          OTLP2PARQUET_SWEEP_INTERVAL_SECONDS: '2',
          NODE_OPTIONS: `--import ${here('test/interop/clock.mjs')}`,
          CLOCK_BEHIND_MS: String(clockBehindMs),
          ...place.env,
        },
      })
    let program = await start(5 * day)
    try {
      // A hundred and one manifests become one.
      await post(program, 130)
      await untilPaid(join(place.files, '../..'))
      const late = await counted(program, 'receipts')
      expect(await program.stop()).toBe(0)
      // One of each request, but those that came late: these a sweep may bring into the table at once.
      const made = await snapshotsOf(place.files)
      expect(made).toBeLessThanOrEqual(130)
      expect(made).toBeGreaterThanOrEqual(late === 0 ? 130 : 131 - late)
      await setBack(place.files, 7)
      const before = await readdir(place.files, { recursive: true })

      program = await start(0)
      await untilExpired(program, made - 10)
      await post(program, 20)
      await untilPaid(join(place.files, '../..'))
      await untilExpired(program, made)
      const standing = () => readdir(place.files, { recursive: true })
      const gone = async () => {
        const names = new Set(await standing())
        return before.filter((name) => !names.has(name))
      }
      // Of the lists that stood before none is left; those of the twenty stay.
      const lists = async () => numbers(await gone()).list
      const { list: all, manifest: manifests } = numbers(before)
      await expect.poll(lists, { timeout: 90_000, interval: 200 }).toBe(all)
      await post(program, 1)
      await untilPaid(join(place.files, '../..'))

      console.log('before:', numbers(before), 'removed:', numbers(await gone()))
      const strange = (name: string) => !Object.values(kinds).some((kind) => kind.test(name))
      expect((await gone()).filter(strange)).toEqual([])
      expect(numbers(before)).toMatchObject({ data: 130, version: made + 1 })
      // Attempts that came to nothing had lists and manifests, too.
      expect(all).toBeGreaterThanOrEqual(made)
      const removed = numbers(await gone())
      // The merged one stays, and those that came after it.
      const kept = 1 + made - 101
      expect(removed).toMatchObject({ data: 0, list: all, manifest: Number(manifests) - kept })
      // A hundred stay behind the latest; a round came when all of these were there at least.
      expect(removed.version).toBeGreaterThanOrEqual(made + 1 - 100)
      const left = numbers(await standing())
      expect(left.data).toBe(151)
      expect(left.version).toBeGreaterThan(100)
      const said = program.errors().split('\n')
      expect(said.filter((line) => line !== '' && !isLate(line))).toEqual([])
    } finally {
      await program.stop()
    }
    const answers = entries.flatMap((entry) => (entry.kind === 'answer' ? [entry.answer] : []))
    const isHonest = (one: Answer) =>
      one.status === 200 || (one.status === 503 && one.milliseconds > lateMs)
    expect(answers.filter((answer) => !isHonest(answer))).toEqual([])
    const tables = [{ table: 'logs', ref: place.logs }]
    expect(await judgeTables([{ entries, tables }])).toEqual([[]])
    await place.stop()
    await rm(folder, { recursive: true, force: true })
  })
})
