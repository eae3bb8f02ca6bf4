/** AnyValue and KeyValue from JSON, written as JSON text. */
import { endKvlist, writeBytes, writeDouble, writeInt64, writeWord } from './json-text.ts'
import { JsonValueReader, noKey, unknownKey } from './json-values.ts'
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

/** KeyValue's fields. */
const pair = keyTable(['key', 'value'])
const VALUE = 1
/** The one field of ArrayValue and KeyValueList. */
const list = keyTable(['values'])

const comma = 0x2c
const colon = 0x3a

export class JsonAnyValueReader extends JsonValueReader {
  /**
   * Writes the AnyValue that comes next, which is not null, as JSON text.
   * @param bare a string is written as it is, not as JSON
   * @param depth how many arrays and kvlists it stands in
   * @returns the index in `valueTypes` of what it holds; 0: nothing
   */
  anyValue(to: Text, bare: boolean, depth: number): number {
    const start = to.pos
    let type = 0
    for (let place = this.firstField(members); place !== noKey; place = this.nextField(members)) {
      if (place === unknownKey) this.unknown()
      else if (!this.isNull()) {
        // The member that comes last wins.
        to.pos = start
        type = place + 1
        this.#member(type, to, bare, depth)
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
      this.skip()
      return
    }
    const start = to.pos
    to.byte(member === ARRAY ? 0x5b : 0x7b)
    let count = 0
    for (let place = this.firstField(list); place !== noKey; place = this.nextField(list)) {
      if (place === unknownKey) this.unknown()
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
      if (member === ARRAY) this.#element(to, depth)
      else this.keyValue(to, depth)
    }
    return n
  }

  #element(to: Text, depth: number): void {
    if (this.isNull()) writeWord(to, 'null')
    else this.anyValue(to, false, depth)
  }

  /**
   * Writes the KeyValue that comes next as `"key":value`; returns where in `to` its value begins. In whatever order its fields come and
   * however often, each value is decoded once: nested ones must not multiply the work.
   */
  keyValue(to: Text, depth: number): number {
    const start = to.pos
    let value = start
    // Where the key stands in the body, when it came too late to be written before the value.
    let lateKey = -1
    for (let place = this.firstField(pair); place !== noKey; place = this.nextField(pair)) {
      if (place === unknownKey) this.unknown()
      else if (this.isNull()) continue
      else if (place === VALUE) {
        to.pos = value
        this.anyValue(to, false, depth)
      } else if (to.pos === start) {
        this.quoted(to)
        to.byte(colon)
        value = to.pos
      } else {
        this.peek()
        lateKey = this.p
        this.skip()
      }
    }
    if (to.pos === value) writeWord(to, 'null')
    return lateKey < 0 && value > start ? value : this.#insertKey(to, start, value, lateKey)
  }

  /** Puts the key that stands at `at`, or an empty one, before the value that was written already. */
  #insertKey(to: Text, start: number, value: number, at: number): number {
    const text = to.data.slice(value, to.pos)
    const end = this.p
    to.pos = start
    if (at < 0) to.ascii('""')
    else {
      this.p = at
      this.quoted(to)
      this.p = end
    }
    to.byte(colon)
    const begin = to.pos
    to.bytes(text, 0, text.length)
    return begin
  }

  /** Writes the string that comes next as a JSON string: one without escapes is one already. */
  quoted(to: Text): void {
    this.string()
    if (!this.isEscaped) to.copy(this.b, this.view, this.s - 1, this.e + 1)
    else {
      this.unescape()
      to.quoted(this.text, this.textView, this.textStart, this.textEnd)
    }
  }

  /** Writes the string that comes next as it is. */
  utf8(to: Text): void {
    this.unescaped()
    to.copy(this.text, this.textView, this.textStart, this.textEnd)
  }

  /** Steps over the value of a key nobody knows. */
  unknown(): void {
    this.tally.unknownFields++
    this.skip()
  }
}
