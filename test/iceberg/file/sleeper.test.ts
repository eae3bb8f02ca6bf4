// Protects what a writer acknowledges from its own sleep: a process that was stopped between load and put, while others
// committed more than a hundred versions and retention removed the one that it puts, must not take that for a commit.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFileCatalog, type FileCatalog } from '../../../src/iceberg/file/catalog.ts'
import { readHint } from '../../../src/iceberg/file/hint.ts'
import { retainTable } from '../../../src/iceberg/file/retention.ts'
import { metadataKey } from '../../../src/iceberg/file/versions.ts'
import { systemClock } from '../../../src/iceberg/retry.ts'
import { noLog } from '../../../src/log.ts'
import { noMetrics } from '../../../src/metrics.ts'
import { openFileStorage } from '../../../src/storage/fs.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { createAppender, logs, storedUuids } from './writers.ts'

const program = fileURLToPath(new URL('sleeper.ts', import.meta.url))

let folder: string
let storage: Storage
let catalog: FileCatalog
let append: ReturnType<typeof createAppender>
let child: ChildProcess | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-sleeper-'))
  storage = await openFileStorage(folder)
  catalog = createFileCatalog({ storage, root: `file://${folder}`, log: noLog })
  append = createAppender(catalog)
})
afterEach(async () => {
  child?.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

const key = (version: number) => metadataKey('otel/logs', version)

/** Appends files; the uuids of those that were acknowledged. */
const appendMany = async (count: number): Promise<string[]> => {
  const uuids: string[] = []
  for (let i = 0; i < count; i++) {
    const uuid = crypto.randomUUID()
    if ((await append(uuid)) === 'committed') uuids.push(uuid)
  }
  return uuids
}

/** Two hours pass for the versions that stand, and a round of retention comes. */
const retain = async (latest: number) => {
  const then = new Date(Date.now() - 2 * 3_600_000)
  for (let version = 1; version < latest; version++) {
    await utimes(join(folder, key(version)), then, then)
  }
  const policy = { maxAgeMs: 24 * 3_600_000, minCount: 100 }
  const options = { catalog, storage, policy, clock: systemClock, log: noLog, metrics: noMetrics }
  return retainTable(logs, async () => null, options)
}

/** Starts a writer and stops it just before its put of a version, or its move of the hint where its storage gives tags. */
const startAndStop = async (uuid: string, ...how: string[]) => {
  const options = { stdio: ['ignore', 'pipe', 'inherit'] } satisfies SpawnOptions
  child = spawn(process.execPath, [program, folder, uuid, ...how], options)
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  reader.on('line', (line) => lines.push(line))
  const ended = once(reader, 'close')
  await Promise.race([once(reader, 'line'), ended])
  child.kill('SIGSTOP')
  return {
    putting: lines[0],
    goOn: async () => {
      child?.kill('SIGCONT')
      await ended
      return lines[1]
    },
  }
}

const ways = [
  ['without tags', []],
  ['with tags', ['version', 'tagged']],
] as const

it.each(ways)(
  'a writer %s that slept while its version came and went commits on what is there now',
  async (_, how) => {
    const before = await appendMany(2)
    const uuid = crypto.randomUUID()
    const sleeper = await startAndStop(uuid, ...how)
    expect(sleeper.putting).toBe(`putting ${key(4)}`)
    const others = await appendMany(120)
    expect((await retain(123)).versions).toBeGreaterThan(10)
    expect(await storage.head(key(4))).toBeNull()
    expect(await sleeper.goOn()).toBe('outcome committed')
    // It did put what it had, and did not believe it.
    expect(await storage.head(key(4))).not.toBeNull()
    const stored = await storedUuids(
      createFileCatalog({ storage, root: `file://${folder}`, log: noLog }),
    )
    expect(stored.toSorted()).toEqual([...before, ...others, uuid].toSorted())
  },
)

it('a writer that slept before it moved the hint finds itself, and moves nothing back', async () => {
  const before = await appendMany(2)
  const uuid = crypto.randomUUID()
  const sleeper = await startAndStop(uuid, 'hint', 'tagged')
  expect(sleeper.putting).toBe('putting otel/logs/metadata/version-hint.text')
  const others = await appendMany(120)
  expect((await retain(124)).versions).toBeGreaterThan(10)
  expect(await sleeper.goOn()).toBe('outcome committed')
  expect(await readHint(storage, 'otel/logs')).toBe(124)
  expect((await storedUuids(catalog)).toSorted()).toEqual([...before, ...others, uuid].toSorted())
})

it.each(ways)(
  'a writer %s that slept while nobody came commits as if it had not',
  async (_, how) => {
    const before = await appendMany(2)
    const uuid = crypto.randomUUID()
    const sleeper = await startAndStop(uuid, ...how)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(await sleeper.goOn()).toBe('outcome committed')
    expect((await storedUuids(catalog)).toSorted()).toEqual([...before, uuid].toSorted())
  },
)
