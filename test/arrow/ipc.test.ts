// Protects: what leaves as an Arrow stream is what the vectors hold, as apache-arrow itself reads it.

import { type Field, type Table, tableFromIPC } from 'apache-arrow'
import { expect, test } from 'vitest'
import { toIpc } from '../../src/arrow/ipc.ts'
import type { RecordBatch } from '../../src/arrow/record-batch.ts'
import type { Vector } from '../../src/arrow/vector.ts'
import { everyKind } from './every-kind.ts'
import { type Value, valuesOf } from './values.ts'

const streamOf = (batch: RecordBatch): Uint8Array => Buffer.concat(toIpc(batch))
const tableOf = (batch: RecordBatch): Table => tableFromIPC(streamOf(batch))

/** The values of a column of a table, in our terms: timestamps as they are stored. */
const readValues = (table: Table, i: number): Value[] =>
  Array.from({ length: table.numRows }, (_, row) => {
    const column = table.getChildAt(i)
    const data = column?.data[0]
    if (String(column?.type).startsWith('Timestamp')) {
      return column?.get(row) == null ? null : (data?.values[row] as bigint)
    }
    const value = column?.get(row)
    return value?.toArray ? settle(value, String(column?.type)) : value
  })

const settle = (
  list: {
    length: number
    data: readonly { values: unknown[]; offset: number }[]
  } & Iterable<Value>,
  type: string,
): Value[] =>
  type.includes('Timestamp')
    ? [...list].map((value, i) => (value === null ? null : (list.data[0]?.values[i] as bigint)))
    : [...list]

test.each(everyKind.fields.map((field, i) => [field.name, i] as const))('%s', (_, i) => {
  const table = tableOf(everyKind)
  expect(readValues(table, i)).toEqual(valuesOf(everyKind.columns[i] as Vector))
})

test('fields: names, types, all nullable, ids on columns and elements', () => {
  const describe = ({ name, type, nullable, metadata, ...field }: Field): unknown => [
    name,
    String(type),
    nullable,
    metadata.get('PARQUET:field_id'),
    ...(type.children ?? []).map(describe),
    ...Object.keys(field).filter(() => false),
  ]
  expect(tableOf(everyKind).schema.fields.map(describe)).toMatchInlineSnapshot(`
    [
      [
        "bool",
        "Bool",
        true,
        "1",
      ],
      [
        "int",
        "Int32",
        true,
        "2",
      ],
      [
        "long",
        "Int64",
        true,
        "3",
      ],
      [
        "noLong",
        "Int64",
        true,
        "4",
      ],
      [
        "time",
        "Timestamp<MICROSECOND, UTC>",
        true,
        "5",
      ],
      [
        "double",
        "Float64",
        true,
        "6",
      ],
      [
        "nan",
        "Float64",
        true,
        "7",
      ],
      [
        "text",
        "Utf8",
        true,
        "8",
      ],
      [
        "noText",
        "Utf8",
        true,
        "9",
      ],
      [
        "repeated",
        "Dictionary<Int32, Utf8>",
        true,
        "10",
      ],
      [
        "repeatedOrNot",
        "Dictionary<Int32, Utf8>",
        true,
        "11",
      ],
      [
        "constant",
        "Dictionary<Int32, Utf8>",
        true,
        "12",
      ],
      [
        "neverThere",
        "Dictionary<Int32, Utf8>",
        true,
        "13",
      ],
      [
        "longs",
        "List<Int64>",
        true,
        "14",
        [
          "element",
          "Int64",
          true,
          "101",
        ],
      ],
      [
        "times",
        "List<Timestamp<MICROSECOND, UTC>>",
        true,
        "15",
        [
          "element",
          "Timestamp<MICROSECOND, UTC>",
          true,
          "102",
        ],
      ],
      [
        "doubles",
        "List<Float64>",
        true,
        "16",
        [
          "element",
          "Float64",
          true,
          "103",
        ],
      ],
      [
        "texts",
        "List<Utf8>",
        true,
        "17",
        [
          "element",
          "Utf8",
          true,
          "104",
        ],
      ],
      [
        "noLists",
        "List<Utf8>",
        true,
        "18",
        [
          "element",
          "Utf8",
          true,
          "105",
        ],
      ],
    ]
  `)
})
