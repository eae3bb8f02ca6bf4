// Protects the judgement of schedules: what the operator of a table that was made anew has to remove hides no row.
import { beforeEach, expect, it } from 'vitest'
import type { Catalog, LoadedTable } from '../../src/iceberg/catalog.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { append, creation } from '../contracts/commits.ts'
import { fileGround } from './grounds.ts'
import { createOperator, type Operator } from './operator.ts'
import type { Plan } from './schedule-plan.ts'

const identifier = { namespace: ['s4'], name: 'logs' }
const folder = 's4/logs/metadata'

const plan: Plan = {
  ...{ seed: 4, programs: 1, senders: 1, signals: ['logs'], receipts: false, ms: 1_000 },
  ...{
    warm: true,
    compactions: false,
    mostCompactions: 0,
    sure: [],
    stops: [],
    runtime: 'node',
    crashes: [],
  },
  change: { what: 'recreate', at: 0 },
}

let storage: Storage
let catalog: Catalog
let operator: Operator
beforeEach(async () => {
  storage = createMemoryStorage()
  const rest = { origins: {}, env: () => ({}), stop: async () => {} }
  const ground = fileGround('in memory', storage, 'memory://lake', rest)
  catalog = await ground.open()
  operator = createOperator(plan, ground, 's4')
})

let id = 1n

/** Commits until the table's metadata is of that version. */
const grow = async (table: LoadedTable, version: number): Promise<LoadedTable> => {
  let last = table
  for (;;) {
    if ((await storage.head(`${folder}/v${version}.metadata.json`)) !== null) return last
    const outcome = await catalog.commit(last, append(last, id++))
    if (outcome.kind !== 'committed') throw new Error(outcome.reason)
    last = outcome.table
  }
}

/** A writer's swap gets there when the table it is for was made anew: its version is left behind. */
const madeAnew = async (version: number): Promise<LoadedTable> => {
  const old = await grow(await catalog.create(identifier, creation()), version - 1)
  const acting = operator.act()
  const path = `/lake/${folder}/v${version}.metadata.json`
  while (!operator.isWaiting()) await new Promise((resolve) => setTimeout(resolve, 1))
  await operator.meanwhile({ path })?.()
  expect(await catalog.commit(old, append(old, id++))).toMatchObject({ kind: 'unknown' })
  await acting
  expect(await storage.head(path.replace('/lake/', ''))).not.toBeNull()
  return (await catalog.load(identifier)) as LoadedTable
}

const versions = async (): Promise<unknown[]> =>
  (await operator.tables()).map(({ ref }) => 'metadata' in ref && ref.metadata)

it('finds the table that was made anew, however far it has come', async () => {
  const table = await madeAnew(4)
  expect(await versions()).toEqual([`memory://lake/${folder}/v1.metadata.json`])
  await grow(table, 2)
  expect(await versions()).toEqual([`memory://lake/${folder}/v2.metadata.json`])
  expect(operator.done()).toContainEqual(['left over', 0])
})

it('finds it where its last commit reached what is left of the table before', async () => {
  // As a sweep's when a program stops, after everybody looked that nothing is in the way.
  await grow(await madeAnew(4), 3)
  expect(await versions()).toEqual([`memory://lake/${folder}/v3.metadata.json`])
  expect(operator.done()).toContainEqual(['left over', 1])
})

it('finds it behind a hint of the table before that came late', async () => {
  await grow(await madeAnew(4), 2)
  await storage.put(`${folder}/version-hint.text`, new TextEncoder().encode('3'))
  expect(await versions()).toEqual([`memory://lake/${folder}/v2.metadata.json`])
  expect(operator.done()).toContainEqual(['left over', 1])
})

it('says what else keeps a table from being found', async () => {
  await madeAnew(4)
  await storage.put(`${folder}/v1.metadata.json`, new TextEncoder().encode('{}'), {
    volatile: true,
  })
  await expect(operator.tables()).rejects.toThrow('cannot write to a table')
})
