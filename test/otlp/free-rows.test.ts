// Protects the memory of a process that is sent what it has to refuse: nothing is left of the columns that were made until then.
import { expect, test } from 'vitest'
import { freeRows } from '../../src/otlp/free-rows.ts'
import type { Fields, Message } from '../../src/otlp/message.ts'
import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
} from '../../src/otlp/messages.ts'
import { MessagesColumn, Rows } from '../../src/otlp/rows.ts'

/** The large buffers that can be reached from a value. */
const largeBuffers = (value: unknown, seen = new Set<unknown>()): ArrayBuffer[] => {
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  if (value instanceof ArrayBuffer) return value.byteLength < 16384 ? [] : [value]
  if (ArrayBuffer.isView(value)) return largeBuffers(value.buffer, seen)
  // A list's messages are private to it.
  const parts = value instanceof MessagesColumn ? [value.rows] : []
  return [...Object.values(value), ...parts].flatMap((one) => largeBuffers(one, seen))
}

/** Makes large columns in a message and in every one in it. */
const fill = (rows: Rows): void => {
  rows.grow(40_000)
  for (const column of rows.byPlace) {
    if ('text' in column) column.text.reserve(20_000)
    if ('entries' in column) column.entries.text.reserve(20_000)
    if ('strings' in column) column.strings.grow(40_000)
    if ('captures' in column) for (const { text } of column.captures) text.reserve(20_000)
    if ('reserve' in column) column.reserve(40_000)
    if ('rows' in column) fill(column.rows)
  }
}

test.each([ExportLogsServiceRequest, ExportTraceServiceRequest, ExportMetricsServiceRequest])(
  '$name',
  (message) => {
    const rows = new Rows(message as unknown as Message<Fields>)
    fill(rows)
    expect(largeBuffers(rows).length).toBeGreaterThan(50)
    freeRows(rows)
    expect(largeBuffers(rows)).toEqual([])
  },
)
