// Protects the door behind which bodies grow: every coding, its limit, and bodies that are cut or are no such coding.
import * as zlib from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { contentCodings } from '../../runtimes/shared/content-codings.ts'
import { IngestError } from '../../src/errors.ts'

const codings = contentCodings()
const text = Buffer.from('{"resourceLogs":[]} '.repeat(500))
const random = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919 * (i % 251)) & 255))
const join = (...parts: Uint8Array[]) => Buffer.concat(parts)

const decode = async (coding: string, bytes: Uint8Array, limit = 1 << 20) =>
  Buffer.from((await codings[coding]?.(bytes, limit, () => {})) ?? [])

/** The room that was asked for, in bytes. */
const roomOf = async (coding: string, bytes: Uint8Array, limit: number) => {
  const held: number[] = []
  await codings[coding]?.(bytes, limit, (room) => held.push(room))
  return held
}

const kind = (coding: string, bytes: Uint8Array, limit?: number) =>
  decode(coding, bytes, limit).then(
    () => 'fine',
    (error) => error.kind,
  )

const encoders: [coding: string, name: string, encode: (bytes: Uint8Array) => Buffer][] = [
  ['gzip', 'gzip', (bytes) => zlib.gzipSync(bytes)],
  ['deflate', 'zlib', (bytes) => zlib.deflateSync(bytes)],
  ['deflate', 'raw deflate', (bytes) => zlib.deflateRawSync(bytes)],
  ['zstd', 'zstd', (bytes) => zlib.zstdCompressSync(bytes)],
]

describe.each(encoders)('%s as %s', (coding, _name, encode) => {
  test.each([
    ['text', text],
    ['random bytes', random],
    ['one byte', Buffer.from('x')],
    ['nothing', Buffer.alloc(0)],
  ])('inflates %s', async (_name, bytes) => {
    expect(await decode(coding, encode(bytes))).toEqual(bytes)
  })

  test('takes exactly the limit and not a byte more', async () => {
    expect(await kind(coding, encode(text), text.length)).toBe('fine')
    expect(await kind(coding, encode(text), text.length - 1)).toBe('too-large')
    expect(await kind(coding, encode(text), 0)).toBe('too-large')
  })

  test('holds room for all that it makes, and never more than the limit', async () => {
    const held = await roomOf(coding, encode(text), 12_000)
    expect(held.at(-1)).toBeGreaterThanOrEqual(text.length)
    expect(Math.max(...held)).toBeLessThanOrEqual(12_000)
    // Its trailer says how much it is.
    if (coding === 'gzip') expect(held).toEqual([text.length])
  })

  test('is given up where there is no room', async () => {
    const full = () => {
      throw new IngestError('overloaded', 'full')
    }
    await expect(codings[coding]?.(encode(text), 12_000, full)).rejects.toThrow('full')
  })

  test('cut at any byte is malformed', async () => {
    const whole = encode(random.subarray(0, 200))
    const cuts = Array.from({ length: whole.length }, (_, end) => whole.subarray(0, end))
    const kinds = await Promise.all(cuts.map((bytes) => kind(coding, bytes)))
    expect(new Set(kinds)).toEqual(new Set(['malformed']))
  })

  test('with something behind it is malformed', async () => {
    expect(await kind(coding, join(encode(text), Buffer.from('more')))).toBe('malformed')
  })

  test('a bomb stops at the limit', async () => {
    expect(await kind(coding, encode(Buffer.alloc(8 << 20)), 1 << 20)).toBe('too-large')
  })
})

test.each(['gzip', 'deflate', 'zstd'])('%s of something else is malformed', async (coding) => {
  expect(await kind(coding, text)).toBe('malformed')
  expect(await kind(coding, Buffer.alloc(0))).toBe('malformed')
})

test.each(['gzip', 'zstd'])('several %s members are one body', async (coding) => {
  const encode = coding === 'gzip' ? zlib.gzipSync : zlib.zstdCompressSync
  expect(await decode(coding, join(encode(text), encode(random)))).toEqual(join(text, random))
})

test('a gzip trailer that says too little costs another attempt, with more room', async () => {
  const two = join(zlib.gzipSync(Buffer.alloc(9000)), zlib.gzipSync(Buffer.from('x')))
  expect(await decode('gzip', two)).toHaveLength(9001)
  expect(await roomOf('gzip', two, 1 << 20)).toEqual([1024, 4096, 16384])
})

test('a gzip trailer that says too much costs no more than deflate can make', async () => {
  const lying = zlib.gzipSync(text)
  lying.writeUInt32LE(0xffff_ffff, lying.length - 4)
  const held: number[] = []
  await codings.gzip?.(lying, 2 ** 30, (room) => held.push(room)).catch(() => {})
  expect(held).toEqual([1032 * lying.length])
})

test('a gzip trailer that lies about the length costs nothing', async () => {
  const lying = zlib.gzipSync(text)
  lying.writeUInt32LE(0xffff_ffff, lying.length - 4)
  expect(await kind('gzip', lying, 2 ** 30)).toBe('malformed')
})

test('a zstd frame that asks for a huge window is malformed', async () => {
  const params = {
    [zlib.constants.ZSTD_c_windowLog]: 30,
    [zlib.constants.ZSTD_c_compressionLevel]: 1,
  }
  const stream = zlib.createZstdCompress({ params })
  const chunks: Buffer[] = []
  stream.on('data', (chunk) => chunks.push(chunk))
  stream.write(text)
  stream.end()
  await new Promise((resolve) => stream.on('end', resolve))
  expect(await kind('zstd', Buffer.concat(chunks))).toBe('malformed')
})

test('a zstd frame of which a byte was changed is malformed, whatever the decoder takes it for', async () => {
  const params = { [zlib.constants.ZSTD_c_checksumFlag]: 1 }
  const whole = zlib.zstdCompressSync(random.subarray(0, 300), { params })
  const damaged = Array.from(whole, (byte, at) => whole.with(at, byte ^ 0x55))
  const kinds = await Promise.all(damaged.map((bytes) => kind('zstd', bytes)))
  expect(new Set(kinds)).toEqual(new Set(['malformed']))
})

test('64 zstd frames are read, and no more', async () => {
  const frames = (count: number) => join(...Array(count).fill(zlib.zstdCompressSync(text)))
  expect(await decode('zstd', frames(64))).toEqual(join(...Array(64).fill(text)))
  await expect(decode('zstd', frames(65))).rejects.toMatchObject({
    kind: 'malformed',
    message: 'the request body has more than 64 zstd frames',
  })
})
