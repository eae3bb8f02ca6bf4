// Protects tables from our own cleaning in the eyes of others: after a round of retention readers that know nothing of us find
// every row that was acknowledged, and the program that still runs goes on writing.
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import { retainTable } from '../../src/iceberg/file/retention.ts'
import { systemClock } from '../../src/iceberg/retry.ts'
import { noLog } from '../../src/log.ts'
import { noMetrics } from '../../src/metrics.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import { send } from '../faults/clients.ts'
import { icebergEnvironment, judgeTablesBelow } from '../faults/killed-tables.ts'
import type { Entry } from '../faults/ledger.ts'
import { type Program, startProgram } from '../faults/program.ts'

const day = 86_400_000
const logs = { namespace: ['otel'], name: 'logs' }

let data: string
let program: Program
const entries: Entry[] = []
let first = 0

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'interop-retention-'))
  program = await startProgram({ folder: data, env: icebergEnvironment })
})
afterAll(async () => {
  await program?.stop()
  await rm(data, { recursive: true, force: true })
})

const post = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) {
    const request = {
      run: '7',
      client: 0,
      signal: 'logs',
      first,
      records: 3,
      services: 1,
      hours: 1,
    } as const
    const id = `7/0/${first}`
    first += request.records
    entries.push({ kind: 'sent', id, request })
    entries.push({ kind: 'answer', id, answer: await send(program.url, request) })
  }
}

/** Five days pass for the files of the metadata, three for the snapshots in it. */
const retain = async () => {
  const folder = join(data, 'otel/logs/metadata')
  const then = new Date(Date.now() - 5 * day)
  const storage = await openFileStorage(data)
  const catalog = createFileCatalog({ storage, root: `file://${data}`, log: noLog })
  const latest = `v${(await catalog.load(logs))?.version}.metadata.json`
  for (const name of await readdir(folder))
    if (name !== latest) await utimes(join(folder, name), then, then)
  return retainTable(logs, null, {
    catalog: createFileCatalog({ storage, root: `file://${data}`, log: noLog, now: later }),
    storage,
    policy: { maxAgeMs: day, minCount: 10 },
    clock: { ...systemClock, now: later },
    log: noLog,
    metrics: noMetrics,
  })
}
const later = () => Date.now() + 3 * day

it('removes, and everything is there', { timeout: 240_000 }, async () => {
  await post(130)
  const removed = await retain()
  expect(removed).toMatchObject({ snapshots: 120, versions: 31 })
  // The lists of those snapshots, and manifests that were merged into one.
  expect(removed.files).toBeGreaterThanOrEqual(120)
  await post(20)
  // Time in metadata never goes back: the twenty are as young as the round before.
  expect((await retain()).snapshots).toBe(10)
  await post(1)
  expect(entries.filter((e) => e.kind === 'answer' && e.answer.status !== 200)).toEqual([])
  const { violations, rows } = await judgeTablesBelow(data, entries, () => {})
  expect(violations).toEqual([])
  expect(rows).toEqual({ metadata: first })
  expect(program.errors()).toBe('')
})
