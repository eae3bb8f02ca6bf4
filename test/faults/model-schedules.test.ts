/**
 * Protects every acknowledged record in the model's schedules from being there for our own readers only: DuckDB and PyIceberg
 * read what each left, and find it once; so does Java in every fourth, and nothing in a table is at odds with anything else.
 * FAULT_SEEDS and FAULT_SEED as in `model/model.test.ts`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Case, cases, seedsFor } from './model/cases.ts'
import { type KeptTable, keepTable } from './model/kept.ts'
import { runModel } from './model/model.ts'
import { bytesOf, type Rows } from './model/rows.ts'
import { judgeModel, modelJudges } from './model-judges.ts'

// Without compression, which takes real time.
vi.mock('../../src/iceberg/avro/container.ts', async (original) => ({
  ...(await original<typeof import('../../src/iceberg/avro/container.ts')>()),
  ...(await import('./model/plain-container.ts')),
}))

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-model-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Tables that are on disk at once. */
const batch = 250

/** Runs a seed and keeps its table. @throws what the run broke */
const keep = async (seed: number, { kind, ...options }: Case): Promise<KeptTable> => {
  const root = pathToFileURL(join(folder, String(seed))).href
  let kept: KeptTable | undefined
  const violations = await runModel(seed, kind, {
    ...options,
    root,
    atEnd: async (run, lake) => {
      kept = await keepTable(run, lake)
    },
  })
  expect(violations, `seed ${seed}`).toEqual([])
  if (kept === undefined) throw new Error('nothing was kept')
  return kept
}

it.each(cases)(
  'holds for others, over a catalog of kind $kind, receipts $receipts, retention $retention',
  { timeout: 24 * 3_600_000 },
  async (one) => {
    const broken: string[] = []
    const seeds = seedsFor(one)
    const rows: Record<string, number> = {}
    for (let at = 0; at < seeds.length && broken.length <= 20; at += batch) {
      const some = seeds.slice(at, at + batch)
      const tables: KeptTable[] = []
      for (const seed of some) tables.push(await keep(seed, one))
      const judgement = await judgeModel(tables)
      for (const [i, found] of judgement.violations.entries()) {
        broken.push(...found.map((violation) => `seed ${some[i]}: ${violation}`))
      }
      for (const [name, count] of Object.entries(judgement.rows)) {
        rows[name] = (rows[name] ?? 0) + count
      }
      for (const seed of some) await rm(join(folder, String(seed)), { recursive: true })
    }
    expect(broken).toEqual([])
    console.log(one.kind, `${seeds.length} tables`, JSON.stringify(rows))
  },
)

describe('each of them says', () => {
  const anyTable = () => keep(1, { kind: 'file', receipts: false, retention: false })

  const expectSaid = async (table: KeptTable, what: RegExp): Promise<void> => {
    const [violations = []] = (await judgeModel([table])).violations
    for (const judge of Object.keys(modelJudges)) {
      const said = violations.filter((violation) => violation.startsWith(`${judge}: `))
      expect([judge, said.join('\n')]).toEqual([judge, expect.stringMatching(what)])
    }
  }

  const changes: readonly (readonly [string, (rows: Rows) => readonly Rows[], RegExp])[] = [
    ['that rows are lost', () => [], /I1: r0\/0 is lost/],
    ['that a row is lost', ({ id, count }) => [{ id, count: count - 1 }], /I3: r0\/0 is \d+ rows/],
    ['that rows are there twice', (rows) => [rows, rows], /I2: 1 stand twice, 0 may/],
    [
      'that rows are there which nobody sent',
      (rows) => [rows, { id: 'nobody/0', count: 1 }],
      /I3: nobody\/0 was never sent/,
    ],
  ]

  it.each(changes)('%s', async (_, change, what) => {
    const table = await anyTable()
    const { id, counts } = table.run.requests[0] as KeptTable['run']['requests'][number]
    const rows = { id: `${id}/0`, count: counts[0] as number }
    const file = table.dataFiles.find((path) => path.includes('-4000-8000-000000000000.'))
    await writeFile(file as string, bytesOf(change(rows), 'nobody'))
    await expectSaid(table, what)
  })

  it('that a file is gone', async () => {
    const table = await anyTable()
    await rm(table.dataFiles[0] as string)
    await expectSaid(table, /I4: cannot be read/)
  })
})
