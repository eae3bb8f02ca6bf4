/** AnyValue and KeyValue from JSON, written as JSON text. */
import { endKvlist, writeBytes, writeDouble, writeInt64, writeWord } from './json-text.ts'
import { JsonValueReader } from './json-values.ts'
import { keyTable } from './message.ts'
import { maxDepth, tooDeep } from './tally.ts'
import type { Text } from './text.ts'

/** AnyValue's members in `valueTypes`' order, from 1. */
const members = keyTable([
  'string_value',
  'bool_value',
  'int_value',
  'double_value',
  'array_value',
  'kvlist_value',
  'bytes_value',
])
const ARRAY = 5
const KVLIST = 6

const pair = keyTable(['key', 'value'])
const KEY = 0
const VALUE = 1
/** The one field of ArrayValue and KeyValueList. */
const list = keyTable(['values'])

const quote = 0x22
const comma = 0x2c
const colon = 0x3a

export class JsonAnyValueReader extends JsonValueReader {
  /**
   * Writes the AnyValue that comes next as JSON text.
   * @param bare a string is written as it is, not as JSON
   * @param depth how many arrays and kvlists it stands in
   * @returns the index in `valueTypes` of what it holds; 0: nothing
   */
  anyValue(to: Text, bare: boolean, depth: number): number {
    const start = to.pos
    let type = 0
    if (!this.isNull()) {
      this.beginObject()
      for (let first = true; this.nextKey(first); first = false) {
        const member = this.place(members) + 1
        if (member === 0) this.unknown()
        else if (!this.isNull()) {
          // The member that comes last wins.
          to.pos = start
          type = member
          this.#member(member, to, bare, depth)
        }
      }
    }
    if (type === 0 && !bare) writeWord(to, 'null')
    return type
  }

  #member(member: number, to: Text, bare: boolean, depth: number): void {
    switch (member) {
      case 1:
        if (bare) this.utf8(to)
        else this.quoted(to)
        break
      case 2:
        writeWord(to, this.boolean() ? 'true' : 'false')
        break
      case 3:
        this.int64(true)
        writeInt64(to, this.low, this.high)
        break
      case 4:
        writeDouble(to, this.double())
        break
      case ARRAY:
      case KVLIST:
        this.#list(to, member, depth + 1)
        break
      default: {
        const bytes = this.base64()
        writeBytes(to, bytes, 0, bytes.length)
      }
    }
  }

  /** Writes an ArrayValue or KeyValueList. */
  #list(to: Text, member: number, depth: number): void {
    if (depth > maxDepth) {
      this.tally.rejection = tooDeep
      writeWord(to, 'null')
      return this.skip()
    }
    const start = to.pos
    to.byte(member === ARRAY ? 0x5b : 0x7b)
    let count = 0
    this.beginObject()
    for (let first = true; this.nextKey(first); first = false) {
      if (this.place(list) < 0) this.unknown()
      else if (!this.isNull()) count = this.#elements(to, member, depth, count)
    }
    to.byte(member === ARRAY ? 0x5d : 0x7d)
    if (member === KVLIST) endKvlist(to, start, count)
  }

  #elements(to: Text, member: number, depth: number, count: number): number {
    let n = count
    this.beginArray()
    for (let first = true; this.nextElement(first); first = false) {
      if (n++ > 0) to.byte(comma)
      if (member === ARRAY) this.anyValue(to, false, depth)
      else this.keyValue(to, depth)
    }
    return n
  }

  /** Writes the KeyValue that comes next as `"key":value`; returns where in `to` its value begins. */
  keyValue(to: Text, depth: number): number {
    const begin = this.p
    const start = to.pos
    const { repairedStrings, unknownFields } = this.tally
    const value = this.#keyThenValue(to, depth)
    if (value >= 0) return value
    this.p = begin
    to.pos = start
    this.tally.repairedStrings = repairedStrings
    this.tally.unknownFields = unknownFields
    return this.#anyOrder(to, depth)
  }

  /** The usual order and nothing else; -1 when it is otherwise. */
  #keyThenValue(to: Text, depth: number): number {
    this.beginObject()
    if (!this.nextKey(true) || this.place(pair) !== KEY || this.isNull()) return -1
    this.quoted(to)
    to.byte(colon)
    const value = to.pos
    if (!this.nextKey(false)) writeWord(to, 'null')
    else {
      if (this.place(pair) !== VALUE) return -1
      this.anyValue(to, false, depth)
      if (this.nextKey(false)) return -1
    }
    return value
  }

  /** Finds key and value first, then writes them. */
  #anyOrder(to: Text, depth: number): number {
    const found = [-1, -1]
    this.beginObject()
    for (let first = true; this.nextKey(first); first = false) {
      const place = this.place(pair)
      if (place < 0) this.unknown()
      else {
        this.peek()
        if (!this.isNull()) {
          found[place] = this.p
          this.skip()
        }
      }
    }
    const end = this.p
    const [key, at] = found as [number, number]
    if (key < 0) to.ascii('""')
    else {
      this.p = key
      this.quoted(to)
    }
    to.byte(colon)
    const value = to.pos
    this.p = at
    if (at < 0) writeWord(to, 'null')
    else this.anyValue(to, false, depth)
    this.p = end
    return value
  }

  /** Writes the string that comes next as a JSON string: one without escapes is one already. */
  quoted(to: Text): void {
    to.byte(quote)
    this.unescaped()
    if (this.isEscaped) to.escaped(this.text, this.textView, this.textStart, this.textEnd)
    else to.bytes(this.b, this.s, this.e)
    to.byte(quote)
  }

  /** Writes the string that comes next as it is. */
  utf8(to: Text): void {
    this.unescaped()
    to.bytes(this.text, this.textStart, this.textEnd)
  }

  /** Steps over the value of a key nobody knows. */
  unknown(): void {
    this.tally.unknownFields++
    this.skip()
  }
}
