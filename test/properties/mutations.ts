/** Bodies made wrong: a few random changes to bytes, or to the tokens of a JSON text. */
import type { Random } from '../judge/random.ts'

/** A copy with one to four random changes; `others` are bodies from which pieces are taken. */
export const mutated = (
  { encoding, bytes }: { readonly encoding: 'protobuf' | 'json'; readonly bytes: Uint8Array },
  others: readonly Uint8Array[],
  random: Random,
): Uint8Array => {
  let body = bytes
  // Few changes: a body in which nothing is left in its place is refused at once.
  for (let left = random.oneIn(3) ? 1 + random.below(4) : 1; left > 0; left--) {
    const careful = encoding === 'json' ? changeToken : changeField
    body = (random.below(3) > 0 ? careful : pick(changes, random))(body, random, others)
  }
  return body
}

type Change = (body: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array

const pick = <T>(items: readonly T[], random: Random): T => items[random.below(items.length)] as T

/** `body` with what lies in `[s, e)` replaced. */
const replaced = (body: Uint8Array, s: number, e: number, piece: Uint8Array): Uint8Array => {
  const rest = body.subarray(e)
  const out = new Uint8Array(s + piece.length + rest.length)
  out.set(body.subarray(0, s))
  out.set(piece, s)
  out.set(rest, s + piece.length)
  return out
}

const byte = (value: number): Uint8Array => Uint8Array.of(value)

/** A short range, most often of a few bytes. */
const range = (body: Uint8Array, random: Random): [number, number] => {
  const s = random.below(body.length + 1)
  const length = random.below(random.oneIn(4) ? 200 : 5)
  return [s, Math.min(body.length, s + length)]
}

/** Bytes with a meaning in protobuf: tags, varints that are long, overlong or endless, wire types that nobody uses. */
const pieces = [
  '00',
  '7f',
  '80',
  'ff',
  '0a',
  '12',
  '0a00',
  '1000',
  '8000',
  '808000',
  'ffffffff0f',
  'ffffffff7f',
  'ffffffffffffffffff01',
  'ffffffffffffffffff7f',
  'ffffffffffffffffffff01',
  'f8ffffff0f01',
  'fbffffff0f',
  '0b0c',
  '0b',
  '0c',
  '0d00000000',
  '0900000000000000ff',
  '000000000000f07f',
  'c080',
  'eda080',
  'f4908080',
  'efbfbd',
  '3a00',
  '3200',
  '2a00',
].map((hex) => new Uint8Array(Buffer.from(hex, 'hex')))

const changes: readonly Change[] = [
  (body, random) => {
    const at = random.below(body.length || 1)
    return replaced(body, at, at + 1, byte((body[at] ?? 0) ^ (1 << random.below(8))))
  },
  (body, random) => {
    const at = random.below(body.length || 1)
    return replaced(body, at, at + 1, byte(random.below(256)))
  },
  (body, random) => replaced(body, ...range(body, random), new Uint8Array(0)),
  (body, random) => {
    const at = random.below(body.length + 1)
    return replaced(body, at, at + random.below(2), pick(pieces, random))
  },
  (body, random) => {
    const [s, e] = range(body, random)
    return replaced(body, e, e, body.subarray(s, e))
  },
  (body, random, others) => {
    const other = pick(others, random)
    return replaced(body, ...range(body, random), other.subarray(...range(other, random)))
  },
  (body, random) => body.subarray(0, random.below(body.length + 1)),
]

/** A record of a message: where it begins, where its payload does, and where it ends. */
type Record = readonly [start: number, payload: number, end: number]

/** The records of a protobuf message without groups; null when it is none. */
const records = (body: Uint8Array): Record[] | null => {
  const found: Record[] = []
  for (let p = 0; p < body.length; ) {
    const start = p
    const tag = varint(body, p)
    const wireType = tag.value & 7
    p = tag.end
    if (wireType === 2) {
      const length = varint(body, p)
      found.push([start, length.end, length.end + length.value])
      p = length.end + length.value
    } else {
      const payload = p
      p = wireType === 0 ? varint(body, p).end : p + (wireType === 1 ? 8 : 4)
      found.push([start, payload, p])
    }
    if (p > body.length || ![0, 1, 2, 5].includes(wireType)) return null
  }
  return found
}

/** A varint of at most 28 bits. */
const varint = (body: Uint8Array, p: number): { value: number; end: number } => {
  let value = 0
  for (let shift = 0; shift < 28; shift += 7) {
    const c = body[p++] ?? 0
    value |= (c & 0x7f) << shift
    if (c < 0x80) break
  }
  return { value, end: p }
}

const lengthOf = (bytes: Uint8Array): Uint8Array => {
  const out: number[] = []
  let rest = bytes.length
  for (; rest > 127; rest >>= 7) out.push((rest & 127) | 128)
  return Uint8Array.from([...out, rest])
}

/** Changes a field somewhere inside a message, and makes the lengths around it right again. */
const changeField: Change = (body, random, others) => {
  const found = records(body)
  if (found === null || found.length === 0) return pick(changes, random)(body, random, others)
  const [start, payload, end] = pick(found, random)
  const inside = body.subarray(payload, end)
  if (((body[start] as number) & 7) === 2 && !random.oneIn(4)) {
    const changed = changeField(inside, random, others)
    const tag = varint(body, start).end
    return replaced(body, tag, end, new Uint8Array(Buffer.concat([lengthOf(changed), changed])))
  }
  const whole = body.subarray(start, end)
  const [elsewhere] = pick(found, random)
  switch (random.below(5)) {
    case 0:
      return replaced(body, start, end, new Uint8Array(0))
    case 1:
      return replaced(body, elsewhere, elsewhere, whole)
    case 2:
      return replaced(body, start, start + 1, byte(random.below(128)))
    case 3:
      return replaced(body, elsewhere, elsewhere, pick(pieces, random))
    default:
      return replaced(body, payload, end, pick(changes, random)(inside, random, others))
  }
}

const tokens = [
  'null',
  'true',
  'false',
  '""',
  '{}',
  '[]',
  '[null]',
  '[[]]',
  '0',
  '-0',
  '-1',
  '01',
  '1.5',
  '1e3',
  '1e400',
  '1e-400',
  '0.1e1',
  '2147483648',
  '4294967295',
  '9007199254740993',
  '9223372036854775808',
  '18446744073709551615',
  '18446744073709551616',
  '"18446744073709551615"',
  '"-9223372036854775808"',
  '"1.0"',
  '"NaN"',
  '"-Infinity"',
  '"0x10"',
  '" 1"',
  '"AP8"',
  '"AP-_"',
  '"SPAN_KIND_SERVER"',
  '"0aBc"',
  '"\\ud800"',
  '"\\u0000"',
  '"\\x"',
  '"value"',
  '"stringValue"',
  '"intValue"',
  '"arrayValue"',
  '"spans"',
].map((text) => new TextEncoder().encode(text))

const token = /[{}[\],:]|"(?:[^"\\]|\\.)*"|[-+.\w]+/g

/** Replaces, removes or inserts a token of a JSON text. */
const changeToken: Change = (body, random) => {
  const text = Buffer.from(body).toString('latin1')
  // From anywhere, also from within a string: what looks like a token there is changed as well.
  token.lastIndex = random.below(text.length + 1)
  const found = token.exec(text)
  if (found === null) return body
  const { index, 0: old } = found
  const piece = random.oneIn(4) ? new Uint8Array(0) : pick(tokens, random)
  return replaced(body, index, random.oneIn(4) ? index : index + old.length, piece)
}
