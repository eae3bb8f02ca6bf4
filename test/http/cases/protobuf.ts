/** Protobuf: what decodes, what does not (protobuf.dev/programming-guides/encoding). */
import { type Case, type More, protobuf } from '../case.ts'
import {
  bytes,
  cut,
  dbl,
  fix32,
  fix64,
  float64,
  hex,
  int64,
  len,
  logsOf,
  metricsOf,
  num,
  spansOf,
  str,
  tag,
  utf8,
  varint,
} from '../wire.ts'

type Expect = Parameters<typeof protobuf>[2]

const logs = (name: string, record: Uint8Array, expect: Expect, more?: More) =>
  protobuf(`log: ${name}`, logsOf(record), expect, more)
const span = (name: string, record: Uint8Array, expect: Expect) =>
  protobuf(`span: ${name}`, spansOf(record), expect, { signal: 'traces' })
const metric = (name: string, content: Uint8Array, expect: Expect) =>
  protobuf(`metric: ${name}`, metricsOf(bytes(str(1, 'm'), content)), expect, { signal: 'metrics' })
const request = (name: string, body: Uint8Array, expect: Expect) =>
  protobuf(`request: ${name}`, body, expect)

const traceId = hex('0102030405060708090a0b0c0d0e0f10')
const spanId = hex('0102030405060708')
const now = 1_700_000_000_000_000_000n
const attribute = (key: string, value: Uint8Array) => len(6, str(1, key), len(2, value))
const nested = (depth: number): Uint8Array =>
  depth === 0 ? str(1, 'x') : len(5, len(1, nested(depth - 1)))

// biome-ignore format: a case is a line
const whole: readonly Case[] = [
  request('no bytes', bytes(), 200),
  request('an empty resource', len(1), 200),
  request('an empty scope', len(1, len(2)), 200),
  request('an empty record', logsOf(bytes()), 200),
  request('1,000 empty resources', bytes(...Array.from({ length: 1000 }, () => len(1))), 200),
  request('a resource without records', len(1, len(1, len(1, str(1, 'k'), len(2, str(1, 'v'))))), 200),
  request('resource and scope after their records', len(1, len(2, len(2, str(3, 'a')), len(1, str(1, 'scope'))), len(1)), 200),
  request('a schema URL on both levels', len(1, len(2, len(2, str(3, 'a')), str(3, 'https://a')), str(3, 'https://b')), 200),
  request('records of one scope apart from each other', len(1, len(2, len(2)), str(3, 'u'), len(2, len(2))), 200),
]

