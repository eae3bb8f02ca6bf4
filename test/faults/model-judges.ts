/** What independent readers find in the tables that runs of the model left, by the model's own rules. */
import type { Answer } from '../interop/readers/iceberg.ts'
import { icebergReaders } from '../interop/readers/iceberg-readers.ts'
import type { Row } from '../interop/rows.ts'
import { checkRows } from './model/check.ts'
import type { KeptTable } from './model/kept.ts'
import { readEach } from './table-judge.ts'

/**
 * Those who know nothing of us, and of how many tables each reads one. Java's, who also holds what metadata, manifests and
 * files say against each other, takes longest.
 */
export const modelJudges: Readonly<Record<string, number>> = { duckdb: 1, pyiceberg: 1, java: 4 }

export interface Judgement {
  /** The broken rules of each table, in words. */
  readonly violations: readonly (readonly string[])[]
  /** How many rows each reader found. */
  readonly rows: Readonly<Record<string, number>>
}

/** Has tables read by each, side by side. */
export const judgeModel = async (tables: readonly KeptTable[]): Promise<Judgement> => {
  const violations: string[][] = tables.map(() => [])
  const judge = async (name: string, every: number): Promise<[string, number]> => {
    const reader = icebergReaders[name]
    if (reader === undefined) throw new Error(`there is no reader ${name}`)
    const own = tables.filter((_, i) => i % every === 0)
    const answers = await readEach(
      reader,
      own.map(({ metadata }) => ({ table: { metadata } })),
    )
    for (const [i, table] of own.entries()) {
      const broken = judged(table, answers[i] ?? new Error('no answer'))
      violations[i * every]?.push(...broken.map((rule) => `${name}: ${rule}`))
    }
    const counts = answers.map((answer) => (answer instanceof Error ? 0 : answer.rows.length))
    return [name, counts.reduce((sum, count) => sum + count, 0)]
  }
  const rows = await Promise.all(
    Object.entries(modelJudges).map(([name, every]) => judge(name, every)),
  )
  return { violations, rows: Object.fromEntries(rows) }
}

const judged = ({ run, aside }: KeptTable, answer: Answer | Error): string[] => {
  if (answer instanceof Error) return [`I4: cannot be read: ${answer.message.slice(0, 2_000)}`]
  const { rows, count, problems = [] } = answer
  const miscounted = count === rows.length ? [] : [`counts ${count} of ${rows.length} rows`]
  return [
    ...[...miscounted, ...problems].map((problem) => `I4: ${problem}`),
    ...checkRows(run, copiesOf(rows), aside),
  ]
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
