// Which seeds are run, of what kinds: FAULT_SEEDS=100000 says how many, FAULT_SEED=7 which one.
import type { CatalogKind } from './lake.ts'

const kinds: readonly CatalogKind[] = ['service', 'file']

/** Of each kind, without receipts. */
const seedCount = Number(process.env.FAULT_SEEDS ?? 1_000) / kinds.length
const only = process.env.FAULT_SEED

export interface Case {
  readonly kind: CatalogKind
  readonly receipts: boolean
  readonly retention: boolean
}

/** What has expired our programs remove where no catalog does. */
export const cases: readonly Case[] = [
  ...kinds.flatMap((kind) => [
    { kind, receipts: false, retention: false },
    { kind, receipts: true, retention: false },
  ]),
  { kind: 'file', receipts: true, retention: true },
]

/** With receipts more can go wrong: twice as many. A table that is a day old takes longest. */
export const seedsFor = ({ receipts, retention }: Case): number[] => {
  if (only !== undefined) return [Number(only)]
  const times = retention ? 1 / 8 : receipts ? 2 : 1
  return Array.from({ length: seedCount * times }, (_, i) => i + 1)
}

/** Whether everything that can happen does: fewer seeds may lack something. */
export const areMany = only === undefined && seedCount >= 500
