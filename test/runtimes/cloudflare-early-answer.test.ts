/**
 * Protects senders of large bodies from seeing a connection that ends instead of the answer that it ended with: on Workers, what
 * is refused is read to its end all the same.
 */
import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningWorker, startWorker } from '../tools/worker.ts'

let worker: RunningWorker
let broken: RunningWorker
beforeAll(async () => {
  const variables = {
    OTLP2PARQUET_AUTH: 'bearer',
    OTLP2PARQUET_AUTH_TOKENS: 'one',
    OTLP2PARQUET_MAX_PAYLOAD_BYTES: '1MiB',
  }
  worker = await startWorker({ variables })
  broken = await startWorker({ variables: { OTLP2PARQUET_AUTH: 'none', OTLP2PARQUET_COMIT: '' } })
})
afterAll(() => Promise.all([worker.stop(), broken.stop()]))

const piece = Buffer.alloc(65_536)

/** Sends a body piece by piece, as fast as it is taken; the status, or the code of what went wrong. */
const post = async (url: string, token: string, size: number, isDeclared: boolean) => {
  const sending = request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      authorization: `Bearer ${token}`,
      ...(isDeclared && { 'content-length': size }),
    },
  })
  const told = new Promise<number | string>((resolve) => {
    sending.on('response', (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
      answer.on('error', ({ message }) => resolve(message))
    })
    sending.on('error', ({ message }) => resolve(message))
  })
  for (let sent = 0; sent < size && !sending.destroyed; sent += piece.length) {
    if (!sending.write(piece)) await Promise.race([once(sending, 'drain').catch(() => {}), told])
  }
  sending.end()
  return told
}

const sizes = [2 << 20, 16 << 20]
const cases: [number, string, () => string, string][] = [
  [413, 'too large', () => `${worker.url}v1/logs`, 'one'],
  [401, 'of a stranger', () => `${worker.url}v1/logs`, 'two'],
  [404, 'for nobody', () => `${worker.url}v2/logs`, 'one'],
  [503, 'for a Worker that cannot start', () => `${broken.url}v1/logs`, 'one'],
]

test.each(cases)('%i: a body %s', async (status, _, url, token) => {
  for (const size of sizes) {
    for (const isDeclared of [true, false]) {
      const told = []
      for (let i = 0; i < 5; i++) told.push(await post(url(), token, size, isDeclared))
      expect(told, `${size} ${isDeclared}`).toEqual(Array(5).fill(status))
    }
  }
})
