/**
 * OTLP/protobuf, walked byte by byte into columns: no object is made for a message, no string for a text.
 * protobuf encoding: https://protobuf.dev/programming-guides/encoding/
 */
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
import { writeHex } from './json-text.ts'
import type { LabelColumn } from './labels.ts'
import type { Float64sColumn, Int64sColumn, StringsColumn } from './lists.ts'
import { wrongWireType } from './message.ts'
import { AnyValueReader, wrongType } from './protobuf-any-value.ts'
import type { AnyColumn, MessageColumn, MessagesColumn, Rows } from './rows.ts'
import { aboveInt64, malformed, type Tally, wrongId } from './tally.ts'
import * as op from './types.ts'
import { isUtf8, repairUtf8 } from './utf8.ts'

const LEN = 2

/** Decodes the protobuf message `bytes` into the open row of `rows`; a `malformed` error when it is none. */
export const readProtobuf = (bytes: Uint8Array, rows: Rows, tally: Tally): void => {
  new ProtobufReader(bytes, tally).message(rows)
}

class ProtobufReader extends AnyValueReader {
  /** The message that `message` decodes. */
  #begin = 0
  #end = this.b.length

  progress(): number {
    return this.#begin / this.b.length
  }

  /** Decodes the message `[#begin, #end)` into the open row of `rows`. */
  message(rows: Rows): void {
    const { byTag, ops } = rows.message
    const { byPlace, n } = rows
    const begin = this.#begin
    const end = this.#end
    let p = begin
    if (p < end) rows.touched = true
    while (p < end) {
      let tag = this.b[p] as number
      if (tag < 0x80 && tag > 7) p++
      else {
        tag = this.tag(p, end)
        p = this.next
      }
      const place = tag < byTag.length ? (byTag[tag] as number) : 0
      if (place > 0) {
        const type = ops[place - 1] as number
        const column = byPlace[place - 1] as AnyColumn
        if (type < op.STRING) p = this.#number(type, column, n, p, end)
        else if ((tag & 7) !== LEN) p = this.#element(type, column, p, end)
        else p = this.#value(type, column, n, tag, p, begin, end)
      } else if (place === wrongWireType) throw wrongType(rows.message.name)
      else {
        this.tally.unknownFields++
        this.skip(tag, p, end)
        p = this.next
      }
    }
  }

  /** Decodes the number at `p` into a column's row; returns the place behind it. */
  #number(type: number, column: AnyColumn, row: number, p: number, end: number): number {
    switch (type) {
      case op.FIXED64:
      case op.SFIXED64:
        this.fixed64(p, end)
        this.#int64(type, column as Int64Column, row)
        break
      case op.DOUBLE:
        this.fixed64(p, end)
        setDouble(column as Float64Column, row, this.view.getFloat64(p, true))
        break
      default:
        ;(column as Int32Column).values[row] = this.#int32(type, p, end)
    }
    return this.next
  }

  #int64(type: number, column: Int64Column, row: number): void {
    column.halves[2 * row] = this.low
    column.halves[2 * row + 1] = this.high
    if (type === op.SFIXED64) claim(column, row)
    else if (this.high < 0) this.tally.rejection = aboveInt64
  }

  #int32(type: number, p: number, end: number): number {
    switch (type) {
      case op.FIXED32:
        this.fixed32(p, end)
        return this.low
      case op.SINT32:
        return unzigzag(this.varint32(p, end))
      case op.BOOL:
        this.varint64(p, end)
        return (this.low | this.high) !== 0 ? 1 : 0
      default:
        return this.varint32(p, end)
    }
  }

  /** Decodes the text, message or list at `p` into a column's row; returns the place behind it. */
  #value(
    type: number,
    column: AnyColumn,
    row: number,
    tag: number,
    p: number,
    begin: number,
    end: number,
  ): number {
    const e = this.delimited(p, end)
    const s = this.next
    switch (type) {
      case op.STRING:
        this.utf8((column as StringColumn).begin(row), s, e)
        break
      case op.LABEL:
        this.#label(column as LabelColumn, row, s, e)
        break
      case op.ID:
        this.#id(column as IdColumn, row, s, e)
        break
      case op.ATTRIBUTES:
        this.#attribute(column as AttributesColumn, row, s, e)
        break
      case op.ANY_VALUE:
        this.#anyValue(column as AnyValueColumn, row, s, tag, begin, end, e)
        break
      case op.MESSAGE:
        this.#message(column as MessageColumn, row, s, e)
        break
      case op.MESSAGES:
        this.#begin = s
        this.#end = e
        ;(column as MessagesColumn).rows.read(this.tally, this)
        break
      case op.STRINGS:
        this.#string(column as StringsColumn, s, e)
        break
      default:
        this.#packed(type, column as Int64sColumn | Float64sColumn, s, e)
    }
    return e
  }

  #message(column: MessageColumn, row: number, s: number, e: number): void {
    claim(column, row)
    this.#begin = s
    this.#end = e
    this.message(column.rows)
  }

  #string(column: StringsColumn, s: number, e: number): void {
    this.utf8(column.open(), s, e)
    column.push()
  }

  #label(column: LabelColumn, row: number, s: number, e: number): void {
    if (isUtf8(this.b, s, e)) column.write(row, this.b, s, e)
    else {
      const repaired = repairUtf8(this.b, s, e)
      column.write(row, repaired, 0, repaired.length)
      this.tally.repairedStrings++
    }
  }

  #id(column: IdColumn, row: number, s: number, e: number): void {
    const to = column.begin(row)
    if (e - s === column.size) writeHex(to, this.b, s, e)
    else if (e > s) this.tally.rejection = wrongId(column.size)
  }

  #attribute(column: AttributesColumn, row: number, s: number, e: number): void {
    const to = column.beginPair(row)
    const key = to.pos
    const value = this.keyValue(s, e, to, 0)
    if (column.captures.length > 0) capture(column, row, key, value)
  }

  /** A body sent in pieces is merged when its second piece is met; the pieces after that are in it already. */
  #anyValue(
    column: AnyValueColumn,
    row: number,
    s: number,
    tag: number,
    begin: number,
    end: number,
    e: number,
  ): void {
    const pieces = Math.min((column.pieces[row] as number) + 1, 3)
    column.pieces[row] = pieces
    if (pieces === 3) return
    const to = column.begin(row)
    column.types[row] =
      pieces === 1
        ? this.anyValue(s, e, to, true, 0)
        : this.mergedValue(begin, end, tag, to, true, 0)
  }

  #packed(type: number, column: Int64sColumn | Float64sColumn, s: number, e: number): void {
    if (type === op.UINT64S) {
      // No varint is shorter than a byte: room is made as numbers arrive, never for a length that was only declared.
      for (let p = s; p < e; p = this.next) this.#element(type, column, p, e)
      return
    }
    const count = (e - s) >> 3
    if (8 * count !== e - s)
      throw malformed('cannot read a packed field: its length is no multiple of 8')
    column.reserve(count)
    for (let p = s; p < e; p += 8) this.#element(type, column, p, e)
  }

  /** Decodes one number of a repeated field at `p`; returns the place behind it. */
  #element(type: number, column: AnyColumn, p: number, end: number): number {
    if (type === op.UINT64S) this.varint64(p, end)
    else this.fixed64(p, end)
    if (type === op.DOUBLES) (column as Float64sColumn).push(this.view.getFloat64(p, true))
    else {
      ;(column as Int64sColumn).push(this.low, this.high)
      if (this.high < 0) this.tally.rejection = aboveInt64
    }
    return this.next
  }
}

const unzigzag = (n: number): number => (n >>> 1) ^ -(n & 1)
