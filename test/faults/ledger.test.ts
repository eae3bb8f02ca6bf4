// Protects the judge: each rule of the ledger is broken once here, and must be seen.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Reading, Row } from '../interop/rows.ts'
import { random } from '../judge/random.ts'
import { gaveUp } from './clients.ts'
import {
  type Answer,
  checkAnswers,
  checkFiles,
  checkRows,
  type Entry,
  openLedger,
  requestName,
} from './ledger.ts'
import { bodyOf, nextRequest, rowsOf, type Sent } from './load.ts'
import { checkLedger } from './schedule-checks.ts'

const request: Sent = {
  run: 'a',
  client: 0,
  signal: 'logs',
  first: 0,
  records: 3,
  services: 1,
  hours: 1,
}
const ok: Answer = { status: 200, body: '', milliseconds: 5 }
const sent: Entry = { kind: 'sent', id: requestName(request), request }
const answered = (answer: Partial<Answer>): Entry => ({
  kind: 'answer',
  id: sent.id,
  answer: { ...ok, ...answer },
})

const all: Row[] = rowsOf(request).map(({ row }) => row)
const [one = {}, two = {}, three = {}] = all
const file = (rows: readonly Row[], path = 'logs/s/1-u.parquet'): Reading => ({
  file: path,
  types: {},
  rows,
})
const broken = { status: null }

const rowCases: [string, Partial<Answer>, Reading[], string[]][] = [
  ['all is well', {}, [file(all)], []],
  ['in any order, in several files', {}, [file([three, one]), file([two], 'logs/t/2.parquet')], []],
  ['a record is lost', {}, [file([one, two])], ['I1: logs a/0/2 is lost']],
  ['a record of a broken request may be lost', broken, [file([one])], []],
  [
    'a record stands twice',
    {},
    [file(all), file([two], 'logs/x.parquet')],
    ['I2: logs a/0/1 stands in'],
  ],
  ['even a record of a broken request', broken, [file([one, one])], ['I2: logs a/0/0 stands in']],
  [
    'a field differs',
    {},
    [file([{ ...one, SeverityNumber: '9' }, two, three])],
    ['I3: logs a/0/0 has'],
  ],
  [
    'a field is null',
    {},
    [file([{ ...one, ServiceName: null }, two, three])],
    ['I3: logs a/0/0 has'],
  ],
  [
    'a record of nobody',
    {},
    [file([...all, { ...one, Body: 'b/0/0' }])],
    ['I3: logs b/0/0 was never'],
  ],
  [
    'a record in another table',
    {},
    [file([one, two]), file([{ ...three, SpanName: 'a/0/2' }], 'traces/1.parquet')],
    ['I1: logs a/0/2 is lost', 'I3: traces a/0/2 was never'],
  ],
]
it.each(rowCases)('rows: %s', (_, answer, readings, expected) => {
  const violations = checkRows([sent, answered(answer)], readings)
  expect(violations.map((v) => expected.find((start) => v.startsWith(start)) ?? v)).toEqual(
    expected,
  )
})

const answerCases: [string, Partial<Answer>, string | undefined][] = [
  ['200', {}, undefined],
  ['a broken connection', broken, undefined],
  ['503 with Retry-After', { status: 503, retryAfter: '1' }, undefined],
  ['503 without', { status: 503 }, 'I5'],
  ['500', { status: 500 }, 'I5'],
  ['400', { status: 400 }, 'I5'],
  ['rejected records', { body: '0a020802' }, 'I5'],
  ['an answer after 10 s', { milliseconds: 10_000 }, 'I7'],
]
it.each(answerCases)('answers: %s', (_, answer, rule) => {
  const [violation, ...others] = checkAnswers([sent, answered(answer)])
  expect(violation?.slice(0, 2)).toBe(rule)
  expect(others).toEqual([])
})

const [path, other] = ['logs/s/1-u.parquet', 'logs/t/1-u.parquet']
const fileCases: [string, string[], Record<string, Reading[]>, number][] = [
  ['readers agree', [path], { a: [file(all)], b: [file(all)] }, 0],
  ['a reader finds less', [path], { a: [file(all)], b: [file([one])] }, 1],
  ['a reader finds no row', [path], { a: [file([])], b: [file([])] }, 2],
  ['a reader does not see a file', [path], { a: [file(all)], b: [] }, 1],
  ['a file at two paths', [path, other], { a: [file(all), file(all, other)] }, 1],
]
it.each(fileCases)('files: %s', (_, files, readers, broken) => {
  const violations = checkFiles(files, readers)
  expect(violations.filter((violation) => violation.startsWith('I4'))).toHaveLength(broken)
})

const late = { milliseconds: 10_500, sentAt: 1_000, url: 'a' }
const hungUp = { ...late, status: null, body: gaveUp }
const stop = (url: string, from: number, to: number) => ({ url, from, to })
type Stops = Parameters<typeof checkLedger>[1]
const deadlineCases: [string, Partial<Answer>, Stops, number][] = [
  ['an answer after 10.5 s', late, [], 1],
  ['while the program was stopped for 2 s', late, [stop('a', 2_000, 4_000)], 0],
  ['while another was', late, [stop('b', 2_000, 4_000)], 1],
  ['that was stopped for 2 s before', late, [stop('a', -2_000, 0)], 1],
  ['that was stopped for the last second of it', late, [stop('a', 10_500, 20_000)], 1],
  ['that had no processor for 2 s', { ...late, starvedMs: 2_000 }, [], 0],
  ['nothing for a client that waited for 10.5 s', hungUp, [], 1],
  ['nothing for a client that hung up after 1 s', { ...hungUp, milliseconds: 1_000 }, [], 0],
  ['a connection that broke', { ...hungUp, milliseconds: 1_000, body: '' }, [], 1],
]
it.each(deadlineCases)('deadlines: %s', (_, answer, stops, broken) => {
  const violations = checkLedger([sent, answered(answer)], stops)
  expect(violations.filter((violation) => violation.startsWith('I7'))).toHaveLength(broken)
})

it('keeps its entries in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-'))
  const ledger = openLedger(join(folder, 'ledger.jsonl'))
  for (const entry of [sent, answered({})]) ledger.write(entry)
  expect(ledger.entries()).toEqual([sent, answered({})])
  await rm(folder, { recursive: true })
})

it('knows requests again from their entries: the same bytes, records of their own', () => {
  const dice = random(1)
  let first = 0
  const ids = new Set<string>()
  for (let i = 0; i < 100; i++) {
    const next = nextRequest('r', 0, first, dice)
    const again = JSON.parse(JSON.stringify(next)) as Sent
    expect(Buffer.compare(bodyOf(next), bodyOf(again))).toBe(0)
    for (const { table, row } of rowsOf(next))
      ids.add(`${table} ${row.Body ?? row.SpanName ?? row.MetricName}`)
    first += next.records
  }
  expect(ids.size).toBe(first)
})
