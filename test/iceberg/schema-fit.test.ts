// Protects: rows of ours lie in the columns of somebody's table that have their names, never under another type, and what
// was dropped on purpose stays dropped.
import { describe, expect, test } from 'vitest'
import { fitSchema, type OwnColumns } from '../../src/iceberg/schema-fit.ts'
import type { IcebergType, MapType, NestedField } from '../../src/iceberg/table-metadata.ts'
import { metadataOf } from './tables.ts'

const list = (element: IcebergType, required = false): IcebergType => ({
  type: 'list',
  'element-id': 90,
  element,
  'element-required': required,
})

/** A column `name!` is required. */
const columns = (types: Readonly<Record<string, IcebergType>>): NestedField[] =>
  Object.entries(types).map(([name, type], i) => ({
    id: 20 + i,
    name: name.replace('!', ''),
    required: name.endsWith('!'),
    type,
  }))

const own: OwnColumns = {
  fields: columns({ timestamp: 'timestamptz', body: 'string', flags: 'int', times: list('long') }),
  neverNull: new Set(['timestamp']),
}
const same = { timestamp: 'timestamptz', body: 'string', flags: 'int', times: list('long') }

const fitted = (
  theirs: Readonly<Record<string, IcebergType>>,
  olderColumns?: readonly NestedField[],
  ignored?: string,
) =>
  fitSchema(
    metadataOf({
      columns: columns(theirs),
      ...(olderColumns && { olderColumns }),
      ...(ignored !== undefined && { properties: { 'otlp2parquet.ignore-columns': ignored } }),
    }),
    own,
  )

const names = (fields: readonly (NestedField | null)[]) =>
  fields.map((field) => field?.name ?? null)

describe('a column is found', () => {
  test('by its name, under the id of the table', () => {
    const { columns, missing, misfits } = fitted({ other: 'double', ...same })
    expect(columns.map((column) => column?.id)).toEqual([21, 22, 23, 24])
    expect({ missing, misfits }).toEqual({ missing: [], misfits: [] })
  })

  test('in upper case, and in lower case before that', () => {
    expect(names(fitted({ ...same, body: 'string', Body: 'string' }).columns)[1]).toBe('body')
    const { columns, missing } = fitted({ TimeStamp: 'timestamptz', Body: 'string' })
    expect(names(columns)).toEqual(['TimeStamp', 'Body', null, null])
    expect(names(missing)).toEqual(['flags', 'times'])
  })
})

describe('a column that is not there', () => {
  const { body: _, ...without } = same
  const older = columns({ Body: 'string' })
  test('is missing', () => expect(names(fitted(without).missing)).toEqual(['body']))
  test.each([
    ['an older schema has its name', fitted(without, older)],
    [
      'an older schema has its name, under another type',
      fitted(without, columns({ body: 'long' })),
    ],
    ['it was renamed', fitted({ ...without, text: 'string' }, older)],
    ['the table says so', fitted(without, undefined, 'a, BODY ,b')],
  ])('stays away: %s', (_, { columns, missing, misfits }) => {
    expect(names(columns)).toEqual(['timestamp', null, 'flags', 'times'])
    expect({ missing, misfits }).toEqual({ missing: [], misfits: [] })
  })

  test('is written when it is there again, whatever older schemas had', () => {
    expect(names(fitted(same, older).columns)[1]).toBe('body')
  })

  test('is not written although it is there, when the table says so', () => {
    expect(names(fitted({ ...same, body: 'double' }, undefined, 'body').columns)[1]).toBeNull()
    expect(fitted({ ...same, body: 'double' }, undefined, 'body').misfits).toEqual([])
  })
})

describe('a type fits when readers may read ours as theirs', () => {
  const cases: [string, IcebergType, boolean][] = [
    ['flags', 'long', true],
    ['flags', 'double', false],
    ['flags', 'string', false],
    ['body', 'binary', false],
    ['body', 'uuid', false],
    ['timestamp', 'timestamp', false],
    ['timestamp', 'long', false],
    ['times', 'long', false],
    ['times', list('int'), false],
    ['times', list('timestamptz'), false],
    ['times', list('long', true), false],
    ['times', { type: 'struct', fields: [] }, false],
    ['body', list('string'), false],
  ]
  test.each(cases)('%s as %j: %s', (name, type, fits) => {
    expect(fitted({ ...same, [name]: type }).misfits.length === 0).toBe(fits)
  })
})

describe('a required column', () => {
  const { body: _, timestamp: __, ...rest } = same
  test('takes values that are never null', () => {
    expect(fitted({ ...rest, 'timestamp!': 'timestamptz', body: 'string' }).misfits).toEqual([])
  })
  const cases: [string, ReturnType<typeof fitted>, string, string, string][] = [
    [
      'takes no others',
      fitted({ ...rest, timestamp: 'timestamptz', 'body!': 'string' }),
      'required string',
      'string',
      'required, and our values may be null',
    ],
    [
      'needs some',
      fitted({ ...same, 'body2!': list('string', true) }),
      'required list<required string>',
      'none',
      'required, and we do not write it',
    ],
    [
      'needs some, whatever the table says is to be ignored',
      fitted({ ...rest, timestamp: 'timestamptz', 'body!': 'string' }, undefined, 'body'),
      'required string',
      'none',
      'required, and we do not write it',
    ],
  ]
  test.each(cases)('%s', (_, { misfits }, tableType, ourType, reason) => {
    expect(misfits).toMatchObject([{ tableType, ourType, reason }])
  })
})

test('a misfit tells both types', () => {
  const map: MapType = {
    type: 'map',
    'key-id': 1,
    key: 'string',
    'value-id': 2,
    value: 'long',
    'value-required': false,
  }
  const struct = { type: 'struct', fields: columns({ 'a!': 'int', b: map }) } as const
  const { misfits } = fitted({ ...same, BODY2: 'int', times: struct, body: map })
  expect(misfits).toEqual([
    {
      column: 'body',
      tableType: 'map<string, long>',
      ourType: 'string',
      reason: 'of another type',
    },
    {
      column: 'times',
      tableType: 'struct<a: required int, b: map<string, long>>',
      ourType: 'list<long>',
      reason: 'of another type',
    },
  ])
})
