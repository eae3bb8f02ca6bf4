/** OTLP/JSON, read byte by byte into the same columns as OTLP/protobuf: no object is made for a message. */
import { capture } from './capture.ts'
import {
  type AnyValueColumn,
  type AttributesColumn,
  claim,
  type Float64Column,
  type IdColumn,
  type Int32Column,
  type Int64Column,
  type StringColumn,
  setDouble,
} from './columns.ts'
import { JsonAnyValueReader } from './json-any-value.ts'
import { noKey, unknownKey } from './json-values.ts'
import type { LabelColumn } from './labels.ts'
import type { Float64sColumn, Int64sColumn, StringsColumn } from './lists.ts'
import type { AnyColumn, MessageColumn, MessagesColumn, Rows } from './rows.ts'
import { aboveInt64, nullInList, type Tally } from './tally.ts'
import * as op from './types.ts'

/** Decodes the JSON text `bytes` into the open row of `rows`; a `malformed` error when it is none. */
export const readJson = (bytes: Uint8Array, rows: Rows, tally: Tally): void => {
  const reader = new JsonReader(withoutByteOrderMark(bytes), tally)
  if (!reader.isNull()) reader.message(rows)
  if (reader.peek() !== -1) reader.fail('something behind the end')
}

const withoutByteOrderMark = (b: Uint8Array): Uint8Array =>
  b[0] === 0xef && b[1] === 0xbb && b[2] === 0xbf ? b.subarray(3) : b

class JsonReader extends JsonAnyValueReader {
  progress(): number {
    return this.p / this.end
  }

  /** Decodes the object that comes next into the open row of `rows`. */
  message(rows: Rows): void {
    const { byKey, ops } = rows.message
    const { byPlace, n } = rows
    rows.touched = true
    for (let place = this.firstField(byKey); place !== noKey; place = this.nextField(byKey)) {
      if (place === unknownKey) this.unknown()
      else if (!this.isNull()) this.#field(ops[place] as number, byPlace[place] as AnyColumn, n)
    }
  }

  #field(type: number, column: AnyColumn, row: number): void {
    switch (type) {
      case op.FIXED64:
      case op.SFIXED64:
        this.#int64(type, column as Int64Column, row)
        break
      case op.FIXED32:
      case op.UINT32:
      case op.SINT32:
      case op.ENUM:
      case op.BOOL:
        ;(column as Int32Column).values[row] = this.#int32(type, column as Int32Column)
        break
      case op.DOUBLE:
        setDouble(column as Float64Column, row, this.double())
        break
      case op.STRING:
        this.utf8((column as StringColumn).begin(row))
        break
      case op.LABEL:
        this.unescaped()
        ;(column as LabelColumn).write(row, this.text, this.textStart, this.textEnd)
        break
      case op.ID:
        this.id(column as IdColumn, row)
        break
      case op.ATTRIBUTES:
        this.#attributes(column as AttributesColumn, row)
        break
      case op.ANY_VALUE:
        this.#anyValue(column as AnyValueColumn, row)
        break
      case op.MESSAGE:
        claim(column as MessageColumn, row)
        this.message((column as MessageColumn).rows)
        break
      case op.MESSAGES:
        this.#rows((column as MessagesColumn).rows)
        break
      default:
        this.#list(type, column as Int64sColumn | Float64sColumn | StringsColumn)
    }
  }

  #int32(type: number, { names }: Int32Column): number {
    if (type === op.ENUM) return this.enumeration(names)
    if (type === op.BOOL) return this.boolean() ? 1 : 0
    return this.int32(type === op.SINT32)
  }

  #anyValue(column: AnyValueColumn, row: number): void {
    column.types[row] = this.anyValue(column.begin(row), true, 0)
  }

  #int64(type: number, column: Int64Column, row: number): void {
    this.int64(type === op.SFIXED64)
    column.halves[2 * row] = this.low
    column.halves[2 * row + 1] = this.high
    if (type === op.SFIXED64) claim(column, row)
    else if (this.high < 0) this.tally.rejection = aboveInt64
  }

  #attributes(column: AttributesColumn, row: number): void {
    this.beginArray()
    for (let first = true; this.nextElement(first); first = false) {
      if (this.isNull()) continue
      const to = column.beginPair(row)
      const key = to.pos
      const value = this.keyValue(to, 0)
      if (column.captures.length > 0) capture(column, row, key, value)
    }
  }

  /** Decodes a list of messages: a row each. */
  #rows(rows: Rows): void {
    this.beginArray()
    for (let first = true; this.nextElement(first); first = false) {
      if (!this.isNull()) rows.read(this.tally, this)
    }
  }

  /** Decodes a list of scalars. JavaScript's `JSON.stringify` makes null of NaN: so it is one; no integer is null. */
  #list(type: number, column: Int64sColumn | Float64sColumn | StringsColumn): void {
    this.beginArray()
    for (let first = true; this.nextElement(first); first = false) {
      if (type === op.STRINGS) this.#string(column as StringsColumn)
      else if (type === op.DOUBLES)
        (column as Float64sColumn).push(this.isNull() ? NaN : this.double())
      else this.#element(column as Int64sColumn)
    }
  }

  #string(column: StringsColumn): void {
    this.utf8(column.open())
    column.push()
  }

  #element(column: Int64sColumn): void {
    if (this.isNull()) this.tally.rejection = nullInList
    else this.int64(false)
    column.push(this.low, this.high)
    if (this.high < 0) this.tally.rejection = aboveInt64
  }
}
