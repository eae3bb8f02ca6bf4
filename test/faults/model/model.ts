// One run of the model: processes of ours, their senders, other writers, and everything that goes wrong between them. A seed
// decides all of it; the same seed is the same run.
import { vi } from 'vitest'
import { IngestError } from '../../../src/errors.ts'
import type { Catalog } from '../../../src/iceberg/catalog.ts'
import { createTableWriter, type TableWriter } from '../../../src/iceberg/table-writer.ts'
import { noLog } from '../../../src/log.ts'
import { type CounterName, type Metrics, noMetrics } from '../../../src/metrics.ts'
import { requestBy } from '../../tools/append-request.ts'
import { check, deadlineMs, type Run, type Work } from './check.ts'
import { encoded } from './encoded.ts'
import { type CatalogKind, createLake, identifier, type Lake } from './lake.ts'
import { count, createNetwork, type Network, type Tally } from './network.ts'
import { appendForeign, compact, expire, mergeManifests, type Others } from './others.ts'
import { modelCreation } from './parquet.ts'
import { createProcess, type Process } from './process.ts'
import { type Chance, createChance } from './random.ts'
import { deferralOf, type ReceiptSettings, settingsOf, sweepOnce } from './receipts.ts'
import { falling, tend, yesterday } from './retention.ts'
import { type Request, send } from './sender.ts'
import { watched } from './watched.ts'
import { createWorld, startOfTime, type World } from './world.ts'

/** When faults end, and senders send what is not acknowledged until it is. */
const healedAt = startOfTime + 60_000
const endOfTime = healedAt + 1_500_000

/** A place where a process runs; after a crash the next one. */
interface Slot {
  process: Process
  writer: TableWriter
  /** Of Lambda: the milliseconds that a request may take, before its environment is ended; one at a time. */
  readonly timeoutMs: number | null
  /** Settled when the request before is answered. */
  last: Promise<unknown>
}

interface Scene {
  readonly world: World
  readonly chance: Chance
  readonly network: Network
  readonly lake: Lake
  readonly run: Run
  /** Whether every attempt of a request makes the same bytes. */
  readonly sameBytes: boolean
  /** The table's. */
  readonly properties: Readonly<Record<string, string>>
  /** Null: nothing is left for later. */
  readonly settings: ReceiptSettings | null
  readonly client: (catalog: Catalog) => Catalog
  readonly retention: boolean
}

export interface ModelOptions {
  /** Whether something is left for later at times. */
  readonly receipts?: boolean
  /** Whether the table is a day old, and programs remove what has expired of it. */
  readonly retention?: boolean
  /** Where the lake says that it is; it is in memory all the same. */
  readonly root?: string
  /** Sees what the run left, when all that must hold was looked at. */
  readonly atEnd?: (run: Run, lake: Lake) => Promise<void>
  /** Counts what happened, in all runs that have it. */
  readonly tally?: Tally
  /** What a program makes of its catalog: one that breaks a rule must be found out. */
  readonly client?: (catalog: Catalog) => Catalog
}

/** Runs a seed. What it broke is told in words; nothing when all held. */
export const runModel = async (
  seed: number,
  kind: CatalogKind,
  options: ModelOptions = {},
): Promise<readonly string[]> => {
  const chance = createChance(seed)
  const random = vi.spyOn(Math, 'random').mockImplementation(chance.next)
  try {
    return await runWith(chance, kind, options)
  } finally {
    random.mockRestore()
  }
}

const runWith = async (
  chance: Chance,
  kind: CatalogKind,
  {
    tally = new Map(),
    client = (catalog) => catalog,
    receipts = false,
    retention = false,
    root,
    atEnd,
  }: ModelOptions,
): Promise<readonly string[]> => {
  const world = createWorld(chance, undefined, retention ? yesterday : startOfTime)
  const network = createNetwork(world, chance, tally)
  const lake = createLake(kind, world, network, chance, root)
  const run: Run = {
    requests: requestsOf(chance, retention),
    foreign: new Set(),
    works: [],
    possibleDuplicates: 0,
    expired: false,
    remembers: false,
    droppedAt: null,
    compactedIn: 0,
  }
  const properties = { 'commit.manifest-merge.min-count-to-merge': chance.pick(['2', '5', '100']) }
  const sameBytes = chance.happens(0.5)
  const settings = receipts ? settingsOf(chance) : null
  const shared = { world, chance, network, lake, run, sameBytes, properties, settings, client }
  const scene = { ...shared, retention }
  const slots = Array.from({ length: chance.whole(1, 4) }, (_, i) =>
    createSlot(scene, `p${i}`, settings?.onLambda ? chance.pick([5_000, 10_000, 15_000]) : null),
  )
  live(scene, slots)
  if (retention) tend(scene)
  await world.run(endOfTime)
  const violations = await check(run, lake, network)
  await atEnd?.(run, lake)
  return violations
}

