// Protects what Athena is told of plain files: every column in its order, and the folders as the program makes them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { objectKey } from '../../src/tables/object-key.ts'
import { tables } from '../../src/tables/tables.ts'
import { athenaFolder, athenaTable } from '../tools/athena.ts'

test('there is a statement for each table, and no other file', () => {
  expect(readdirSync(athenaFolder).sort()).toEqual(tables.map(({ name }) => `${name}.sql`).sort())
})

describe.each(tables.map((table) => [table.name, table] as const))('%s', (name, table) => {
  const text = readFileSync(join(athenaFolder, `${name}.sql`), 'utf8')

  test('is as the sources have it: node test/tools/athena.ts', () => {
    expect(text).toBe(athenaTable(table))
  })
  test('has every column, in lower case', () => {
    const columns = [...text.matchAll(/^ {2}`(\w+)`/gm)].map(([, column]) => column)
    expect(columns).toEqual(table.columns.map((column) => column.name.toLowerCase()))
  })
  test('looks where the program writes', () => {
    const template = /'storage\.location\.template' = '(.*)'/.exec(text)?.[1] ?? ''
    const parts = { service_folder: 'checkout', year: '2026', month: '11', day: '05', hour: '09' }
    const folder = Object.entries(parts).reduce(
      (whole, [part, value]) => whole.replace(`\${${part}}`, value),
      template,
    )
    const hour = Date.UTC(2026, 10, 5, 9) / 3_600_000
    const key = objectKey(table, 'checkout', { hour, timestamp: 0n }, 'uuid')
    expect(`s3://BUCKET/${key}`.startsWith(folder)).toBe(true)
  })
})
