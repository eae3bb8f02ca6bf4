/** Who does to a schedule's tables what operators do: compacts, drops, makes anew and renames them. */
import { setTimeout as pause } from 'node:timers/promises'
import type { TableRef } from '../interop/readers/iceberg.ts'
import { compact } from './compactor.ts'
import type { Ground } from './grounds.ts'
import { type Sent, tableOfSignal } from './load.ts'
import type { Change, Plan } from './schedule-plan.ts'

/** A table that is there at the end. */
export interface EndTable {
  /** Which of the program's tables it is or was. */
  readonly table: string
  readonly ref: TableRef
}

export interface Operator {
  /** Sees to it that what the plan says is done to a table: when a program is about to change it, if that comes soon. */
  act(): Promise<void>
  /** Whether that is still to come. */
  isWaiting(): boolean
  /** What is to be done before a call that changes a table gets there; null: nothing. */
  meanwhile(call: { readonly path: string }): (() => Promise<unknown>) | null
  /** Compacts the table that a call is to change; whether that was done, and nobody was faster. */
  compact(call: { readonly path: string }): Promise<boolean>
  /** Removes what the log says is left of a table that was there before; whether there was anything. */
  tidy(): Promise<boolean>
  /** Whether nobody can expect a request to be acknowledged any more. */
  isHopeless(request: Sent): boolean
  /** Whether a request's records may have been in a table that was dropped. */
  isExcused(request: Sent, firstAt: number): boolean
  tables(): Promise<EndTable[]>
  /** What was done between a program's load of a table and its commit, and how often. */
  done(): readonly (readonly [string, number])[]
}

/** A program that has traffic commits sooner. */
const commitWithinMs = 8_000

const leftOver = /version (\d+) (?:of a table's metadata is of another table|is left alone)/

/** The operator of one schedule. */
export const createOperator = (plan: Plan, ground: Ground, namespace: string): Operator => {
  const names = plan.signals.map((signal): string => tableOfSignal[signal])
  const target = names[0] as string
  const away = `${target}_old`
  let changedAt: number | null = null
  let compacted = 0
  let left = 0
  let isDue = false
  let betweenLoadAndCommit = false
  let changing: Promise<boolean> | null = null
  const opened = ground.open()
  const done = async (deed: Promise<void>): Promise<boolean> =>
    deed.then(
      () => true,
      () => false,
    )
  const change = async (what: Change): Promise<boolean> => {
    const catalog = await opened
    const identifier = { namespace: [namespace], name: target }
    const there = await catalog.load(identifier)
    if (there === null) return false
    if (what === 'drop') return done(ground.drop(namespace, target))
    if (what === 'recreate') {
      const { schemas, 'partition-specs': specs, 'sort-orders': orders } = there.metadata
      const [schema, spec, sortOrder] = [schemas[0], specs[0], orders[0]]
      if (schema === undefined || spec === undefined || sortOrder === undefined) return false
      const creation = { schema, spec, sortOrder, properties: {} }
      const uuid = there.metadata['table-uuid']
      // Objects are removed one by one: what a writer put meanwhile is left, and keeps the table.
      for (let time = 0; time < 20; time++) {
        if (!(await done(ground.drop(namespace, target)))) return false
        const made = await catalog.create(identifier, creation).catch(() => null)
        if (made !== null && made.metadata['table-uuid'] !== uuid) return true
      }
      throw new Error(`${target} could not be made anew`)
    }
    return done(ground.rename?.(namespace, target, away) ?? Promise.reject())
  }
  /** Resolves when the table is not any more what it was. */
  const begin = (): Promise<boolean> => {
    isDue = false
    changing ??= change(plan.change?.what as Change)
    return changing
  }
  const end = async (): Promise<boolean> => {
    if (!(await begin())) return false
    if (what !== 'rename back') return true
    await pause(300)
    return done(ground.rename?.(namespace, away, target) ?? Promise.reject())
  }
  const nameIn = (path: string): string | undefined =>
    names.find((one) => new RegExp(`/${one}(/|$)`).test(path))
  const isOf = (request: Sent): boolean => tableOfSignal[request.signal] === target
  const what = plan.change?.what
  const tidy = async (): Promise<boolean> => {
    if (changedAt === null || ground.removeVersion === undefined) return false
    const told = await (await ground.open()).load({ namespace: [namespace], name: target }).then(
      () => '',
      (error: unknown) => String(error),
    )
    const [, version] = leftOver.exec(told) ?? []
    if (version === undefined) return false
    await ground.removeVersion(namespace, target, Number(version))
    left++
    return true
  }
  /** A swap that lands after its table was dropped leaves a version that no catalog takes for a table. */
  const noneOf = (name: string) => (error: unknown) => {
    if (what === 'drop' && name === target) return null
    throw error
  }

  return {
    async act() {
      if (plan.change === null) return
      await pause(plan.change.at)
      isDue = true
      for (let waited = 0; isDue && waited < commitWithinMs; waited += 50) await pause(50)
      if (await end()) changedAt = Date.now()
    },
    isWaiting: () => isDue,
    meanwhile({ path }) {
      if (!isDue || nameIn(path) !== target) return null
      betweenLoadAndCommit = true
      return begin
    },
    async compact({ path }) {
      const name = nameIn(path)
      if (name === undefined || compacted >= plan.mostCompactions) return false
      // Counted first: others are about to change the table, too, and ask meanwhile.
      compacted++
      const was = await compact(await opened, { namespace: [namespace], name }).catch(() => false)
      if (!was) compacted--
      return was
    },
    tidy,
    isHopeless: (request) =>
      changedAt !== null && isOf(request) && !/back|recreate/.test(what ?? ''),
    isExcused: (request, firstAt) =>
      changedAt !== null &&
      isOf(request) &&
      /drop|recreate/.test(what ?? '') &&
      firstAt < changedAt,
    async tables() {
      // The last commit of all may have come as far as what is left of the table before: its rows are not lost by that.
      while (await tidy());
      const all = [...names.map((name) => [name, name] as const), [target, away] as const]
      const found = await Promise.all(
        all.map(async ([table, name]) => ({
          table,
          ref: await ground.table(namespace, name).catch(noneOf(name)),
        })),
      )
      return found.flatMap(({ table, ref }) => (ref === null ? [] : [{ table, ref }]))
    },
    done: () => [
      ['compacted', compacted],
      ['left over', left],
      ...(changedAt !== null && what ? [[what, betweenLoadAndCommit ? 1 : 0] as const] : []),
    ],
  }
}
