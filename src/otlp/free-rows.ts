import { freeLarge } from '../bytes.ts'
import type { TextColumn } from './columns.ts'
import type { AnyColumn, Rows } from './rows.ts'
import * as op from './types.ts'

/**
 * Gives the memory of a message's rows back at once, and that of the messages in it: of a request that is refused once much
 * was made of it. The rows must not be used any more.
 */
export const freeRows = ({ requestRows, byPlace }: Rows): void => {
  freeLarge(requestRows.buffer)
  for (const column of byPlace) {
    for (const { buffer } of arraysOf(column)) freeLarge(buffer)
    if (column.op === op.MESSAGE) freeRows(column.rows)
    if (column.op === op.MESSAGES && column.made !== undefined) freeRows(column.made)
  }
}

const arraysOf = (column: AnyColumn): ArrayBufferView[] => {
  switch (column.op) {
    case op.FIXED64:
    case op.SFIXED64:
      return [column.halves, column.presence.flags]
    case op.DOUBLE:
      return [column.values, column.presence.flags]
    case op.FIXED32:
    case op.UINT32:
    case op.SINT32:
    case op.ENUM:
    case op.BOOL:
      return [column.values]
    case op.STRING:
    case op.ID:
      return ofText(column)
    case op.ATTRIBUTES:
      return [
        ...ofText(column),
        ...column.captures.flatMap((one) => [...ofText(one), one.presence.flags]),
      ]
    case op.ANY_VALUE:
      return [...ofText(column), column.types, column.pieces]
    case op.LABEL:
      return [column.indices, ...ofText(column.entries)]
    case op.FIXED64S:
    case op.UINT64S:
      return [column.offsets, column.halves]
    case op.DOUBLES:
      return [column.offsets, column.values]
    case op.STRINGS:
      return [column.offsets, ...ofText(column.strings)]
    case op.MESSAGE:
      return [column.presence.flags]
    case op.MESSAGES:
      return [column.offsets]
  }
}

const ofText = ({ offsets, text }: TextColumn): ArrayBufferView[] => [offsets, text.data]
