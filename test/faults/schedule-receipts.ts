/** Receipts of a schedule: how programs come to leave them, and what is left of them. */
import { tmpdir } from 'node:os'
import { sha256 } from '../../runtimes/shared/sha256.ts'
import { readKey } from '../../src/receipts/receipt-key.ts'
import { requestId } from '../../src/request-id.ts'
import { here, run } from '../interop/programs.ts'
import type { Ground } from './grounds.ts'
import { requestName, type Violation } from './ledger.ts'
import { bodyOf, type Sent, tableOfSignal } from './load.ts'
import type { Operator } from './operator.ts'
import type { Plan } from './schedule-plan.ts'

/** What a run has to do with receipts. */
export type Receipts = Pick<Plan, 'receipts' | 'change' | 'signals'>

export const receiptsEnv = (
  plan: Receipts,
  { receipts }: Ground,
): Readonly<Record<string, string>> => {
  if (!plan.receipts) return {}
  if (receipts === undefined) throw new Error('there is no place for receipts here')
  return receipts.env
}

/** The keys of a schedule's receipts. */
const keysOf = (
  kind: 'owed' | 'quarantine',
  { receipts }: Ground,
  namespace: string,
): Promise<string[]> =>
  Array.fromAsync(receipts?.storage.list(`_receipts/${kind}/${namespace}.`) ?? [], ({ key }) => key)

/**
 * A sweep that meets one amid its work, or one that was cut, leaves what that one was at; the one after it begins with the others,
 * and only the next tries what rests.
 */
export const mostSweeps = 10

/** Sweeps as an operator does. It ends with 1 where something is still owed. */
export const sweepByHand = async (
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<void> => {
  const args = [here('runtimes/cli.ts'), 'sweep', '--output', folder]
  await run(process.execPath, args, { env }).catch(() => '')
}

/**
 * The last programs swept when they stopped; what they left, since they had no time for it, is paid by hand. `tidy`: the
 * operator's, since a commit may have come as far as what is left of the table before.
 */
export const payAll = async (
  plan: Receipts,
  ground: Ground,
  namespace: string,
  tidy: Operator['tidy'] = async () => false,
): Promise<Violation[]> => {
  const env = { ...ground.env(namespace, {}), ...receiptsEnv(plan, ground) }
  for (let sweeps = 0; ; sweeps++) {
    while (await tidy());
    const isOfNow = await ofTablesNow(plan, ground, namespace)
    const owed = (await keysOf('owed', ground, namespace)).filter(isOfNow)
    if (owed.length > 0 && sweeps < mostSweeps) {
      await sweepByHand(ground.folder ?? tmpdir(), env)
      continue
    }
    const aside = (await keysOf('quarantine', ground, namespace)).filter(isOfNow)
    return [
      ...owed.map((key) => `I8: a receipt is still owed: ${key}`),
      ...aside.map((key) => `I8: a receipt was put aside: ${key}`),
    ]
  }
}

/**
 * Whether a receipt is for a table as it is now: those for one that is gone cannot be paid. While a table has another name a
 * program that starts makes one of its own in its place.
 */
const ofTablesNow = async ({ change, signals }: Receipts, ground: Ground, namespace: string) => {
  if (change === null) return () => true
  const catalog = await ground.open()
  const tables = await Promise.all(
    signals.map((signal) =>
      catalog.load({ namespace: [namespace], name: tableOfSignal[signal] }).catch((error) => {
        // What lands after its table was dropped is no table.
        if (change.what === 'drop') return null
        throw error
      }),
    ),
  )
  const uuids = new Set(tables.map((table) => table?.metadata['table-uuid']))
  return (key: string) => uuids.has(readKey(key)?.tableUuid)
}

/** Names of requests whose receipts wait for a table that an operator took away: they are not lost, and cannot be in it. */
export const stillOwed = async (
  { change }: Plan,
  ground: Ground,
  namespace: string,
  requests: readonly Sent[],
): Promise<ReadonlySet<string>> => {
  if (change === null) return new Set()
  const owed = await keysOf('owed', ground, namespace)
  const aside = await keysOf('quarantine', ground, namespace)
  const ids = new Set([...owed, ...aside].map((key) => readKey(key)?.requestId))
  const named = requests.map(async (request) => {
    const id = await requestId(request.signal, bodyOf(request), sha256)
    return ids.has(id) ? [requestName(request)] : []
  })
  return new Set((await Promise.all(named)).flat())
}
