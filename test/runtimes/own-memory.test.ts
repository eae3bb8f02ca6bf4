// Protects the memory of an isolate, and of a function: what is a request's alone is given back as soon as nobody reads it, whatever became of it,
// and nothing else is.
import { describe, expect, test } from 'vitest'
import {
  createOwnFiles,
  inflateOnce,
  ingestOnce,
  ingestThenFree,
} from '../../runtimes/shared/own-memory.ts'
import { IngestError } from '../../src/errors.ts'
import type { IngestRequest } from '../../src/ingest.ts'
import type { Encoder } from '../../src/parquet/encoder.ts'
import { everyKind } from '../arrow/every-kind.ts'
import { stored } from '../http/harness.ts'

const requestOf = (body: Uint8Array): IngestRequest => ({
  ...{ signal: 'logs', encoding: 'protobuf', body, receivedAt: 0 },
})

/** Longer than anything that lies in a pool with others. */
const long = 65536

describe('a body', () => {
  test('is there until it was read, and gone before it is stored', async () => {
    const body = new Uint8Array(long)
    const lengths: number[] = []
    await ingestOnce(async (request) => {
      lengths.push(body.length)
      request.read?.()
      lengths.push(body.length)
      return stored
    }, requestOf(body))
    expect(lengths).toEqual([long, 0])
  })

  test('that may be read again is there until it is stored', async () => {
    const body = new Uint8Array(long)
    const lengths: number[] = []
    await ingestThenFree(async (request) => {
      request.read?.()
      lengths.push(body.length)
      return stored
    }, requestOf(body))
    expect(lengths).toEqual([long])
    expect(body.length).toBe(0)
  })

  test.each([ingestOnce, ingestThenFree])(
    'that could not be read is gone all the same',
    async (ingestAlone) => {
      const body = new Uint8Array(long)
      const failing = async () => Promise.reject(new IngestError('malformed', 'no'))
      await expect(ingestAlone(failing, requestOf(body))).rejects.toThrow('no')
      expect(body.length).toBe(0)
    },
  )

  test.each([ingestOnce, ingestThenFree])(
    'that lies in a pool leaves the pool alone',
    async (ingestAlone) => {
      const [body, other] = [Buffer.from('a body'), Buffer.from('of others')]
      await ingestAlone(async () => stored, requestOf(body))
      expect(`${other}`).toBe('of others')
    },
  )

  test('is gone when it was inflated; one that was not stays for who says why', async () => {
    const [good, bad] = [new Uint8Array(long), new Uint8Array(long + 1)]
    const { gzip } = inflateOnce({
      gzip: async (bytes, limit, hold) => {
        hold(limit)
        if (bytes === bad) throw new IngestError('malformed', 'no')
        return bytes.slice(0, 5)
      },
    })
    const held: number[] = []
    const hold = (bytes: number) => void held.push(bytes)
    expect(await gzip?.(good, 20, hold)).toHaveLength(5)
    expect(good.length).toBe(0)
    await expect(gzip?.(bad, 30, hold)).rejects.toThrow('no')
    expect(bad.length).toBe(long + 1)
    expect(held).toEqual([20, 30])
  })
})

test('files are gone when they are given back, each once, and those that come later then', () => {
  const encoder: Encoder = {
    encode: () => ({ bytes: new Uint8Array(7) }),
    encodeMeasured: () => ({
      bytes: new Uint8Array(8),
      metrics: { rowCount: 0, leaves: [] } as never,
    }),
  }
  const files = createOwnFiles(encoder)
  const first = files.encoder.encode(everyKind).bytes
  const second = files.encoder.encodeMeasured(everyKind, {}, []).bytes
  expect([first.length, second.length]).toEqual([7, 8])
  files.free()
  const third = files.encoder.encode(everyKind).bytes
  expect([first, second, third].map(({ length }) => length)).toEqual([0, 0, 7])
  files.free()
  expect(third.length).toBe(0)
})
