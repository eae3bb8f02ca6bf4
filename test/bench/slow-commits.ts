/** How long a commit takes where every call to the storage and to the catalog takes a while: what counts then is how many wait for others. */
import type { Catalog } from '../../src/iceberg/catalog.ts'
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import { type Clock, systemClock } from '../../src/iceberg/retry.ts'
import type { TableWriter } from '../../src/iceberg/table-writer.ts'
import { noLog } from '../../src/log.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { startFakeServer } from '../iceberg/rest/fake-server.ts'
import { memoryFiles, openCatalog } from '../iceberg/rest/open.ts'
import { commitOne, openWriter } from './commit-table.ts'
import { median } from './measure.ts'

/** Milliseconds of a commit where each call takes so long. */
export interface SlowCommits {
  readonly catalog: string
  readonly callMs: number
  /** By a writer that made the last commit. */
  readonly warm: number
  /** By one that did, too, and whose commit merges the manifests of those before. */
  readonly merging: number
  /** By one that has to load the table, because what it knows of it is too old. */
  readonly loading: number
  /** By a new process, which finds the catalog and the table by itself. */
  readonly cold: number
}

/** Calls that take as long as is wanted now. */
interface Weather {
  callMs: number
  /** Whether merged manifests were written since this was set. */
  hasMerged: boolean
  readonly wait: (operation?: string, key?: string) => Promise<void>
}

const createWeather = (): Weather => {
  const weather: Weather = {
    callMs: 0,
    hasMerged: false,
    wait: async (operation = '', key = '') => {
      if (operation === 'put' && key.endsWith('-merged.avro')) weather.hasMerged = true
      if (weather.callMs > 0) await new Promise((resolve) => setTimeout(resolve, weather.callMs))
    },
  }
  return weather
}

/** Over either kind of catalog; few rounds when `smoke`. */
export const slowCommits = async (smoke: boolean, callMs = 20): Promise<SlowCommits[]> => {
  const weather = createWeather()
  const storage = createMemoryStorage({ before: weather.wait })
  const openFiles = ({ now }: Clock) =>
    createFileCatalog({ storage, root: 'file:///lake', log: noLog, now })
  const openFileIO = memoryFiles(createMemoryStorage({ before: weather.wait }))
  const slowFetch: typeof fetch = async (...args) => weather.wait().then(() => fetch(...args))
  const server = await startFakeServer()
  const openRest = (clock: Clock) =>
    openCatalog(server.uri, { openFileIO, fetch: slowFetch, clock })
  const rounds = smoke ? 1 : 9
  try {
    return [
      { catalog: 'file catalog', callMs, ...(await measured(openFiles, weather, callMs, rounds)) },
      { catalog: 'REST catalog', callMs, ...(await measured(openRest, weather, callMs, rounds)) },
    ]
  } finally {
    await server.close()
  }
}

/** Manifests that are left alone, so that every tenth commit or so merges. */
const fewManifests = 10
/** What is known of a table serves for five minutes. */
const longMs = 301_000

const measured = async (
  open: (clock: Clock) => Catalog,
  weather: Weather,
  callMs: number,
  rounds: number,
): Promise<Omit<SlowCommits, 'catalog' | 'callMs'>> => {
  let ahead = 0
  const clock: Clock = { ...systemClock, now: () => Date.now() + ahead }
  const start = () => openWriter(open(clock), { clock, fewManifests })
  const timed = async (writer: TableWriter): Promise<number> => {
    Object.assign(weather, { callMs, hasMerged: false })
    const started = performance.now()
    await commitOne(writer, clock)
    weather.callMs = 0
    return performance.now() - started
  }
  const [warm, merging, loading, cold]: [number[], number[], number[], number[]] = [[], [], [], []]
  const mine = start()
  await commitOne(mine, clock)
  while (merging.length < rounds) {
    const ms = await timed(mine)
    if (weather.hasMerged) merging.push(ms)
    else warm.push(ms)
  }
  while (loading.length < rounds) {
    ahead += longMs
    const ms = await timed(mine)
    if (!weather.hasMerged) loading.push(ms)
  }
  while (cold.length < rounds) {
    const ms = await timed(start())
    if (!weather.hasMerged) cold.push(ms)
  }
  return {
    warm: median(warm),
    merging: median(merging),
    loading: median(loading),
    cold: median(cold),
  }
}

/** As text. */
export const slowCommitLines = (slow: readonly SlowCommits[]): string[] =>
  slow.map(({ catalog, callMs, warm, merging, loading, cold }) => {
    const trips = (ms: number): string => `${ms.toFixed(0)} (${Math.floor(ms / callMs)})`
    return `${catalog}, where each call takes ${callMs} ms: milliseconds of a commit (calls one after the other): ${trips(warm)} after one of the same writer, ${trips(merging)} where that merges manifests, ${trips(loading)} where it loads the table, ${trips(cold)} of a new process`
  })
