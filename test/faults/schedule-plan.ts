/** What a seed decides of a schedule. */
import type { Signal } from '../../src/otlp/decode.ts'
import { random } from '../judge/random.ts'
import type { Ground } from './grounds.ts'
import type { LambdaCrash } from './lambda-program.ts'
import { type SureKind, sureKindsOf } from './sure.ts'

/** What an operator does to a table. `drop` and `rename` for good: then its records are refused. */
export type Change = 'drop' | 'recreate' | 'rename' | 'rename back'

/** What a seed decides before anything happens. */
export interface Plan {
  readonly seed: number
  readonly programs: 1 | 2
  /** What programs run on. */
  readonly runtime: 'node' | 'lambda'
  readonly senders: number
  readonly signals: readonly Signal[]
  /** Whether programs leave receipts. */
  readonly receipts: boolean
  /** For how long there is traffic and weather, in milliseconds. */
  readonly ms: number
  /** Whether the tables are there before. */
  readonly warm: boolean
  /** Whether somebody compacts them at times. */
  readonly compactions: boolean
  /**
   * How often they are compacted at most. Once on Nessie, whose metadata tell of the current snapshot alone: what a second one
   * replaces whole is forgotten, and a request that comes again then stands twice (`infra/README.md`, "Retries and duplicates").
   */
  readonly mostCompactions: number
  /** What happens whatever the dice say. */
  readonly sure: readonly SureKind[]
  readonly change: { readonly what: Change; readonly at: number } | null
  /** When a program is stopped, and for how long. */
  readonly stops: readonly { readonly at: number; readonly ms: number }[]
  /** What happens to functions on Lambda, from when on: as soon as one is busy. */
  readonly crashes: readonly { readonly at: number; readonly what: LambdaCrash }[]
}

const changes: readonly Change[] = ['drop', 'recreate', 'rename', 'rename back']

/**
 * The plan of a seed on a ground. With receipts no table is taken away for good: they would be owed to it for ever, as they
 * should; where one is made anew, those for the one before are.
 */
export const planOf = (seed: number, ground: Ground, receipts = false): Plan => {
  const dice = random(seed)
  // Every second seed with receipts is one for Lambda.
  const runtime = receipts && seed % 2 === 0 ? 'lambda' : 'node'
  const ms = 2_000 + dice.below(2_000)
  const isNessie = ground.name === 'Nessie'
  const all: readonly Signal[] = ['logs', 'traces', 'metrics']
  const signals = dice.oneIn(3) ? all : [all[dice.below(3)] as Signal]
  const possible = changes.filter(
    (one) =>
      (ground.rename !== undefined || !one.startsWith('rename')) &&
      (!receipts || one === 'recreate' || one === 'rename back'),
  )
  // Every fourth seed changes a table, in turns: each kind of change is there whatever the dice say.
  const what = possible[Math.floor(seed / 4) % possible.length] as Change
  const at = Math.round(ms * 0.2) + dice.below(ms / 2)
  const change = (seed % 4 === 0 || dice.oneIn(5)) && !isNessie ? { what, at } : null
  return {
    seed,
    programs: dice.below(3) > 0 ? 2 : 1,
    runtime,
    senders: 2 + dice.below(2),
    signals,
    receipts,
    ms,
    // Nessie 0.99 takes the first commit of each of two writers: what comes second replaces the table.
    warm: dice.oneIn(2) || isNessie || change !== null,
    // What is sure to come uses up the only one.
    compactions: dice.oneIn(2) && !(isNessie && sureKindsOf(seed).includes('compaction')),
    mostCompactions: isNessie ? 1 : Number.POSITIVE_INFINITY,
    sure: sureKindsOf(seed),
    change,
    stops: dice.oneIn(3)
      ? Array.from({ length: 1 + dice.below(2) }, () => ({
          at: dice.below(ms),
          ms: 200 + dice.below(1_300),
        }))
      : [],
    crashes:
      runtime === 'lambda'
        ? Array.from({ length: dice.below(4) }, () => ({
            at: dice.below(ms),
            what: dice.oneIn(3) ? ('timeout' as const) : ('crash' as const),
          }))
        : [],
  }
}
