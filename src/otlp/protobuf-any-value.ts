/** AnyValue and KeyValue from protobuf, written as JSON text. */
import { endKvlist, writeBytes, writeDouble, writeInt64, writeWord } from './json-text.ts'
import { WireReader } from './protobuf-wire.ts'
import { malformed, maxDepth, type Tally, tooDeep } from './tally.ts'
import type { Text } from './text.ts'

// Tags of AnyValue's members, of KeyValue's fields, and of the one field of ArrayValue and KeyValueList.
const STRING = 0x0a
const BOOL = 0x10
const INT = 0x18
const DOUBLE = 0x21
const ARRAY = 0x2a
const KVLIST = 0x32
const BYTES = 0x3a
const KEY = 0x0a
const VALUE = 0x12
const VALUES = 0x0a

const comma = 0x2c
const colon = 0x3a

/** What an AnyValue holds, in `AnyValue.value`'s order; 0: nothing. */
export const valueTypes = [
  '',
  'string',
  'bool',
  'int',
  'double',
  'array',
  'kvlist',
  'bytes',
] as const

export class AnyValueReader extends WireReader {
  readonly tally: Tally
  /** The elements of the array or kvlist that was written last. */
  #count = 0

  constructor(bytes: Uint8Array, tally: Tally) {
    super(bytes)
    this.tally = tally
  }

  /**
   * Writes the AnyValue in `[p, end)` as JSON text.
   * @param bare a string is written as it is, not as JSON
   * @param depth how many arrays and kvlists it stands in
   * @returns the index in `valueTypes` of what it holds
   */
  anyValue(p: number, end: number, to: Text, bare: boolean, depth: number): number {
    const start = to.pos
    const type = this.#members(p, end, to, start, bare, depth, 0, 0)
    this.#finish(type, to, start, bare)
    return type
  }