/** Of an old table some of yesterday. */
const requestsOf = (chance: Chance, isOld: boolean): Request[] =>
  Array.from({ length: chance.whole(3, 12) }, (_, i) => ({
    id: `r${i}`,
    startsAt:
      isOld && chance.happens(0.3)
        ? chance.between(yesterday + 3_600_000, startOfTime)
        : startOfTime + chance.between(0, 25_000),
    counts: Array.from({ length: chance.whole(1, 3) }, () => chance.whole(1, 9)),
    acknowledged: false,
  }))

const createSlot = (scene: Scene, name: string, timeoutMs: number | null): Slot => {
  const { lake, world, settings } = scene
  const process = createProcess(name, world)
  const metrics = metricsOf(scene)
  const catalog = scene.client(lake.catalogFor(process))
  const fallsAsleep = scene.retention && timeoutMs === null && scene.chance.happens(0.4)
  const writer = createTableWriter({
    ...(settings !== null && { deferral: deferralOf(settings, process, lake, metrics) }),
    catalog: watched(fallsAsleep ? falling(catalog, process, scene) : catalog, scene),
    identifier,
    creation: modelCreation(scene.properties),
    clock: process.clock,
    version: 'model',
    log: noLog,
    metrics,
  })
  return { process, writer, timeoutMs, last: Promise.resolve() }
}

const metricsOf = ({ run }: Scene): Metrics => ({
  ...noMetrics,
  count: (counter: CounterName) => {
    if (counter === 'possible_duplicates') run.possibleDuplicates++
  },
})

/** Sweeps while everything goes wrong, some of them at once; and when it is over, until nothing can be owed. */
const sweeps = (scene: Scene): void => {
  const { world, chance, settings } = scene
  if (settings === null) return
  const sweepScene = { ...scene, settings, metrics: metricsOf(scene) }
  for (let i = chance.whole(0, 8); i > 0; i--) {
    const time = startOfTime + chance.between(0, 60_000)
    for (let twins = chance.pick([1, 1, 2, 3]); twins > 0; twins--) {
      world.at(time + chance.between(0, 20), () => void sweepOnce(sweepScene, false))
    }
  }
  // The last when no receipt is young any more: those of a table that was made anew are put aside then.
  for (const minutes of [1, 2, 3, 4, 5, 6, 20]) {
    world.at(healedAt + minutes * 60_000, () => void sweepOnce(sweepScene, true))
  }
}

const live = (scene: Scene, slots: readonly Slot[]): void => {
  const { world, chance, network, run } = scene
  const [twins, lost] = [chance.pick([0, 0.3, 0.8]), chance.pick([0, 0.1, 0.4])]
  for (const request of run.requests) {
    const deliver = () => invoke(scene, chance.pick(slots), request)
    world.at(request.startsAt, () => {
      const counted = () => count(network.tally, 'twins')
      void send(request, chance.whole(1, 5), deliver, world, chance, twins, lost, counted)
    })
    world.at(healedAt + chance.between(20_000, 25_000), () => {
      void send(request, 20, deliver, world, chance, 0, 0)
    })
  }
  for (const happen of disturbances(scene, slots)) {
    world.at(startOfTime + chance.between(0, 40_000), happen)
  }
  world.at(healedAt, network.heal)
  sweeps(scene)
}

/** Hands a request to a process. Lambda thaws it for that, and freezes it when it has answered, whatever is under way. */
const invoke = async (scene: Scene, slot: Slot, request: Request): Promise<200 | 503> => {
  const { timeoutMs } = slot
  if (timeoutMs === null) return handle(scene, slot, request, deadlineMs)
  const asked = scene.world.now()
  const answer = slot.last.then(async () => {
    // Lambda throttles what finds no room; it does not keep it until nobody waits for the answer.
    if (scene.world.now() - asked > deadlineMs) return 503
    if (!slot.process.isAlive()) replace(scene, slot)
    const { process } = slot
    process.thaw()
    const handled = handle(scene, slot, request, Math.min(deadlineMs, timeoutMs - marginMs))
    const timeout = scene.world.sleep(timeoutMs).then(() => null)
    const status = await Promise.race([handled, timeout])
    if (status === null) crash(scene, slot, process)
    else process.freeze()
    return status ?? 503
  })
  slot.last = answer
  return answer
}

/** Before Lambda's timeout: what the program keeps for its answer. */
const marginMs = 1_500

