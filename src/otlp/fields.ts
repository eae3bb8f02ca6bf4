/** The words that `messages.ts` declares fields with: a type each, from the field's number to its column. */
import {
  AnyValueColumn,
  AttributesColumn,
  type Column,
  Float64Column,
  IdColumn,
  Int32Column,
  Int64Column,
  StringColumn,
} from './columns.ts'
import { LabelColumn } from './labels.ts'
import { Float64sColumn, Int64sColumn, StringsColumn } from './lists.ts'
import type { Field, Fields, Message } from './message.ts'
import { MessageColumn, MessagesColumn } from './rows.ts'
import * as op from './types.ts'

const field =
  <C extends Column, Rest extends unknown[]>(type: op.Op, column: (...rest: Rest) => C) =>
  (number: number, ...rest: Rest): Field<C> => ({
    number,
    op: type,
    oneof: undefined,
    column: () => column(...rest),
  })

export const fixed64 = field(op.FIXED64, () => new Int64Column(op.FIXED64, false))
export const sfixed64 = field(op.SFIXED64, () => new Int64Column(op.SFIXED64, true))
export const fixed32 = field(op.FIXED32, () => new Int32Column(op.FIXED32))
export const uint32 = field(op.UINT32, () => new Int32Column(op.UINT32))
export const sint32 = field(op.SINT32, () => new Int32Column(op.SINT32))
export const bool = field(op.BOOL, () => new Int32Column(op.BOOL))
export const double = field(op.DOUBLE, () => new Float64Column(false))
export const optionalDouble = field(op.DOUBLE, () => new Float64Column(true))
export const string = field(op.STRING, () => new StringColumn())
/** A string that many rows share. */
export const label = field(op.LABEL, () => new LabelColumn())
/** A `bytes` id: `size` bytes or none. */
export const id = field(op.ID, (size: number) => new IdColumn(size))
export const enumeration = field(
  op.ENUM,
  (names: Readonly<Record<string, number>>) => new Int32Column(op.ENUM, names),
)
export const anyValue = field(op.ANY_VALUE, () => new AnyValueColumn())
/** A `repeated KeyValue`; `captures` are keys whose values become columns too. */
export const attributes = field(
  op.ATTRIBUTES,
  (captures: readonly string[] = []) => new AttributesColumn(captures),
)
export const fixed64s = field(op.FIXED64S, () => new Int64sColumn(op.FIXED64S))
export const uint64s = field(op.UINT64S, () => new Int64sColumn(op.UINT64S))
export const doubles = field(op.DOUBLES, () => new Float64sColumn())
export const strings = field(op.STRINGS, () => new StringsColumn())

/** A field that holds one message. */
export const one = <F extends Fields>(
  number: number,
  message: Message<F>,
): Field<MessageColumn<F>> => ({
  number,
  op: op.MESSAGE,
  oneof: undefined,
  column: () => new MessageColumn(message),
})

/** A field that repeats a message. */
export const many = <F extends Fields>(
  number: number,
  message: Message<F>,
): Field<MessagesColumn<F>> => ({
  number,
  op: op.MESSAGES,
  oneof: undefined,
  column: () => new MessagesColumn(message),
})

/** The members of one oneof. */
export const oneof = <F extends Fields>(name: string, members: F): F =>
  Object.fromEntries(
    Object.entries(members).map(([key, member]) => [key, { ...member, oneof: name }]),
  ) as unknown as F
