/** What independent readers find in the tables of schedules, by the rules of the ledger. */
import { asReading } from '../interop/compare.ts'
import type { Answer, IcebergReader, Question, TableRef } from '../interop/readers/iceberg.ts'
import { icebergReaders } from '../interop/readers/iceberg-readers.ts'
import type { Reading } from '../interop/rows.ts'
import { checkRows, type Entry, type Violation } from './ledger.ts'

/** Tables, and what was sent to them. */
export interface Ledgered {
  readonly entries: readonly Entry[]
  readonly tables: readonly { readonly table: string; readonly ref: TableRef }[]
}

/** Two that know nothing of us; Java's also holds whatever metadata, manifests and files say against each other. */
export const tableJudges: readonly string[] = ['duckdb', 'pyiceberg', 'java']

/** The broken rules of each run. The judges read beside each other: most are programs that use one core. */
export const judgeTables = async (runs: readonly Ledgered[]): Promise<Violation[][]> => {
  const questions = runs.flatMap(({ tables }) => tables.map(({ ref }) => ({ table: ref })))
  const answers = await Promise.all(
    tableJudges.map((name) => {
      const reader = icebergReaders[name]
      if (reader === undefined) throw new Error(`there is no reader ${name}`)
      return readEach(reader, questions)
    }),
  )
  let next = 0
  return runs.map(({ entries, tables }) => {
    const first = next
    next += tables.length
    const names = tables.map(({ table }) => table)
    return tableJudges.flatMap((name, i) => {
      const found = judged(entries, names, answers[i]?.slice(first, next) ?? [])
      return found.map((violation) => `${name}: ${violation}`)
    })
  })
}

/** All at once; when one of them cannot be read, in halves, to see which. */
export const readEach = async (
  reader: IcebergReader,
  questions: readonly Question[],
): Promise<(Answer | Error)[]> => {
  try {
    return await reader.read(questions)
  } catch (error) {
    if (questions.length <= 1) return [new Error(String(error))]
    const half = questions.length >> 1
    return [
      ...(await readEach(reader, questions.slice(0, half))),
      ...(await readEach(reader, questions.slice(half))),
    ]
  }
}

const judged = (
  entries: readonly Entry[],
  names: readonly string[],
  answers: readonly (Answer | Error)[],
): Violation[] => {
  const violations: Violation[] = []
  const readings: Reading[] = []
  const seen = new Set<string>()
  for (const [i, answer] of answers.entries()) {
    const name = names[i] as string
    if (answer instanceof Error) {
      violations.push(`I4: ${name} cannot be read: ${answer.message.slice(0, 2_000)}`)
      continue
    }
    const { rows, ...reading } = asReading(name, answer)
    violations.push(...(answer.problems ?? []).map((problem) => `I4: ${name}: ${problem}`))
    if (answer.count !== rows.length) {
      violations.push(`I4: ${name} counts ${answer.count} rows, and has ${rows.length}`)
    }
    // A record may also be in the table that had the name before: it was renamed between two attempts.
    const keys = rows.map(({ RequestId, RequestRow }) => `${name} ${RequestId}:${RequestRow}`)
    readings.push({ ...reading, rows: rows.filter((_, row) => !seen.has(keys[row] as string)) })
    for (const key of keys) seen.add(key)
  }
  return [...violations, ...checkRows(entries, readings)]
}