  /**
   * Writes what an AnyValue's encoding `[p, end)` says, or goes on with a value whose earlier pieces were written from `start` on.
   * @param type the index in `valueTypes` of what it holds so far
   * @param count the elements of an array or kvlist that it holds so far; then in `#count`
   * @returns what it holds now
   */
  #members(
    p: number,
    end: number,
    to: Text,
    start: number,
    bare: boolean,
    depth: number,
    type: number,
    count: number,
  ): number {
    while (p < end) {
      const tag = this.b[p] as number
      if (tag > BYTES || (tag !== STRING && !isMember(tag))) {
        p = this.#unknown(p, end)
        continue
      }
      // The member that comes last wins; an array or kvlist sent in pieces is merged.
      const merged = tag >> 3 === type && (tag === ARRAY || tag === KVLIST)
      to.pos = merged ? to.pos - 1 : start
      type = tag >> 3
      if (tag === ARRAY || tag === KVLIST) {
        const e = this.delimited(p + 1, end)
        count = this.#list(this.next, e, to, tag, merged ? count : -1, depth + 1)
        p = e
      } else p = this.#scalar(tag, p + 1, end, to, bare)
    }
    this.#count = count
    return type
  }

  #finish(type: number, to: Text, start: number, bare: boolean): void {
    if (type === 0 && !bare) writeWord(to, 'null')
    else if (type === KVLIST >> 3) endKvlist(to, start, this.#count)
  }

  /** Writes a member that holds no other AnyValue; returns the place behind it. */
  #scalar(tag: number, p: number, end: number, to: Text, bare: boolean): number {
    switch (tag) {
      case STRING: {
        const e = this.delimited(p, end)
        if (bare) this.utf8(to, this.next, e)
        else this.quoted(to, this.next, e)
        return e
      }
      case BOOL:
        this.varint64(p, end)
        writeWord(to, (this.low | this.high) !== 0 ? 'true' : 'false')
        return this.next
      case INT:
        this.varint64(p, end)
        writeInt64(to, this.low, this.high)
        return this.next
      case DOUBLE:
        this.fixed64(p, end)
        writeDouble(to, this.view.getFloat64(p, true))
        return this.next
      default: {
        const e = this.delimited(p, end)
        writeBytes(to, this.b, this.next, e)
        return e
      }
    }
  }

  /**
   * Writes an ArrayValue or KeyValueList, or goes on with one whose closing bracket was taken off.
   * @param count the elements it has already; -1 when it is new
   * @returns how many elements it has now
   */
  #list(p: number, end: number, to: Text, tag: number, count: number, depth: number): number {
    if (depth > maxDepth) {
      this.tally.rejection = tooDeep
      writeWord(to, 'null')
      return 0
    }
    if (count < 0) to.byte(tag === ARRAY ? 0x5b : 0x7b)
    let n = Math.max(count, 0)
    while (p < end) {
      if (this.b[p] !== VALUES) {
        p = this.#unknownIn(p, end, 'AnyValue', 1)
        continue
      }
      const e = this.delimited(p + 1, end)
      if (n++ > 0) to.byte(comma)
      if (tag === ARRAY) this.anyValue(this.next, e, to, false, depth)
      else this.keyValue(this.next, e, to, depth)
      p = e
    }
    to.byte(tag === ARRAY ? 0x5d : 0x7d)
    return n
  }

  /** Writes the KeyValue in `[p, end)` as `"key":value`; returns where in `to` its value begins. */
  keyValue(p: number, end: number, to: Text, depth: number): number {
    const begin = p
    let key = 0
    let keyEnd = 0
    let value = 0
    let valueEnd = 0
    let values = 0
    while (p < end) {
      const tag = this.b[p] as number
      if (tag === KEY) {
        p = keyEnd = this.delimited(p + 1, end)
        key = this.next
      } else if (tag === VALUE) {
        p = valueEnd = this.delimited(p + 1, end)
        value = this.next
        values++
      } else p = this.#unknownIn(p, end, 'KeyValue', 2)
    }
    this.quoted(to, key, keyEnd)
    to.byte(colon)
    const at = to.pos
    if (values > 1) this.mergedValue(begin, end, VALUE, to, false, depth)
    else this.anyValue(value, valueEnd, to, false, depth)
    return at
  }

  /**
   * Writes a value that the message `[p, end)` holds in pieces, under `tag`: messages merge as their encodings joined (protobuf encoding,
   * "Last One Wins"). They are read one after the other, not copied together: at every level of a nested value that would cost its
   * whole size again. The rest as in `anyValue`.
   */
  mergedValue(p: number, end: number, tag: number, to: Text, bare: boolean, depth: number): number {
    const start = to.pos
    let type = 0
    this.#count = 0
    while (p < end) {
      const found = this.tag(p, end)
      const at = this.next
      this.skip(found, at, end)
      p = this.next
      if (found === tag) {
        const s = this.#payload(at, p)
        type = this.#members(s, p, to, start, bare, depth, type, this.#count)
      }
    }
    this.#finish(type, to, start, bare)
    return type
  }

  /** Where the payload of the length-delimited value in `[p, end)` begins. */
  #payload(p: number, end: number): number {
    this.delimited(p, end)
    return this.next
  }

  /** Writes `[s, e)` as a JSON string. */
  quoted(to: Text, s: number, e: number): void {
    if (to.quoted(this.b, this.view, s, e)) this.tally.repairedStrings++
  }

  /** Writes `[s, e)` as it is. */
  utf8(to: Text, s: number, e: number): void {
    if (to.utf8(this.b, this.view, s, e)) this.tally.repairedStrings++
  }

  /** Steps over a field at `p` that AnyValue does not have, or not so; returns the place behind it. */
  #unknown(p: number, end: number): number {
    return this.#unknownIn(p, end, 'AnyValue', BYTES >> 3)
  }

  #unknownIn(p: number, end: number, message: string, lastNumber: number): number {
    const tag = this.tag(p, end)
    if (tag >>> 3 <= lastNumber) throw wrongType(message)
    this.tally.unknownFields++
    this.skip(tag, this.next, end)
    return this.next
  }
}

const isMember = (tag: number): boolean =>
  tag === INT || tag === BOOL || tag === DOUBLE || tag === ARRAY || tag === KVLIST || tag === BYTES

/** The error of a known field under another wire type than its own. */
export const wrongType = (message: string): Error =>
  malformed(`cannot read ${message}: a field has another wire type than its own`)
