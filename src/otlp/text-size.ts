/** How much text a request makes: of all that it makes, what may be many times as long as what was sent. */
import type { TextColumn } from './columns.ts'
import { referencesSize } from './entity-refs.ts'
import { EntityRef } from './messages.ts'
import type { AnyColumn, Rows } from './rows.ts'
import * as op from './types.ts'

/**
 * Bytes of the texts in the kept rows of a message, and in those of the messages in it. Ids are left out: they are twice as
 * long as they were sent, never more, and a span of many links has little else.
 */
export const textSize = (rows: Rows): number =>
  (rows.message as unknown) === EntityRef
    ? referencesSize(rows as unknown as Rows<typeof EntityRef.fields>)
    : rows.byPlace.reduce((size, column) => size + sizeOf(column, rows.n), 0)

const sizeOf = (column: AnyColumn, n: number): number => {
  switch (column.op) {
    case op.STRING:
    case op.ANY_VALUE:
      return sizeUpTo(column, n)
    case op.ATTRIBUTES:
      return column.captures.reduce(
        (size, capture) => size + sizeUpTo(capture, n),
        sizeUpTo(column, n),
      )
    case op.LABEL:
      return sizeUpTo(column.entries, column.count)
    case op.STRINGS:
      return sizeUpTo(column.strings, column.count)
    case op.MESSAGE:
      return textSize(column.rows)
    case op.MESSAGES:
      return column.length === 0 ? 0 : textSize(column.rows)
    default:
      return 0
  }
}

const sizeUpTo = ({ offsets }: TextColumn, n: number): number => offsets[n] as number