/** Handles a request as `ingest` does. */
const handle = async (
  scene: Scene,
  slot: Slot,
  request: Request,
  answerMs: number,
): Promise<200 | 503> => {
  const { world, chance, run } = scene
  const { process, writer } = slot
  const deadline = process.clock.now() + answerMs
  const work: Work = {
    process,
    startedAt: world.now(),
    answeredAt: null,
    endedAt: null,
  }
  run.works.push(work)
  const by = scene.sameBytes ? '' : `${process.name} ${chance.next() * 10 ** chance.whole(0, 9)}`
  const store = async (): Promise<200 | 503> => {
    const table = await writer.open()
    await process.clock.sleep(chance.between(0, 20))
    await writer.append(
      table,
      encoded(table, request, by),
      requestBy(deadline, Number(request.id.slice(1)), process.clock.now()),
    )
    return 200
  }
  const stored = store().catch((error: unknown) => {
    if (!(error instanceof IngestError) || error.kind !== 'unavailable') run.works.push(bug(error))
    return 503 as const
  })
  stored.then(() => {
    work.endedAt = world.now()
  })
  const late = process.clock.sleep(answerMs).then(() => 503 as const)
  const answer = Promise.race([stored, late])
  answer.then(() => {
    work.answeredAt = world.now()
  })
  return answer
}

const bug = (error: unknown): Work => {
  throw error
}

/** What happens to processes and to the table, each at some time. */
const disturbances = (scene: Scene, slots: readonly Slot[]): (() => void)[] => {
  const { world, chance, lake, run, network, retention } = scene
  const { tally } = network
  const others: Others = {
    catalog: lake.catalog,
    chance,
    now: world.shown,
    pause: () => world.sleep(chance.between(0, 60)),
  }
  const times = (most: number, happen: (i: number) => void): (() => void)[] =>
    Array.from({ length: chance.pick([0, 0, most]) }, (_, i) => () => happen(i))
  const remove = (path: string) => lake.storage.delete(path.replace(`${lake.root}/`, ''))
  const counted = (what: string, deed: Promise<boolean>): Promise<boolean> =>
    deed.then(
      (done) => {
        if (done) count(tally, what)
        return done
      },
      (error: unknown) => {
        network.forbidden.add(`${what} failed: ${error}`)
        return false
      },
    )
  const compactOnce = async () => {
    if (!(await counted('compaction', compact(others)))) return
    const snapshots = (await lake.catalog.load(identifier))?.metadata.snapshots ?? []
    const compactions = snapshots.filter(({ summary }) => summary?.operation === 'replace')
    run.compactedIn = Math.max(run.compactedIn, compactions.at(-1)?.['sequence-number'] ?? 0)
  }
  return [
    ...times(3, () => crash(scene, chance.pick(slots))),
    ...times(3, () => {
      count(tally, 'stop')
      chance.pick(slots).process.stop(chance.pick([200, 3_000, 15_000]))
    }),
    ...times(2, () => {
      count(tally, 'jump of a clock')
      chance.pick(slots).process.jump(chance.pick([-40_000, -500, 700, 50_000]))
    }),
    ...times(8, () => void compactOnce()),
    ...times(6, () => void counted('merge of manifests', mergeManifests(others))),
    ...times(10, (i) => {
      void counted('append of another', appendForeign(others, `f${i}`)).then((done) => {
        if (done) run.foreign.add(`f${i}`)
      })
    }),
    // An old table has its own.
    ...times(retention ? 0 : 3, () => {
      const olderThan = world.now() - chance.between(0, 8_000)
      void counted('expiry', expire(others, olderThan, remove)).then((done) => {
        run.expired ||= done
      })
    }),
    ...(chance.happens(0.1) ? [() => void dropTable(scene)] : []),
  ]
}

/** Whatever it was about is never ended. */
const crash = (
  { world, chance, ...scene }: Scene,
  slot: Slot,
  process: Process = slot.process,
): void => {
  count(scene.network.tally, 'crash')
  process.crash()
  world.at(world.now() + chance.between(0, 3_000), () => {
    if (!slot.process.isAlive()) replace({ world, chance, ...scene }, slot)
  })
}

/** A process of its own in the place of one that crashed. */
const replace = (scene: Scene, slot: Slot): void => {
  const { process, writer } = createSlot(scene, `${slot.process.name}+`, slot.timeoutMs)
  slot.process = process
  slot.writer = writer
}

/** An operator takes the table away; maybe makes another of its name, or brings it back. */
const dropTable = async ({ world, chance, lake, run, network }: Scene): Promise<void> => {
  if (lake.drop === undefined || (await lake.catalog.load(identifier)) === null) return
  run.droppedAt = world.now()
  const bringBack = lake.drop()
  count(network.tally, 'table taken away')
  await world.sleep(chance.between(0, 5_000))
  if (chance.happens(0.5)) {
    count(network.tally, 'table brought back')
    bringBack()
  }
  if ((await lake.catalog.load(identifier)) !== null) return
  count(network.tally, 'table made anew')
  await lake.catalog.create(identifier, modelCreation())
}