// biome-ignore format: a case is a line
const values: readonly Case[] = [
  logs('every field', bytes(fix64(1, now), num(2, 9), str(3, 'INFO'), len(5, str(1, 'hello')), attribute('a', str(1, 'b')), num(7, 3), fix32(8, 1), len(9, traceId), len(10, spanId), fix64(11, now), str(12, 'event')), 200),
  logs('a string', len(5, str(1, 'text')), 200),
  logs('an empty string', len(5, str(1, '')), 200),
  logs('true', len(5, num(2, 1)), 200),
  logs('an int', len(5, num(3, -1)), 200),
  logs('the smallest int', len(5, num(3, -(2n ** 63n))), 200),
  logs('the largest int', len(5, num(3, 2n ** 63n - 1n)), 200),
  logs('a double', len(5, dbl(4, 1.5)), 200),
  logs('NaN', len(5, dbl(4, Number.NaN)), 200),
  logs('an infinity', len(5, dbl(4, Number.NEGATIVE_INFINITY)), 200),
  logs('an array', len(5, len(5, len(1, num(3, 1)), len(1, str(1, 'a')))), 200),
  logs('an array with an empty value', len(5, len(5, len(1), len(1))), 200),
  logs('a map', len(5, len(6, len(1, str(1, 'k'), len(2, num(2, 0))))), 200),
  logs('bytes', len(5, len(7, bytes(0, 255))), 200),
  logs('no value', len(5), 200),
  logs('an attribute without a key', len(6, len(2, str(1, 'v'))), 200),
  logs('an attribute without a value', len(6, str(1, 'k')), 200),
  logs('the same attribute twice', bytes(attribute('k', str(1, 'a')), attribute('k', str(1, 'b'))), 200),
  logs('values nested 50 deep', len(5, nested(50)), 200),
  logs('an unknown severity number', num(2, 1000), 200),
  logs('a negative severity number', num(2, -1), 200),
  logs('invalid UTF-8 in a string', len(5, len(1, bytes(0xff, 0xfe))), 200, { means: logsOf(len(5, str(1, '\ufffd\ufffd'))) }),
  logs('a cut character at the end of a string', len(3, bytes(0xe2, 0x82)), 200, { means: logsOf(str(3, '\ufffd')) }),
  logs('a zero byte in a string', str(3, 'a\0b'), 200),
  logs('a time before 1970 cannot be said; 0 is unset', fix64(1, 0), 200),
  span('every field', bytes(len(1, traceId), len(2, spanId), str(3, 'a=b'), len(4, spanId), str(5, 'GET'), num(6, 2), fix64(7, now), fix64(8, now + 5n), len(9, str(1, 'k'), len(2, num(3, 1))), num(10, 1), len(11, fix64(1, now), str(2, 'e')), num(12, 1), len(13, len(1, traceId), len(2, spanId), fix32(6, 1)), num(14, 1), len(15, str(2, 'm'), num(3, 2)), fix32(16, 256)), 200),
  span('an end before its start', bytes(fix64(7, now), fix64(8, 1)), 200),
  span('an unknown kind', num(6, 99), 200),
  span('an unknown status', len(15, num(3, 99)), 200),
  span('no ids', str(5, 'name'), 200),
  span('ids of zeros', bytes(len(1, new Uint8Array(16)), len(2, new Uint8Array(8))), 200),
  span('an empty event and link', bytes(len(11), len(13)), 200),
  metric('gauge', len(5, len(1, fix64(3, now), dbl(4, 1))), 200),
  metric('gauge of an int', len(5, len(1, fix64(3, now), fix64(6, -5))), 200),
  metric('gauge without a value', len(5, len(1, fix64(3, now), num(8, 1))), 200),
  metric('sum', len(7, len(1, dbl(4, 1)), num(2, 2), num(3, 1)), 200),
  metric('sum with an exemplar', len(7, len(1, dbl(4, 1), len(5, fix64(2, now), dbl(3, 1), len(4, spanId), len(5, traceId)))), 200),
  metric('histogram', len(9, len(1, fix64(4, 3), dbl(5, 6), len(6, int64(1), int64(2)), len(7, float64(1)))), 200),
  metric('exponential histogram', len(10, len(1, fix64(4, 3), num(6, 1), len(8, num(1, 2), len(2, varint(1), varint(2))))), 200),
  metric('summary', len(11, len(1, fix64(4, 3), dbl(5, 6), len(6, dbl(1, 0.5), dbl(2, 1)))), 200),
  metric('no data', bytes(), 200),
  metric('no points', len(5), 200),
  metric('unknown temporality', len(7, len(1, dbl(4, 1)), num(2, 77)), 200),
  metric('a kind nobody knows', len(99, len(1)), 200),
]

