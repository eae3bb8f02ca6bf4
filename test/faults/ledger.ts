/**
 * What was sent and what each answer said, in a file that is only ever appended to; and the rules
 * that what readers find must keep, whatever happened meanwhile.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { type Reading, type Row, tableOf } from '../interop/rows.ts'
import { identityOf, rowsOf, type Sent } from './load.ts'

/** One attempt's end: an answer, or a connection that broke before one. */
export interface Answer {
  /** Null when the connection broke. */
  readonly status: number | null
  /** The body of the answer in hex; empty when all is well. */
  readonly body: string
  readonly milliseconds: number
  /** When it was sent, in milliseconds since 1970, and to which program, where somebody asks. */
  readonly sentAt?: number
  readonly url?: string
  /** For how many of the milliseconds the program, or who sent to it, was ready to go on and had no processor. */
  readonly starvedMs?: number
  /** For 503: whether the sender was told when to come again. */
  readonly retryAfter?: string | undefined
}

export type Entry =
  | { readonly kind: 'sent'; readonly id: string; readonly request: Sent }
  | { readonly kind: 'answer'; readonly id: string; readonly answer: Answer }

export interface Ledger {
  write(entry: Entry): void
  entries(): Entry[]
}

/** Names a request among all of a run. */
export const requestName = ({ run, client, first }: Sent): string => `${run}/${client}/${first}`

/** A ledger in a file. */
export const openLedger = (path: string): Ledger => ({
  write: (entry) => appendFileSync(path, `${JSON.stringify(entry)}\n`),
  entries: () =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Entry),
})

/** The longest that a request may wait for its answer: 8 s, and what a busy test machine adds. */
export const longestMs = 9000

/** Which rule is broken, and how: `I1: …`. */
export type Violation = string

/** I5 and I7: what the answers were, and when they came, each in `longest` ms. Statuses in `allowed` are honest. */
export const checkAnswers = (
  entries: readonly Entry[],
  allowed = [200, 503],
  longest: (answer: Answer) => number = () => longestMs,
): Violation[] =>
  entries.flatMap((entry) => {
    if (entry.kind !== 'answer') return []
    const { status, body, milliseconds, retryAfter } = entry.answer
    const say = (rule: string, what: string) => `${rule}: ${entry.id} ${what}`
    return [
      ...(milliseconds > longest(entry.answer)
        ? [say('I7', `was answered after ${milliseconds} ms`)]
        : []),
      ...(status !== null && !allowed.includes(status) ? [say('I5', `was told ${status}`)] : []),
      ...(status === 200 && body !== ''
        ? [say('I5', `was told of rejected records: ${body}`)]
        : []),
      ...(status === 503 && retryAfter !== '1'
        ? [say('I5', `was told to retry after ${retryAfter}`)]
        : []),
    ]
  })

/** What a reader found in a file of a table, row by row. */
interface Found {
  readonly file: string
  readonly row: Row
}

/**
 * I1 to I3, for what one reader found: every acknowledged record is there, every record stands
 * once, and nothing is there that was not sent, each field as it was sent.
 */
export const checkRows = (entries: readonly Entry[], readings: readonly Reading[]): Violation[] => {
  const found = foundById(readings)
  const acknowledged = new Set(
    entries.flatMap((e) => (e.kind === 'answer' && e.answer.status === 200 ? [e.id] : [])),
  )
  const violations = entries.flatMap((entry) => {
    if (entry.kind !== 'sent') return []
    return rowsOf(entry.request).flatMap(({ table, row }) => {
      const id = `${table} ${identityOf(table, row)}`
      const copies = found.get(id) ?? []
      found.delete(id)
      return checkCopies(id, row, copies, acknowledged.has(entry.id))
    })
  })
  const unknown = [...found].map(([id, [first]]) => `I3: ${id} was never sent (${first?.file})`)
  return [...violations, ...unknown]
}

const foundById = (readings: readonly Reading[]): Map<string, Found[]> => {
  const found = new Map<string, Found[]>()
  for (const { file, rows } of readings) {
    for (const row of rows) {
      const id = `${tableOf(file)} ${identityOf(tableOf(file), row)}`
      const copies = found.get(id)
      if (copies === undefined) found.set(id, [{ file, row }])
      else copies.push({ file, row })
    }
  }
  return found
}

const checkCopies = (
  id: string,
  expected: Row,
  copies: readonly Found[],
  acknowledged: boolean,
): Violation[] => {
  if (copies.length === 0) return acknowledged ? [`I1: ${id} is lost`] : []
  if (copies.length > 1) return [`I2: ${id} stands in ${copies.map(({ file }) => file).join(', ')}`]
  return copies.flatMap(({ file, row }) =>
    Object.entries(expected)
      .filter(([name, value]) => row[name] !== value)
      .map(([name, value]) => `I3: ${id} has ${name} ${row[name]} instead of ${value} (${file})`),
  )
}

/** I4: readers agree on every file's rows, and no file stands at two paths. */
export const checkFiles = (
  files: readonly string[],
  readers: Readonly<Record<string, readonly Reading[]>>,
): Violation[] => {
  const names = files.map((file) => file.slice(file.lastIndexOf('/') + 1))
  const twice = names.filter((name, i) => names.indexOf(name) !== i)
  const counts = Object.entries(readers).map(([reader, readings]) => ({
    reader,
    rows: new Map(readings.map(({ file, rows }) => [file, rows.length])),
  }))
  const first = counts[0]
  return [
    ...twice.map((name) => `I4: ${name} stands at two paths`),
    ...files.flatMap((file) =>
      counts
        .filter(({ rows }) => !rows.get(file) || rows.get(file) !== first?.rows.get(file))
        .map(({ reader, rows }) => `I4: ${reader} finds ${rows.get(file)} rows in ${file}`),
    ),
  ]
}
