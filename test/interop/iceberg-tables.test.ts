/**
 * Protects Iceberg tables for those who read them: in every catalog, every reader finds every value of what was sent,
 * counts right, reads only the files of the day that is asked for, and finds the rows of random filters that a look
 * at every row finds.
 */
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tables } from '../../src/tables/tables.ts'
import { asReading, foundRows, typesOf, wantedRows } from './compare.ts'
import { expectedRows } from './expected.ts'
import { type Filter, isAgreed, isComparable, passes, randomFilter } from './filters.ts'
import { type IcebergDestination, icebergDestinations } from './iceberg-destinations.ts'
import { randomOf, randomRequests } from './random-requests.ts'
import type { Answer, IcebergReader, Question } from './readers/iceberg.ts'
import { icebergReaders } from './readers/iceberg-readers.ts'
import { withoutNullLists } from './readers/readers.ts'
import { deliver, requests } from './requests.ts'
import type { Row } from './rows.ts'
import { type Server, startServer } from './server.ts'
import { type Spark, startSpark } from './spark/spark.ts'

const seed = Number(process.env.INTEROP_SEED ?? 1)
const filtersPerTable = 10
const names = tables.map(({ name }) => name)
const micros = 86_400_000_000n

/** A request with its times moved by days. */
const moved = (request: Readonly<Record<string, unknown>>, days: number) => {
  const by = BigInt(days) * micros * 1000n
  const text = JSON.stringify(request)
  return JSON.parse(text.replace(/"179\d{16}"/g, (time) => `"${BigInt(time.slice(1, -1)) + by}"`))
}

/** What is sent, in several requests: three days, and two requests for one of them. */
const sent: [string, Record<string, unknown>][] = [0, 0, 1, 2].flatMap((days, i) => {
  const some = i === 0 ? requests : randomRequests(seed + i, 40)
  return Object.entries(some).map(([signal, request]): [string, Record<string, unknown>] => [
    signal,
    moved(request, days),
  ])
})

const day = 1_790_000_000_000_000n / micros
const isOfTheDay = ({ Timestamp }: Row): boolean =>
  /^\d+$/.test(String(Timestamp)) && BigInt(String(Timestamp)) / micros === day
const ofTheDay: Filter = {
  column: 'Timestamp',
  type: 'timestamptz',
  operator: 'between',
  values: [String(day * micros), String((day + 1n) * micros - 1n)],
}

/** How many files a table has of the day: one of each request that has rows there. */
const filesOfTheDay = (table: string): number =>
  sent.filter(([, request]) =>
    expectedRows(request).some((found) => found.table === table && isOfTheDay(found.row)),
  ).length

/** What is asked of each table: the day, and random filters, some of them of doubles and booleans where it has any. */
const filtersOf = (table: string, rows: readonly Row[]): Filter[] => {
  const random = randomOf(seed)
  const filters = Array.from({ length: 20 * filtersPerTable }, () =>
    randomFilter(random, table, rows),
  ).filter(isAgreed)
  const of = (type: string) => filters.filter((filter) => filter.type === type)
  const others = filters.filter(({ type }) => type !== 'double' && type !== 'boolean')
  return [
    ofTheDay,
    ...others.slice(0, filtersPerTable),
    ...of('double').slice(0, filtersPerTable),
    ...of('boolean').slice(0, filtersPerTable / 2),
  ]
}

const lower = (filter: Filter): Filter => ({ ...filter, column: filter.column.toLowerCase() })

const keysOf = (rows: readonly Row[]): string =>
  rows
    .map(({ RequestId, RequestRow }) => `${RequestId}:${RequestRow}`)
    .sort()
    .join(',')

/** The rows whose keys a reader found, but for those that engines do not agree about. */
const comparable = (keys: string, filter: Filter, rows: readonly Row[]): string => {
  const disputed = new Set(keysOf(rows.filter((row) => !isComparable(filter, row))).split(','))
  return keys
    .split(',')
    .filter((key) => !disputed.has(key))
    .join(',')
}

let spark: Spark
beforeAll(async () => {
  spark = await startSpark()
})
afterAll(() => spark.stop())

const readers: Readonly<Record<string, () => IcebergReader>> = {
  ...Object.fromEntries(
    Object.entries(icebergReaders).map(([name, reader]) => [name, () => reader]),
  ),
  spark: () => spark.reader,
}

describe.each(Object.entries(icebergDestinations))('%s', (_, start) => {
  let destination: IcebergDestination
  let server: Server
  let questions: Question[]
  /** DuckDB's answers, whose rows were found to be those that were sent. */
  let byDuckdb: Answer[]

  beforeAll(async () => {
    destination = await start()
    server = await startServer(destination.env)
    for (const [signal, request] of sent) await deliver(server.url, signal, JSON.stringify(request))
    const refs = names.map((name) => ({ table: destination.table(server, name) }))
    byDuckdb = (await icebergReaders.duckdb?.read(refs)) ?? []
    questions = refs.map(({ table }, i) => {
      const { rows } = readingOf(byDuckdb, i)
      return { table, filters: filtersOf(names[i] ?? '', rows).map(lower) }
    })
  }, 240_000)

  afterAll(async () => {
    await server.stop()
    await destination.stop()
    await rm(server.folder, { recursive: true })
  })

  const readingOf = (answers: readonly Answer[], i: number) => {
    const [name, answer] = [names[i] ?? '', answers[i]]
    if (answer === undefined) throw new Error(`no answer about ${name}`)
    return asReading(name, answer)
  }
  const readings = (answers: readonly Answer[]) => names.map((_, i) => readingOf(answers, i))

  it('DuckDB finds every value of what was sent', () => {
    expect(foundRows(readings(byDuckdb))).toEqual(wantedRows(sent.map(([, request]) => request)))
  })

  it.each(names)('filters of %s are not such as find all rows or none', (table) => {
    const { rows } = readingOf(byDuckdb, names.indexOf(table))
    const found = filtersOf(table, rows).map((filter) => rows.filter((row) => passes(filter, row)))
    const telling = found.filter(({ length }) => length > 0 && length < rows.length)
    expect(telling.length).toBeGreaterThan(filtersPerTable / 4)
  })

  it.each(Object.entries(readers))(
    '%s',
    async (name, reader) => {
      const answers = await reader().read(questions)
      const plain = name === 'clickhouse' ? withoutNullLists : <T>(reading: T): T => reading
      expect(foundRows(readings(answers))).toEqual(foundRows(readings(byDuckdb).map(plain)))
      const found = answers.map(({ count, filtered, problems = [] }, i) => {
        const { rows } = readingOf(byDuckdb, i)
        const asked = filtersOf(names[i] ?? '', rows)
        return {
          types: readingOf(answers, i).types,
          count,
          filesOfTheDay: filtered[0]?.fileCount,
          filtered: filtered.map(({ keys }, n) => [
            questions[i]?.filters?.[n],
            comparable(keys, asked[n] ?? ofTheDay, rows),
          ]),
          problems,
        }
      })
      const wanted = names.map((table, i) => {
        const { rows } = readingOf(byDuckdb, i)
        return {
          types: typesOf(table),
          count: rows.length,
          filesOfTheDay: filesOfTheDay(table),
          filtered: filtersOf(table, rows).map((filter) => [
            lower(filter),
            keysOf(rows.filter((row) => isComparable(filter, row) && passes(filter, row))),
          ]),
          problems: [],
        }
      })
      expect(found).toEqual(wanted)
    },
    240_000,
  )
})