// biome-ignore format: a case is a line
const merging: readonly Case[] = [
  logs('a number twice: the last', bytes(num(2, 1), num(2, 2)), 200),
  logs('a string twice: the last', bytes(str(3, 'a'), str(3, 'b')), 200),
  logs('a value twice: the last', bytes(len(5, str(1, 'a')), len(5, num(3, 1))), 200),
  logs('two values in one oneof: the last', len(5, str(1, 'a'), num(3, 1)), 200),
  logs('an array in two parts: merged', bytes(len(5, len(5, len(1, num(3, 1)))), len(5, len(5, len(1, num(3, 2))))), 200),
  request('a resource in two parts: merged', len(1, len(1, num(2, 1)), len(1, num(2, 2)), len(2, len(2))), 200),
  request('a scope in two parts: merged', len(1, len(2, len(1, str(1, 'a')), len(2), len(1, str(2, 'b')))), 200),
  span('a status in two parts: merged', bytes(len(15, num(3, 2)), len(15, str(2, 'm'))), 200),
  metric('gauge, then sum: the last', bytes(len(5, len(1, dbl(4, 1))), len(7, len(1, dbl(4, 2)))), 200),
  metric('a sum in two parts: merged', bytes(len(7, len(1, dbl(4, 1))), len(7, num(2, 1), len(1, dbl(4, 2)))), 200),
  metric('packed and unpacked counts', len(9, len(1, fix64(6, 1), len(6, int64(2)), fix64(6, 3))), 200),
  metric('unpacked bounds', len(9, len(1, dbl(7, 1), dbl(7, 2))), 200),
  metric('unpacked exponential counts', len(10, len(1, len(8, num(2, 1), num(2, 300)))), 200),
  metric('empty packed counts', len(9, len(1, len(6), len(7))), 200),
]

// biome-ignore format: a case is a line
const unknownFields: readonly Case[] = [
  logs('unknown varint', num(100, 1), 200),
  logs('unknown 64-bit', fix64(100, 1), 200),
  logs('unknown 32-bit', fix32(100, 1), 200),
  logs('unknown message', len(100, bytes(1, 2, 3)), 200),
  logs('a reserved field (4)', str(4, 'name'), 200),
  logs('the largest field number', num(536_870_911, 1), 200),
  logs('an unknown field of 10 kB', len(2000, new Uint8Array(10_000)), 200),
  request('unknown on every level', bytes(num(9, 1), len(1, num(9, 1), len(2, num(9, 1), len(2, num(99, 1))))), 200),
  logs('string_value_strindex (profiles only)', len(5, num(8, 1)), 200),
  logs('key_strindex (profiles only)', len(6, num(3, 1), len(2, str(1, 'v'))), 200),
  request('a resource of fields nobody knows', len(1, len(1, bytes(num(99, 1), str(98, 'x')))), 200),
]

// biome-ignore format: a case is a line
const varints: readonly Case[] = [
  logs('a varint in ten bytes', bytes(tag(2, 0), hex('89808080808080808000')), 200),
  logs('a varint of more than ten bytes', bytes(tag(2, 0), hex('8980808080808080808000')), 400),
  logs('a varint of 64 bits and one more', bytes(tag(2, 0), hex('ffffffffffffffffff02')), 400),
  logs('a varint without an end', bytes(tag(2, 0), hex('ffffffffffffffffffffff')), 400),
  logs('a tag in three bytes', bytes(hex('9a8000'), hex('0161')), 200),
  logs('a length in four bytes', bytes(tag(3, 2), hex('81808000'), utf8('a')), 200),
  logs('a length of 2^31', bytes(tag(3, 2), hex('8080808008'), utf8('a')), 400),
  logs('a length of 2^32', bytes(tag(3, 2), hex('8080808010'), utf8('a')), 400),
  logs('a length of 2^63', bytes(tag(3, 2), hex('80808080808080808001')), 400),
  logs('a length of -1', bytes(tag(3, 2), hex('ffffffffffffffffff01')), 400),
  logs('a bool of 2', len(5, num(2, 2)), 200),
  logs('a count of 64 bits in a field of 32', num(7, 2n ** 40n + 1n), 200),
]

const message = logsOf(bytes(fix64(1, now), str(3, 'INFO'), len(5, str(1, 'hello'))))

