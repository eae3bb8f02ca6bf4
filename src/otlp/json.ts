/** OTLP/JSON, read byte by byte into the same columns as OTLP/protobuf: no object is made for a message. */
import { capture } from './capture.ts'
import { type AttributesColumn, claim, type Int64Column } from './columns.ts'
import { JsonAnyValueReader } from './json-any-value.ts'
import type { Float64sColumn, Int64sColumn, StringsColumn } from './lists.ts'
import type { AnyColumn, Rows } from './rows.ts'
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
  /** Decodes the object that comes next into the open row of `rows`. */
  message(rows: Rows): void {
    this.beginObject()
    for (let first = true; this.nextKey(first); first = false) {
      const place = this.place(rows.message.byKey)
      if (place < 0) this.unknown()
      else if (!this.isNull()) this.#field(rows.byPlace[place] as AnyColumn, rows.n)
    }
  }

  #field(column: AnyColumn, row: number): void {
    switch (column.op) {
      case op.FIXED64:
      case op.UINT64:
      case op.SFIXED64:
        this.#int64(column, row)
        break
      case op.FIXED32:
      case op.UINT32:
        column.values[row] = this.int32(false)
        break
      case op.INT32:
      case op.SINT32:
        column.values[row] = this.int32(true)
        break
      case op.ENUM:
        column.values[row] = this.enumeration(column.names)
        break
      case op.BOOL:
        column.values[row] = this.boolean() ? 1 : 0
        break
      case op.DOUBLE:
        column.values[row] = this.double()
        if (column.tracked) claim(column, row)
        break
      case op.STRING:
        column.begin(row)
        this.utf8(column)
        break
      case op.LABEL:
        this.unescaped()
        column.write(row, this.text, this.textStart, this.textEnd)
        break
      case op.ID:
        this.id(column, row)
        break
      case op.ATTRIBUTES:
        this.#attributes(column, row)
        break
      case op.ANY_VALUE:
        column.begin(row)
        column.types[row] = this.anyValue(column, true, 0)
        break
      case op.MESSAGE:
        claim(column, row)
        this.message(column.rows)
        break
      case op.MESSAGES:
        this.#rows(column.rows)
        break
      default:
        this.#list(column)
    }
  }

  #int64(column: Int64Column, row: number): void {
    this.int64(column.op === op.SFIXED64)
    column.halves[2 * row] = this.low
    column.halves[2 * row + 1] = this.high
    if (column.op === op.SFIXED64) claim(column, row)
    else if (this.high < 0) this.tally.rejection = aboveInt64
  }

  #attributes(column: AttributesColumn, row: number): void {
    this.beginArray()
    for (let first = true; this.nextElement(first); first = false) {
      if (this.isNull()) continue
      column.beginPair(row)
      const key = column.pos
      const value = this.keyValue(column, 0)
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

  #list(column: Int64sColumn | Float64sColumn | StringsColumn): void {
    this.beginArray()
    for (let first = true; this.nextElement(first); first = false) {
      if (column.op === op.STRINGS) {
        this.utf8(column.open())
        column.push()
      } else this.#number(column)
    }
  }

  /** A number of a list. JavaScript's `JSON.stringify` makes null of NaN: so it is one; no integer is null. */
  #number(column: Int64sColumn | Float64sColumn): void {
    const isNull = this.isNull()
    column.reserve(1)
    if (column.op === op.DOUBLES) column.values[column.count++] = isNull ? NaN : this.double()
    else {
      if (isNull) this.tally.rejection = nullInList
      else this.int64(false)
      column.halves[2 * column.count] = this.low
      column.halves[2 * column.count++ + 1] = this.high
      if (this.high < 0) this.tally.rejection = aboveInt64
    }
  }
}
