/** What independent readers find in the tables that runs of the model left, by the model's own rules. */
import type { Answer } from '../interop/readers/iceberg.ts'
import { icebergReaders } from '../interop/readers/iceberg-readers.ts'
import type { Row } from '../interop/rows.ts'
import { checkRows } from './model/check.ts'
import type { KeptTable } from './model/kept.ts'
import { readEach } from './table-judge.ts'

/** Two that know nothing of us. */
export const modelJudges = ['duckdb', 'pyiceberg'] as const

export interface Judgement {
  /** The broken rules of each table, in words. */
  readonly violations: readonly (readonly string[])[]
  /** How many rows each reader found. */
  readonly rows: Readonly<Record<string, number>>
}

/** Has all tables read by each, side by side. */
export const judgeModel = async (tables: readonly KeptTable[]): Promise<Judgement> => {
  const questions = tables.map(({ metadata }) => ({ table: { metadata } }))
  const found = await Promise.all(
    modelJudges.map(async (name) => {
      const reader = icebergReaders[name]
      if (reader === undefined) throw new Error(`there is no reader ${name}`)
      return { name, answers: await readEach(reader, questions) }
    }),
  )
  const violations = tables.map((table, i) =>
    found.flatMap(({ name, answers }) =>
      judged(table, answers[i] ?? new Error('no answer')).map((broken) => `${name}: ${broken}`),
    ),
  )
  const rows = found.map(({ name, answers }) => {
    const counts = answers.map((answer) => (answer instanceof Error ? 0 : answer.rows.length))
    return [name, counts.reduce((sum, count) => sum + count, 0)]
  })
  return { violations, rows: Object.fromEntries(rows) }
}

const judged = ({ run, aside }: KeptTable, answer: Answer | Error): string[] => {
  if (answer instanceof Error) return [`I4: cannot be read: ${answer.message.slice(0, 2_000)}`]
  const { rows, count } = answer
  const miscounted = count === rows.length ? [] : [`I4: counts ${count} of ${rows.length} rows`]
  return [...miscounted, ...checkRows(run, copiesOf(rows), aside)]
}

/** By the id of rows, how many of them each copy has: the second copy those that are there twice, and so on. */
const copiesOf = (rows: readonly Row[]): Map<string, number[]> => {
  const copies = new Map<string, number[]>()
  const seen = new Map<string, number>()
  for (const { requestid, requestrow } of rows) {
    const [id, key] = [String(requestid), `${requestid}:${requestrow}`]
    const copy = seen.get(key) ?? 0
    seen.set(key, copy + 1)
    const counts = copies.get(id) ?? []
    counts[copy] = (counts[copy] ?? 0) + 1
    copies.set(id, counts)
  }
  return copies
}