// biome-ignore format: a case is a line
const damage: readonly Case[] = [
  ...[1, 2, 5, 8, 12, 16, 20, 24, message.length - 1].map((n) =>
    request(`cut by ${n} bytes`, cut(message, n), 400),
  ),
  request('a byte too many', bytes(message, 0x0a), 400),
  request('a tag of zero', bytes(0x00, 0x00), 400),
  request('field number 0 with a value', bytes(0x02, 0x01, 0x61), 400),
  request('zeros', new Uint8Array(64), 400),
  request('0xff everywhere', new Uint8Array(64).fill(255), 400),
  request('text', utf8('hello, world, this is no protobuf'), 400),
  request('wire type 6', bytes(0x0e, 0x00), 400),
  request('wire type 7', bytes(0x0f, 0x00), 400),
  request('a known field as a group', bytes(0x0b, 0x0c), 400),
  request('the end of a group that never began', bytes(0x0c), 400),
  request('a group without an end', bytes(tag(100, 3), num(1, 1)), 400),
  request('a length past the end of the message around it', len(1, bytes(0x12, 0x05, 0x12)), 400),
  request('an inner length that reaches into its neighbour', bytes(len(1, bytes(0x12, 0x03, 0x12, 0x00)), len(1)), 400),
  logs('a 64-bit field with 7 bytes', bytes(tag(1, 1), new Uint8Array(7)), 400),
  logs('a 32-bit field with 3 bytes', bytes(tag(8, 5), new Uint8Array(3)), 400),
  logs('an unknown 64-bit field with 7 bytes', bytes(tag(100, 1), new Uint8Array(7)), 400),
  logs('a tag without its value', tag(2, 0), 400),
  metric('packed counts of 7 bytes', len(9, len(1, len(6, new Uint8Array(7)))), 400),
  metric('packed bounds of 9 bytes', len(9, len(1, len(7, new Uint8Array(9)))), 400),
  metric('packed counts cut inside a varint', len(10, len(1, len(8, len(2, bytes(0x80))))), 400),
]

// biome-ignore format: a case is a line
const wireTypes: readonly Case[] = [
  logs('a string as a varint', num(3, 1), 400),
  logs('a number as a string', str(2, 'a'), 400),
  logs('a time as a varint', num(1, 1), 400),
  logs('a time as 32 bits', fix32(1, 1), 400),
  logs('flags as a varint', num(8, 1), 400),
  logs('a body as a varint', num(5, 1), 400),
  logs('a body as 64 bits', fix64(5, 1), 400),
  logs('a trace id as 64 bits', fix64(9, 1), 400),
  logs('a double as a varint', len(5, num(4, 1)), 400),
  logs('an int as 64 bits', len(5, fix64(3, 1)), 400),
  logs('a bool as a string', len(5, str(2, 'a')), 400),
  request('records as a varint', len(1, len(2, num(2, 1))), 400),
  request('resources as a varint', num(1, 1), 400),
  span('a kind as 64 bits', fix64(6, 1), 400),
  span('a name as 32 bits', fix32(5, 1), 400),
  metric('a gauge as a varint', num(5, 1), 400),
  metric('a value as a varint', len(5, len(1, num(4, 1))), 400),
  metric('counts as varints', len(9, len(1, num(6, 1))), 400),
  metric('bounds as varints', len(9, len(1, num(7, 1))), 400),
  logs('an unknown group', bytes(tag(100, 3), num(1, 1), tag(100, 4)), 400),
  logs('an unknown group within a group', bytes(tag(100, 3), tag(101, 3), tag(101, 4), tag(100, 4)), 400),
]

// biome-ignore format: a case is a line
export const protobufs: readonly Case[] = [
  ...whole,
  ...values,
  ...merging,
  ...unknownFields,
  ...varints,
  ...damage,
  ...wireTypes,
  protobuf('chunks of one byte', message, 200, { chunked: 1 }),
  protobuf('chunks that cut every field', message, 200, { chunked: 3 }),
  protobuf('no bytes, chunked', bytes(), 200, { chunked: 10 }),
  protobuf('a megabyte in chunks', logsOf(len(5, str(1, 'x'.repeat(1_000_000)))), 200, { chunked: 10_000 }),
  protobuf('a malformed body in chunks', cut(message, 3), 400, { chunked: 7 }),
]
