/**
 * Protects senders who compress with zstd, as Collectors are told to: the decoder of workerd gives back every byte of a body, of
 * whatever size, and says of a broken one that it is (400), so that nobody sends it for ever.
 */
import * as zlib from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { payloadOf } from '../bench/payloads.ts'
import { type RunningWorker, startWorker } from '../tools/worker.ts'

let worker: RunningWorker
beforeAll(async () => {
  worker = await startWorker({ variables: { OTLP2PARQUET_AUTH: 'none' } })
})
afterAll(() => worker.stop())

const keys = async (): Promise<string[]> =>
  (await worker.bucket.list({ prefix: 'logs/' })).objects.map(({ key }) => key)

const send = async (body: Uint8Array<ArrayBuffer>, coding?: 'zstd') => {
  const headers = {
    'Content-Type': 'application/x-protobuf',
    ...(coding && { 'Content-Encoding': coding }),
  }
  const answer = await fetch(`${worker.url}v1/logs`, { method: 'POST', body, headers })
  // Printable letters and what stands between them: the message of a google.rpc.Status.
  return { status: answer.status, message: (await answer.text()).replace(/^[^a-z]*/, '') }
}

const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag, ZSTD_c_windowLog } = zlib.constants
const compress = (body: Uint8Array, params: Record<number, number> = {}) =>
  new Uint8Array(zlib.zstdCompressSync(body, { params }))

/** As a program compresses that does not know the length before: the frame does not tell it. */
const streamed = async (body: Uint8Array, params: Record<number, number> = {}) => {
  const stream = zlib.createZstdCompress({ params })
  for (let at = 0; at < body.length; at += 100_000) stream.write(body.subarray(at, at + 100_000))
  stream.end()
  return new Uint8Array(Buffer.concat(await stream.toArray()))
}

describe.each([
  ['of 2 records', 2],
  ['of 100 kB', 230],
  ['of 1 MiB', 2_400],
  ['of 16 MiB', 37_500],
])('a body %s', (_, records) => {
  const body = payloadOf('logs', records, 'protobuf').next()
  const half = Math.ceil(body.length / 2)
  const forms: [string, () => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>][] = [
    ['fast', () => compress(body, { [ZSTD_c_compressionLevel]: 1 })],
    ['well', () => compress(body, { [ZSTD_c_compressionLevel]: 9 })],
    ['with a checksum', () => compress(body, { [ZSTD_c_checksumFlag]: 1 })],
    ['as a stream', () => streamed(body)],
    ['as a stream with a window of 16 MiB', () => streamed(body, { [ZSTD_c_windowLog]: 24 })],
    [
      'as two frames',
      async () =>
        new Uint8Array(
          Buffer.concat([compress(body.subarray(0, half)), compress(body.subarray(half))]),
        ),
    ],
  ]
  let stored: string[]
  beforeAll(async () => {
    expect((await send(body)).status).toBe(200)
    stored = await keys()
  })

  // The same bytes are the same request: nothing is added.
  test.each(forms)('compressed %s', async (_name, form) => {
    expect(stored.length).toBeGreaterThan(0)
    expect((await send(await form(), 'zstd')).status).toBe(200)
    expect(await keys()).toEqual(stored)
  })
})

describe('what is broken', () => {
  const body = payloadOf('logs', 230, 'protobuf').next()
  const whole = compress(body, { [ZSTD_c_checksumFlag]: 1 })
  const flipped = (at: number) => whole.with(at, (whole.at(at) ?? 0) ^ 0x55)
  const frames = (count: number) => new Uint8Array(Buffer.concat(Array(count).fill(compress(body))))
  const mismatch = 'the request body does not match its Content-Encoding'
  const cases: [
    string,
    () => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>,
    string,
  ][] = [
    ['cut', () => whole.slice(0, -100), mismatch],
    ['cut by a byte', () => whole.slice(0, -1), mismatch],
    ['cut within its head', () => whole.slice(0, 5), mismatch],
    ['no byte at all', () => new Uint8Array(), mismatch],
    ['not compressed', () => body, mismatch],
    ['of another checksum', () => flipped(-1), mismatch],
    ['of another dictionary', () => flipped(4), mismatch],
    ['damaged in the middle', () => flipped(whole.length >> 1), mismatch],
    [
      'that asks for too large a window',
      () => streamed(body, { [ZSTD_c_windowLog]: 30 }),
      mismatch,
    ],
    ['with something behind it', () => new Uint8Array([...whole, 1, 2, 3]), mismatch],
    ['of 65 frames', () => frames(65), 'the request body has more than 64 zstd frames'],
  ]
  test.each(cases)('400: a body %s', async (_, form, words) => {
    const { status, message } = await send(await form(), 'zstd')
    expect({ status, message }).toEqual({ status: 400, message: expect.stringContaining(words) })
  })
  test('413: a body that inflates beyond the limit', async () => {
    for (const bomb of [
      compress(new Uint8Array(64 << 20)),
      await streamed(new Uint8Array(17 << 20)),
    ]) {
      const { status, message } = await send(bomb, 'zstd')
      expect({ status, message }).toEqual({
        status: 413,
        message: expect.stringContaining('16777216 bytes'),
      })
    }
  })
})
