// Protects what is acknowledged while somebody removes a table's objects, one after the other, and makes a table of the same
// name: no two tables may live on in one folder. Every call comes and is answered at a time that a seed decides.
import { describe, expect, it } from 'vitest'
import type { LoadedTable } from '../../../src/iceberg/catalog.ts'
import { createFileCatalog } from '../../../src/iceberg/file/catalog.ts'
import { tableUuid } from '../../../src/iceberg/file/metadata-text.ts'
import { metadataKey } from '../../../src/iceberg/file/versions.ts'
import { noLog } from '../../../src/log.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { append, creation, snapshotOf } from '../../contracts/commits.ts'
import { type Random, random } from '../../judge/random.ts'

const logs = { namespace: ['otel'], name: 'logs' }
const folder = 'otel/logs/metadata/'
const root = 's3://bucket/lake'

let ms = 1_795_000_000_000
/** By a clock on which no two calls happen at the same time. */
const open = (storage: Storage) => createFileCatalog({ storage, root, log: noLog, now: () => ms++ })

/** Lets waiting calls go on, one at a time. Some sleep until many others have been. */
const createTraffic = (dice: Random) => {
  let waiting: { readonly go: () => void; readonly notBefore: number }[] = []
  let turn = 0
  return {
    pause: () =>
      new Promise<void>((go) => {
        const sleeps = dice.oneIn(15)
        waiting.push({ go, notBefore: sleeps ? turn + dice.below(400) : turn })
      }),
    async run(work: Promise<unknown>): Promise<void> {
      let isOver = false
      work.finally(() => {
        isOver = true
      })
      while (!isOver) {
        await new Promise((resolve) => setImmediate(resolve))
        turn++
        const ready = waiting.filter(({ notBefore }) => notBefore <= turn)
        const next = ready[dice.below(ready.length)]
        waiting = waiting.filter((one) => one !== next)
        next?.go()
      }
    },
  }
}

interface Acknowledged {
  readonly uuid: string
  readonly snapshot: bigint
  readonly began: number
}

/** Commits again and again; what was acknowledged, and of which table. */
const write = async (
  storage: Storage,
  number: number,
  isOver: () => boolean,
  time: () => number,
) => {
  const catalog = open(storage)
  const acknowledged: Acknowledged[] = []
  let known: LoadedTable | null = null
  for (let i = 0; !isOver(); i++) {
    const began = time()
    known ??= await catalog.load(logs).catch(() => null)
    if (known === null) continue
    const snapshot = BigInt(1000 * number + i)
    const outcome = await catalog.commit(
      known,
      append(known, snapshot, snapshotOf(known, snapshot, ms++)),
    )
    known = outcome.kind === 'committed' ? outcome.table : null
    if (known !== null) acknowledged.push({ uuid: known.metadata['table-uuid'], snapshot, began })
  }
  return acknowledged
}

/** Removes what makes a table until one can be made anew. */
const recreate = async (storage: Storage, old: string): Promise<string> => {
  const catalog = open(storage)
  for (;;) {
    for await (const { key } of storage.list(folder)) await storage.delete(key)
    const made = await catalog.create(logs, creation()).catch(() => null)
    // One that was made, and is not found for what is left of the other, is not removed as well.
    const uuid = made?.metadata['table-uuid'] ?? (await firstUuid(storage)) ?? old
    if (uuid !== old) return uuid
  }
}

const firstUuid = async (storage: Storage): Promise<string | null> => {
  const first = await storage.get(metadataKey('otel/logs', 1))
  return first && tableUuid(first)
}

const runSeed = async (seed: number, memory: Storage) => {
  const dice = random(seed)
  const { pause, run } = createTraffic(dice)
  const slow = createSlow(memory, pause)
  const first = await open(memory).create(logs, creation())
  let time = 0
  let recreatedAt = Number.POSITIVE_INFINITY
  const clock = () => ++time
  const isOver = () => time > 60
  const old = first.metadata['table-uuid']
  const writers = [1, 2, 3].map((number) => write(slow, number, isOver, clock))
  const made = (async () => {
    for (let i = dice.below(40); i > 0; i--) await pause()
    const uuid = await recreate(slow, old)
    recreatedAt = time
    return uuid
  })()
  const all = Promise.all([made, ...writers])
  await run(all)
  const [uuid, ...acknowledged] = await all
  const table = await loadCleaned(memory)
  return { uuid, acknowledged: acknowledged.flat(), table, recreatedAt }
}

/** As an operator does who is told which version is left over. */
const loadCleaned = async (storage: Storage): Promise<LoadedTable | null> => {
  for (;;) {
    const found = await open(storage)
      .load(logs)
      .catch((error: unknown) => String(error))
    if (typeof found !== 'string') return found
    const [, version] =
      /version (\d+) (?:of .* is of another table|is left alone)/.exec(found) ?? []
    if (version === undefined) throw new Error(found)
    await storage.delete(metadataKey('otel/logs', Number(version)))
  }
}

const createSlow = (memory: Storage, pause: () => Promise<void>): Storage => {
  const { tagged } = memory
  const call = async <T>(act: () => Promise<T>): Promise<T> => {
    await pause()
    const result = await act()
    await pause()
    return result
  }
  return {
    ...memory,
    put: (key, bytes, options) => call(() => memory.put(key, bytes, options)),
    tagged: tagged && {
      get: (key) => call(() => tagged.get(key)),
      replace: (key, tag, bytes) => call(() => tagged.replace(key, tag, bytes)),
    },
    get: (key, options) => call(() => memory.get(key, options)),
    head: (key) => call(() => memory.head(key)),
    delete: (key) => call(() => memory.delete(key)),
    async *list(prefix) {
      yield* await call(() => Array.fromAsync(memory.list(prefix)))
    },
  }
}

describe.each([
  ['gives tags', createMemoryStorage],
  ['gives none', (): Storage => ({ ...createMemoryStorage(), tagged: undefined })],
])('where the storage %s', (_, createStorage) => {
  let all = 0

  it.each(Array.from({ length: 100 }, (_, i) => i + 1))('seed %i', async (seed) => {
    const { uuid, acknowledged, table, recreatedAt } = await runSeed(seed, createStorage())
    all += acknowledged.length
    expect(table?.metadata['table-uuid']).toBe(uuid)
    const stands = new Set(table?.metadata.snapshots.map((snapshot) => snapshot['snapshot-id']))
    const own = acknowledged.filter((one) => one.uuid === uuid)
    expect(own.filter(({ snapshot }) => !stands.has(snapshot))).toEqual([])
    const late = acknowledged.filter((one) => one.uuid !== uuid && one.began > recreatedAt)
    expect(late).toEqual([])
  })

  // Else nothing of the above says anything.
  it('and much was acknowledged', () => expect(all).toBeGreaterThan(1000))
})
