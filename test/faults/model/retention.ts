// Retention in the model: a table of yesterday, whose old snapshots, lists and versions programs remove while others write to
// it; and a writer who slept meanwhile, in the middle of a commit.
import type { Catalog } from '../../../src/iceberg/catalog.ts'
import type { RetentionPolicy } from '../../../src/iceberg/file/expired-snapshots.ts'
import { type NeededSince, retainTable } from '../../../src/iceberg/file/retention.ts'
import { noLog } from '../../../src/log.ts'
import { noMetrics } from '../../../src/metrics.ts'
import { createReceiptStore } from '../../../src/receipts/receipt-store.ts'
import type { Run } from './check.ts'
import { identifier, type Lake } from './lake.ts'
import { count, type Network } from './network.ts'
import { appendForeign, compact, mergeManifests, type Others } from './others.ts'
import { modelCreation } from './parquet.ts'
import { createProcess, type Process } from './process.ts'
import type { Chance } from './random.ts'
import { startOfTime, type World } from './world.ts'

const hour = 3_600_000

/** When the table is made: two hours more than what retention leaves alone for a day. */
export const yesterday = startOfTime - 26 * hour

/** As many commits as it takes until versions are so far behind that they go. */
const oldCommits = 115

export interface RetentionScene {
  readonly world: World
  readonly chance: Chance
  readonly network: Network
  readonly lake: Lake
  readonly run: Run
  /** The table's. */
  readonly properties: Readonly<Record<string, string>>
}

/** An hour is longer than anybody looks for files of his; two seconds are not. */
const policies: readonly RetentionPolicy[] = [
  { maxAgeMs: hour, minCount: 1 },
  { maxAgeMs: hour, minCount: 20 },
  { maxAgeMs: 2_000, minCount: 1 },
]

/** Lets a day pass, and programs clean up in it, in what follows, and once when all is well. */
export const tend = (scene: RetentionScene): void => {
  const { world, chance, network, run } = scene
  const policy = chance.pick(policies)
  world.at(yesterday, () => {
    grow(scene).catch((error: unknown) => network.forbidden.add(`yesterday failed: ${error}`))
  })
  const round = (isCalm: boolean) => () => void retainOnce(scene, policy, isCalm)
  for (let i = chance.whole(0, 2); i > 0; i--) {
    world.at(yesterday + chance.between(hour, 25 * hour), round(false))
  }
  for (let i = chance.whole(2, 8); i > 0; i--) {
    const time = startOfTime + chance.between(0, 60_000)
    for (let twins = chance.pick([1, 1, 2]); twins > 0; twins--) {
      world.at(time + chance.between(0, 20), round(false))
    }
  }
  world.at(startOfTime + 500_000, round(true))
  run.expired = true
  // A request of yesterday that is sent again today may have been in the table for all that it remembers.
  world.at(startOfTime, () => {
    const isLate = run.requests.some((one) => one.startsAt < startOfTime && !one.acknowledged)
    run.remembers = policy.maxAgeMs >= hour && !isLate
  })
}

/** Commits of others, all day long; they merge what they wrote now and then. */
const grow = async ({ world, chance, lake, run, properties }: RetentionScene): Promise<void> => {
  const pause = () => world.sleep(chance.between(0, 60))
  const others: Others = { catalog: lake.catalog, chance, now: world.shown, pause }
  await lake.catalog.create(identifier, modelCreation(properties))
  for (let i = 0; i < oldCommits; i++) {
    await world.sleep((25.5 * hour) / oldCommits)
    if (await appendForeign(others, `fd${i}`)) run.foreign.add(`fd${i}`)
    if (i % 6 === 5) await mergeManifests(others)
    if (i % 10 === 9) await compact(others)
  }
}

/** The catalog of a process that stops right before a swap of yesterday's, and goes on today. */
export const falling = (
  catalog: Catalog,
  process: Process,
  { world, chance, network }: Pick<RetentionScene, 'world' | 'chance' | 'network'>,
): Catalog => {
  const wakesAt = startOfTime + chance.between(0, 45_000)
  return {
    ...catalog,
    commit: (...args) => {
      const ms = Math.max(0, wakesAt - world.now())
      process.stop(ms)
      if (ms > hour) count(network.tally, 'slept over a swap')
      return catalog.commit(...args)
    },
  }
}

let keepers = 0

/** A program removes what has expired; it may crash while it does, or stand still. */
const retainOnce = async (
  { world, chance, lake, network: { tally } }: RetentionScene,
  policy: RetentionPolicy,
  isCalm: boolean,
): Promise<void> => {
  const process = createProcess(`keeper${keepers++}`, world)
  const keeper = lake.keeperFor?.(process)
  if (keeper === undefined) throw new Error('this catalog cleans up by itself')
  if (!isCalm && chance.happens(0.3)) {
    world.at(world.now() + chance.between(0, 2_000), process.crash)
  }
  if (!isCalm && chance.happens(0.3)) {
    const ms = chance.pick([500, 20_000, 90_000])
    world.at(world.now() + chance.between(0, 2_000), () => process.stop(ms))
  }
  const store = createReceiptStore(lake.storageFor(process))
  const neededSince: NeededSince = (tableUuid) => store.neededSince({ identifier, tableUuid })
  const { clock } = process
  const options = { ...keeper, policy, clock, log: noLog, metrics: noMetrics }
  const removed = await retainTable(identifier, neededSince, options).catch(() => null)
  for (const [what, times] of Object.entries(removed ?? { rounds: 1 })) {
    if (times > 0) count(tally, removed === null ? 'retention failed' : `${what} removed`)
  }
}
